//! The rules a layout obeys: one list, read by the check that explains and by the search that only asks.

use crate::error::Error;
use crate::layout::parallelism::{Layout, Schedule, ShardGroup};
use crate::model::architecture::Architecture;
use crate::model::mixer::Mixer;
use crate::model::mlp::Mlp;

/// The largest degree or batch that is looked at, so that no product of them overflows.
const LARGEST: u32 = 1 << 20;

/// A rule that a layout breaks, in numbers; [`Broken::error`] puts it into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken {
    /// The field at fault, as a layout is written: `layout.tp`.
    pub field: &'static str,
    /// Its value.
    pub value: u64,
    /// What is wrong with it, up to the other number.
    pub says: &'static str,
    /// The number it clashes with.
    pub other: u64,
    /// The rest of the sentence.
    pub of: &'static str,
}

impl Broken {
    /// The rule in words.
    pub fn error(&self) -> Error {
        let Self { field, value, says, other, of } = self;
        Error::bad_input(format!("{field}: {value} {says} {other}{of}"))
    }
}

impl Layout {
    /// Refuses a layout that this model cannot run on at most this many chips, naming every field that is wrong.
    ///
    /// # Formula
    /// `tp pp cp dp <= chips`; `dp micro_batch <= global_batch`; tp divides heads and MLP width, and divides
    /// the key-value heads or is a multiple of them; `pp <= layers`, `pp vpp <= layers + 2`; ep divides the experts, and `ep etp` the
    /// chips of one stage
    /// # Source
    /// Megatron-Core's argument checks; Narayanan et al. 2021, arXiv:2104.04473; Liu et al. 2025, arXiv:2504.14960.
    pub fn check(&self, shape: &Architecture, chips: u64) -> Result<(), Error> {
        let mut errors = Vec::new();
        self.each_broken(shape, chips, &mut |broken| errors.push(broken.error()));
        Error::all(errors).map_or(Ok(()), Err)
    }

    /// Whether [`Layout::check`] would pass, without a word why not: for a search over many.
    ///
    /// # Formula
    /// as [`Layout::check`]
    /// # Source
    /// as [`Layout::check`].
    #[inline]
    pub fn is_legal(&self, shape: &Architecture, chips: u64) -> bool {
        let mut legal = true;
        self.each_broken(shape, chips, &mut |_| legal = false);
        legal
    }

    /// Reports every broken rule; the rules between fields only where every field is in range.
    fn each_broken(&self, shape: &Architecture, chips: u64, report: &mut impl FnMut(Broken)) {
        let mut in_range = true;
        for (field, value) in self.numbers() {
            if !(1..=LARGEST).contains(&value) {
                in_range = false;
                let (value, other) = (u64::from(value), u64::from(LARGEST));
                report(Broken { field, value, says: "is not a whole number from 1 to", other, of: "" });
            }
        }
        if in_range {
            self.chips_and_batch(chips, report);
            self.widths(shape, report);
            self.pipeline(shape, report);
            self.experts(shape, report);
        }
    }

    /// Every number of the layout with its name.
    fn numbers(&self) -> [(&'static str, u32); 10] {
        [
            ("layout.tp", self.tp),
            ("layout.pp", self.pp),
            ("layout.vpp", self.vpp),
            ("layout.dp", self.dp),
            ("layout.cp", self.cp),
            ("layout.ep", self.ep),
            ("layout.etp", self.etp),
            ("layout.seq_len", self.seq_len),
            ("layout.micro_batch", self.micro_batch),
            ("layout.global_batch", self.global_batch),
        ]
    }

    fn chips_and_batch(&self, chips: u64, report: &mut impl FnMut(Broken)) {
        if self.chips() > chips {
            let (value, says) = (self.chips(), "chips are tp x pp x cp x dp, but the run holds");
            report(Broken { field: "layout", value, says, other: chips, of: "" });
        }
        let one_round = u64::from(self.dp) * u64::from(self.micro_batch);
        if u64::from(self.global_batch) < one_round {
            let says = "sequences leave replicas without work: a micro-batch of each is dp x micro_batch =";
            let value = u64::from(self.global_batch);
            report(Broken { field: "layout.global_batch", value, says, other: one_round, of: "" });
        }
        if let ShardGroup::Chips(group) = self.shard_group
            && (group == 0 || !self.replicas().is_multiple_of(u64::from(group)))
        {
            let (value, other) = (u64::from(group), self.replicas());
            let says = "chips a group do not divide the dp x cp =";
            report(Broken { field: "layout.shard_group", value, says, other, of: " replicas" });
        }
    }

    fn widths(&self, shape: &Architecture, report: &mut impl FnMut(Broken)) {
        let mut divides = |field, degree: u32, whole: u32, of| {
            if !whole.is_multiple_of(degree) {
                let (value, other) = (u64::from(degree), u64::from(whole));
                report(Broken { field, value, says: "does not divide", other, of });
            }
        };
        for layer in shape.layers.kinds() {
            match &layer.mixer {
                Mixer::Grouped(mixer) => {
                    divides("layout.tp", self.tp, mixer.heads, " attention heads");
                    if mixer.kv_heads > 0 && !self.tp.is_multiple_of(mixer.kv_heads) {
                        let of = " key-value heads, and is no multiple of them";
                        divides("layout.tp", self.tp, mixer.kv_heads, of);
                    }
                }
                Mixer::Delta(mixer) => {
                    divides("layout.tp", self.tp, mixer.key_heads, " key heads of the linear attention");
                }
                Mixer::Ssm(mixer) if mixer.heads == 0 => {
                    divides("layout.tp", self.tp, mixer.inner, " channels of the state space");
                }
                Mixer::Conv(mixer) => divides("layout.tp", self.tp, mixer.width, " channels of the convolution"),
                Mixer::Wkv(mixer) => divides("layout.tp", self.tp, mixer.width, " channels of the fading sum"),
                Mixer::None => {}
                mixer => divides("layout.tp", self.tp, mixer.heads(), " heads"),
            }
            if let Mlp::Dense(dense) = layer.mlp {
                divides("layout.tp", self.tp, dense.width, " (the MLP's width)");
            }
        }
        divides("layout.cp", self.cp, self.seq_len, " tokens of a sequence");
        if self.sequence_parallel {
            let part = self.seq_len / self.cp;
            divides("layout.tp", self.tp, part, " tokens of a chip's sequence, which sequence parallelism splits");
        }
    }

    fn pipeline(&self, shape: &Architecture, report: &mut impl FnMut(Broken)) {
        let mut refuse = |field, value: u32, says, other: u32, of| {
            report(Broken { field, value: u64::from(value), says, other: u64::from(other), of });
        };
        let layers = shape.layers.len();
        if self.pp > layers {
            refuse("layout.pp", self.pp, "stages are more than the", layers, " layers");
        } else if self.pp.saturating_mul(self.vpp) > layers.saturating_add(2) {
            // Embedding and head may stand for a layer each (Llama 3.1 405B: 126 layers in 16 x 8 virtual stages).
            let says = "virtual stages a chip need more than the";
            refuse("layout.vpp", self.vpp, says, layers, " layers with embedding and head");
        }
        match self.schedule {
            Schedule::Interleaved if self.pp < 2 => {
                refuse("layout.pp", self.pp, "stage cannot interleave: the schedule needs at least", 2, "");
            }
            Schedule::Interleaved if self.vpp < 2 => {
                refuse("layout.vpp", self.vpp, "virtual stage is not interleaved: the schedule needs at least", 2, "");
            }
            Schedule::OneFOneB | Schedule::ZeroBubble | Schedule::DualPipe if self.vpp > 1 => {
                refuse("layout.vpp", self.vpp, "virtual stages need the interleaved schedule; this one has", 1, "");
            }
            Schedule::DualPipe if !self.pp.is_multiple_of(2) => {
                refuse("layout.pp", self.pp, "stages do not pair up: DualPipe needs a multiple of", 2, "");
            }
            _ => {}
        }
    }

    fn experts(&self, shape: &Architecture, report: &mut impl FnMut(Broken)) {
        let mut refuse = |field, value: u32, says, other: u64, of| {
            report(Broken { field, value: u64::from(value), says, other, of });
        };
        let Some(experts) = shape.experts() else {
            if self.ep > 1 {
                refuse("layout.ep", self.ep, "chips share experts, but the model has", 0, "");
            }
            if self.etp > 1 {
                refuse("layout.etp", self.etp, "chips share an expert, but the model has", 0, "");
            }
            return;
        };
        if experts.count % self.ep != 0 {
            refuse("layout.ep", self.ep, "does not divide", u64::from(experts.count), " experts");
        }
        if experts.width % self.etp != 0 {
            refuse("layout.etp", self.etp, "does not divide", u64::from(experts.width), " (an expert's width)");
        }
        let stage = self.replicas() * u64::from(self.tp);
        if !stage.is_multiple_of(u64::from(self.ep) * u64::from(self.etp)) {
            refuse("layout.ep", self.ep, "x etp does not divide the dp x cp x tp =", stage, " chips of a stage");
        }
    }
}
