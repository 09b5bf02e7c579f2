//! Where the time of one step goes.

use serde_json::{Map, Value, json};

use super::json::number;
use super::view::Section;
use crate::layout::parallelism::{Layout, SCHEDULES, ZERO_STAGES};
use crate::predict::Predicted;
use crate::step::StepTime;
use crate::units::{Seconds, show};

/// What a step consists of: name, seconds, and what it is.
pub fn parts(step: &StepTime) -> [(&'static str, f64, &'static str); 14] {
    let work = &step.work;
    [
        ("matrix products", work.gemm, "outside routed experts"),
        ("experts", work.experts, "matrix products of routed experts"),
        ("attention", work.attention, "its core"),
        ("element-wise", work.elementwise, "bound by memory"),
        ("launch", work.launch, "host and gaps between kernels"),
        ("TP traffic", work.tp_exposed, "not hidden"),
        ("EP traffic", work.ep_exposed, "not hidden"),
        ("CP traffic", work.cp_exposed, "not hidden"),
        ("sharded weights", work.shard_exposed, "not hidden"),
        ("pipeline bubble", step.bubble, "waiting for other stages"),
        ("pipeline traffic", step.transfers, ""),
        ("gradients", step.gradients_exposed, "not hidden"),
        ("optimizer", step.optimizer, ""),
        ("rest", step.jitter + step.fixed, "slowest chip, data, clipping"),
    ]
}

/// The layout in the field's terms: `TP 8, PP 16, DP 128`.
pub fn layout(layout: &Layout) -> String {
    let degrees = [
        ("TP", layout.tp),
        ("PP", layout.pp),
        ("VPP", layout.vpp),
        ("CP", layout.cp),
        ("EP", layout.ep),
        ("DP", layout.dp),
    ];
    let mut said: Vec<String> = degrees
        .iter()
        .filter(|(name, degree)| *degree > 1 || *name == "DP")
        .map(|(name, degree)| format!("{name} {degree}"))
        .collect();
    said.push(format!("micro-batch {}", layout.micro_batch));
    said.push(format!("ZeRO-{}", zero(layout)));
    said.push(format!("recompute {}", format!("{:?}", layout.recompute).to_lowercase()));
    if layout.pp > 1 {
        said.push(schedule(layout).into());
    }
    said.join(", ")
}

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
    for (name, seconds, what) in
        parts(&predicted.step).into_iter().filter(|(_, seconds, _)| *seconds > total.get() * 5e-4)
    {
        section.fact(name, show::percent(seconds / total.get()), what);
    }
    section
}

/// The step for machines.
pub fn machine(predicted: &Predicted) -> Value {
    let terms: Map<String, Value> = parts(&predicted.step)
        .into_iter()
        .map(|(name, seconds, _)| (name.replace([' ', '-'], "_").to_lowercase() + "_s", number(seconds)))
        .collect();
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
