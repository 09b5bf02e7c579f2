//! Where the time of one step goes.

use serde_json::{Map, Value, json};

use super::json::number;
use super::view::Section;
use crate::ask::layouts::parts;
use crate::layout::parallelism::{Layout, SCHEDULES, ZERO_STAGES};
use crate::predict::Predicted;
use crate::units::{Seconds, show};

fn zero(layout: &Layout) -> &'static str {
    ZERO_STAGES.iter().find(|(_, stage)| *stage == layout.zero).map_or("", |(name, _)| name)
}

fn schedule(layout: &Layout) -> &'static str {
    SCHEDULES.iter().find(|(_, schedule)| *schedule == layout.schedule).map_or("", |(name, _)| name)
}

/// The step of an estimate.
pub fn section(predicted: &Predicted) -> Section {
    let mut section = Section::facts("One step, predicted");
    let total = predicted.step.total();
    section.fact(
        "step",
        show::duration(predicted.step_time()),
        format!("{} tokens", show::count(predicted.tokens_per_step().get(), 4)),
    );
    section.fact(
        "memory",
        show::prefixed(predicted.fit.total.get(), "B", 3),
        format!("of {} on the fullest chip", show::prefixed(predicted.fit.capacity.get(), "B", 3)),
    );
    for part in parts(&predicted.step).iter().filter(|part| part.shown > total.get() * 5e-4) {
        let hidden = Seconds::new(part.hidden);
        let remark = if part.hidden > 0.0 { format!("and {} hidden", show::duration(hidden)) } else { String::new() };
        section.fact(part.label, show::percent(part.shown / total.get()), remark);
    }
    section
}

/// The step for machines.
pub fn machine(predicted: &Predicted) -> Value {
    let terms: Map<String, Value> =
        parts(&predicted.step).into_iter().map(|part| (format!("{}_s", part.key), number(part.shown))).collect();
    let own = &predicted.layout;
    json!({
        "step_s": number(predicted.step.total().get()),
        "software": number(predicted.software),
        "tokens_per_step": number(predicted.tokens_per_step().get()),
        "breakdown": terms,
        "memory_bytes": number(predicted.fit.total.get()),
        "memory_capacity_bytes": number(predicted.fit.capacity.get()),
        "layout": {
            "tp": own.tp, "pp": own.pp, "vpp": own.vpp, "dp": own.dp, "cp": own.cp, "ep": own.ep,
            "micro_batch": own.micro_batch, "global_batch": own.global_batch, "sequence_length": own.seq_len,
            "zero": zero(own), "recompute": format!("{:?}", own.recompute).to_lowercase(), "schedule": schedule(own),
            "precision": own.precision.name(),
        },
    })
}

/// A duration of a step's part.
pub fn seconds(value: f64) -> String {
    show::duration(Seconds::new(value))
}
