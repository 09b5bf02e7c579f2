//! The performance of chips as export rules count it, and the rules of a day.

use flopbill::Catalog;
use flopbill::internals::policy::rule::{Item, Standing, Verdict, findings, standing};
use flopbill::internals::policy::{Metric, Pace, chip_facts, chips_to_peak, distance, gpu_hours_to};
use flopbill::internals::units::date::Date;
use flopbill::internals::units::*;

use crate::close::close;

fn share(value: f64) -> Fraction {
    Fraction::new(value)
}

/// Id, TPP, performance density and I/O in GB/s, as published tables of chips have them.
const TABLE: &[(&str, f64, Option<f64>, Option<f64>)] = &[
    ("v100-sxm2", 2000.0, Some(2.45), Some(332.0)),
    ("a100-sxm-40gb", 4992.0, Some(6.04), Some(664.0)),
    ("a100-sxm-80gb", 4992.0, Some(6.04), Some(664.0)),
    ("a100-pcie-80gb", 4992.0, Some(6.04), Some(664.0)),
    ("a800-sxm-80gb", 4992.0, Some(6.04), Some(464.0)),
    ("a800-pcie-80gb", 4992.0, Some(6.04), Some(464.0)),
    ("h100-sxm", 15_832.0, Some(19.45), Some(1028.0)),
    ("h100-sxm-96gb", 13_376.0, Some(16.43), Some(1028.0)), // 836 TFLOP/s, assumed
    ("h100-pcie", 12_104.0, Some(14.87), Some(728.0)),
    ("h100-nvl", 13_368.0, Some(16.42), Some(728.0)),
    ("h800-sxm", 15_832.0, Some(19.45), Some(528.0)),
    ("h800-pcie", 12_104.0, Some(14.87), Some(528.0)),
    ("h20-sxm", 2368.0, Some(2.91), Some(1028.0)),
    ("h20-sxm-141gb", 2368.0, Some(2.91), Some(1028.0)),
    ("h200-sxm", 15_832.0, Some(19.45), Some(1028.0)),
    ("h200-nvl", 13_368.0, Some(16.42), Some(1028.0)),
    ("gh200", 15_832.0, Some(19.45), Some(1028.0)),
    ("b100", 28_000.0, Some(17.20), Some(1928.0)),
    ("b200", 36_000.0, Some(22.11), Some(1928.0)),
    ("b300", 56_000.0, Some(34.40), Some(1928.0)),
    ("gb200", 40_000.0, Some(24.57), Some(1928.0)),
    ("gb300", 60_000.0, Some(36.86), Some(1928.0)),
    ("gh200-141gb", 15_832.0, Some(19.45), Some(1028.0)),
    ("rubin", 140_000.0, None, Some(3600.0)),
    ("rtx-4090", 5285.0, Some(8.68), Some(64.0)),
    ("rtx-pro-6000", 8061.0, Some(10.75), Some(128.0)),
    ("rtx-5090", 6704.0, None, Some(128.0)),
    ("rtx-5090d-v2", 4750.0, None, None),
    ("gb10", 2000.0, None, None),
    ("l40s", 5864.0, Some(9.64), Some(64.0)),
    ("l20", 1912.0, Some(3.1396), Some(64.0)),
    ("l2", 1544.0, None, Some(64.0)),
    ("l4", 1936.0, Some(6.59), Some(64.0)),
    ("a30", 2640.0, Some(3.20), Some(264.0)),
    ("mi250x", 6128.0, None, None),
    ("mi300x", 20_919.0, None, Some(1024.0)),
    ("mi325x", 20_919.0, None, Some(1024.0)),
    ("mi350x", 36_912.0, None, Some(1203.2)),
    ("mi355x", 40_266.0, None, None),
    ("mi455x", 80_000.0, None, Some(3600.0)),
    ("max-1550", 5452.8, Some(4.26), None),
    ("gaudi-2", 6920.0, None, Some(664.0)),
    ("gaudi-3", 26_848.0, None, Some(1328.0)),
    ("tpu-v4", 4400.0, None, Some(540.0)),
    ("tpu-v5e", 3152.0, None, None),
    ("tpu-v5p", 7344.0, None, None),
    ("tpu-v6e", 14_688.0, None, Some(800.0)),
    ("tpu-v7x", 36_912.0, None, None),
    ("ascend-910b", 5120.0, Some(7.69), Some(456.0)),
    ("tpu-8t", 50_400.0, None, Some(2400.0)),
    ("tpu-8i", 40_400.0, None, Some(2400.0)),
    ("trainium2", 10_672.0, None, Some(1280.0)),
    ("trainium3", 20_136.0, None, Some(2560.0)),
    ("maia-200", 40_580.0, None, Some(2800.0)),
    ("maia-100", 12_800.0, Some(15.61), None),
    ("ascend-910c", 12_032.0, Some(9.04), Some(784.0)),
    ("ascend-950pr", 6800.0, None, None),
    ("ascend-950dt", 7776.0, None, Some(1680.0)),
    ("mtt-s4000", 1600.0, None, Some(240.0)),
    ("mtt-s5000", 8000.0, None, Some(784.0)),
    ("br100", 16_384.0, Some(15.26), None),
    ("metax-c500", 4480.0, None, None),
    ("mlu370-x8", 2048.0, None, None),
];

#[test]
fn performance_of_every_chip() {
    let catalog = Catalog::built_in();
    for &(id, tpp, density, io) in TABLE {
        let facts = chip_facts(&catalog.accelerator(id).unwrap().chip);
        let found = facts.get(Metric::Tpp).unwrap();
        assert!((found - tpp).abs() <= 0.5, "{id}: TPP {found}, expected {tpp}");
        if let Some(density) = density {
            let found = facts.get(Metric::PerformanceDensity).unwrap();
            assert!((found - density).abs() <= 0.0051, "{id}: density {found}, expected {density}");
        }
        if let Some(io) = io {
            let found = facts.get(Metric::IoBidirectional).unwrap();
            assert!((found - io).abs() < 1e-9, "{id}: I/O {found}, expected {io}");
        }
    }
    let ids = catalog.ids(flopbill::internals::catalog::Kind::Accelerators);
    let peaks = |id: &str| chip_facts(&catalog.accelerator(id).unwrap().chip).get(Metric::Tpp).is_some();
    let missing: Vec<_> = ids.iter().filter(|id| !TABLE.iter().any(|row| row.0 == **id) && peaks(id)).collect();
    assert!(missing.len() <= 1, "{missing:?}"); // a100-pcie-40gb repeats the 80 GB card
}

/// What the rules of a day say of a chip: rule and outcome for every test that is met.
fn outcomes(chip: &str, day: &str) -> Vec<(String, String)> {
    let catalog = Catalog::built_in();
    let day: Date = day.parse().unwrap();
    let facts = chip_facts(&catalog.accelerator(chip).unwrap().chip);
    let mut found = Vec::new();
    for profile in catalog.rules().unwrap() {
        if standing(&profile.rule, day) != Standing::InForce {
            continue;
        }
        for finding in findings(&profile.rule, &Item { chip, facts, scopes: &["datacentre"] }) {
            // An embargo looks at no number.
            let looks = !finding.test.all.is_empty() || !finding.test.chips.is_empty();
            if looks && finding.verdict == Verdict::Met {
                found.push((profile.rule.id.clone(), finding.test.outcome.clone()));
            }
        }
    }
    found
}

#[track_caller]
fn says(chip: &str, day: &str, rule: &str, outcome: &str) {
    let found = outcomes(chip, day);
    assert!(found.iter().any(|(id, what)| id.contains(rule) && what == outcome), "{chip} {day}: {found:?}");
}

#[test]
fn the_rule_of_2022_needs_both_numbers() {
    says("h100-sxm", "2022-10-08", "2022", "3A090");
    says("a100-sxm-80gb", "2022-10-08", "2022", "3A090");
    says("h200-sxm", "2022-10-08", "2022", "3A090");
    assert_eq!(outcomes("h800-sxm", "2022-10-08"), []);
    assert_eq!(outcomes("a800-sxm-80gb", "2022-10-08"), []);
    // Before, the letters of August name it.
    assert_eq!(outcomes("h100-sxm", "2022-08-25"), []);
    says("h100-sxm", "2022-10-06", "2022-08", "licence required");
}

#[test]
fn the_rule_of_2023_drops_the_interconnect() {
    says("h800-sxm", "2023-11-17", "2023", "3A090.a");
    says("a800-sxm-80gb", "2023-11-17", "2023", "3A090.a");
    says("l40s", "2023-11-17", "2023", "3A090.a");
    assert_eq!(outcomes("h20-sxm", "2024-01-01"), []);
    says("h20-sxm", "2025-04-10", "letter", "licence required");
}

#[test]
fn the_gate_of_2026() {
    says("h200-sxm", "2026-02-01", "2026-01", "case-by-case review");
    says("mi325x", "2026-02-01", "2026-01", "case-by-case review");
    says("gaudi-3", "2026-02-01", "2026-01", "presumption of denial");
    says("b200", "2026-02-01", "2026-01", "presumption of denial");
    says("h200-sxm", "2026-02-01", "2023", "3A090.a");
}

#[test]
fn thresholds_in_hours_and_chips() {
    let pace = |mfu| Pace { peak: FlopPerSecond::from_tflops(989.5), mfu: share(mfu), goodput: share(1.0) };
    let hours = |flop| gpu_hours_to(Flop::new(flop), &pace(0.4)).unwrap().gpu_hours();
    close(hours(1e23), 70_182.0, 1e-4);
    close(hours(1e25), 7.0182e6, 1e-4);
    close(hours(1e26), 70.182e6, 1e-4);
    let chips = |tera| chips_to_peak(1e20, FlopPerSecond::from_tflops(tera)).unwrap().get();
    assert_eq!([1979.0, 989.5, 3958.0].map(chips).map(f64::round), [50_531.0, 101_061.0, 25_265.0]);
    let v3 = Flop::new(6.0 * 37e9 * 14.8e12);
    let price = Price::from_usd_per_hour(2.0);
    let far = distance(v3, Flop::new(1e25), &pace(0.346), price).unwrap();
    close(far.reached, 0.32856, 1e-9);
    close(far.remaining_cost.get() + far.whole_cost.get() * far.reached, far.whole_cost.get(), 1e-12);
    // Chips are held while the job is down: at a goodput of 80 % the hours to a threshold are 1 / 0.8 as many.
    let held = Pace { goodput: share(0.8), ..pace(0.4) };
    close(gpu_hours_to(Flop::new(1e25), &held).unwrap().gpu_hours(), hours(1e25) / 0.8, 1e-12);
    close(
        distance(v3, Flop::new(1e25), &held, price).unwrap().remaining.gpu_hours(),
        hours(1e25 - v3.get()) / 0.8,
        1e-9,
    );
}

/// What an estimate says is left to a threshold is what reaching it takes.
#[cfg(feature = "cli")]
#[test]
fn the_hours_that_are_short_are_held_hours() {
    let shell = crate::shell::Shell::new();
    let asked = ["estimate", "--gpu", "h200", "--params", "70B", "--mfu", "40%", "--goodput", "80%", "--tokens"];
    let run = shell.json(&[&asked[..], &["2T"]].concat());
    let more = 1e25 / 6.0 / 70e9; // tokens that are the threshold
    let over = shell.json(&[&asked[..], &[&format!("{more}")]].concat());
    let hours = |json: &serde_json::Value| json["result"]["gpu_hours"].as_f64().unwrap();
    let left = run["thresholds"]["next"]["gpu_hours_left"].as_f64().unwrap();
    close(hours(&run) + left, hours(&over), 1e-9);
}
