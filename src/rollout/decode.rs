//! One decode step: every sequence of a batch gets its next token.

use super::efficiency::Efficiency;
use super::engine::{CACHE_BYTES, Engine, Weights};
use crate::hardware::precision::Precision;
use crate::model::architecture::Architecture;
use crate::model::cache::cache;
use crate::model::flops::Causality;
use crate::model::layers::Layer;
use crate::model::mixer::Mixer;
use crate::model::mixer::latent::Latent;
use crate::step::collectives::{Exchange, Links};
use crate::step::efficiency::Factors;
use crate::step::machine::Machine;
use crate::units::{Bytes, Flop, FlopPerSecond, Seconds};

/// Kernels of a layer's mixer, with the norms around it.
pub const MIXER_KERNELS: f64 = 8.0;
/// Kernels of a dense MLP.
pub const MLP_KERNELS: f64 = 4.0;
/// Kernels of a mixture: routing, permuting, grouped products, shared experts.
pub const EXPERT_KERNELS: f64 = 14.0;
/// Bytes of an activation's element.
const ACTIVATION: f64 = 2.0;

/// What writes: a model on an engine of some chips.
#[derive(Debug, Clone, Copy)]
pub struct Writer<'a> {
    /// The model.
    pub shape: &'a Architecture,
    /// The chip.
    pub machine: &'a Machine,
    /// Its fitted factors, for the links.
    pub factors: &'a Factors,
    /// What is assumed of the engine.
    pub efficiency: Efficiency,
    /// Format of the products.
    pub precision: Precision,
    /// How the model is split.
    pub engine: Engine,
    /// Its weights.
    pub weights: Weights,
    /// Tokens that one step adds to a sequence: more than one where drafts are accepted.
    pub accepted: f64,
}

/// Where the time of a decode step goes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct DecodeStep {
    /// Reading weights.
    pub weights: Seconds,
    /// Reading caches.
    pub cache: Seconds,
    /// Products of tokens with weights.
    pub products: Seconds,
    /// Attention over the caches.
    pub attention: Seconds,
    /// The least that kernels take.
    pub kernels: Seconds,
    /// Traffic of tensor parallelism.
    pub tp: Seconds,
    /// Traffic of experts that shows.
    pub ep: Seconds,
    /// Scheduling and sampling.
    pub engine: Seconds,
}

impl DecodeStep {
    /// Whether memory, not arithmetic, sets the time of the kernels.
    pub fn is_of_memory(&self) -> bool {
        self.weights + self.cache >= self.products + self.attention
    }

    /// The step.
    ///
    /// # Formula
    /// `max(weights + cache, products + attention) + kernels + traffic + engine`
    /// # Source
    /// The roofline (Williams et al. 2009); Pope et al. 2022, arXiv:2211.05102, section 2.
    pub fn total(&self) -> Seconds {
        let rooflines = (self.weights + self.cache).max(self.products + self.attention);
        rooflines + self.kernels + self.tp + self.ep + self.engine
    }

    /// What shows of each part, with its key: what a roofline hides is zero.
    ///
    /// # Formula
    /// the parts of the larger roofline, and the rest
    /// # Source
    /// By definition.
    pub fn parts(&self) -> [(&'static str, Seconds); 8] {
        let (memory, work) = if self.is_of_memory() { (1.0, 0.0) } else { (0.0, 1.0) };
        [
            ("weights", self.weights * memory),
            ("cache", self.cache * memory),
            ("products", self.products * work),
            ("attention", self.attention * work),
            ("kernels", self.kernels),
            ("tp", self.tp),
            ("ep", self.ep),
            ("engine", self.engine),
        ]
    }
}

impl Writer<'_> {
    /// One step of so many sequences in the whole engine, each with this much context.
    ///
    /// # Formula
    /// per chip: `(shared / tp + experts hit / chips) bytes / (B e_b) `, cache read over the same, `2 N / (P e)`, attention in the
    /// latent space where there is one, kernels times the least of one, a reduction a block (a ring, or one shot: all members
    /// read at once), a dispatch and a combine a mixture; all of it times the engine's overhead
    /// # Source
    /// Pope et al. 2022, arXiv:2211.05102, section 2; DeepSeek-V3, arXiv:2412.19437, section 3.4.2.
    ///
    /// ```
    /// use flopbill::Catalog;
    /// use flopbill::internals::hardware::precision::Precision;
    /// use flopbill::internals::rollout::decode::Writer;
    /// use flopbill::internals::rollout::efficiency::Efficiency;
    /// use flopbill::internals::rollout::engine::{Engine, Weights};
    /// use flopbill::internals::step::machine::Machine;
    ///
    /// let catalog = Catalog::built_in();
    /// let (llama, chip) = (catalog.model("llama-3-8b")?, catalog.accelerator("h100")?);
    /// let (machine, calibration) = (Machine::of(&chip.chip)?, catalog.calibration("hopper")?);
    /// let writer = Writer {
    ///     shape: &llama.shape, machine: &machine, factors: &calibration.factors,
    ///     efficiency: Efficiency {
    ///         bandwidth: 0.8, products: 0.6, attention: 0.5, forward: 0.4, kernel: 0.0, engine: 1.0, exposed: 1.0, host: 2e10,
    ///     },
    ///     precision: Precision::Bf16, engine: Engine { chips: 1, tp: 1 },
    ///     weights: Weights::of(&llama.shape, Precision::Bf16), accepted: 1.0,
    /// };
    /// // by hand: alone a sequence waits for the weights: (8.030e9 - 0.525e9 of the table) x 2 bytes / (0.8 x 3.35e12)
    /// let alone = writer.step(1.0, 1.0).total().get();
    /// assert!((alone / (7.505e9 * 2.0 / (0.8 * 3.35e12)) - 1.0).abs() < 1e-3, "{alone}");
    /// # Ok::<(), flopbill::Error>(())
    /// ```
    pub fn step(&self, sequences: f64, context: f64) -> DecodeStep {
        let (engine, e) = (self.engine, &self.efficiency);
        let (tp, chips) = (f64::from(engine.tp), f64::from(engine.chips));
        // A rank with no sequence waits for those that have one.
        let own = (sequences / engine.ranks()).max(1.0);
        let checked = self.accepted.ceil().max(1.0);
        let (tokens, all) = (own * checked, sequences.max(1.0) * checked);
        let rate = 1.0 / (self.machine.memory_bandwidth.get() * e.bandwidth);
        let read = (self.weights.shared - self.weights.tables) / tp + self.hit(all) / chips;
        let held = cache(self.shape, context, engine.tp).read * CACHE_BYTES * own;
        let [products, attention] = self.work(tokens, all, context);
        let [kernels, traffic_tp, traffic_ep] = self.beside(tokens, tp);
        let mut step = DecodeStep {
            weights: Seconds::new(read * self.weights.bytes * rate),
            cache: Seconds::new(held * rate),
            products,
            attention,
            kernels,
            tp: traffic_tp,
            ep: traffic_ep,
            engine: Seconds::ZERO,
        };
        step.engine = step.total() * (e.engine - 1.0).max(0.0);
        step
    }

    /// Parameters of the experts that so many tokens reach, all layers together.
    ///
    /// # Formula
    /// `experts (1 - (1 - k / E)^n)`
    /// # Source
    /// The expected number of distinct values, each token choosing k of E.
    fn hit(&self, tokens: f64) -> f64 {
        let missed = self.shape.experts().map_or(1.0, |experts| {
            (1.0 - f64::from(experts.active) / f64::from(experts.count.max(1))).max(0.0).powf(tokens)
        });
        self.weights.experts * (1.0 - missed)
    }

    /// Time of the products and of attention on one chip.
    fn work(&self, tokens: f64, all: f64, context: f64) -> [Seconds; 2] {
        let (tp, chips) = (f64::from(self.engine.tp), f64::from(self.engine.chips));
        let routed = self.shape.layers.each().filter_map(|(layer, count)| {
            let experts = layer.mlp.experts()?;
            Some(experts.one(f64::from(self.shape.hidden)) * f64::from(experts.active) * f64::from(count))
        });
        let shared = (self.weights.shared - self.weights.tables) * tokens / tp;
        let flop = Flop::new(2.0 * (shared + routed.sum::<f64>() * all / chips));
        let seen = context.clamp(1.0, f64::from(u32::MAX)) as u32;
        let cores = self.shape.layers.each().map(|(layer, count)| self.core(layer, seen) * f64::from(count));
        let wide = self.machine.peak_16 * self.efficiency.attention;
        [
            flop.time_at(peak(self.machine, self.precision) * self.efficiency.products),
            Flop::new(cores.sum::<f64>() * tokens / tp).time_at(wide),
        ]
    }

    /// FLOPs of one token's attention over its cache, and of its state.
    fn core(&self, layer: &Layer, seen: u32) -> f64 {
        let work = layer.mixer.work(self.shape.hidden, seen, Causality::Full);
        let cores = match layer.mixer {
            Mixer::Latent(Latent { heads, kv_rank, qk_rope, indexer: None, .. }) => {
                2.0 * f64::from(heads) * f64::from(2 * kv_rank + qk_rope) * f64::from(seen)
            }
            _ => work.core_flop(),
        };
        cores + work.scan.flop
    }

    /// Kernels, and the traffic of both kinds.
    fn beside(&self, tokens: f64, tp: f64) -> [Seconds; 3] {
        let links = Links::new(self.machine, self.factors);
        let hidden = f64::from(self.shape.hidden);
        let chips = f64::from(self.engine.chips);
        let (mut kernels, mut blocks, mut exchanges) = (0.0, 0.0, Seconds::ZERO);
        for (layer, count) in self.shape.layers.each() {
            let count = f64::from(count);
            let experts = layer.mlp.experts();
            let mlp = if experts.is_some() { EXPERT_KERNELS } else { MLP_KERNELS };
            let each = |is: bool, kernels: f64| if is { kernels } else { 0.0 };
            kernels += count * (each(layer.mixer.is_some(), MIXER_KERNELS) + each(layer.mlp.is_some(), mlp));
            blocks += count * layer.blocks();
            if let Some(experts) = experts.filter(|_| self.engine.ranks() > 1.0) {
                let stream = experts.stream(hidden);
                let one = |bytes: f64| Exchange {
                    rows: tokens / tp,
                    bytes: Bytes::new(bytes),
                    group: chips,
                    fanout: f64::from(experts.active),
                    servers: chips,
                    once: false,
                };
                let dispatch = links.exchange(&one(stream * self.precision.operand_bytes().min(ACTIVATION)));
                exchanges += (dispatch + links.exchange(&one(stream * ACTIVATION))) * count;
            }
        }
        // Small tensors are read from all members at once, large ones go around the ring.
        let tensor = Bytes::new(tokens * hidden * ACTIVATION);
        let one = links.reduce(tensor, tp, 1.0).min(links.gather(tensor * tp, tp, 1.0));
        let reduced = one * blocks;
        [Seconds::new(kernels * self.efficiency.kernel), reduced, exchanges * self.efficiency.exposed]
    }
}

/// The peak of the products: the narrow one where there is one.
///
/// # Formula
/// the rate of the format, else the 16-bit one
/// # Source
/// By definition.
pub fn peak(machine: &Machine, precision: Precision) -> FlopPerSecond {
    let narrow = machine.narrow_peak(precision);
    if narrow > FlopPerSecond::ZERO { narrow } else { machine.peak_16 }
}
