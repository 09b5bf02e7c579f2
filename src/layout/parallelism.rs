//! The degrees of parallelism and the choices that go with them.

use crate::hardware::optimizer::{Offload, Optimizer};
use crate::hardware::precision::{Precision, StateBytes, States};
use crate::layout::stages::Cut;
use crate::model::flops::{Kernel, Recompute};
use crate::model::memory::{Autograd, Keeping};

/// How one training step is spread over the chips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Layout {
    /// Tensor parallelism: chips that share each layer's matrices.
    pub tp: u32,
    /// Pipeline parallelism: stages that share the layers.
    pub pp: u32,
    /// Virtual stages a chip holds.
    pub vpp: u32,
    /// How the layers are cut into stages.
    pub cut: Cut,
    /// Data parallelism, without context parallelism: model replicas, each with its own sequences.
    pub dp: u32,
    /// Context parallelism: chips that share each sequence.
    pub cp: u32,
    /// Expert parallelism: chips that share a layer's experts, out of those of data, context and tensor parallelism.
    pub ep: u32,
    /// Tensor parallelism inside an expert.
    pub etp: u32,
    /// Tokens of a sequence.
    pub seq_len: u32,
    /// Sequences of one micro-batch of one replica.
    pub micro_batch: u32,
    /// Sequences of one step of all replicas.
    pub global_batch: u32,
    /// What the replicas share among them instead of each holding it.
    pub zero: ZeroStage,
    /// The chips among which it is shared.
    pub shard_group: ShardGroup,
    /// What the backward pass computes again.
    pub recompute: Recompute,
    /// How attention is computed.
    pub kernel: Kernel,
    /// What the software keeps for the backward pass.
    pub autograd: Autograd,
    /// Where ZeRO splits weights: the embedding and the head are gathered for the whole step, not when they are used.
    pub ends_stay: bool,
    /// The activations between tensor-parallel regions are split along the sequence.
    pub sequence_parallel: bool,
    /// The order of a stage's forward and backward passes.
    pub schedule: Schedule,
    /// The format of the matrix products.
    pub precision: Precision,
    /// What is kept for each parameter.
    pub states: States,
    /// The optimizer.
    pub optimizer: Optimizer,
    /// What waits in the host's memory.
    pub offload: Offload,
}

/// What data-parallel replicas split among them (Rajbhandari et al. 2020, arXiv:1910.02054).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ZeroStage {
    /// Nothing.
    None,
    /// The optimizer's states.
    Optimizer,
    /// The optimizer's states and the gradients.
    Gradients,
    /// All of them, weights too: FSDP's full shard.
    Weights,
}

/// The chips among which a ZeRO stage splits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ShardGroup {
    /// All that hold a replica of the same weights.
    All,
    /// Groups of this many, with replicas among the groups (hybrid sharding).
    Chips(u32),
}

/// The order in which pipeline stages run forward and backward passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Schedule {
    /// One forward, one backward in turn.
    OneFOneB,
    /// The same over several virtual stages a chip.
    Interleaved,
    /// The backward pass of the weights fills the bubble, within the memory of 1F1B.
    ZeroBubble,
    /// Two pipelines in opposite directions, whose passes overlap each other's communication.
    DualPipe,
}

/// The ZeRO stages and how a user writes them.
pub const ZERO_STAGES: [(&str, ZeroStage); 4] =
    [("0", ZeroStage::None), ("1", ZeroStage::Optimizer), ("2", ZeroStage::Gradients), ("3", ZeroStage::Weights)];

/// The schedules and how a user writes them.
pub const SCHEDULES: [(&str, Schedule); 4] = [
    ("1f1b", Schedule::OneFOneB),
    ("interleaved", Schedule::Interleaved),
    ("zero-bubble", Schedule::ZeroBubble),
    ("dualpipe", Schedule::DualPipe),
];

/// Vocabularies are padded to a multiple of this times TP, so that each chip's share suits the matrix units.
const VOCAB_MULTIPLE: u32 = 128;

impl Layout {
    /// One chip, one sequence of this length, bf16 with fused attention: the start of a struct update.
    pub const fn single(seq_len: u32) -> Self {
        Self {
            tp: 1,
            pp: 1,
            vpp: 1,
            cut: Cut::Even,
            dp: 1,
            cp: 1,
            ep: 1,
            etp: 1,
            seq_len,
            micro_batch: 1,
            global_batch: 1,
            zero: ZeroStage::None,
            shard_group: ShardGroup::All,
            recompute: Recompute::None,
            kernel: Kernel::Fused,
            autograd: Autograd::Fused,
            ends_stay: false,
            sequence_parallel: false,
            schedule: Schedule::OneFOneB,
            precision: Precision::Bf16,
            states: States::Mixed,
            optimizer: Optimizer::Adam,
            offload: Offload::None,
        }
    }

    /// Bytes kept for one trained parameter on the chip, and on the host.
    ///
    /// # Formula
    /// [`States::kept`]
    /// # Source
    /// there
    #[inline]
    pub const fn kept(&self) -> (StateBytes, f64) {
        self.states.kept(self.optimizer, self.offload)
    }

    /// The chips the layout occupies.
    ///
    /// # Formula
    /// `chips = tp pp cp dp`
    /// # Source
    /// Narayanan et al. 2021, arXiv:2104.04473, section 2; with context parallelism as Megatron-Core has it.
    pub fn chips(&self) -> u64 {
        [self.tp, self.pp, self.cp, self.dp]
            .iter()
            .fold(1, |product, &degree| product.saturating_mul(u64::from(degree)))
    }

    /// The micro-batches that the replica with the most runs in one step: the last one counts in full even where it is
    /// short, and interleaved stages idle through what they lack of one for each.
    ///
    /// # Formula
    /// `m = ceil(global_batch / (dp micro_batch))`, at least pp where interleaved
    /// # Source
    /// Narayanan et al. 2021, arXiv:2104.04473, section 2.2; Megatron-Core, `forward_backward_pipelining_with_interleaving`.
    /// ```
    /// use flopbill::internals::layout::parallelism::Layout;
    /// let layout = Layout { dp: 3, global_batch: 16, ..Layout::single(4096) };
    /// // by hand: 6, 5 and 5 sequences
    /// assert_eq!(layout.micro_batches(), 6);
    /// assert_eq!(Layout { pp: 8, vpp: 2, ..layout }.micro_batches(), 8);
    /// ```
    #[inline]
    pub fn micro_batches(&self) -> u64 {
        let one_round = u64::from(self.dp).saturating_mul(u64::from(self.micro_batch)).max(1);
        u64::from(self.global_batch).div_ceil(one_round).max(self.fewest_micro_batches())
    }

    /// The fewest micro-batches that the schedule can run.
    ///
    /// # Formula
    /// pp where virtual stages interleave, else 1
    /// # Source
    /// Narayanan et al. 2021, arXiv:2104.04473, section 2.2.
    #[inline]
    pub fn fewest_micro_batches(&self) -> u64 {
        if self.vpp > 1 { u64::from(self.pp) } else { 1 }
    }

    /// Chips that hold the same weights outside the experts, among which ZeRO may split.
    ///
    /// # Formula
    /// `dp cp`
    /// # Source
    /// Megatron-Core's distributed optimizer: context-parallel ranks hold the same weights as data-parallel ones.
    #[inline]
    pub fn replicas(&self) -> u64 {
        u64::from(self.dp).saturating_mul(u64::from(self.cp))
    }

    /// Chips that hold the same experts' weights.
    ///
    /// # Formula
    /// `dp cp tp / (ep etp)`
    /// # Source
    /// Liu et al. 2025, arXiv:2504.14960 (MoE parallel folding): experts divide the chips of one stage anew.
    #[inline]
    pub fn expert_replicas(&self) -> u64 {
        let stage = self.replicas().saturating_mul(u64::from(self.tp));
        stage / u64::from(self.ep).saturating_mul(u64::from(self.etp)).max(1)
    }

    /// The ways in which a ZeRO stage splits what `replicas` chips hold alike.
    ///
    /// # Formula
    /// `replicas`, or the group's size where that is smaller; 1 without ZeRO
    /// # Source
    /// Rajbhandari et al. 2020, arXiv:1910.02054, section 5.
    #[inline]
    pub fn shards(&self, replicas: u64) -> u64 {
        match (self.zero, self.shard_group) {
            (ZeroStage::None, _) => 1,
            (_, ShardGroup::All) => replicas.max(1),
            (_, ShardGroup::Chips(group)) => replicas.min(u64::from(group)).max(1),
        }
    }

    /// The vocabulary as the chips of a tensor-parallel group split it.
    ///
    /// # Formula
    /// `v` where tp divides it, else the next multiple of `128 tp`
    /// # Source
    /// Megatron-LM, `make_vocab_size_divisible_by` = 128.
    #[inline]
    pub fn padded_vocab(&self, vocab: u32) -> u64 {
        let (vocab, tp) = (u64::from(vocab), u64::from(self.tp.max(1)));
        if vocab % tp == 0 { vocab } else { vocab.next_multiple_of(tp * u64::from(VOCAB_MULTIPLE)) }
    }

    /// How the layout cuts and keeps activations.
    ///
    /// # Formula
    /// the layout's own fields
    /// # Source
    /// By definition.
    #[inline]
    pub fn keeping(&self) -> Keeping {
        Keeping {
            autograd: self.autograd,
            tp: self.tp,
            etp: self.etp,
            sequence_parallel: self.sequence_parallel,
            kernel: self.kernel,
            recompute: self.recompute,
            precision: self.precision,
        }
    }
}
