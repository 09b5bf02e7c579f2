//! Money as people have it: spot chips, terms that end before or after a run, minimums, money at the start, quotes.

use flopbill::internals::answer::answer;
use flopbill::internals::ask::estimate::EstimateReply;
use flopbill::internals::cost::View;
use flopbill::internals::input::question::Question;
use flopbill::internals::input::quote::Quote;
use flopbill::internals::planner::{bill, judged};
use flopbill::{CompareRequest, EstimateRequest, Input};

use crate::close::close;
use crate::doors::catalog;
use crate::shell::Shell;

/// DeepSeek-V3 as published: 2,788,000 hours on 2,048 chips, 1361.328125 hours of wall-clock, at $2.
const HOURS: f64 = 2.788e6;
const CHIPS: f64 = 2048.0;

fn v3() -> Input {
    Input::about("deepseek-v3").set("bill.view", "rent")
}

fn ask(input: Input) -> EstimateReply {
    EstimateRequest::new(input).ask(catalog()).unwrap_or_else(|error| panic!("{error}"))
}

/// The amount of a line; nothing where the bill has none.
fn line(reply: &EstimateReply, label: &str) -> Option<f64> {
    reply.cost_lines.iter().find(|line| line.label == label).and_then(|line| line.amount_usd)
}

/// The lines of the rent together.
fn rent(reply: &EstimateReply) -> f64 {
    let of_rent = |label: &str| label.contains("ent") && !["Experiments, failed runs"].contains(&label);
    let lines = reply.cost_lines.iter().filter(|line| line.scope == "final_run" && line.unit == "GPU-hours");
    lines
        .filter(|line| of_rent(line.label) || line.label.contains("Leaving") || line.label.contains("start"))
        .filter_map(|line| line.amount_usd)
        .sum()
}

#[test]
fn spot_lowers_the_price_and_the_goodput_together() {
    let stays = ask(Input::about("deepseek-v3").gpu("h200"));
    let spot = ask(Input::about("deepseek-v3").gpu("h200").set("bill.term", "spot"));
    let billed = ask(Input::about("deepseek-v3").gpu("h200").set("bill.term", "spot").set("bill.view", "rent"));
    let hours = |reply: &EstimateReply| reply.made_from.answer.estimate.total.held.gpu_hours();
    // By hand: 9.394e12 bytes at 1.08 GB/s for each of 256 nodes take 33.98 s; with 15 min and 300 s, every 6 h.
    let save = 671e9 * 14.0 / (1.08e9 * 256.0);
    let left = 21_600.0 / (21_600.0 + save + 900.0 + 300.0);
    close(spot.run.spot_left.unwrap(), left, 2e-3);
    close(hours(&stays) / hours(&spot), spot.run.spot_left.unwrap(), 1e-12);
    let [own, other] = [&stays, &spot].map(|reply| reply.result.wall_clock_days.unwrap());
    close(own / other, spot.run.spot_left.unwrap(), 2e-2); // medians of draws
    assert!(spot.run.usd_per_gpu_hour < stays.run.usd_per_gpu_hour && stays.run.spot_left.is_none());
    close(hours(&billed), hours(&spot), 1e-12);
    close(rent(&billed), hours(&spot) * spot.run.usd_per_gpu_hour.unwrap(), 1e-12);
    assert!(spot.head.assumptions.iter().any(|text| text.starts_with("spot: a job is interrupted every 6 h")));
}

/// A sweep over the market answers as `estimate` does, and does not say that the axis changes nothing.
#[test]
fn a_market_is_an_axis_of_a_sweep() {
    let args = ["sweep", "deepseek-v3", "--gpu", "h200", "--set", "bill.term=spot", "--vary", "spot.preemption=1h,6h"];
    let output = Shell::new().run(&args);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("spot.preemption"), "{said}");
}

/// More interruptions, longer waits and shorter notices never end a run sooner, nor make it cheaper.
#[test]
fn a_rougher_market_never_ends_a_run_sooner() {
    let days = |path: &'static str, value: &str| {
        let question = Question::about("deepseek-v3", catalog()).unwrap().with("bill.term", "spot");
        let found = answer(&question.with(path, value), catalog()).unwrap();
        (found.estimate.total.wall_clock.unwrap().days(), found.estimate.total.held.gpu_hours())
    };
    let rising = |path, values: &[&str]| {
        let found: Vec<_> = values.iter().map(|value| days(path, value)).collect();
        assert!(found.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1), "{path}: {found:?}");
        assert!(found[0].0 < found[found.len() - 1].0, "{path}: {found:?}");
    };
    rising("spot.preemption", &["48h", "12h", "6h", "3h", "1h", "30min"]);
    rising("spot.wait", &["0", "1min", "15min", "2h"]);
    rising("spot.notice", &["10min", "2min", "35s", "30s", "0"]);
}

#[test]
fn a_term_that_ends_before_the_run_charges_the_rest_at_another_rent() {
    let run = || v3().set("rent.commitment", "30d");
    let reply = ask(run().set("rent.after", "$3/h"));
    // By hand: 30 of 56.72 days at $2, the rest at $3.
    let inside = CHIPS * 30.0 * 24.0;
    close(line(&reply, "Rent, by contract").unwrap(), 2.0 * inside, 1e-12);
    close(line(&reply, "Rent outside the contract").unwrap(), 3.0 * (HOURS - inside), 1e-12);
    assert!(
        reply
            .head
            .warnings
            .iter()
            .any(|text| text.contains("the term of the contract ends after 30 d, and the run takes 56.72 d"))
    );
    // Without a rent for the rest it is the price list's, and said.
    let listed = ask(run());
    assert!(
        listed
            .bill
            .as_ref()
            .unwrap()
            .assumptions
            .iter()
            .any(|text| text.contains("GPU-hours outside the contract are rented at"))
    );
    // A term of the length of the run, or longer, changes nothing of the rent.
    close(rent(&ask(v3().set("rent.commitment", "57d"))), 2.0 * HOURS, 1e-12);
    close(rent(&ask(v3().set("bill.term", "reserved_3y"))), 2.0 * HOURS, 1e-12);
}

#[test]
fn a_commitment_that_is_left_early_costs_what_the_contract_says() {
    let term = CHIPS * 90.0 * 24.0;
    let run = || v3().set("rent.commitment", "90d");
    let half = ask(run().set("rent.leaving", "50%"));
    close(line(&half, "Leaving the contract early").unwrap(), 2.0 * 0.5 * (term - HOURS), 1e-12);
    close(rent(&ask(run().set("rent.leaving", "100%"))), 2.0 * term, 1e-12);
    let commitment = half.bill.as_ref().unwrap().commitment.unwrap();
    close(commitment.total_usd, 2.0 * term, 1e-12);
    close(commitment.used_by_this_run, HOURS / term, 1e-12);
    // 80 % paid at the start with 10 % off is not given back: 72 days, of which the run uses 56.72.
    let ahead = ask(run().set("rent.leaving", "0%").set("rent.upfront", "80%").set("rent.upfront_discount", "10%"));
    close(rent(&ahead), 2.0 * 0.8 * term * 0.9, 1e-12);
    close(
        ahead.bill.as_ref().unwrap().commitment.unwrap().paid_at_the_start_usd.unwrap(),
        2.0 * 0.8 * term * 0.9,
        1e-12,
    );
    // What is bound and buys no compute is not multiplied by the work around the run.
    let plain = ask(v3());
    for stage in ["Experiments", "Failed runs", "Ablations"] {
        close(line(&half, stage).unwrap(), line(&plain, stage).unwrap(), 1e-12);
    }
    assert_eq!(plain.cost_lines.len() + 1, half.cost_lines.len());
}

#[test]
fn a_minimum_is_paid_and_a_longer_one_is_never_cheaper() {
    let at = |minimum: &str| rent(&ask(v3().set("rent.minimum", minimum)));
    close(at("60d"), 2.0 * CHIPS * 60.0 * 24.0, 1e-12);
    for minimum in ["0", "1h", "30d", "56d"] {
        close(at(minimum), 2.0 * HOURS, 1e-12);
    }
    let found: Vec<f64> = ["1d", "56d", "57d", "2 months", "80d", "1y"].map(at).to_vec();
    assert!(found.is_sorted(), "{found:?}");
    // Nothing paid at the start is as if it were not written.
    let none = rent(&ask(v3().set("rent.commitment", "90d").set("rent.upfront", "0%")));
    close(none, rent(&ask(v3().set("rent.commitment", "90d"))), 1e-12);
}

const QUOTE: &str = "name = \"Q\"\nprovider = \"P\"\nchip = \"h800\"\nrate = \"$3/h\"\n";

#[test]
fn a_quote_sets_the_fields_that_its_keys_are_of() {
    let quote =
        format!("{QUOTE}chips = 1024\nstart = 2027-01-15\nend = 2027-02-14\nincludes = [\"storage\", \"egress\"]\n");
    let folder = std::env::temp_dir().join("flopbill-quotes");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("q.toml");
    std::fs::write(&file, quote).unwrap();
    let path = file.display().to_string();
    let reply = ask(Input::about("deepseek-v3").set("quote", path.as_str()).set("rent.after", "$5/h"));
    // By hand: half of the chips, 30 of 56.72 days; the rest at $5.
    let inside = 1024.0 * 30.0 * 24.0;
    close(line(&reply, "Rent, by contract").unwrap(), 3.0 * inside, 1e-12);
    close(line(&reply, "Rent outside the contract").unwrap(), 5.0 * (HOURS - inside), 1e-12);
    assert_eq!((line(&reply, "Checkpoints kept"), line(&reply, "Traffic out")), (None, None));
    let warned = |what: &str| reply.head.warnings.iter().any(|text| text.contains(what));
    assert!(warned("the contract of P is for 1,024 chips, and the run holds 2,048"), "{:?}", reply.head.warnings);
    assert!(
        warned("the contract of P holds from 2027-01-15 to 2027-02-14, and the run takes 56.72 d"),
        "{:?}",
        reply.head.warnings
    );
    // The same by fields alone; and what is laid over a question outranks its quote.
    let fields =
        v3().price("$3/h").set("rent.chips", "1024").set("rent.from", "2027-01-15").set("rent.until", "2027-02-14");
    let fields =
        ask(fields.set("rent.includes", "egress, storage").set("rent.after", "$5/h").set("rent.leaving", "100%"));
    close(
        fields.bill.as_ref().unwrap().final_run_usd.unwrap(),
        reply.bill.as_ref().unwrap().final_run_usd.unwrap(),
        1e-12,
    );
    let cheaper = ask(Input::about("deepseek-v3")
        .set("price.rent", "$1/h")
        .set("quote", path.as_str())
        .set("rent.after", "$5/h"));
    close(line(&cheaper, "Rent, by contract").unwrap(), inside, 1e-12);
    // A question without chips holds those of the quote.
    let open = Input::new().set("model", "deepseek-v3").tokens("14.8T").set("quote", path.as_str());
    assert_eq!(ask(open).result.chips, Some(1024.0));
}

#[test]
fn quotes_are_refused_where_they_are_wrong() {
    for (text, line, says) in [
        ("chps = 8\n", 5, "unknown key `chps`"),
        ("chips = 0\n", 5, "cannot be zero"),
        ("chips = \"many\"\n", 5, "many"),
        ("term = \"soon\"\n", 5, "soon"),
        ("prepayment = \"140%\"\n", 5, "more than 100 %"),
        ("leaving = -1\n", 5, "cannot be negative"),
        ("minimum = true\n", 5, "`minimum` takes"),
        ("after = \"$2/day/mile\"\n", 5, "$2/day/mile"),
        ("includes = [\"lunch\"]\n", 5, "lunch"),
        ("minimum = \"1d..2d\"\n", 5, "is one value, not a range"),
        ("start = 2027-03-01\nend = 2027-02-01\n", 6, "the quote ends on 2027-02-01, and begins on 2027-03-01"),
    ] {
        let error = Quote::read("q.toml", &format!("{QUOTE}{text}")).unwrap_err();
        let place = error.place().unwrap_or_else(|| panic!("{text}: {error}"));
        assert_eq!(place.line_column().0, line, "{text}: {error}");
        assert!(error.to_string().contains(says), "{text}: {error}");
    }
    let error = Quote::read("q.toml", "name = \"Q\"\n").unwrap_err().to_string();
    assert!(error.contains("`provider` is missing") && error.contains("`rate` is missing"), "{error}");
}

#[test]
fn terms_that_contradict_each_other_or_change_nothing_are_said() {
    let shell = Shell::new();
    for (rest, says) in [
        (&["--bill", "rent", "--term", "spot", "--commitment", "1y"][..], "spot chips are not bound to a term"),
        (&["--bill", "rent", "--term", "reserved_1y", "--commitment", "2y"][..], "the commitment is 730 d"),
        (&["--bill", "rent", "--rent-until", "2027-01-01"][..], "no day says when it begins"),
        (&["--bill", "own", "--term", "spot"][..], "of chips that nobody takes away"),
        (&["--minimum-rent", "1 month"][..], "part of the whole bill"),
    ] {
        let args: Vec<&str> = ["estimate", "deepseek-v3"].iter().chain(rest).copied().collect();
        shell.refused(&args, 2, &[says]);
    }
    shell.refused(&["estimate", "deepseek-v3", "--quote", "nowhere.toml"], 3, &["cannot read nowhere.toml"]);
    let warned = |input: Input, what: &str| {
        let reply = ask(input);
        assert!(reply.head.warnings.iter().any(|text| text.contains(what)), "{what}: {:?}", reply.head.warnings);
    };
    warned(v3_of("own", "rent.minimum", "1 month"), "rent.minimum changes nothing here: it is of --bill rent");
    warned(v3_of("rent", "rent.leaving", "50%"), "rent.leaving changes nothing here: nothing binds");
    warned(v3_of("rent", "rent.upfront_discount", "5%"), "nothing is paid at the start");
    warned(v3_of("rent", "spot.wait", "1h"), "the chips are not spot chips");
}

fn v3_of(view: &str, path: &'static str, value: &str) -> Input {
    Input::about("deepseek-v3").set("bill.view", view).set(path, value)
}

/// The border is one charge: the same question through each door that makes a bill.
#[test]
fn the_border_is_the_same_at_every_door() {
    use flopbill::internals::sweep::Sweep;
    for (kind, path, share) in [("duty", "border.duty", 0.2), ("revenue_share", "border.revenue_share", 0.15)] {
        let question =
            Question::about("deepseek-v3", catalog()).unwrap().with("bill.view", "own").with("region", "china");
        let with = question.clone().with("bill.border", kind).with(path, share);
        let reply = EstimateRequest::new(with.clone()).ask(catalog()).unwrap();
        let total = reply.bill.as_ref().unwrap().programme_usd.unwrap();
        let free = EstimateRequest::new(question.clone()).ask(catalog()).unwrap();
        assert!(total > free.bill.as_ref().unwrap().programme_usd.unwrap());
        let compared = CompareRequest::new().side(question).side(with.clone()).ask(catalog()).unwrap();
        close(compared.sides[1].answer.bill.as_ref().unwrap().total_usd, total, 1e-12);
        let sweep = Sweep::new(with.clone(), &["run.chips=1024,2048".to_owned()], catalog().clone()).unwrap();
        let mut swept = 0.0;
        sweep.visit(1..2, |row| swept = row.answer.as_ref().unwrap().get("programme_usd"));
        close(swept, total, 1e-9);
        let found = answer(&with, catalog()).unwrap();
        close(judged(&found, None, catalog()).unwrap().unwrap().0.total().unwrap(), total, 1e-12);
        close(bill(&found, View::Own, catalog()).unwrap().total().unwrap(), total, 1e-12);
        let fleet = EstimateRequest::new(with).answered("fleet", catalog()).unwrap();
        close(fleet.bill.unwrap().programme_usd.unwrap(), total, 1e-12);
    }
}

/// The quotes of the examples are those of the snapshots.
#[test]
fn the_quotes_that_are_shown_are_the_examples() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["nimbus.toml", "fjord.toml"] {
        let [shown, own] = ["tests/cmd/quotes.in", "examples/quotes"].map(|folder| root.join(folder).join(name));
        assert_eq!(std::fs::read_to_string(shown).unwrap(), std::fs::read_to_string(own).unwrap(), "{name}");
    }
}
