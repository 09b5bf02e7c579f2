//! What stands beside a language model: towers that see pictures or hear sound, and what joins them to its stream.

use super::flops::{Causality, Counting, passes};
use super::layers::Layer;
use super::mixer::Work;
use super::mlp::{Dense, Mlp, matrices};
use crate::units::Flop;

/// Most of them beside one model.
pub const MOST_TOWERS: usize = 4;

/// What towers do in a run, as a user writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InRun {
    /// They are not in the run: the language model is trained alone.
    LeftOut,
    /// They work and stay as they are; what joins them to the stream is trained.
    Frozen,
    /// They are trained.
    Trained,
}

/// What towers may do and how a user writes it.
pub const TOWERS: [(&str, InRun); 3] =
    [("left-out", InRun::LeftOut), ("frozen", InRun::Frozen), ("trained", InRun::Trained)];

/// What a tower works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sense {
    /// Patches of pictures.
    Pictures,
    /// Frames of sound.
    Sound,
}

/// The equal layers of a tower.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Blocks {
    /// Width of its stream.
    pub width: u32,
    /// One of its layers.
    pub layer: Layer,
    /// How many there are.
    pub count: u32,
    /// Patches of a picture, or frames of a clip, which see each other.
    pub picture: u32,
    /// Patches of a window, beyond which most layers do not see; zero where all see the whole picture.
    pub window: u32,
    /// Layers that see the whole picture although there are windows.
    pub whole: u32,
}

/// A part beside the language model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tower {
    /// What it works on.
    pub sense: Sense,
    /// It joins towers to the stream, and is trained beside frozen ones.
    pub joins: bool,
    /// All its parameters.
    pub params: u64,
    /// Its layers, where they are known.
    pub blocks: Option<Blocks>,
    /// Weights before them that every patch meets.
    pub stem: u64,
    /// Weights outside the layers that one of `merge` patches meets: all, where the layers are not known.
    pub around: u64,
    /// Patches that become one behind the layers.
    pub merge: u32,
}

/// A part at work in a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TowerWork {
    /// The part.
    pub tower: Tower,
    /// Patches, or frames, that pass through it for each token of the language model.
    pub share: f64,
    /// Its weights are trained.
    pub trained: bool,
    /// Weights before it are trained too, so that its gradients go on to them.
    pub goes_on: bool,
}

/// The parts at work in a run; none where the language model is trained alone.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Towers {
    parts: [Option<TowerWork>; MOST_TOWERS],
}

impl Blocks {
    /// Keys that a patch sees, in the mean of the layers.
    ///
    /// # Formula
    /// `(w p + (n - w) min(p, m)) / n`: w of n layers see the p patches of a picture, the others m of a window
    /// # Source
    /// Dosovitskiy et al. 2020, arXiv:2010.11929 (no mask); Qwen2.5-VL, arXiv:2502.13923, section 2.1.1 (windows).
    #[inline]
    pub fn keys(&self) -> f64 {
        let [picture, window, whole, count] = [self.picture, self.window, self.whole, self.count].map(f64::from);
        if window == 0.0 || window >= picture || count == 0.0 {
            return picture;
        }
        let whole = whole.min(count);
        (whole * picture + (count - whole) * window) / count
    }

    /// What one layer does for one patch, all others of its picture in sight.
    ///
    /// # Formula
    /// the mixer's products, and its scores with [`Blocks::keys`]
    /// # Source
    /// as [`Blocks::keys`]
    pub fn work(&self) -> Work {
        let mut work = self.layer.mixer.work(self.width, self.picture, Causality::Full);
        work.scores[0].keys = self.keys();
        work
    }

    /// Weights of the products of one layer.
    ///
    /// # Formula
    /// the mixer's, and `k h f` of the MLP with k = 3 gated, else 2
    /// # Source
    /// Vaswani et al. 2017, arXiv:1706.03762; Shazeer 2020, arXiv:2002.05202.
    pub fn weights(&self) -> f64 {
        let mlp = match self.layer.mlp {
            Mlp::Dense(Dense { width, gated }) => matrices(gated) * f64::from(self.width) * f64::from(width),
            Mlp::None | Mlp::Moe(_) => 0.0,
        };
        self.work().params() + mlp
    }

    /// Weights of the products of all layers.
    ///
    /// # Formula
    /// `n w`
    /// # Source
    /// By definition.
    pub fn all_weights(&self) -> f64 {
        self.weights() * f64::from(self.count)
    }
}

impl Tower {
    /// A part of which its parameters alone are known.
    pub const fn counted(sense: Sense, joins: bool, params: u64, merge: u32) -> Self {
        Self { sense, joins, params, blocks: None, stem: 0, around: params, merge }
    }

    /// Its key in machine formats, and what it is.
    pub const fn key_and_label(&self) -> (&'static str, &'static str) {
        match (self.joins, self.sense) {
            (true, _) => ("projector", "projector"),
            (false, Sense::Pictures) => ("vision_tower", "vision tower"),
            (false, Sense::Sound) => ("audio_tower", "audio tower"),
        }
    }
}

impl TowerWork {
    /// FLOPs of its products before, in and behind its layers, and of its attention: of one pass forward, for one token
    /// of the language model.
    ///
    /// # Formula
    /// `2 s a`, `2 s n w`, `2 s b / m` and `s n F`: for each token s patches, each of which meets the weights a before the
    /// layers and w in each of n, and one of m the weights b behind; F the scores of one layer, no mask
    /// # Source
    /// Dosovitskiy et al. 2020, arXiv:2010.11929; Korthikanti et al. 2022, arXiv:2205.05198, appendix A.
    pub fn forward(&self) -> [Flop; 4] {
        let (tower, s) = (&self.tower, self.share);
        let met = |weights: f64| Flop::new(2.0 * s * weights);
        let (weights, scores) = tower.blocks.map_or((0.0, 0.0), |blocks| {
            (blocks.all_weights(), f64::from(blocks.count) * blocks.work().scores[0].flop())
        });
        let around = tower.around as f64 / f64::from(tower.merge.max(1));
        [met(tower.stem as f64), met(weights), met(around), Flop::new(s * scores)]
    }

    /// FLOPs for one token of the language model in training.
    ///
    /// # Formula
    /// frozen: one pass forward. Trained: the layers with their attention as those of the language model; what stands
    /// before them, and what joins frozen towers, without the gradient of its input
    /// # Source
    /// as [`super::flops::per_token`]
    pub fn flop(&self, counting: Counting) -> Flop {
        let [stem, layers, around, core] = self.forward();
        if !self.trained {
            return stem + layers + around + core;
        }
        let (matrices, cores) = passes(counting);
        stem * 2.0 + layers * matrices + around * if self.goes_on { 3.0 } else { 2.0 } + core * cores
    }

    /// Patches that pass through it with so many tokens of the language model.
    ///
    /// # Formula
    /// `s t`
    /// # Source
    /// By definition.
    #[inline]
    pub fn patches(&self, tokens: f64) -> f64 {
        self.share * tokens
    }
}

impl Towers {
    /// These parts; what is more than [`MOST_TOWERS`] has no place.
    pub fn of(parts: impl IntoIterator<Item = TowerWork>) -> Self {
        let mut towers = Self::default();
        for (place, part) in towers.parts.iter_mut().zip(parts) {
            *place = Some(part);
        }
        towers
    }

    /// Each part.
    #[inline]
    pub fn each(&self) -> impl Iterator<Item = &TowerWork> {
        self.parts.iter().flatten()
    }

    /// FLOPs of all for one token of the language model in training.
    ///
    /// # Formula
    /// the sum of [`TowerWork::flop`]
    /// # Source
    /// as there
    pub fn flop(&self, counting: Counting) -> Flop {
        self.each().map(|part| part.flop(counting)).fold(Flop::ZERO, |sum, one| sum + one)
    }

    /// Parameters that are trained, or that stay as they are.
    ///
    /// # Formula
    /// the sum
    /// # Source
    /// By definition.
    pub fn params(&self, trained: bool) -> f64 {
        self.each().filter(|part| part.trained == trained).map(|part| part.tower.params as f64).sum()
    }
}
