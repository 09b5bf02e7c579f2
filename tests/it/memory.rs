//! Memory against what was measured: peaks on one chip, and layouts that ran or ran out.

use flopbill::internals::calibration::backtest::{Known, MemoryReport, MemoryResult, memory};
use flopbill::internals::catalog::{Catalog, memory_rows};

fn report() -> MemoryReport {
    let rows = memory_rows::shipped().expect("the table reads");
    let mut known = Known::new(&Catalog::built_in()).expect("the factors read");
    let report = memory(&rows, &mut known);
    assert!(report.skipped.is_empty(), "{:?}", report.skipped);
    report
}

/// The rows as a table.
fn table(rows: &[&MemoryResult]) -> String {
    let mut text = String::from("\n");
    for row in rows {
        let measured = row.measured_gib.map_or(String::new(), |gib| format!("{gib:.1}"));
        let error = row.error.map_or(String::new(), |error| format!("{:+.1} %", 100.0 * error));
        let ran = row.ran.map_or("", |ran| if ran { "ran" } else { "ran out" });
        let wrong = if row.is_wrong() { "WRONG" } else { "" };
        text += &format!(
            "{:8} {:24} {:8.1} {measured:>8} {error:>8} of {:5.1} fits {:4.0} % {ran:8} {wrong:6} {}\n",
            row.id,
            row.stack,
            row.predicted_gib,
            row.of_gib,
            100.0 * row.fit_probability,
            row.choices.join(", "),
        );
    }
    text
}

fn mean(rows: &[&MemoryResult]) -> f64 {
    let errors: Vec<f64> = rows.iter().filter_map(|row| row.error).map(f64::abs).collect();
    errors.iter().sum::<f64>() / errors.len() as f64
}

#[test]
fn peaks_and_verdicts_are_as_measured() {
    let report = report();
    let of = |sources: &[&str]| -> Vec<&MemoryResult> {
        report.rows.iter().filter(|row| sources.iter().any(|source| row.source.starts_with(source))).collect()
    };
    let all: Vec<&MemoryResult> = report.rows.iter().collect();
    let eager = of(&["pytorch/torchtitan", "meta-pytorch/torchtune"]);
    let megatron = of(&["MooreThreads/SimuMax"]);
    println!("{}eager {:.3}, Megatron {:.3}, wrong {}", table(&all), mean(&eager), mean(&megatron), report.wrong);
    assert_eq!((eager.len(), megatron.len(), report.verdicts), (24, 9, 42));
    assert!(mean(&eager) <= 0.10, "{}", table(&eager));
    assert!(mean(&megatron) <= 0.04, "{}", table(&megatron));
    assert!(report.wrong <= 1, "{}", table(&all));
}
