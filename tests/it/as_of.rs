//! One day holds for prices, software, rules and fleets.

use flopbill::{EstimateReply, EstimateRequest, Input, PolicyRequest};

use super::doors::catalog;

fn of(input: Input) -> EstimateReply {
    EstimateRequest::new(input).ask(catalog()).unwrap()
}

fn asked() -> Input {
    Input::new().model("llama-3-70b").tokens("15T").gpu("h100").chips(4096)
}

fn price(reply: &EstimateReply) -> f64 {
    reply.run.usd_per_gpu_hour.unwrap()
}

#[test]
fn the_price_is_the_typical_one_of_the_day() {
    // By hand: Lambda's 3.29 of 2024-11-29 is the only quote of the newest month that was known.
    let then = of(asked().as_of("2025-01-15"));
    assert_eq!(price(&then), 3.29);
    assert!(then.head.assumptions.iter().any(|text| text.contains("Lambda (2024-11-29")), "{:?}", then.head);
    assert_eq!(price(&of(asked().as_of("2024-07-01"))), 3.45, "by hand: Oblivus alone");
    // A day after everything that is known changes nothing.
    let (now, later) = (of(asked()), of(asked().as_of("2026-11-30")));
    assert_eq!((price(&now), now.result), (price(&later), later.result));
    let assumed = of(asked().gpu("h800").as_of("2025-02-01"));
    assert_eq!(price(&assumed), 3.42, "by hand: the one list price, of 2024-08, goes before what a report assumed");
    let of_a_rule = |day: &str| {
        let request = PolicyRequest::new("h100").as_of(day.parse().unwrap());
        request.ask(catalog()).unwrap().made_from.price.unwrap().usd_per_hour()
    };
    assert!((of_a_rule("2025-01-15") - 3.29).abs() < 1e-12);
    let given = of(asked().price("$9/h").as_of("2023-03-01"));
    assert!(price(&given) == 9.0 && !given.head.warnings.iter().any(|text| text.contains("price")));
}

#[test]
fn a_price_of_a_later_day_is_said() {
    let early = of(asked().as_of("2023-03-01"));
    assert_eq!(price(&early), 3.45, "by hand: Oblivus, the earliest");
    let says = "no price is known as early as 2023-03-01: the earliest is of 2024-06-25";
    assert!(early.head.warnings.iter().any(|text| text.contains(says)), "{:?}", early.head.warnings);
}

#[test]
fn the_software_is_that_of_the_day() {
    let of_day = |day: &str| of(asked().as_of(day));
    let (then, now) = (of_day("2023-03-01"), of_day("2025-01-15"));
    assert!(
        then.head.assumptions.iter().any(|text| text.contains("`ordinary-2023`: the usual software on 2023-03-01"))
    );
    assert!(then.result.gpu_hours > now.result.gpu_hours);
    assert_eq!(now.result.gpu_hours, of(asked()).result.gpu_hours);
    let named = of(asked().stack("torchtitan").as_of("2023-03-01"));
    let says = "the stack `torchtitan` is software of 2024, later than 2023-03-01";
    assert!(named.head.warnings.iter().any(|text| text == says), "{:?}", named.head.warnings);
    // A run that is moved takes the same software on both sides: the day alone does not move its hours.
    let moved = |day: Option<&str>| {
        let input = Input::about("deepseek-v3").chips(4096);
        of(day.into_iter().fold(input, |input, day| input.as_of(day))).result.gpu_hours.unwrap()
    };
    assert!((moved(Some("2025-01-15")) / moved(None) - 1.0).abs() < 1e-9);
    let early = moved(Some("2023-03-01")) / moved(None);
    assert!((early - 1.0).abs() < 0.1, "{early}");
}

/// What a release newer than all that were measured takes is not known; an older one is moved by the drift, and said.
#[test]
fn software_is_not_moved_beyond_the_newest_release_that_was_measured() {
    let of_day = |day: Option<&str>| {
        let asked = Input::new().model("qwen3-235b").tokens("10T").gpu("h100").chips(512).set("stack", "nemo");
        of(day.into_iter().fold(asked, |asked, day| asked.as_of(day)))
    };
    let (now, later, before) = (of_day(None), of_day(Some("2026-11-30")), of_day(Some("2024-09-01")));
    assert_eq!(now.result.gpu_hours, later.result.gpu_hours);
    let factor = |reply: &EstimateReply| reply.result.gpu_hours.unwrap() / now.result.gpu_hours.unwrap();
    assert!(factor(&before) > 1.1, "mixtures ran slower a year before: {}", factor(&before));
    let said = "stack `nemo` 12 months before the release that was measured: ";
    assert!(before.head.assumptions.iter().any(|text| text.starts_with(said)), "{:?}", before.head.assumptions);
    assert!(!later.head.assumptions.iter().any(|text| text.contains("as releases drift")));
}
