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
    /// Which kernels compute a fused attention.
    pub attention: AttentionKernels,
    /// A row is sent once to each server it visits and spread there (DeepEP, HybridEP), not once to each expert.
    pub deduplicated_dispatch: bool,
    /// Rows travel to the experts in 8 bits.
    pub narrow_dispatch: bool,
    /// What the backward pass computes again where it is to compute something again.
    pub again: Again,
    /// Collectives of split products copy what they move, as PyTorch's own tensor parallelism does on a split sequence.
    pub tensor_copies: bool,
    /// Weights that ZeRO-3 gathers for 8-bit products travel in 8 bits.
    pub narrow_gathers: bool,
    /// The products of the experts on a chip run as one grouped kernel, not one after the other.
    pub grouped_products: bool,
    /// The ring of a split sequence computes and merges its parts one by one, as PyTorch's own context parallelism does.
    pub plain_ring: bool,
    /// Interleaved stages run the exchange of experts behind the other direction's computation.
    pub paired_exchange: bool,
}

/// Which kernels compute a fused attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttentionKernels {
    /// FlashAttention of its first version (2022), and the Triton kernels of its time.
    Flash1,
    /// FlashAttention 2 (2023), which PyTorch calls too: written for Ampere.
    Flash2,
    /// Those that the chip's maker or FlashAttention 3 wrote for it.
    Current,
}

/// Kernels of a fused attention, and how a profile writes them.
pub const ATTENTION_KERNELS: [(&str, AttentionKernels); 3] = [
    ("flash-1", AttentionKernels::Flash1),
    ("flash-2", AttentionKernels::Flash2),
    ("current", AttentionKernels::Current),
];

/// What the backward pass computes again, under the names that layouts give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Again {
    /// Full: whole layers. Selective: the core of an unfused attention, or norms and activations.
    Megatron,
    /// Full: layers up to the last product, whose result nothing needs. Selective: as Megatron.
    Needed,
    /// Full: layers up to the last product. Selective: every second product, and all element-wise work.
    Half,
}

/// What is computed again, and how a profile writes it.
pub const AGAINS: [(&str, Again); 3] =
    [("megatron", Again::Megatron), ("needed", Again::Needed), ("half", Again::Half)];

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
        attention: AttentionKernels::Current,
        deduplicated_dispatch: true,
        narrow_dispatch: false,
        again: Again::Megatron,
        tensor_copies: false,
        narrow_gathers: false,
        grouped_products: false,
        plain_ring: false,
        paired_exchange: false,
    };
    /// DeepSeek's own: narrow dispatch to few servers.
    pub const DEEPSEEK: Self = Self { narrow_dispatch: true, grouped_products: true, ..Self::CURRENT };
}
