//! The table of fields: what each door makes of the same text.

use std::collections::HashSet;

use flopbill::Catalog;
use flopbill::internals::answer::answer;
use flopbill::internals::catalog::Found;
use flopbill::internals::input::batch::Batch;
use flopbill::internals::input::field::{FIELDS, Field, find};
use flopbill::internals::input::file::{Origin, Spec, spec};
use flopbill::internals::input::question::{Input, Question};
use flopbill::internals::input::template::template;
use flopbill::internals::input::variables::of_variable;
use flopbill::internals::read::Document;

use super::shell::Shell;

const RANGE: &str = r#"{ dist = "triangular", low = "30%", mode = "38%", high = "45%" }"#;

fn read(text: &str) -> Result<Spec, flopbill::Error> {
    spec(&Found { id: "x".into(), document: Document::new("x.toml", text), from_user: true })
}

fn asked(path: &'static str, text: &str) -> Result<Spec, flopbill::Error> {
    Question::default().with(path, text).spec()
}

/// The example of a field, quoted as a spec needs it.
fn quoted(text: &str) -> String {
    if text.parse::<f64>().is_ok() || text == "true" { text.to_owned() } else { format!("\"{text}\"") }
}

#[test]
fn no_name_means_two_fields() {
    let mut seen: HashSet<String> = HashSet::new();
    for field in FIELDS {
        for path in field.paths() {
            let name = format!("FLOPBILL_{}", path.replace('.', "_").to_uppercase());
            assert_eq!(
                of_variable(&name, &[]).map(|(of, path)| (of.path, path)).unwrap(),
                (field.path, path),
                "every path that a spec has is a variable"
            );
        }
        let own: HashSet<String> = field.names().map(|name| name.replace('-', "_")).collect();
        assert!(!field.flag.is_empty() && !field.about.trim().is_empty(), "{field:?}");
        for name in own.into_iter().chain([field.variable()]) {
            if !name.starts_with("FLOPBILL_") {
                assert_eq!(find(&name).unwrap().path, field.path, "{name}");
                assert_eq!(find(&name.to_uppercase().replace('_', "-")).unwrap().path, field.path, "{name}");
            }
            assert!(seen.insert(name.clone()), "{name} of {field:?} is taken");
        }
    }
    assert!(FIELDS.len() > 50);
    for (near, meant) in [("run.tokns", "run.tokens"), ("chpis", "run.chips"), ("seqlen", "run.sequence_length")] {
        assert_eq!(find(near).unwrap_err().hint().unwrap(), format!("did you mean `{meant}`?"));
    }
}

/// Every example reads at every door, and what is shown reads back as the same.
#[test]
fn examples_read_and_what_is_shown_reads_back() {
    let value = |spec: &Spec, field: &Field| ((field.get)(spec).map(|(text, _)| text), (field.number)(spec));
    for field in FIELDS {
        let one = asked(field.path, field.example).unwrap_or_else(|error| panic!("{field:?}: {error}"));
        let (shown, _) = (field.get)(&one).unwrap();
        assert_eq!(value(&asked(field.path, &shown).unwrap(), field), value(&one, field), "{field:?}");
        let (table, key) = field.table_and_key();
        let head = if table.is_empty() { String::new() } else { format!("[{table}]\n") };
        let file = read(&format!("name = \"x\"\n{head}{key} = {}\n", quoted(field.example))).unwrap();
        assert_eq!(value(&file, field), value(&one, field), "{field:?}");
        for wrong in ["", "-1e400", "nan", "inf", "\u{0}"] {
            let refused = asked(field.path, wrong);
            let takes_names = field.put.is_none() && (field.choices)().is_empty();
            assert!(refused.is_err() || takes_names, "{field:?} takes `{wrong}`");
        }
        let (low, high) = field.limits();
        assert!(field.put.is_none() || (low >= 0.0 && high > low && high.is_finite()), "{field:?}");
    }
}

#[test]
fn every_number_takes_a_range_at_every_door() {
    for field in FIELDS.iter().filter(|field| field.put.is_some()) {
        let (before, rest) = field.example.split_at(field.example.find(|c: char| c.is_ascii_digit()).unwrap());
        let (number, unit) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len()));
        let more = format!("{before}{}{unit}", number.parse::<f64>().unwrap() * 1.04);
        let whole = field.whole || (field.dimension == "a whole number");
        let high = if whole && !field.example.contains('M') { "3".to_owned() } else { more };
        let low = if whole && !field.example.contains('M') { "1" } else { field.example };
        let text = format!("{low}..{high}");
        let spec = asked(field.path, &text).unwrap_or_else(|error| panic!("{field:?} {text}: {error}"));
        assert_eq!(spec.ranges.len(), 1, "{field:?} {text}");
        let number = (field.number)(&spec).unwrap();
        assert!(!whole || number.fract() == 0.0, "{field:?}: {number}");
        let table = format!("{{ dist = \"uniform\", low = \"{low}\", high = \"{high}\" }}");
        let spec = asked(field.path, &table).unwrap_or_else(|error| panic!("{field:?} {table}: {error}"));
        assert_eq!(spec.ranges[0].dist.name(), "uniform", "{field:?}");
    }
    for field in FIELDS.iter().filter(|field| field.put.is_none()) {
        assert!(asked(field.path, "{ dist = \"point\", value = 1 }").is_err(), "{field:?}");
    }
}

#[test]
fn a_distribution_is_the_same_through_every_door() {
    let catalog = Catalog::built_in();
    let file = read(&format!("name = \"x\"\n[run]\nmfu = {RANGE}\n")).unwrap();
    let set = Question { overrides: vec![], ..Question::default() }.with("mfu", RANGE).spec().unwrap();
    let built = Input::about("deepseek-v3").mfu(RANGE).chips(4096).question(&catalog).unwrap().spec().unwrap();
    for spec in [&file, &set, &built] {
        assert_eq!(spec.ranges[0].dist, file.ranges[0].dist);
        assert_eq!(spec.mfu.as_ref().unwrap().value, file.mfu.as_ref().unwrap().value);
    }
    let shell = Shell::new();
    let run = ["estimate", "deepseek-v3"];
    let flag = shell.json(&[&run[..], &["--mfu", RANGE]].concat());
    let set = shell.json(&[&run[..], &["--set", &format!("run.mfu={RANGE}")]].concat());
    assert_eq!(flag["result"]["gpu_hours"], set["result"]["gpu_hours"]);
    assert_eq!(flag["ranges"]["inputs"][0]["text"], set["ranges"]["inputs"][0]["text"]);
    assert!(flag["ranges"].is_object(), "{flag}");
}

#[test]
fn what_is_wrong_in_a_typed_table_has_a_caret_and_is_no_file() {
    let shell = Shell::new();
    let typed = r#"{dist="triangular", low="30%", mode="38 TB/s", high="45%"}"#;
    let says =
        shell.refused(&["estimate", "deepseek-v3", "--mfu", typed], 2, &["is a bandwidth", "--> --mfu:1:37", "^^^"]);
    assert!(says.contains(typed), "{says}");
    shell.refused(
        &["estimate", "deepseek-v3", "--set", "run.mfu={dist=\"prt\"}"],
        2,
        &["unknown distribution", "pert"],
    );
    shell.refused(&["estimate", "deepseek-v3", "--mfu", "{dist="], 2, &["not TOML"]);
    shell.refused(&["estimate", "deepseek-v3", "--gpu", "{dist=\"point\"}"], 2, &["takes no distribution"]);
}

#[test]
fn variables_stand_between_the_spec_and_the_flags() {
    let shell = Shell::new();
    let chips = |args: &[&str], variables: &[(&str, &str)]| {
        let run = [&["estimate", "deepseek-v3", "--format", "json"], args].concat();
        let output = shell.command(&run).envs(variables.iter().copied()).output().unwrap();
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (json["inputs"]["run.chips"]["value"].as_f64().unwrap(), json["inputs"]["run.chips"]["origin"].clone())
    };
    let set = [("FLOPBILL_RUN_CHIPS", "1024")];
    assert_eq!(chips(&[], &set), (1024.0, "FLOPBILL_RUN_CHIPS".into()));
    assert_eq!(chips(&["--chips", "4096"], &set), (4096.0, "--chips".into()));
    assert_eq!(chips(&["--chips", "4096", "--set", "chips=512"], &set), (512.0, "--set chips".into()));
    assert_eq!(chips(&[], &[("FLOPBILL_RUN_CHIPS", "")]).0, 2048.0);
    let wrong = shell.command(&["estimate", "deepseek-v3"]).env("FLOPBILL_RUN_CHISP", "8").output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("did you mean `FLOPBILL_RUN_CHIPS`?"));
    for (typed, meant) in [
        ("FLOPBILL_RUN_MODEL", "FLOPBILL_MODEL"),
        ("FLOPBILL_TOKENS", "FLOPBILL_RUN_TOKENS"),
        ("FLOPBILL_RUN_SEQ_LEN", "FLOPBILL_RUN_SEQUENCE_LENGTH"),
        ("FLOPBILL_PRICE", "FLOPBILL_PRICE_RENT"),
        ("FLOPBILL_LAYOUT_ZEROO", "FLOPBILL_LAYOUT_ZERO"),
        ("FLOPBILL_PROFILE", "FLOPBILL_PROFILES"),
    ] {
        let wrong = shell.command(&["estimate", "deepseek-v3"]).env(typed, "8").output().unwrap();
        let says = String::from_utf8_lossy(&wrong.stderr).into_owned();
        assert!(says.contains(&format!("did you mean `{meant}`?")), "{typed}: {says}");
    }
    let twice = [("FLOPBILL_STACK", "tuned"), ("FLOPBILL_STACK_NAME", "ordinary")];
    let wrong = shell.command(&["estimate", "deepseek-v3"]).envs(twice).output().unwrap();
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("`FLOPBILL_STACK` and `FLOPBILL_STACK_NAME` say the same"));
}

#[test]
fn a_batch_is_told_from_its_unit() {
    let batch = |path, text| asked(path, text).map(|spec| spec.global_batch.unwrap().value);
    assert_eq!(batch("run.global_batch", "1024seq").unwrap(), Batch::Sequences(1024.0));
    assert_eq!(batch("run.global_batch_tokens", "4M").unwrap(), batch("global_batch", "4Mtok").unwrap());
    let error = batch("global-batch", "1024").unwrap_err();
    assert_eq!(error.hint(), Some("write `1024seq` or `1024tok`"));
    let range = asked("run.global_batch", "512seq..1024seq").unwrap();
    assert!(matches!(range.global_batch.unwrap().value, Batch::Sequences(count) if count.fract() == 0.0));
    assert!(batch("run.global_batch", "512seq..4Mtok").unwrap_err().message().contains("either in sequences"));
    let file = read("name = \"x\"\n[run]\nglobal_batch_tokens = \"2M..4M\"\n").unwrap();
    assert!(matches!(file.global_batch.unwrap().value, Batch::Tokens(_)));
    let both = read("name = \"x\"\n[run]\nglobal_batch_tokens = 64\nglobal_batch = \"4seq\"\n").unwrap_err();
    assert!(both.message().contains("say the same"), "{both}");
}

#[test]
fn what_contradicts_itself_is_refused() {
    let more = "name = \"x\"\n[run]\nparams = \"37B\"\nactive_params = \"671B\"\n";
    assert!(read(more).unwrap_err().to_string().contains("more than the 37B"));
    let flags = Question::default().with("params", "37B").with("active-params", "671B").spec();
    assert!(flags.unwrap_err().message().contains("more than the 37B"));
    // The run's own active parameters give way to a flag's, which leaves nothing to compare.
    let catalog = Catalog::built_in();
    assert!(Question::about("deepseek-v3", &catalog).unwrap().with("params", "8B").spec().is_ok());
    for (path, text, says) in [
        ("layout.tp", "0", "from 1 to"),
        ("layout.zero", "4", "from 0 to 3"),
        ("stack.factor", "1000", "from 0.01 to 100"),
        ("run.sequence_length", "0.5", "whole number"),
        ("bill.programme", "0.5", "from 1 to"),
        ("run.keep_mfu", "maybe", "neither true nor false"),
        ("as_of", "2026-13-01", "not a date"),
        ("bill.term", "monthly", "unknown term"),
    ] {
        let error = asked(path, text).unwrap_err();
        assert!(error.message().contains(says), "{path}: {error}");
        assert!(error.hint().is_some(), "{path}: {error}");
    }
}

/// Every field stands in the spec that `init` writes, and reads once its comment sign is gone.
#[test]
fn the_first_spec_holds_every_field() {
    let text = template();
    let mut kept = Vec::new();
    for line in text.lines() {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        let is_field = bare
            .split_once(" = ")
            .is_some_and(|(key, _)| key.bytes().all(|c| c.is_ascii_lowercase() || c == b'_' || c.is_ascii_digit()));
        let is_table = bare.starts_with('[') && !bare.starts_with("[[");
        if line.starts_with("# A run in parts") {
            break;
        }
        let again = bare.starts_with("mfu = \"30%..") || bare.starts_with("mfu = {");
        if (is_field || is_table) && !again {
            kept.push(bare);
        }
    }
    let spec = read(&kept.join("\n")).unwrap();
    for field in FIELDS {
        let (_, origin) = (field.get)(&spec).unwrap_or_else(|| panic!("{field:?}"));
        assert!(matches!(origin, Origin::File(_)));
    }
    assert!(read(&text).is_ok());
}

/// Of two counts of parameters one has a say: a range of the other changes nothing, and that is said.
#[test]
fn a_range_of_all_parameters_leaves_the_active_ones_alone() {
    let catalog = Catalog::built_in();
    let asked = |params: &str| {
        Question::default()
            .with("params", params)
            .with("active-params", "37B")
            .with("tokens", "14.8T")
            .with("mfu", "30%..40%")
            .with("gpu", "h800")
            .with("chips", "2048")
    };
    let one = answer(&asked("671B"), &catalog).unwrap();
    let ranged = answer(&asked("600B..700B"), &catalog).unwrap();
    assert_eq!(one.estimate.total.held, ranged.estimate.total.held);
    assert_eq!(one.prepared.medians(), ranged.prepared.medians());
    assert!(ranged.warnings.iter().any(|line| line.contains("run.params changes nothing")), "{:?}", ranged.warnings);
    // By hand: 6 x 650e9 x 14.8e12 / (0.346 x 989.5e12 x 3600).
    let run = Question::about("deepseek-v3", &catalog).unwrap().with("params", "650B");
    let dense = answer(&run, &catalog).unwrap();
    assert!((dense.estimate.total.held.gpu_hours() / 46.92e6 - 1.0).abs() < 1e-3);
    assert!(dense.warnings.iter().any(|line| line.contains("--active-params")), "{:?}", dense.warnings);
}

#[test]
fn a_range_of_a_batch_is_told_the_form_that_reads() {
    let error = asked("run.global_batch", "1..2Mtok").unwrap_err();
    let form = error.hint().unwrap().split('`').nth(1).unwrap().to_owned();
    assert!(asked("run.global_batch", &form).is_ok(), "{error}: {form}");
}
