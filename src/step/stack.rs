//! The software a step runs on: what it overlaps, and what its kernels were written for.

/// What the software does beyond what the layout says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stack {
    /// Gradient and tensor-parallel traffic runs behind computation.
    pub overlap: bool,
    /// Weight gradients are accumulated inside the matrix product, not by a kernel of their own.
    pub fused_accumulation: bool,
    /// The host waits for every kernel (`CUDA_LAUNCH_BLOCKING=1`).
    pub blocking_launches: bool,
    /// Attention kernels are written for this chip, not carried over from the generation before.
    pub native_attention: bool,
    /// A row is sent once to each server it visits and spread there (DeepEP, HybridEP), not once to each expert.
    pub deduplicated_dispatch: bool,
    /// Rows travel to the experts in 8 bits.
    pub narrow_dispatch: bool,
}

impl Stack {
    /// A tuned stack of 2024 and later: Megatron-Core, NeMo, TorchTitan.
    pub const CURRENT: Self = Self {
        overlap: true,
        fused_accumulation: true,
        blocking_launches: false,
        native_attention: true,
        deduplicated_dispatch: true,
        narrow_dispatch: false,
    };
    /// Megatron-LM of 2021 and 2022.
    pub const EARLY: Self = Self { overlap: false, deduplicated_dispatch: false, ..Self::CURRENT };
    /// Megatron-DeepSpeed of 2021 and 2022.
    pub const EARLY_DEEPSPEED: Self = Self { fused_accumulation: false, ..Self::EARLY };
    /// DeepSeek's own: narrow dispatch to few servers.
    pub const DEEPSEEK: Self = Self { narrow_dispatch: true, ..Self::CURRENT };
}
