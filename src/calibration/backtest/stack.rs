//! What a row's text says of its software.

use crate::catalog::steps::StepRow;
use crate::step::stack::{Stack, TensorOverlap};

/// Frameworks whose element-wise operations run one kernel each.
const EAGER: [&str; 9] =
    ["llm-foundry", "composer", "internevo", "deepspeed", "neox", "nanotron", "transformers", "accelerate", "eager"];

/// Frameworks with attention kernels of 2022 and early 2023, written for Ampere.
const CARRIED: [&str; 2] = ["llm-foundry", "composer"];

/// The software of a row.
pub(super) fn stack(row: &StepRow) -> Stack {
    let text = format!("{} {} {}", row.framework, row.notes, row.source).to_lowercase();
    let has = |names: &[&str]| names.iter().any(|name| text.contains(name));
    let own = has(&["dualpipe", "hai-llm"]);
    let early = if has(&["2021", "deepspeed", "neox"]) { Stack::MEGATRON_2021 } else { Stack::MEGATRON_2022 };
    let mut stack = match (row.attention_kernel == "unfused", own) {
        (true, _) => early,
        (false, true) => Stack::DEEPSEEK,
        (false, false) => Stack::CURRENT,
    };
    if has(&["eager"]) {
        stack.tensor_overlap = TensorOverlap::WeightGradients;
        stack.fused_accumulation = false;
        stack.deduplicated_dispatch = false;
    }
    stack.blocking_launches = text.contains("cuda_launch_blocking=1");
    stack.native_attention = !has(&CARRIED) && !has(&["eager"]);
    stack.eager = has(&EAGER) && !has(&["compile"]);
    stack.deduplicated_dispatch &= !text.contains("dispatcher a2a");
    stack
}
