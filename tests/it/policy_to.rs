//! A chip on its way to a destination: every row by hand from the quoted texts of the rules.

use flopbill::internals::ask::check;
use flopbill::internals::catalog::{Found, Kind};
use flopbill::internals::policy::rule::{Item, Status, Verdict, findings, holds};
use flopbill::internals::policy::{Facts, Metric};
use flopbill::internals::read::Document;
use flopbill::internals::ruling::to::{ExportReply, OtherReply};
use flopbill::{Error, PolicyReply, PolicyRequest};

use super::doors::catalog;

#[track_caller]
fn ask(chip: &str, to: &str, day: &str) -> PolicyReply {
    let request = PolicyRequest::new(chip).to(to).as_of(day.parse().unwrap());
    request.ask(catalog()).unwrap()
}

fn export(chip: &str, to: &str, day: &str) -> ExportReply {
    ask(chip, to, day).result.export.unwrap()
}

fn says(found: Option<&[OtherReply]>) -> Vec<&str> {
    found.unwrap().iter().map(|line| line.says.as_str()).collect()
}

/// Chip, export and the rule that decides it, border, China's own rules, on 2026-02-01.
type Row = (&'static str, &'static str, Option<&'static str>, &'static [&'static str], &'static [&'static str]);

const BARRED: &str = "barred from state-funded data centres";
const STOPPED: &str = "stopped by customs, as reported";
const GATE: Option<&str> = Some("us-2026-01-china-gate");

#[test]
fn to_china_in_february_2026() {
    let table: &[Row] = &[
        // 3A090.a by 15,832 >= 4,800; below 21,000 and 4,800 GB/s below 6,500: reviewed. In the first band of the duty:
        // 14,000 < 15,832 < 17,500 and 4,500 < 4,800 < 5,000.
        (
            "h200",
            "review",
            GATE,
            &["25 % duty on the declared value"],
            &[STOPPED, BARRED, "each purchase needs approval, as reported"],
        ),
        // The same TPP with 3,350 GB/s: reviewed, and outside both bands.
        ("h100", "review", GATE, &[], &[BARRED]),
        // 2,368 < 2,400 and 2.91 < 3.2: below 3A090, so that the rule of January says nothing; the letters name it, and
        // 4,000 GB/s >= 1,400.
        ("h20", "licence", Some("us-2025-04-letters"), &["15 % of revenue, as reported"], &[STOPPED, BARRED]),
        // Huawei does not export from the US, and China's guidance is against foreign chips.
        ("910c", "not a US export", None, &[], &[]),
        // Sold for datacentres: 8,061 >= 4,800, below both numbers of January; 1,792 GB/s is in no band.
        ("rtx-pro-6000", "review", GATE, &[], &[BARRED]),
        // 20,919 < 21,000 and 6,000 < 6,500; the second band: 20,800 < 20,919 < 21,100 and 5,800 < 6,000 < 6,200.
        ("mi325x", "review", GATE, &["25 % duty on the declared value"], &[BARRED]),
        // As fast, with 5,300 GB/s: between the bands.
        ("mi300x", "review", GATE, &[], &[BARRED]),
        // 36,000 >= 21,000; 26,848 >= 21,000, for bf16 binds.
        ("b200", "denied", GATE, &[], &[BARRED]),
        ("gaudi-3", "denied", GATE, &[], &[BARRED]),
        // Sold in China alone: not commercially available in the US, so that denial stays.
        ("h800", "denied", Some("us-2023-10-3a090"), &[], &[BARRED]),
        // Not sold for datacentres, 5,285 >= 4,800: the exception NAC. 1,008 GB/s, 64 and 1,072: no letter.
        ("rtx-4090", "licence", Some("us-2023-10-3a090"), &[], &[BARRED]),
    ];
    for (chip, outcome, rule, border, own) in table {
        let PolicyReply { result, .. } = ask(chip, "china", "2026-02-01");
        let export = result.export.unwrap();
        assert_eq!((export.outcome, export.rule.as_deref()), (*outcome, *rule), "{chip}");
        assert_eq!(says(result.border.as_deref()), *border, "{chip}");
        assert_eq!(says(result.own_rules.as_deref()), *own, "{chip}");
    }
}

#[test]
fn a_card_that_is_not_sold_for_datacentres_has_another_rule() {
    // The letters ask for no market: 1,792 GB/s >= 1,400. 3A090 alone would leave the exception NAC.
    let server = export("rtx-pro-6000", "china", "2026-02-01");
    let other = server.otherwise.unwrap();
    assert_eq!((other.market, other.outcome, other.rule.as_deref()), ("other", "licence", Some("us-2025-04-letters")));
    let mut request = PolicyRequest::new("rtx-pro-6000").to("china").as_of("2026-02-01".parse().unwrap());
    request.not_datacentre = true;
    let card = request.ask(catalog()).unwrap().result.export.unwrap();
    assert_eq!((card.outcome, card.says.as_str()), ("licence", "licence: a licence is needed"));
    let gamer = export("rtx-4090", "china", "2026-02-01");
    assert_eq!(gamer.says, "licence: a licence is needed, unless the exception NAC is used");
}

#[test]
fn other_days() {
    let table = [
        // No rule before 2022-08-26; then the letters to NVIDIA, by name.
        ("h100", "2022-08-01", "free", None),
        ("h100", "2022-09", "licence", Some("us-2022-08-letters")),
        ("h20", "2022-09", "free", None),
        // 2022: 600 GB/s and 4,800. H100 1,028 and 15,832; H800 528.
        ("h100", "2022-11-01", "denied", Some("us-2022-10-3a090")),
        ("h800", "2022-11-01", "free", None),
        // 2023: 4,800 alone. H20 2,368 and 2.91.
        ("h800", "2023-12", "denied", Some("us-2023-10-3a090")),
        ("h20", "2023-12", "free", None),
        ("h200", "2025-05", "denied", Some("us-2023-10-3a090")),
        ("h20", "2025-04-08", "free", None),
        ("h20", "2025-05", "licence", Some("us-2025-04-letters")),
        ("h200", "2025-09", "denied", Some("us-2023-10-3a090")),
        // An announcement is no rule.
        ("h200", "2025-12-20", "denied", Some("us-2023-10-3a090")),
        ("h200", "2026-01-14", "denied", Some("us-2023-10-3a090")),
        ("h200", "2026-01-15", "review", GATE),
        ("h200", "2026-11", "review", GATE),
    ];
    for (chip, day, outcome, rule) in table {
        let found = export(chip, "china", day);
        assert_eq!((found.outcome, found.rule.as_deref()), (outcome, rule), "{chip} on {day}");
    }
    // The share of revenue is of August 2025, the duty of 2026-01-15.
    assert_eq!(says(ask("h20", "china", "2025-05").result.border.as_deref()), [""; 0]);
    assert_eq!(says(ask("h20", "china", "2025-09").result.border.as_deref()), ["15 % of revenue, as reported"]);
    assert_eq!(says(ask("h200", "china", "2026-01-14").result.border.as_deref()), [""; 0]);
    assert_eq!(ask("h200", "china", "2026-01-15").result.border.unwrap()[0].rate, Some(0.25));
}

#[test]
fn other_destinations() {
    let day = "2026-11";
    let table = [
        ("h200", "usa", "free", None),
        ("h200", "singapore", "free", None),
        ("h200", "uae", "licence", Some("us-2023-10-3a090")),
        // D:4, but A:6.
        ("h200", "israel", "free", None),
        // D:5, and what January 2026 changes is for China and Macau.
        ("h200", "myanmar", "denied", Some("us-2023-10-3a090")),
        ("h200", "macau", "review", GATE),
        ("h200", "hong-kong", "review", GATE),
        // The letters reach all of D:5, not China alone.
        ("h20", "myanmar", "licence", Some("us-2025-04-letters")),
        ("h20", "uae", "free", None),
        ("910c", "usa", "not a US export", None),
    ];
    for (chip, to, outcome, rule) in table {
        let found = export(chip, to, day);
        assert_eq!((found.outcome, found.rule.as_deref()), (outcome, rule), "{chip} to {to}");
    }
    assert_eq!(export("h200", "beijing", day).outcome, "review", "a province is its country");
    let abroad = |chip: &str, day: &str| {
        let request = PolicyRequest::new(chip).to("singapore").headquarters("china").as_of(day.parse().unwrap());
        request.ask(catalog()).unwrap().result.export.unwrap()
    };
    // The rule of 2023 reaches units abroad since 2023-11-17; the guidance of 2026 only says so. January's does not.
    assert_eq!(abroad("h200", "2023-11-16").outcome, "free");
    assert_eq!(abroad("h200", "2023-11-17").outcome, "denied");
    assert_eq!(abroad("h200", "2026-11-01").outcome, "denied");
    assert_eq!(abroad("h20", "2026-11-01").outcome, "licence");
}

#[test]
fn names_of_destinations() {
    let refused = |to: &str| PolicyRequest::new("h200").to(to).ask(catalog()).unwrap_err();
    assert_eq!(refused("singapor").hint(), Some("did you mean `singapore`?"));
    assert_eq!(refused("Chna").hint(), Some("did you mean `china`?"));
    assert_eq!(refused("north-corea").hint(), Some("did you mean `north-korea`?"));
    assert!(refused("eu").message().contains("more than one country"));
    let alone = PolicyRequest::new("h200").headquarters("china").ask(catalog());
    assert!(alone.unwrap_err().message().contains("the destination is missing"));
    let named = |to: &str| ask("h200", to, "2026-11").result.to.unwrap();
    assert_eq!(["PRC", "UAE", "Macao", "Burma"].map(named), ["china", "united-arab-emirates", "macau", "myanmar"]);
}

#[test]
fn what_is_not_published_leaves_it_unclear() {
    // MI308X: no sheet. The letters name it, so that a licence is the least; from 4,800 on 3A090.a would deny it, and the
    // rule of January decide by 21,000 and 6,500 GB/s. The duty hangs on the same two numbers.
    let PolicyReply { result, .. } = ask("mi308x", "china", "2026-02-01");
    let found = result.export.unwrap();
    assert_eq!((found.outcome, found.at_least, found.at_most), ("unclear", Some("licence"), Some("denied")));
    assert_eq!(found.waits_for, ["tpp", "performance_density", "dram_bandwidth_gb_s"]);
    let by = |rule: &str| found.tests.iter().any(|test| test.rule == rule && test.verdict.starts_with("depends on"));
    assert!(by("us-2023-10-3a090") && by("us-2026-01-china-gate"));
    let border = says(result.border.as_deref());
    assert_eq!(border, ["15 % of revenue, as reported", "unclear: 25 % duty on the declared value"]);
    assert_eq!(export("mi308x", "myanmar", "2026-02-01").outcome, "unclear");
    assert_eq!(export("mi308x", "singapore", "2026-02-01").outcome, "free");
    let text = found.says;
    assert!(text.starts_with("unclear, from licence to denied: nobody published its TPP"), "{text}");
    // TPU v4: 4,400 is under 4,800, and its die area is not known: with 5.92 TPP/mm2 it would be 3A090.a.
    let found = export("tpu-v4", "china", "2023-12");
    assert_eq!((found.outcome, found.at_least, found.at_most), ("unclear", Some("free"), Some("denied")));
    assert_eq!(found.waits_for, ["performance_density"]);
    assert!(found.tests.iter().all(|test| test.verdict == "depends on performance_density"));
    assert_eq!(export("tpu-v4", "china", "2026-02-01").at_most, Some("review"));
    assert_eq!(export("tpu-v4", "singapore", "2026-02-01").outcome, "free");
}

#[test]
fn the_bands_of_the_duty_leave_their_ends_out() {
    let rule = catalog().rule("section-232").unwrap().rule;
    let inside = |tpp: f64, memory: f64| {
        let facts = Facts::default().with(Metric::Tpp, Some(tpp)).with(Metric::DramBandwidth, Some(memory));
        let found = findings(&rule, &Item { chip: "a chip", facts, scopes: &["datacentre"] });
        found.iter().any(|finding| finding.verdict == Verdict::Met)
    };
    assert!(inside(14_001.0, 4_501.0) && inside(17_499.0, 4_999.0) && inside(20_801.0, 5_801.0));
    let outside = [(14_000.0, 4_800.0), (17_500.0, 4_800.0), (15_832.0, 4_500.0), (15_832.0, 5_000.0)];
    assert!(outside.iter().all(|(tpp, memory)| !inside(*tpp, *memory)));
    assert!(!inside(20_800.0, 6_000.0) && !inside(21_100.0, 6_000.0) && !inside(20_919.0, 6_200.0));
    let duty = |chip: &str| !ask(chip, "china", "2026-02-01").result.border.unwrap().is_empty();
    assert!(duty("h200-sxm") && duty("mi325x"));
    assert!(["h100-sxm", "a100", "mi300x", "h200-nvl"].iter().all(|chip| !duty(chip)));
}

#[test]
fn bills_decide_nothing_and_stand_apart() {
    let reply = ask("h200", "china", "2026-11");
    let bills: Vec<&str> = reply.bills.iter().map(|bill| bill.id.as_str()).collect();
    let all = ["us-bill-ai-overwatch", "us-bill-chip-security", "us-bill-gain-ai", "us-bill-remote-access"];
    assert_eq!(bills, all);
    assert!(reply.rules.iter().all(|row| row.status != "bill"));
    let gain = reply.bills.iter().find(|bill| bill.id == "us-bill-gain-ai").unwrap();
    assert_eq!(gain.standing, "dropped 2025-12-07");
    assert!(ask("h200", "china", "2024-01").bills.is_empty());
    let rules = catalog().rules().unwrap();
    assert!(rules.iter().filter(|found| found.rule.status == Status::Bill).all(|found| found.rule.effective.is_none()));
}

#[test]
fn a_rule_that_is_not_about_a_chip_is_not_met() {
    let verdicts = |chip: &str| {
        let reply = ask(chip, "china", "2026-02-01");
        let gate = reply.rules.into_iter().find(|row| row.id == "us-2026-01-china-gate").unwrap();
        (gate.tests[0].verdict.clone(), reply.result.rules.get("us-2026-01-china-gate").unwrap().clone())
    };
    let (test, says) = verdicts("h20");
    assert_eq!((test.as_str(), says.as_str()), ("not about it", "not about it: us-2023-10-3a090 denies it nothing"));
    let (test, says) = verdicts("910c");
    assert_eq!((test.as_str(), says.as_str()), ("not about it", "not about it: no US export"));
    assert_eq!(verdicts("h200").0, "met");
    assert!(verdicts("h800").1.starts_with("does not help it"));
}

#[test]
fn the_texts_of_section_twelve() {
    let rule = |id: &str| catalog().rule(id).unwrap().rule;
    let overseas = rule("us-2026-05");
    assert_eq!((overseas.status, overseas.tests.len()), (Status::Guidance, 4), "3A090.a and .b");
    assert_eq!(rule("us-2025-04").reach[0].to, ["D:5", "macau"]);
    assert!(rule("us-2025-04").reach[0].headquarters);
    assert_eq!(rule("section-232").effective.unwrap().to_string(), "2026-01-15");
    for state in ["us-ny-raise", "us-il-sb-315"] {
        let rule = rule(state);
        assert_eq!(rule.effective.unwrap().to_string(), "2027-01-01", "{state}");
        let large = rule.tests.iter().find(|test| test.outcome.starts_with("large")).unwrap();
        let revenue = large.all.iter().find(|condition| condition.metric == Metric::DeveloperRevenue).unwrap();
        assert_eq!(revenue.above, Some(5e8), "{state}");
        let over = |value| holds(revenue, &Facts::default().with(Metric::DeveloperRevenue, Some(value)));
        assert_eq!((over(5e8), over(5.1e8)), (Verdict::NotMet, Verdict::Met));
        assert!(rule.tests.iter().flat_map(|test| &test.all).all(|one| one.metric != Metric::TrainingCost), "{state}");
    }
    // Diffusion had to be followed from 2025-05-15 on, and two days before that was not enforced.
    for day in ["2025-03", "2025-05-14", "2026-11"] {
        assert_eq!(export("h200", "singapore", day).outcome, "free", "{day}");
    }
}

/// The same question through the library, the command line and, for training thresholds, an estimate.
#[cfg(feature = "cli")]
#[test]
fn policy_by_every_door() {
    let shell = crate::shell::Shell::new();
    for (chip, to, day) in
        [("h200", "china", "2026-02-01"), ("h20", "uae", "2025-05"), ("910c", "singapore", "2026-11")]
    {
        let json = shell.json(&["policy", chip, "--to", to, "--as-of", day]);
        let reply = ask(chip, to, day);
        let library = flopbill::internals::report::json::reply(&reply);
        for key in ["result", "rules", "bills", "unknown"] {
            assert_eq!(json[key], library[key], "{chip} to {to}: {key}");
        }
    }
    let thresholds = |json: &serde_json::Value| {
        let rows = json["rules"].as_array().unwrap().iter().filter(|row| row["in_force"] == true);
        let bound = |row: &serde_json::Value| {
            let id = row["id"].as_str().unwrap().to_owned();
            let rows = row["training_thresholds"].as_array().unwrap().clone();
            rows.into_iter().map(move |line| (id.clone(), line["flop"].as_f64().unwrap().to_string()))
        };
        let mut found: Vec<_> = rows.flat_map(bound).collect();
        found.sort();
        found
    };
    for day in ["2025-09-01", "2026-11-01", "2027-02-01"] {
        let asked =
            ["estimate", "--model", "llama-3-8b", "--tokens", "15T", "--gpu", "h100", "--chips", "512", "--as-of", day];
        let estimate = shell.json(&asked);
        let lines = ["reached", "later"].iter().flat_map(|key| estimate["thresholds"][key].as_array().unwrap().clone());
        let lines = lines.chain([estimate["thresholds"]["next"].clone()]).filter(|line| !line.is_null());
        let line = |line: serde_json::Value| {
            (line["rule"].as_str().unwrap().to_owned(), line["flop"].as_f64().unwrap().to_string())
        };
        let mut found: Vec<_> = lines.map(line).collect();
        found.sort();
        assert_eq!(found, thresholds(&shell.json(&["policy", "h100", "--as-of", day])), "{day}");
    }
}

#[cfg(feature = "cli")]
#[test]
fn the_text_is_short_and_numeric_tests_come_on_demand() {
    let shell = crate::shell::Shell::new();
    let text = |args: &[&str]| String::from_utf8(shell.run(args).stdout).unwrap();
    let asked = ["policy", "h200", "--to", "china", "--as-of", "2026-02-01"];
    let short = text(&asked);
    assert!(short.starts_with("NVIDIA H200 SXM5 141GB to China under the rules of 2026-02-01\n"), "{short}");
    for what in ["Export: review", "Border: 25 % duty", "China's own rule: stopped by customs", "us-2026-01-china-gate"]
    {
        assert!(short.replace('\n', " ").contains(what), "{what}: {short}");
    }
    assert!(!short.contains("Meets a test") && !short.contains("Every numeric test"));
    let long = text(&[&asked[..], &["--tests"]].concat());
    assert!(long.contains("Every numeric test") && long.contains("us-2022-10-3a090"), "{long}");
    let json = shell.json(&asked);
    let row = json["rules"].as_array().unwrap().iter().find(|row| row["id"] == "us-2026-01-section-232").unwrap();
    assert_eq!(row["tests"][0]["conditions"][0]["metric"], "tpp");
    assert_eq!(row["tests"][0]["conditions"][0]["above"], 14_000);
    assert_eq!(row["tests"][0]["conditions"][0]["value"], 15_832);
    assert!(!text(&["policy", "h200", "--as-of", "2026-02-01"]).contains("Meets a test"));
}

#[test]
fn a_rule_file_names_places_that_are_there() {
    let read = |text: &str| -> Result<(), Error> {
        let document = Document::new("profiles/rules/mine.toml", text);
        let found = Found { id: "mine".into(), document, from_user: true };
        check::profile(Kind::Rules, &found, catalog())
    };
    let rule = |reach: &str, test: &str| {
        format!(
            "name = 'Mine'\nkind = 'chip'\npart = 'export'\njurisdiction = 'US'\nstatus = 'in force'\n\
             effective = 2026-01-01\nsummary = 'mine'\n[[reach]]\nto = [{reach}]\n[[test]]\noutcome = 'licence'\n{test}\n\
             [sources]\n'*' = {{ title = 'mine', as_of = '2026-01', kind = 'assumption' }}\n"
        )
    };
    let every = "effect = 'licence'\neverything = true";
    read(&rule("\"D:5\", \"macau\"", every)).unwrap();
    let unknown = read(&rule("\"chinna\"", every)).unwrap_err();
    assert_eq!(unknown.hint(), Some("did you mean `china`?"));
    let line = unknown.place().map(|place| place.text[..place.span.start].lines().count());
    assert_eq!(line, Some(9), "{unknown}");
    assert!(read(&rule("\"china\"", "everything = true")).unwrap_err().to_string().contains("`effect` is missing"));
    assert!(read(&rule("\"china\"", "effect = 'licence'")).unwrap_err().to_string().contains("at least one condition"));
    assert!(read(&rule("", every)).unwrap_err().to_string().contains("a reach needs a place"));
}

/// 15 CFR part 746: an embargo asks for a licence whatever the numbers are, and denies it as a rule.
#[test]
fn an_embargo_denies_whatever_the_numbers_are() {
    for (chip, to, day, outcome, rule) in [
        ("l20", "iran", "2026-02-01", "denied", Some("us-embargoes")),
        ("v100", "north-korea", "2019-01-01", "denied", Some("us-embargoes")),
        ("h20", "russia", "2026-02-01", "denied", Some("us-2022-02-russia")),
        ("mi308x", "russia", "2026-02-01", "denied", Some("us-2022-02-russia")),
        ("v100", "russia", "2022-02-23", "free", None),
        ("910c", "iran", "2026-02-01", "not a US export", None),
    ] {
        let found = export(chip, to, day);
        assert_eq!((found.outcome, found.rule.as_deref()), (outcome, rule), "{chip} to {to} on {day}");
    }
}

/// A bill that charges at the border what no rule asks says so: the same rules as `policy`.
#[test]
fn a_bill_says_what_the_rules_say_of_its_border() {
    let warned = |chip: &str, place: &str, border: &str| {
        let input = flopbill::Input::about("deepseek-v3").gpu(chip).bill("own").region(place).border(border);
        let reply = flopbill::EstimateRequest::new(input.as_of("2026-02-01")).ask(catalog()).unwrap();
        reply.head.warnings.into_iter().find(|line| line.contains("on the way to"))
    };
    assert_eq!(warned("h200", "china", "duty"), None, "25 % on what is inside the band");
    let told = |chip: &str, place: &str, border: &str| warned(chip, place, border).unwrap_or_default();
    assert!(told("ascend-910b", "china", "duty").contains("no rule that is known asks a duty"));
    assert!(told("h100", "usa", "duty").contains("no rule that is known asks a duty"));
    assert!(told("h20", "china", "revenue_share").contains("the rules say a share of revenue of 15 %"));
}
