//! Time of towers beside the language model: on the stage of the embedding, before the first layer.

use super::kind::Kind;
use super::layer::{ACCUMULATED, ACTIVATION, LayerContext};
use super::time_by_kind::{ForwardBackward, TimeByKind};
use crate::layout::parallelism::Layout;
use crate::model::architecture::Architecture;
use crate::model::flops::Kernel;
use crate::model::tower::{Blocks, TowerWork};
use crate::model::tuning::Tuning;

/// A tower as a step multiplies it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beside {
    work: TowerWork,
    /// Its layers, and one of them.
    blocks: Option<(Blocks, Kind)>,
}

impl Beside {
    /// Those at work beside a model.
    pub(super) fn all(shape: &Architecture) -> Vec<Self> {
        let of = |work: &TowerWork| {
            let blocks = work.tower.blocks.map(|blocks| (blocks, Kind::seeing(&blocks)));
            Self { work: *work, blocks }
        };
        shape.towers.each().filter(|work| work.share > 0.0).map(of).collect()
    }
}

impl LayerContext<'_> {
    /// All towers, for the patches that go with a micro-batch; a frozen one has no backward pass.
    ///
    /// Each is split over the chips of a tensor-parallel group as the layers are, and over those of a context-parallel
    /// group by its pictures.
    ///
    /// # Formula
    /// n layers as the language model's, every patch in sight of its picture; products before and behind them; where a
    /// micro-batch has less than a picture, the time of a whole one, so often as there is one
    /// # Source
    /// Shoeybi et al. 2019, arXiv:1909.08053; Megatron-Core, `LLaVAModel` (the encoder on the first stage).
    pub(super) fn towers(&self) -> ForwardBackward {
        let mut sum = ForwardBackward::default();
        for tower in &self.model.towers {
            let each = tower.work.patches(self.t);
            let patches = tower.blocks.map_or(each, |(blocks, _)| each.max(f64::from(blocks.picture)));
            let mut one = self.tower_layers(tower, patches);
            self.tower_ends(&mut one, &tower.work, patches);
            if !tower.work.trained {
                one.bwd = TimeByKind::default();
            }
            sum.add(&one, if patches > 0.0 { each / patches } else { 0.0 });
        }
        sum
    }

    /// The layers of one tower.
    fn tower_layers(&self, tower: &Beside, patches: f64) -> ForwardBackward {
        let mut all = ForwardBackward::default();
        let Some((blocks, kind)) = &tower.blocks else { return all };
        let layout = Layout { kernel: Kernel::Fused, ..*self.layout };
        let inside = LayerContext {
            hidden: f64::from(blocks.width),
            layout: &layout,
            t: patches,
            cp: 1.0,
            seq: f64::from(blocks.picture),
            tuning: Tuning::Full,
            ..*self
        };
        all.add(&inside.layer(kind), f64::from(blocks.count));
        all
    }

    /// What stands before the layers and behind them, in products as wide as the language model's stream.
    ///
    /// # Formula
    /// for W weights and t patches W / h^2 products of `t x h/tp x h`, twice that backward where gradients go on, else
    /// once; the products behind for one of m patches
    /// # Source
    /// as [`Self::towers`]; the width is an assumption.
    fn tower_ends(&self, p: &mut ForwardBackward, work: &TowerWork, patches: f64) {
        let (h, tower) = (self.hidden, &work.tower);
        let (n, square) = (h / self.tp, h * h);
        let before = (patches, tower.stem as f64 / square, 0.0);
        let behind =
            (patches / f64::from(tower.merge.max(1)), tower.around as f64 / square, f64::from(u8::from(work.goes_on)));
        for (t, products, goes_on) in [before, behind] {
            if products == 0.0 {
                continue;
            }
            let gradient = self.r.product(h, n, t, ACCUMULATED) * products;
            p.fwd.gemm += self.r.product(t, n, h, ACTIVATION) * products;
            p.bwd.gemm += self.r.product(t, h, n, ACTIVATION) * (products * goes_on) + gradient;
            p.bwd.weight_gradient += gradient;
        }
        let outside = tower.params as f64 - tower.blocks.map_or(0.0, |blocks| blocks.all_weights());
        let whole: LayerContext<'_> = LayerContext { tuning: Tuning::Full, ..*self };
        whole.shard_traffic(p, outside.max(0.0) / self.tp);
    }
}
