//! Published failures: the rows, the rule that pools them, and what a question answers against them.

use flopbill::internals::catalog::failures::{FailureRow, pools, shipped};
use flopbill::internals::reliability::pool::{Basis, Belief};
use flopbill::{EstimateReply, EstimateRequest, Input};

use super::close::close;
use super::doors::catalog;

fn rows() -> Vec<FailureRow> {
    shipped().unwrap()
}

fn row(id: &str) -> FailureRow {
    rows().into_iter().find(|row| row.id == id).unwrap()
}

fn believed(rows: &[FailureRow], chip: &str, era: &str) -> Belief {
    pools(rows, &catalog().failures().unwrap().all_cause).unwrap().believe(Some(chip), era)
}

fn ask(input: Input) -> EstimateReply {
    EstimateRequest::new(input.set("bill", "rent")).ask(catalog()).unwrap()
}

/// A model on chips at a time.
fn job(model: &str, gpu: &str, chips: u32, day: &str) -> Input {
    Input::new().model(model).tokens("300B").gpu(gpu).chips(chips).set("as_of", day)
}

fn opt() -> Input {
    job("opt-175b", "a100", 992, "2022-01-01")
}

fn llama() -> Input {
    job("llama-3.1-405b", "h100", 16384, "2024-06-01")
}

/// Hours between interrupts, and the effective share: p10, p50, p90.
fn marks(input: Input) -> ([f64; 3], [f64; 3]) {
    let found = ask(input).bill.unwrap().failures;
    (
        [found.mtbf_hours_p10, found.mtbf_hours, found.mtbf_hours_p90].map(Option::unwrap),
        [found.effective_share_p10, found.effective_share, found.effective_share_p90].map(Option::unwrap),
    )
}

fn holds([low, _, high]: [f64; 3], value: f64) -> bool {
    (low..=high).contains(&value)
}

#[test]
fn the_rows_agree_with_their_own_numbers() {
    let all = rows();
    assert_eq!(all.len(), 26);
    for row in &all {
        assert!(["published", "quoted", "assumption"].contains(&row.kind.as_str()), "{}: {}", row.id, row.kind);
        assert!(!row.source.is_empty() && !row.cluster.is_empty(), "{}", row.id);
        let counted = [row.events, row.nodes8, row.period_days, row.per_1000_node_days];
        if let [Some(events), Some(nodes), Some(days), Some(rate)] = counted {
            close(rate, 1000.0 * events / (nodes * days), 1e-6);
        }
        if let [Some(nodes), Some(rate), Some(hours)] = [row.nodes8, row.per_1000_node_days, row.job_mtbf_h] {
            close(hours, 24_000.0 / (nodes * rate), 1e-6);
        }
    }
    assert_eq!(all.iter().filter_map(FailureRow::rate).count(), 14);
}

/// By hand, in logarithms. Rows of one cluster: OPT 2.6936, 2.3070, 3.2506 about 2.7504, ByteRobust 0.4826 and 1.2448
/// about 0.8637: variance (0.4500 + 0.2904) / 3 = 0.2468. Hopper: Llama 3 1.3320, ByteRobust 0.8637 of two rows, Imbue
/// 1.4553 + ln 1.79 = 2.0375, whose variance has 0.62^2 more: the mean 1.1372, its variance 0.0728.
#[test]
fn a_pool_is_what_it_is_by_hand() {
    let hopper = believed(&rows(), "hopper", "automatic");
    close(hopper.per_1000_node_days, 1.13717f64.exp(), 1e-4);
    close(hopper.spread, (0.246_819f64 + 0.072_786).sqrt(), 1e-4);
    assert_eq!(hopper.basis, Basis::Own);
    assert_eq!(hopper.rows, ["llama3-405b-unexpected", "byterobust-dense-9600", "byterobust-moe-9600", "imbue-70b"]);
    // Where no row is of the chip, or of the era, the range is wider and says so.
    let tpu = believed(&rows(), "tpu", "automatic");
    let late = believed(&rows(), "hopper", "by_hand");
    let never = believed(&rows(), "hopper", "another");
    assert_eq!([tpu.basis, late.basis, never.basis], [Basis::Era, Basis::Era, Basis::All]);
    for wider in [&tpu, &late, &never] {
        assert!(wider.spread > 1.3 * hopper.spread, "{wider:?}");
    }
    assert!(late.rows.iter().all(|row| row.starts_with("opt") || row.starts_with("bloom")), "{late:?}");
    // People who start a job again by hand count more interrupts than software does.
    assert!(believed(&rows(), "ampere", "by_hand").per_1000_node_days > 1.5 * tpu.per_1000_node_days);
}

/// Every cluster predicted from the others: what a new one is off by.
#[test]
fn leaving_one_cluster_out_the_ranges_hold() {
    let all = rows();
    let used = believed(&all, "", "").rows;
    let mut clusters: Vec<&str> = Vec::new();
    for row in all.iter().filter(|row| used.contains(&row.id)) {
        if !clusters.contains(&row.cluster.as_str()) {
            clusters.push(&row.cluster);
        }
    }
    assert_eq!(clusters.len(), 8, "{clusters:?}");
    let all_cause = catalog().failures().unwrap().all_cause.factor;
    let (mut off, mut held, mut counted) = (Vec::new(), 0, 0);
    for cluster in clusters {
        let others: Vec<FailureRow> = all.iter().filter(|row| row.cluster != cluster).cloned().collect();
        for row in all.iter().filter(|row| row.cluster == cluster && used.contains(&row.id)) {
            let rate = row.rate().unwrap();
            let hardware = rate.band == flopbill::internals::reliability::rate::Band::Hardware;
            let measured = rate.per_1000_node_days * if hardware { all_cause } else { 1.0 };
            let guess = believed(&others, &row.family, &row.era);
            let error = (measured / guess.per_1000_node_days).ln();
            off.push(error.abs());
            counted += 1;
            held += usize::from(error.abs() <= 1.2816 * guess.spread);
        }
    }
    off.sort_by(f64::total_cmp);
    let median = off[off.len() / 2].exp();
    println!(
        "leave one out: median factor {median:.2}, worst {:.2}, {held} of {counted} in 80 %",
        off.last().unwrap().exp()
    );
    assert_eq!(counted, 11);
    assert!(median < 2.2 && off.last().unwrap().exp() < 5.0, "{median} {off:?}");
    assert!(held >= 8, "{held} of {counted} rows lie in the 80 % range of the others");
}

#[test]
fn opt_175b_in_2022() {
    let (hours, share) = marks(opt());
    for id in ["opt-175b-logbook", "opt-175b-chronicle", "opt-175b-lockwood"] {
        assert!(holds(hours, row(id).job_mtbf_h.unwrap()), "{id}: {hours:?}");
    }
    assert!((hours[1] / 7.5 - 1.0).abs() < 0.9, "{hours:?}");
    assert!((share[1] - 0.59).abs() < 0.05, "0.59 is published: {share:?}");
    assert!(holds(share, 0.47), "0.47 of the whole lineage is published: {share:?}");
    // The team kept 12 to 18 hosts.
    let spare = ask(opt()).bill.unwrap().failures.spare_chips.unwrap() / 8.0;
    assert!((8.0..=20.0).contains(&spare), "{spare}");
}

#[test]
fn llama_3_405b_in_2024() {
    let (hours, share) = marks(llama());
    assert!((hours[1] / 3.093 - 1.0).abs() < 0.3, "{hours:?}");
    assert!(share[1] > 0.90 && holds(share, 0.92), "over 0.90 is published: {share:?}");
    // The smaller models of the series reach over 0.95.
    let (_, share) = marks(job("llama-3-70b", "h100", 16384, "2024-04-01"));
    assert!(holds(share, 0.95), "{share:?}");
}

#[test]
fn what_else_has_an_effective_time() {
    let (_, megascale) = marks(job("gpt-3-175b", "a100", 10_000, "2024-02-01"));
    assert!(megascale[1] > 0.88 && megascale[2] > 0.90, "over 0.90 is published: {megascale:?}");
    let (hours, byterobust) = marks(job("gpt-3-175b", "h100", 9600, "2025-09-01"));
    assert!(byterobust[1] > 0.92 && byterobust[1] <= 0.97, "up to 0.97 is published: {byterobust:?}");
    for id in ["byterobust-dense-9600", "byterobust-moe-9600"] {
        assert!(holds(hours, row(id).job_mtbf_h.unwrap()), "{id}: {hours:?}");
    }
    for chips in [2048, 4096] {
        let hourly = job("llama-3-70b", "a100", chips, "2024-06-01").set("failures.interval", "1h");
        let (_, rsc) = marks(hourly);
        assert!((rsc[1] - 0.90).abs() < 0.05, "about 0.9 with a checkpoint an hour: {rsc:?}");
    }
    // BLOOM's checkpoint of 2.3 TB took 40 s.
    let bloom = ask(job("bloom-176b", "a100", 384, "2022-06-01")).bill.unwrap().failures;
    assert!((bloom.checkpoint_pause_s.unwrap() / 40.0 - 1.0).abs() < 0.25, "{bloom:?}");
}

#[test]
fn a_hundred_thousand_chips_are_plausible() {
    let big = |chips| job("llama-3.1-405b", "h100", chips, "2026-11-01");
    let (hours, share) = marks(big(100_000));
    assert!((0.70..0.95).contains(&share[1]), "{share:?}");
    assert!((0.25..2.0).contains(&hours[1]), "{hours:?}");
    let found = ask(big(100_000)).bill.unwrap().failures;
    assert_eq!(found.storage_bytes_per_second, Some(7e12), "the cap of a cluster");
    assert_eq!(found.checkpoint_waits_for, Some("host"));
    // A synchronous checkpoint of 5.67 TB takes a second there, not half a minute.
    let waits = ask(big(100_000).set("failures.checkpoint", "storage")).bill.unwrap().failures;
    assert!((waits.checkpoint_pause_s.unwrap() - 0.81).abs() < 0.02, "{waits:?}");
}

#[test]
fn more_nodes_never_mean_fewer_interrupts_and_faster_storage_never_less_training() {
    let mut before = (0.0, 1.0);
    for chips in [64, 512, 4096, 16384, 65536] {
        let found = ask(job("llama-3-70b", "h100", chips, "2026-01-01")).bill.unwrap().failures;
        let now = (found.interrupts_per_day.unwrap(), found.effective_share.unwrap());
        assert!(now.0 > before.0 && now.1 < before.1, "{chips}: {now:?} after {before:?}");
        before = now;
    }
    for way in ["storage", "host"] {
        let mut before = 0.0;
        for storage in ["1GB/s", "20GB/s", "200GB/s", "2TB/s", "20TB/s", "200TB/s"] {
            let asked = llama().set("failures.checkpoint", way).set("failures.storage", storage);
            let found = ask(asked).bill.unwrap().failures;
            let now = found.goodput_failures.unwrap();
            assert!(now >= before, "{way} {storage}: {now} after {before}");
            before = now;
        }
    }
    let share = |detect: &str| marks(llama().set("failures.detect", detect)).1[1];
    assert!(share("1min") > share("30min") && share("30min") > share("3h"));
}

/// Without a model's size, or without chips, what is known is said, and what is lacking.
#[test]
fn the_block_says_what_it_lacks() {
    let held = || Input::new().gpu("h100").set("run.wall_clock", "10d");
    let found = ask(held().chips(1024)).bill.unwrap().failures;
    // By hand: 24,000 h over 128 nodes at 3.118.
    close(found.mtbf_hours.unwrap(), 24_000.0 / (128.0 * 3.117_94), 1e-5);
    assert!(found.effective_share.is_none() && found.checkpoint_pause_s.is_none());
    assert!(found.lacks.len() == 1 && found.lacks[0].contains("--params"), "{:?}", found.lacks);
    let found = ask(Input::new().gpu("h100").set("run.gpu_hours", "1M")).bill.unwrap().failures;
    assert!(found.mtbf_hours.is_none() && found.lacks[0].contains("--chips"), "{:?}", found.lacks);
    let stuck = ask(llama().set("failures.restart", "5h")).bill.unwrap().failures;
    assert!(stuck.lacks[0].contains("never gets going") && stuck.effective_share.is_none(), "{:?}", stuck.lacks);
}

#[test]
fn defaults_are_listed_and_what_is_given_takes_their_place() {
    let paths =
        ["interrupts", "detect", "restart", "storage", "checkpoint", "interval"].map(|key| format!("failures.{key}"));
    let reply = ask(llama());
    let listed = |reply: &EstimateReply, path: &String| reply.defaults.0.iter().any(|(known, _)| known == path);
    let said = |reply: &EstimateReply, path: &String| {
        reply.bill.as_ref().unwrap().assumptions.iter().any(|text| text.starts_with(path.as_str()))
    };
    for path in &paths {
        assert!(listed(&reply, path) && said(&reply, path), "{path}");
    }
    let given = ["2", "10min", "5min", "1TB/s", "host", "20min"];
    let full = paths.iter().zip(given).fold(llama(), |input, (path, value)| input.set(path.clone(), value));
    let reply = ask(full);
    for path in &paths {
        assert!(!listed(&reply, path) && !said(&reply, path), "{path}");
        assert!(reply.head.inputs.0.iter().any(|(known, _)| known == path), "{path}");
    }
    let found = reply.bill.unwrap().failures;
    close(found.mtbf_hours.unwrap(), 24_000.0 / (2048.0 * 2.0), 1e-9);
    assert_eq!(found.mtbf_hours, found.mtbf_hours_p90, "what is given has no range");
    assert_eq!(
        [found.detect_s, found.restart_s, found.checkpoint_interval_s],
        [Some(600.0), Some(300.0), Some(1200.0)]
    );
    assert!(found.rows.is_empty() && found.sources.iter().all(|text| !text.contains("era.")), "{:?}", found.sources);
}

/// One goodput decides the hours. The block names it, and a warning says where the two cannot both be right.
#[test]
fn which_goodput_decides_is_said() {
    let of = |input: Input| {
        let reply = ask(input);
        let warned = reply.head.warnings.iter().any(|text| text.contains("failures at this size leave"));
        let found = reply.bill.unwrap().failures;
        (found.goodput_of_hours_from, found.goodput_of_hours, warned)
    };
    let (from, share, warned) = of(opt());
    assert!(from == "prior" && (0.6..0.8).contains(&share) && !warned, "both ranges hold 70 %");
    assert_eq!(of(opt().goodput("98%")), ("given", 0.98, true));
    assert_eq!(of(opt().goodput("60%")), ("given", 0.6, false));
    assert_eq!(of(Input::about("deepseek-v3")), ("contained", 1.0, false));
    // What is said beside the hours changes none of them.
    let hours = |input: Input| ask(input).result.gpu_hours;
    assert_eq!(hours(opt()), hours(opt().set("failures.interrupts", "100")));
}

#[cfg(feature = "cli")]
#[test]
fn absurd_values_are_refused_with_their_reason() {
    let shell = crate::shell::Shell::new();
    for (flag, value, reason) in [
        ("--interrupts", "-1", "`-1` is not a number, zero or above"),
        ("--interrupts", "0", "`failures.interrupts` is from 0.001 to 10,000"),
        ("--interrupts", "nan", "`nan` is not a number"),
        ("--interrupts", "1..5", "takes no range"),
        ("--detect-time", "-1h", "cannot be negative"),
        ("--restart-time", "900d", "`failures.restart` is from 0 s to 1 y"),
        ("--storage", "5", "has no unit"),
        ("--storage", "1 kB/s", "`failures.storage` is from 1 MB/s"),
        ("--storage", "2TB", "is an amount of memory, but a bandwidth is expected"),
        ("--checkpoint", "disk", "one of: storage, host"),
        ("--checkpoint-every", "0s", "a duration cannot be zero"),
    ] {
        shell.refused(&["estimate", "deepseek-v3", "--bill", "rent", flag, value], 2, &[reason]);
    }
    shell.refused(&["estimate", "deepseek-v3", "--interrupts", "3"], 2, &["is part of the whole bill", "add --bill"]);
    shell.write("spec.toml", "name = \"x\"\nrun = { gpu = \"h100\", chips = 64, gpu_hours = \"1M\" }\nbill = { view = \"rent\" }\n[failures]\ninterrupts = 1e9\n");
    shell.refused(&["estimate", "spec.toml"], 3, &["spec.toml:5", "is from 0.001 to 10,000"]);
}

#[cfg(feature = "cli")]
#[test]
fn a_profile_of_failures_is_checked() {
    let shell = crate::shell::Shell::new();
    std::fs::create_dir_all(shell.path("assumptions")).unwrap();
    let shipped = include_str!("../../profiles/assumptions/failures.toml");
    for (from, to, reason) in [
        ("until = \"2025-01-01\"", "until = \"2021-01-01\"", "in the order of their `until`"),
        ("spread = 0.73", "spread = 7.0", "a spread is from 0 to 3"),
        ("factor = 1.79", "factor = 0.5", "1 to 100 times"),
        ("save = \"host\"", "save = \"tape\"", "storage, host"),
        ("per_node = \"1.08 GB/s\"", "per_node = \"0 GB/s\"", "zero"),
        ("detect = \"8.4h\"\n", "", "detect"),
    ] {
        assert!(shipped.contains(from), "{from}");
        shell.write("assumptions/failures.toml", shipped.replacen(from, to, 1));
        let output = shell.run(&["profiles", "check", "assumptions/failures.toml"]);
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.code() != Some(0) && said.contains(reason), "{from}: {said}");
    }
    shell.write("assumptions/failures.toml", shipped);
    assert_eq!(shell.run(&["profiles", "check", "assumptions/failures.toml"]).status.code(), Some(0));
}
