//! `profiles check` beyond the readers: where values are from, kinds and addresses, dates, units, names. What ships passes,
//! and a seeded error of each kind is found, with its place and what helps.

use std::fs;
use std::path::{Path, PathBuf};

use flopbill::internals::ask::check;
use flopbill::internals::audit::provenance::VENDORS;
use flopbill::internals::catalog::{Catalog, KINDS, Kind};
use flopbill::internals::source::FACTS;

use super::shell::Shell;

/// The files of these kinds that ship.
fn shipped(kinds: impl Fn(Kind) -> bool) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles");
    let folders = KINDS.iter().filter(|(_, kind, _)| kinds(*kind)).map(|(folder, _, _)| root.join(folder));
    let entries = folders.flat_map(|folder| fs::read_dir(folder).unwrap());
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[track_caller]
fn none(files: &[PathBuf], least: usize) {
    assert!(files.len() >= least, "{} files", files.len());
    let found = check::files(files, &Catalog::built_in());
    let errors: Vec<String> = found.into_iter().filter_map(Result::err).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{} of {} files:\n{}", errors.len(), files.len(), errors.join("\n"));
}

/// Chips and their places, prices and rules.
fn of_the_world(kind: Kind) -> bool {
    matches!(kind, Kind::Accelerators | Kind::Systems | Kind::Prices | Kind::Regions | Kind::Rules)
}

#[test]
fn nothing_is_found_in_the_chips_prices_regions_and_rules_that_ship() {
    none(&shipped(of_the_world), 220);
}

#[test]
fn nothing_is_found_in_the_models_runs_fleets_and_software_that_ship() {
    none(&shipped(|kind| !of_the_world(kind)), 600);
}

const CHIP: &str = r#"name = "Bragi"
aliases = ["bragi-1"]
vendor = "Example"
form = "card"
architecture = "bragi"
factors = "hopper"
borrowed = true

[peak.dense]
bf16 = "500 TFLOP/s"

[memory]
kind = "HBM3"
capacity = "96 GB"
bandwidth = "4 TB/s"

[link.scale_up]
kind = "own"
per_chip_one_way = "300 GB/s"
domain = 8

[node]
chips = 8

[sources]
"peak" = { title = "Bragi sheet", url = "https://docs.example.com/bragi.pdf", as_of = "2026-01", kind = "datasheet" }
"memory" = { title = "Bragi sheet", as_of = "2026-01", kind = "datasheet", note = "decimal GB" }
"link" = { title = "A table of chips, quoted by a blog", url = "https://blog.net/x", as_of = "2026", kind = "quoted" }
"node" = { title = "A guess", as_of = "2026-11", kind = "assumption" }
"#;

const RUN: &str = r#"name = "My run"
aliases = ["my-run"]
organisation = "Me"
date = "2026-05"
model = "llama-3-8b"

[run]
gpu = "h100"
chips = 512
tokens = "1T"
gpu_hours = "100K"

[reported]
energy = "70 MWh"

[sources]
"run" = { title = "My card, arXiv:2407.21783", url = "https://arxiv.org/abs/2407.21783v2", as_of = 2026-05-02, kind = "published" }
"reported" = { title = "My card", as_of = "2026-05", kind = "published" }
"#;

const PRICES: &str = r#"name = "Prices of Bragi"
accelerator = "h200-sxm"

[typical]
on_demand = "$3.5/h"

[[quote]]
term = "on_demand"
price = "$3.5/h"
provider = "A"
date = "2026-10-01"
source = "A list"
kind = "list_price"

[sources]
"typical" = { title = "The only quote", as_of = "2026-10", kind = "published" }
"#;

const REGION: &str = r#"name = "Asgard"

[grid]
carbon = "40 gCO2e/kWh"
basis = "life-cycle"
year = 2025

[electricity]
price = "$0.05/kWh"

[sources]
"*" = { title = "A table", as_of = "2026", kind = "published" }
"#;

const FLEET: &str = r#"name = "Mine"
start = 2027-01-01

[[tranche]]
name = "first"
chip = "h200"
date = 2027-01-01
chips = 1024
mfu = "40%"
price = "$3/h"

[[run]]
name = "a run"
flop = "1e24"
"#;

/// Checks a text as a file of this path in a folder of profiles.
fn checked(shell: &Shell, path: &str, text: &str) -> (Option<i32>, String) {
    let file = shell.path(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, text).unwrap();
    let output = shell.run(&["--profiles", ".", "profiles", "check", path]);
    fs::remove_file(&file).unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

const BASES: [(&str, &str); 5] = [
    ("accelerators/bragi.toml", CHIP),
    ("runs/mine.toml", RUN),
    ("prices/h200-sxm.toml", PRICES),
    ("regions/asgard.toml", REGION),
    ("fleets/mine.toml", FLEET),
];

#[test]
fn a_profile_in_order_passes() {
    let shell = Shell::new();
    for (path, text) in BASES {
        let (code, said) = checked(&shell, path, text);
        assert_eq!(code, Some(0), "{path}: {said}");
    }
}

/// Seeds errors one by one: what is replaced, by what, the line, and words of the message and of its help.
#[track_caller]
fn found(seeds: &[(&str, &str, &str, usize, &str, &str)]) {
    let shell = Shell::new();
    for (path, old, new, line, says, helps) in seeds {
        let text = BASES.iter().find(|(base, _)| base == path).unwrap().1;
        assert!(text.contains(old), "{path} has no {old}");
        let (code, said) = checked(&shell, path, &text.replacen(old, new, 1));
        assert_eq!(code, Some(3), "{path}: {new}: {said}");
        for word in [&format!("{path}:{line}:"), *says, *helps] {
            assert!(said.contains(word), "{path}: {new}: no `{word}` in\n{said}");
        }
        assert_eq!(said.matches("error:").count(), 1, "{path}: {new}:\n{said}");
    }
}

#[test]
fn an_attribution_that_is_blank_or_of_nothing_is_found() {
    found(&[
        ("accelerators/bragi.toml", "title = \"A guess\"", "title = \" \"", 29, "blank title", "say what was read"),
        (
            "accelerators/bragi.toml",
            "kind = \"HBM3\"",
            "kind = \"\"",
            13,
            "`memory.kind` is blank",
            "leave the line out",
        ),
        (
            "accelerators/bragi.toml",
            "\"node\" =",
            "\"node.chips\" = { title = \"A guess\", as_of = \"2026\", kind = \"assumption\" }\n\"power.tdp\" =",
            30,
            "names `power.tdp`, which is no value",
            "leave the line out",
        ),
        (
            "runs/mine.toml",
            "\"reported\" =",
            "\"reported.enrgy\" = { title = \"x\", as_of = \"2026\", kind = \"published\" }\n\"reported\" =",
            18,
            "which is no value",
            "did you mean `reported.energy`?",
        ),
        (
            "runs/mine.toml",
            "\"reported\" = { title = \"My card\", as_of = \"2026-05\", kind = \"published\" }\n",
            "",
            14,
            "`reported.energy` has no source",
            "add to [sources]",
        ),
        (
            "prices/h200-sxm.toml",
            "source = \"A list\"",
            "source = \"\"",
            12,
            "`quote.source` is blank",
            "leave the line out",
        ),
    ]);
}

#[test]
fn a_kind_that_does_not_agree_with_its_address_is_found() {
    let chip = "accelerators/bragi.toml";
    let (docs, kind) = ("https://docs.example.com/bragi.pdf", "kind = \"published\"");
    found(&[
        (
            chip,
            docs,
            "https://github.com/somebody/chips",
            26,
            "at github.com, which is no vendor's own host",
            "kind = \"quoted\"",
        ),
        (chip, docs, "https://example.com.mirror.net/x", 26, "at example.com.mirror.net", "kind = \"quoted\""),
        (chip, docs, "the web", 26, "`the web` is no address", "from https:// on"),
        (
            chip,
            "Bragi sheet\", as_of",
            "A list of chips\", as_of",
            27,
            "whose title names no sheet",
            "kind = \"quoted\"",
        ),
        (
            chip,
            "decimal GB",
            "read through a blog",
            27,
            "\"read through\" was not read itself: `datasheet`",
            "kind = \"quoted\"",
        ),
        (chip, "kind = \"quoted\"", kind, 28, "\"quoted by\" was not read itself: `published`", "kind = \"quoted\""),
        (chip, "kind = \"assumption\"", kind, 29, "\"a guess\" is no `published`", "kind = \"assumption\""),
        ("runs/mine.toml", "abs/2407.21783v2", "abs/2302.13971", 17, "that of arXiv:2302.13971", "what was read"),
    ]);
}

#[test]
fn a_sheet_of_the_vendor_s_own_is_one() {
    let shell = Shell::new();
    let docs = "https://docs.example.com/bragi.pdf";
    for known in VENDORS {
        for url in [format!("https://{known}/a.pdf"), format!("http://{known}/b?c")] {
            let (code, said) = checked(&shell, "accelerators/bragi.toml", &CHIP.replacen(docs, &url, 1));
            assert_eq!(code, Some(0), "{url}: {said}");
        }
    }
    let below = CHIP.replacen(docs, "https://resources.nvidia.com/sheet", 1);
    assert_eq!(checked(&shell, "accelerators/bragi.toml", &below).0, Some(0));
}

#[test]
fn a_day_that_has_not_come_is_found() {
    // The clock of the shell stands on 2026-11-24, and the facts that ship are later.
    assert!(FACTS > "2026-11-24" && FACTS < "2026-12-02", "move the days of this test with the facts");
    found(&[
        (
            "accelerators/bragi.toml",
            "as_of = \"2026-11\"",
            "as_of = \"2027-01\"",
            29,
            "as_of of `node` is 2027-01, after 20",
            "--as-of",
        ),
        (
            "runs/mine.toml",
            "as_of = 2026-05-02",
            "as_of = 2026-12-02",
            17,
            "as_of of `run` is 2026-12-02, after",
            "--as-of",
        ),
        ("runs/mine.toml", "date = \"2026-05\"", "date = \"2027\"", 4, "date is 2027, after", "--as-of"),
        (
            "prices/h200-sxm.toml",
            "date = \"2026-10-01\"",
            "date = \"2036-10-01\"",
            11,
            "quote.date is 2036-10-01",
            "--as-of",
        ),
    ]);
    let shell = Shell::new();
    shell.write("bragi.toml", CHIP.replacen("as_of = \"2026-11\"", "as_of = \"2027-01\"", 1));
    let at = |day: &str| shell.run(&["profiles", "check", "bragi.toml", "--as-of", day]).status.code();
    assert_eq!((at("2027-01-01"), at("2026-12-31"), at("2020-01-01")), (Some(0), Some(3), Some(3)));
    shell.write("bragi.toml", CHIP);
    assert_eq!(at("2020-01-01"), Some(0), "the facts that ship are not in the future");
    // What a fleet plans may be later than today.
    assert_eq!(checked(&shell, "fleets/mine.toml", &FLEET.replace("2027-01-01", "2031-01-01")).0, Some(0));
}

#[test]
fn a_number_that_cannot_be_meant_is_found() {
    let unit = "is it the unit, or its prefix?";
    found(&[
        ("accelerators/bragi.toml", "500 TFLOP/s", "500 GFLOP/s", 10, "5 TFLOP/s to 500 PFLOP/s can be meant", unit),
        ("accelerators/bragi.toml", "96 GB", "96 TB", 14, "4 GB to 4 TB can be meant", unit),
        ("accelerators/bragi.toml", "4 TB/s", "4 GB/s", 15, "100 GB/s to 30 PB/s can be meant", unit),
        ("accelerators/bragi.toml", "300 GB/s", "300 TB/s", 19, "`link.scale_up.per_chip_one_way` is 300 TB/s", unit),
        ("accelerators/bragi.toml", "chips = 8\n", "chips = 80000\n", 23, "`node.chips` is 80000", unit),
        (
            "prices/h200-sxm.toml",
            "price = \"$3.5/h\"",
            "price = \"$2520/h\"",
            9,
            "a rent of a chip of $2,520 is absurd",
            "from $0.01 to $1000",
        ),
        (
            "prices/h200-sxm.toml",
            "on_demand = \"$3.5/h\"",
            "on_demand = \"$0.0035/h\"",
            5,
            "a rent of a chip of $0.0035 is absurd",
            "look at the unit",
        ),
        ("regions/asgard.toml", "$0.05/kWh", "$50/kWh", 9, "$0.005/kWh to $1/kWh can be meant", unit),
        ("regions/asgard.toml", "40 gCO2e/kWh", "4 kg/kWh", 4, "`grid.carbon` is 4 kg/kWh", unit),
        ("runs/mine.toml", "energy = \"70 MWh\"", "energy = \"70 Wh\"", 14, "0.001 MWh to 100 TWh can be meant", unit),
        // By the range of the field of a spec.
        (
            "runs/mine.toml",
            "energy = \"70 MWh\"",
            "mfu = \"0.0001%\"\nenergy = \"70 MWh\"",
            14,
            "`run.mfu` is from",
            "write it like",
        ),
        ("fleets/mine.toml", "mfu = \"40%\"", "mfu = \"4000%\"", 9, "`4000%` is more than 100 %", "write a share like"),
        ("fleets/mine.toml", "chips = 1024", "chips = \"0.5\"", 8, "`run.chips` is", "write it like `2048`"),
        ("fleets/mine.toml", "$3/h", "$3000/h", 10, "$0.01/h to $100/h can be meant", unit),
    ]);
}

#[test]
fn a_name_of_another_profile_is_found_whatever_its_kind() {
    let same = "call the file h200-sxm.toml to put it in that one's place";
    found(&[
        ("accelerators/bragi.toml", "bragi-1", "h200", 2, "`h200` is a name of the accelerator `h200-sxm` too", same),
        ("accelerators/bragi.toml", "bragi-1", "Quota", 2, "`quota` is a name of the fleet", "whatever its kind"),
        ("accelerators/bragi.toml", "bragi-1\"", "b\", \"B\"", 2, "the alias `B` stands here twice", "once is enough"),
        ("runs/mine.toml", "my-run", "h200", 2, "`h200` is a name of the accelerator", "take another"),
        ("runs/mine.toml", "my-run", "llama-3-70b", 2, "`llama-3-70b` is a name of the model", "take another"),
    ]);
    let shell = Shell::new();
    // A run goes by the name of the model that it trains; a file by the name of one that ships takes its place.
    let own = RUN.replacen("my-run", "llama3-8b", 1);
    let model = Catalog::built_in().find(Kind::Models, "llama3-8b").map(|found| found.id);
    assert_eq!(model.ok().as_deref(), Some("llama-3-8b"));
    assert!(!checked(&shell, "runs/mine.toml", &own).1.contains("of the model"));
    let instead = CHIP.replacen("bragi-1", "h200", 1);
    assert_eq!(checked(&shell, "accelerators/h200-sxm.toml", &instead).0, Some(0));
    // Two files of one's own folder.
    fs::create_dir(shell.path("accelerators")).ok();
    shell.write("accelerators/other.toml", CHIP);
    let (code, said) = checked(&shell, "accelerators/bragi.toml", CHIP);
    assert!(code == Some(3) && said.contains("a name of the accelerator `other` too"), "{said}");
}

#[test]
fn every_finding_of_a_file_is_said_at_once_in_its_order() {
    let text = CHIP
        .replacen("bragi-1", "h200", 1)
        .replacen("96 GB", "96 TB", 1)
        .replacen("title = \"A guess\"", "title = \"\"", 1)
        .replacen("domain = 8", "domian = 8", 1);
    let (code, said) = checked(&Shell::new(), "accelerators/bragi.toml", &text);
    assert_eq!(code, Some(3));
    let places: Vec<usize> = ["`h200` is a name", "`memory.capacity` is 96 TB", "blank title"]
        .iter()
        .map(|words| said.find(words).unwrap_or_else(|| panic!("no {words} in\n{said}")))
        .collect();
    assert!(said.contains("did you mean `domain`?") && places.is_sorted(), "{said}");
}
