//! Ranges in a spec: what each form means, and what is refused.

use flopbill::internals::catalog::Found;
use flopbill::internals::input::file::{Spec, spec};
use flopbill::internals::read::Document;

fn read(mfu: &str) -> Result<Spec, flopbill::Error> {
    let text = format!("name = \"x\"\n[run]\ngpu = \"h200\"\nmfu = {mfu}\n");
    spec(&Found { id: "x".into(), document: Document::new("x.toml", text), from_user: true })
}

fn quantile(mfu: &str, level: f64) -> f64 {
    let spec = read(mfu).unwrap();
    assert_eq!(spec.ranges.len(), 1, "{mfu}");
    spec.ranges[0].dist.quantile(level)
}

#[test]
fn the_short_form_spans_its_5th_to_95th_percentile() {
    assert!((quantile("\"30%..45%\"", 0.05) - 0.30).abs() < 1e-9);
    assert!((quantile("\"30%..45%\"", 0.95) - 0.45).abs() < 1e-9);
}

#[test]
fn a_mixture_draws_from_its_parts() {
    let mixture = r#"{ dist = "mixture", parts = [
        { weight = 0.6, dist = "point", value = "40%" },
        { weight = 0.4, dist = "uniform", low = "20%", high = "30%" },
    ] }"#
        .replace('\n', " ");
    // By hand: below 0.4 the uniform part, above it the point.
    assert!((quantile(&mixture, 0.2) - 0.25).abs() < 1e-9);
    assert!((quantile(&mixture, 0.7) - 0.40).abs() < 1e-9);
}

#[test]
fn samples_are_their_own_distribution() {
    let spec = read("{ dist = \"empirical\", samples = [0.30, 0.35, 0.40] }").unwrap();
    assert!((spec.mfu.unwrap().value.get() - 0.35).abs() < 1e-9);
}

#[test]
fn a_share_stays_below_the_whole() {
    assert!(quantile("\"80%..98%\"", 0.999_999) <= 1.0);
}

#[test]
fn wrong_ranges_say_where_and_what() {
    let cases = [
        ("\"45%..30%\"", "above p95"),
        ("\"30%..\"", "is missing"),
        ("{ dist = \"prt\", low = \"1%\" }", "unknown distribution"),
        ("{ dist = \"mixture\" }", "needs `parts`"),
        ("{ dist = \"mixture\", parts = [{ weight = 0.5, dist = \"point\", value = \"40%\" }] }", "add up to"),
        ("{ dist = \"pert\", low = \"30%\", mode = \"20%\", high = \"40%\" }", "mode"),
        ("{ dist = \"point\", samples = [0.3] }", "takes no samples"),
    ];
    for (mfu, expected) in cases {
        let error = read(mfu).unwrap_err();
        assert!(error.to_string().contains(expected), "{mfu}: {error}");
        assert!(error.place().is_some(), "{mfu}");
    }
}
