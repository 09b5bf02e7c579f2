//! The software a step runs on: what it overlaps, and what its kernels were written for.

/// What the software does beyond what the layout says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stack {
    /// Gradient reductions and weight gathers run behind computation.
    pub overlap: bool,
    /// What tensor-parallel traffic runs behind.
    pub tensor_overlap: TensorOverlap,
    /// Weight gradients are accumulated inside the matrix product, not by a kernel of their own.
    pub fused_accumulation: bool,
    /// Element-wise operations run one kernel each, as PyTorch does them uncompiled, not fused by hand or compiler.
    pub eager: bool,
    /// The host waits for every kernel (`CUDA_LAUNCH_BLOCKING=1`).
    pub blocking_launches: bool,
    /// Attention kernels are written for this chip, not carried over from the generation before.
    pub native_attention: bool,
    /// A row is sent once to each server it visits and spread there (DeepEP, HybridEP), not once to each expert.
    pub deduplicated_dispatch: bool,
    /// Rows travel to the experts in 8 bits.
    pub narrow_dispatch: bool,
    /// Its own steps are among those the factors were fitted to.
    pub measured: bool,
}

/// What hides tensor-parallel traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TensorOverlap {
    /// Nothing.
    Nothing,
    /// Weight-gradient products hide the traffic of input gradients (Megatron-LM from 2022).
    WeightGradients,
    /// Also, products are cut in pieces that hide each other's traffic (Transformer Engine).
    Products,
}

/// What hides tensor-parallel traffic, and how a profile writes it.
pub const TENSOR_OVERLAPS: [(&str, TensorOverlap); 3] = [
    ("nothing", TensorOverlap::Nothing),
    ("weight-gradients", TensorOverlap::WeightGradients),
    ("products", TensorOverlap::Products),
];

impl Stack {
    /// A tuned stack of 2024 and later: Megatron-Core, NeMo, TorchTitan.
    pub const CURRENT: Self = Self {
        overlap: true,
        tensor_overlap: TensorOverlap::Products,
        fused_accumulation: true,
        eager: false,
        blocking_launches: false,
        native_attention: true,
        deduplicated_dispatch: true,
        narrow_dispatch: false,
        measured: false,
    };
    /// DeepSeek's own: narrow dispatch to few servers.
    pub const DEEPSEEK: Self = Self { narrow_dispatch: true, measured: true, ..Self::CURRENT };
}
