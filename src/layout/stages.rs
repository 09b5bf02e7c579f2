//! How a model's layers lie on the stages, and how many micro-batches a stage has in flight.

use crate::layout::parallelism::{Layout, Schedule};

/// How the layers of a layout are cut into stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Cut {
    /// As many on each stage.
    #[default]
    Even,
    /// So many on the first stage and on the last, and the others even.
    Ends {
        /// On the first.
        first: u32,
        /// On the last.
        last: u32,
    },
}

/// How people cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CutBy {
    /// By count alone.
    #[default]
    Even,
    /// With fewer layers on the ends, where what stands there makes one the slowest.
    Cost,
}

/// The ways to cut, and how a user writes them.
pub const CUTS: [(&str, CutBy); 2] = [("even", CutBy::Even), ("by-cost", CutBy::Cost)];

/// What a cut by cost has to save of the slowest stage: for less, people leave the layers where they are.
const WORTH: f64 = 0.05;

/// The layers of each stage.
#[derive(Debug, Clone, Copy)]
pub struct Stages {
    pp: u32,
    layers: u32,
    /// Layers of the first stage.
    first: u32,
    /// Layers of the last stage; of the only one as of the first.
    last: u32,
    /// Layers of a full stage between them.
    most: u32,
    /// Stages behind the first that hold one less.
    short_first: u32,
    /// Stages before the last that hold one less.
    short_last: u32,
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
        let [front, back] = [slack / 2, slack.div_ceil(2)];
        let ends = [front, back].map(|short| u32::from(short > 0));
        let [first, last] = ends.map(|short| most - short);
        let [short_first, short_last] = [front - ends[0], back - ends[1]];
        Self { pp, layers, first, last, most, short_first, short_last }
    }

    /// The stages of a layout.
    ///
    /// # Formula
    /// [`Stages::even`], or so many layers on the ends and the others even
    /// # Source
    /// By definition of the cut.
    #[inline]
    pub fn of(layout: &Layout, layers: u32) -> Self {
        let even = Self::even(layout.pp, layers);
        match layout.cut {
            Cut::Ends { first, last } if layout.pp > 1 => even.with_ends(first, last).unwrap_or(even),
            Cut::Ends { .. } | Cut::Even => even,
        }
    }

    /// The cut by cost of a layout whose ends take as long as so many layers: what stands before the first layer, and the
    /// head with the modules beside it.
    ///
    /// # Formula
    /// `(L + a + b) / pp` less its own end on the first stage and on the last, rounded to the better side, at least one
    /// layer for each virtual stage but that of the end, and the others even; [`Cut::Even`] unless that saves a twentieth
    /// of the slowest chip. Where both ends of the pipeline are on one chip, they have that chip's two stages between them.
    /// # Source
    /// Megatron-Core, `pipeline_model_parallel_layout` and `num_layers_in_last_pipeline_stage`; torchtitan counts the
    /// ends as layers in its split.
    /// ```
    /// use flopbill::internals::layout::parallelism::Layout;
    /// use flopbill::internals::layout::stages::{Cut, Stages};
    /// let layout = Layout { pp: 4, ..Layout::single(4096) };
    /// let cut = Stages::by_cost(&layout, 32, [0.0, 4.0]);
    /// // by hand: (32 + 4) / 4 - 4 = 5 layers beside a head of 4, and 9 on each of the others
    /// assert_eq!([0, 1, 2, 3].map(|stage| Stages::of(&Layout { cut, ..layout }, 32).on(stage)), [9, 9, 9, 5]);
    /// // by hand: a head of 0.3 layers makes 8.3 of 8; 9 on a stage would be no better
    /// assert_eq!(Stages::by_cost(&layout, 32, [0.0, 0.3]), Cut::Even);
    /// ```
    pub fn by_cost(layout: &Layout, layers: u32, ends: [f64; 2]) -> Cut {
        let even = Self::even(layout.pp, layers);
        if layout.pp <= 1 || ends[0] + ends[1] <= 0.0 || !ends.iter().all(|end| end.is_finite()) {
            return Cut::Even;
        }
        let folded = layout.schedule == Schedule::DualPipe;
        let fewest = layout.vpp.saturating_sub(1).max(1);
        let best = even.moved(ends, folded, fewest);
        let [now, then] = [even, best].map(|stages| stages.slowest(ends, folded));
        if then < now * (1.0 - WORTH) { Cut::Ends { first: best.first, last: best.last } } else { Cut::Even }
    }

    /// The best of a few layers more or less on the ends.
    fn moved(self, ends: [f64; 2], folded: bool, fewest: u32) -> Self {
        let mean = (f64::from(self.layers) + ends[0] + ends[1]) / f64::from(self.pp);
        let whole = |room: f64| room.floor().clamp(0.0, f64::from(self.layers)) as u32;
        let mut best = self;
        for (more_first, more_last) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let [first, last] = if folded {
                let both = whole(2.0 * mean - ends[0] - ends[1]) + more_first + more_last;
                [both.div_ceil(2), both / 2]
            } else {
                [whole(mean - ends[0]) + more_first, whole(mean - ends[1]) + more_last]
            };
            let last = last.clamp(fewest, self.layers.saturating_sub(1).max(fewest));
            let first = if self.pp == 2 { self.layers.saturating_sub(last) } else { first }.max(fewest);
            let moved = self.with_ends(first, last);
            let less = |moved: &Self| moved.slowest(ends, folded) < best.slowest(ends, folded);
            best = moved.filter(less).unwrap_or(best);
        }
        best
    }

    /// The same with so many on the ends, and the others even; `None` where a stage would have none.
    fn with_ends(self, first: u32, last: u32) -> Option<Self> {
        let between = self.pp - 2;
        let rest = self.layers.checked_sub(first.checked_add(last)?).filter(|rest| *rest >= between)?;
        if between == 0 {
            let most = first.max(last);
            return (rest == 0).then_some(Self { first, last, most, short_first: 0, short_last: 0, ..self });
        }
        let most = rest.div_ceil(between);
        let slack = most * between - rest;
        // Stages that are short lie beside an end that is, so that the full ones are together.
        let (short_first, short_last) = match (first < most, last < most) {
            (true, true) => (slack / 2, slack.div_ceil(2)),
            (true, false) => (slack, 0),
            (false, true) => (0, slack),
            (false, false) if slack == 0 => (0, 0),
            (false, false) => return None,
        };
        Some(Self { first, last, most, short_first, short_last, ..self })
    }

    /// The slowest chip's work in layers.
    fn slowest(&self, [before, behind]: [f64; 2], folded: bool) -> f64 {
        let on = |stage: u32| match stage {
            0 => f64::from(self.first) + before,
            _ if stage + 1 == self.pp => f64::from(self.last) + behind,
            _ => f64::from(self.on(stage)),
        };
        if folded {
            let pairs = (0..self.pp.div_ceil(2)).map(|stage| 0.5 * (on(stage) + on(self.pp - 1 - stage)));
            return pairs.fold(0.0, f64::max);
        }
        let ends = on(0).max(on(self.pp - 1));
        if self.pp > 2 { ends.max(f64::from(self.most)) } else { ends }
    }

    /// Layers of the fullest stage.
    #[inline]
    pub fn most(&self) -> u32 {
        self.most.max(self.first).max(self.last)
    }

    /// Layers of the fullest stage between the ends.
    #[inline]
    pub fn between(&self) -> u32 {
        self.most
    }

    /// All layers.
    #[inline]
    pub fn all(&self) -> u32 {
        self.layers
    }

    /// Stages at the front that hold fewer layers than those between the ends.
    #[inline]
    pub fn short_first(&self) -> u32 {
        if self.first < self.most { 1 + self.short_first } else { 0 }
    }

    /// Stages at the back that hold fewer layers than those between the ends.
    #[inline]
    pub fn short_last(&self) -> u32 {
        if self.last < self.most { 1 + self.short_last } else { 0 }
    }

    /// Layers of one stage, over all its virtual stages.
    #[inline]
    pub fn on(&self, stage: u32) -> u32 {
        if stage == 0 {
            return self.first;
        }
        if stage + 1 >= self.pp {
            return self.last;
        }
        let short = stage <= self.short_first || stage + 1 >= self.pp - self.short_last;
        self.most - u32::from(short)
    }

    /// The first stage, but for those at the back, that so many layers come before.
    #[inline]
    pub fn behind(&self, layers: u32) -> u32 {
        if layers <= self.first {
            return u32::from(layers > 0);
        }
        let (rest, fewer) = (layers - self.first, self.most.saturating_sub(1).max(1));
        if rest <= fewer.saturating_mul(self.short_first) {
            return 1 + rest.div_ceil(fewer);
        }
        1 + rest.saturating_add(self.short_first).div_ceil(self.most.max(1))
    }

    /// Layers of all stages before this one.
    #[inline]
    pub fn before(&self, stage: u32) -> u32 {
        if stage == 0 || stage >= self.pp {
            return if stage == 0 { 0 } else { self.layers };
        }
        let between = stage - 1;
        let late = (between + self.short_last).saturating_sub(self.pp.saturating_sub(2));
        self.first + self.most.saturating_mul(between) - between.min(self.short_first) - late
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
