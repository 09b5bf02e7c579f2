//! Local layout until `layout::parallelism` lands.

/// Precision recipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// 16 bits everywhere.
    Half,
    /// 8-bit matrix products with one scale a tensor.
    Fp8,
    /// 8-bit matrix products with one scale a block of 32.
    MxFp8,
    /// 8-bit with 1x128 / 128x128 blocks (DeepSeek).
    BlockFp8,
}

/// Recompute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recompute {
    /// None.
    None,
    /// Core attention (or its equivalent cheap modules).
    Selective,
    /// Every layer.
    Full,
}

/// Pipeline schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// 1F1B (interleaved with vpp > 1).
    OneFOneB,
    /// Zero bubble.
    ZeroBubble,
    /// DualPipe.
    DualPipe,
}

/// Sharding over data-parallel ranks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub enum Zero {
    /// Replicated.
    None,
    /// Optimizer.
    Optimizer,
    /// Everything.
    Full,
}

/// Layout.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// Tensor.
    pub tp: f64,
    /// Pipeline.
    pub pp: f64,
    /// Virtual stages.
    pub vpp: f64,
    /// Context.
    pub cp: f64,
    /// Expert.
    pub ep: f64,
    /// Data.
    pub dp: f64,
    /// Sequences a micro-batch.
    pub micro_batch: f64,
    /// Sequences a step.
    pub global_batch: f64,
    /// Tokens a sequence.
    pub seq: f64,
    /// Precision.
    pub precision: Precision,
    /// Recompute.
    pub recompute: Recompute,
    /// Sequence parallel.
    pub sequence_parallel: bool,
    /// Schedule.
    pub schedule: Schedule,
    /// Sharding.
    pub zero: Zero,
    /// Fused attention, and the software of that time: overlapped collectives.
    pub fused: bool,
    /// Weight gradients are accumulated by kernels of their own (DeepSpeed), not inside the matrix product.
    pub separate_accumulation: bool,
    /// Every kernel waits for its launch (CUDA_LAUNCH_BLOCKING=1).
    pub blocking: bool,
    /// Bytes of a reduced gradient element.
    pub grad_bytes: f64,
}
