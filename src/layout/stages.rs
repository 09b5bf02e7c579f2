//! How a model's layers lie on the stages, and how many micro-batches a stage has in flight.

use crate::layout::parallelism::{Layout, Schedule};

/// How the layers are cut into stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Cut {
    /// As many layers on each stage.
    #[default]
    Even,
    /// Fewer on the last one, where the head makes it the slowest.
    ByCost,
}

/// The ways to cut, and how a user writes them.
pub const CUTS: [(&str, Cut); 2] = [("even", Cut::Even), ("by-cost", Cut::ByCost)];

/// What a cut by cost has to save of the slowest stage: for less, people leave the layers where they are.
const WORTH: f64 = 0.05;

/// The layers of each stage.
#[derive(Debug, Clone, Copy)]
pub struct Stages {
    pp: u32,
    layers: u32,
    /// Layers of a full stage.
    most: u32,
    /// Stages at the front that hold one less.
    short_first: u32,
    /// Stages before the last that hold one less.
    short_back: u32,
    /// Layers of the last stage.
    last: u32,
    /// How they were cut.
    cut: Cut,
}

impl Stages {
    /// Layers cut into so many stages.
    ///
    /// # Formula
    /// `ceil(L / pp)`, less one in as many stages as are too many by that: the last, the first, the last but one, ...
    /// # Source
    /// Llama 3, arXiv:2407.21783, section 3.3.2: one layer fewer in the first and the last stage, for the ends' work.
    /// ```
    /// use flopbill::internals::layout::stages::Stages;
    /// // by hand: 126 layers on 16 stages is 8 each and 2 too many
    /// assert_eq!([0, 1, 15].map(|stage| Stages::even(16, 126).on(stage)), [7, 8, 7]);
    /// ```
    #[inline]
    pub fn even(pp: u32, layers: u32) -> Self {
        let pp = pp.max(1);
        let most = layers.div_ceil(pp);
        let slack = most.saturating_mul(pp) - layers;
        let back = slack.div_ceil(2);
        let at_the_end = u32::from(back > 0);
        let (short_first, short_back, last) = (slack / 2, back - at_the_end, most - at_the_end);
        Self { pp, layers, most, short_first, short_back, last, cut: Cut::Even }
    }

    /// The stages of a layout, with a head and modules behind it that take as long as so many layers.
    ///
    /// # Formula
    /// [`Stages::even`]; or, where that saves a twentieth of the slowest stage, `(L + h) / pp - h` layers on the last
    /// stage, rounded to the better side and one at least, and the others even. Where both ends of the pipeline are on one
    /// chip, that chip has two stages to hold h.
    /// # Source
    /// Megatron-Core, `pipeline_model_parallel_layout` and `num_layers_in_last_pipeline_stage`; torchtitan counts the
    /// head as a layer in its split.
    /// ```
    /// use flopbill::internals::layout::parallelism::Layout;
    /// use flopbill::internals::layout::stages::{Cut, Stages};
    /// let layout = Layout { pp: 4, cut: Cut::ByCost, ..Layout::single(4096) };
    /// // by hand: (32 + 4) / 4 - 4 = 5 layers beside a head of 4, and 9 on each of the others
    /// assert_eq!([0, 1, 2, 3].map(|stage| Stages::of(&layout, 32, 4.0).on(stage)), [9, 9, 9, 5]);
    /// // by hand: a head of 0.3 layers makes 8.3 of 8; 9 on a stage would be no better
    /// assert_eq!([0, 3].map(|stage| Stages::of(&layout, 32, 0.3).on(stage)), [8, 8]);
    /// ```
    #[inline]
    pub fn of(layout: &Layout, layers: u32, head: f64) -> Self {
        let even = Self::even(layout.pp, layers);
        if layout.cut == Cut::Even || layout.pp <= 1 || head <= 0.0 {
            return even;
        }
        even.moved(head, layout.schedule == Schedule::DualPipe)
    }

    /// Fewer on the last stage, where that is worth it.
    fn moved(self, head: f64, folded: bool) -> Self {
        let mean = (f64::from(self.layers) + head) / f64::from(self.pp);
        let shares = if folded { 2.0 * mean - f64::from(self.on(0)) } else { mean };
        let last = (shares - head).floor().clamp(1.0, f64::from(self.last.max(1))) as u32;
        let candidates = [last, last + 1].map(|last| self.with_last(last.min(self.last)));
        let slowest = |stages: &Self| stages.slowest(head, folded);
        let [fewer, more] = candidates;
        let best = if slowest(&fewer) < slowest(&more) { fewer } else { more };
        if slowest(&best) < slowest(&self) * (1.0 - WORTH) { best } else { self }
    }

    /// The same with so many on the last stage, and the others even.
    fn with_last(self, last: u32) -> Self {
        let (pp, rest) = (self.pp - 1, self.layers - last);
        let most = rest.div_ceil(pp);
        let slack = most.saturating_mul(pp) - rest;
        Self { most, short_first: slack.div_ceil(2), short_back: slack / 2, last, cut: Cut::ByCost, ..self }
    }

    /// The slowest chip's work in layers.
    fn slowest(&self, head: f64, folded: bool) -> f64 {
        let end = f64::from(self.last) + head;
        let end = if folded { 0.5 * (end + f64::from(self.on(0))) } else { end };
        end.max(f64::from(self.most))
    }

    /// How they are cut; even where another cut would not be worth it.
    #[inline]
    pub fn cut(&self) -> Cut {
        self.cut
    }

    /// Layers of the fullest stage.
    #[inline]
    pub fn most(&self) -> u32 {
        self.most
    }

    /// All layers.
    #[inline]
    pub fn all(&self) -> u32 {
        self.layers
    }

    /// Stages at the front that hold fewer layers.
    #[inline]
    pub fn short_first(&self) -> u32 {
        self.short_first
    }

    /// Stages at the back that hold fewer layers.
    #[inline]
    pub fn short_last(&self) -> u32 {
        self.short_back + u32::from(self.last < self.most)
    }

    /// Layers of one stage, over all its virtual stages.
    #[inline]
    pub fn on(&self, stage: u32) -> u32 {
        if stage + 1 >= self.pp {
            return self.last;
        }
        let short = stage < self.short_first || stage + 1 >= self.pp - self.short_back;
        self.most - u32::from(short)
    }

    /// The first stage, but for those at the back, that so many layers come before.
    #[inline]
    pub fn behind(&self, layers: u32) -> u32 {
        let fewer = self.most.saturating_sub(1).max(1);
        if layers <= fewer.saturating_mul(self.short_first) {
            return layers.div_ceil(fewer);
        }
        layers.saturating_add(self.short_first).div_ceil(self.most.max(1))
    }

    /// Layers of all stages before this one.
    #[inline]
    pub fn before(&self, stage: u32) -> u32 {
        if stage >= self.pp {
            return self.layers;
        }
        let short = stage.min(self.short_first) + (stage + 1).saturating_sub(self.pp - self.short_back);
        self.most.saturating_mul(stage) - short
    }
}

/// Micro-batches whose activations a stage holds at its fullest.
#[derive(Debug, Clone, Copy)]
pub struct InFlight {
    schedule: Schedule,
    pp: f64,
    vpp: f64,
    micro_batches: f64,
    /// Micro-batches that interleaved stages run one after the other, before the next virtual stage.
    group: f64,
}

impl InFlight {
    /// Those of a layout whose replicas run so many micro-batches.
    #[inline]
    pub fn of(layout: &Layout, micro_batches: u64) -> Self {
        let pp = u64::from(layout.pp.max(1));
        let group = match layout.schedule {
            Schedule::Interleaved => micro_batches.div_ceil((micro_batches / pp).max(1)) as f64,
            Schedule::OneFOneB | Schedule::ZeroBubble | Schedule::DualPipe => 0.0,
        };
        let [pp, vpp] = [layout.pp, layout.vpp].map(|degree| f64::from(degree.max(1)));
        Self { schedule: layout.schedule, pp, vpp, micro_batches: micro_batches as f64, group }
    }

    /// Those of one stage, in units of all its layers.
    ///
    /// # Formula
    /// 1F1B `min(p - i, m)`; interleaved `min(2 (p - i - 1) + (v - 1) g + 1, m v) / v`, micro-batches in even groups of g,
    /// at least p; zero-bubble `min(p, m)`;
    /// DualPipe `min(p + 1, m)`, for stage i of p, v virtual stages, m micro-batches
    /// # Source
    /// Narayanan et al. 2021, arXiv:2104.04473, section 2.2; Korthikanti et al. 2022, arXiv:2205.05198, section 4.2.3
    /// (`1 + (p - 1) / (p v)` of the first stage); Megatron-Core, `microbatch_group_size_per_vp_stage`; Qi et al. 2023, arXiv:2401.10241, table 1 (ZB-H1); DeepSeek-V3, arXiv:2412.19437, table 2.
    /// ```
    /// use flopbill::internals::layout::parallelism::{Layout, Schedule};
    /// use flopbill::internals::layout::stages::InFlight;
    /// let layout = Layout { pp: 8, vpp: 3, schedule: Schedule::Interleaved, ..Layout::single(2048) };
    /// // by hand: 8 * (1 + 7 / 24)
    /// assert!((InFlight::of(&layout, 64).on(0) - 31.0 / 3.0).abs() < 1e-12);
    /// ```
    #[inline]
    pub fn on(&self, stage: u32) -> f64 {
        let Self { pp, vpp, micro_batches, group, .. } = *self;
        let behind = (pp - f64::from(stage)).max(1.0);
        match self.schedule {
            Schedule::OneFOneB => behind.min(micro_batches),
            Schedule::Interleaved => (2.0 * (behind - 1.0) + (vpp - 1.0) * group + 1.0).min(micro_batches * vpp) / vpp,
            Schedule::ZeroBubble => pp.min(micro_batches),
            Schedule::DualPipe => (pp + 1.0).min(micro_batches),
        }
    }
}
