//! What a model keeps of the tokens that it has seen while it writes: keys and values, latents, states.

use super::architecture::Architecture;
use super::layers::Layer;
use super::mixer::compressed::Compressed;
use super::mixer::delta::Delta;
use super::mixer::grouped::{Grouped, Projected};
use super::mixer::latent::Latent;
use super::mixer::{Mixer, Reach};

/// Values of one sequence on one chip.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cache {
    /// Values that are kept.
    pub kept: f64,
    /// Values that the next token reads: what an indexer leaves out is kept and not read.
    pub read: f64,
}

impl Cache {
    /// As much kept as read.
    const fn all(values: f64) -> Self {
        Self { kept: values, read: values }
    }
}

/// The cache of one sequence on each of `tp` chips that share the heads, all layers together.
///
/// # Formula
/// a layer's values over `min(tp, heads that can be dealt out)`: `2 heads_kv d min(c, w)` of grouped attention, `(d_c + d_r) c`
/// latent, `(w + c / r) d` compressed, a state whatever the context
/// # Source
/// Pope et al. 2022, arXiv:2211.05102, section 3.3; DeepSeek-V2, arXiv:2405.04434, table 1.
///
/// ```
/// use flopbill::Catalog;
/// use flopbill::internals::model::cache::cache;
///
/// let llama = Catalog::built_in().model("llama-3-8b")?;
/// // by hand: 32 layers, 8 heads of keys and values, 128 wide: 65,536 values a token, 131,072 bytes in 16 bits
/// assert_eq!(cache(&llama.shape, 1.0, 1).kept, 32.0 * 2.0 * 8.0 * 128.0);
/// assert_eq!(cache(&llama.shape, 8192.0, 8).read, 32.0 * 2.0 * 128.0 * 8192.0);
/// let v3 = Catalog::built_in().model("deepseek-v3")?;
/// // by hand: 61 layers, 512 + 64 values a token, which no chip can share
/// assert_eq!(cache(&v3.shape, 1000.0, 8).kept, 61.0 * 576.0 * 1000.0);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn cache(shape: &Architecture, context: f64, tp: u32) -> Cache {
    shape.layers.each().fold(Cache::default(), |sum, (layer, count)| {
        let (one, ways) = of_layer(layer, context);
        let share = f64::from(count) / f64::from(tp.max(1)).min(ways.max(1.0));
        Cache { kept: sum.kept + one.kept * share, read: sum.read + one.read * share }
    })
}

/// The cache of one layer, and among how many chips it can be dealt out.
fn of_layer(layer: &Layer, context: f64) -> (Cache, f64) {
    let product = |widths: &[u32]| widths.iter().map(|width| f64::from(*width)).product::<f64>();
    match &layer.mixer {
        Mixer::None => (Cache::default(), 1.0),
        Mixer::Grouped(grouped) => (of_grouped(grouped, context), f64::from(grouped.kv_heads)),
        Mixer::Latent(latent) => (of_latent(latent, context), 1.0),
        Mixer::Compressed(compressed) => (of_compressed(compressed, context), 1.0),
        Mixer::Delta(delta) => (of_delta(delta), f64::from(delta.key_heads)),
        Mixer::Lightning(of) => (Cache::all(product(&[of.heads, of.head_dim, of.head_dim])), f64::from(of.heads)),
        Mixer::Ssm(of) => (Cache::all(product(&[of.inner, of.state + of.conv])), f64::from(of.heads.max(1))),
        Mixer::RgLru(of) => (Cache::all(product(&[of.width, 1 + of.conv])), f64::from(of.blocks)),
        Mixer::Conv(of) => (Cache::all(product(&[of.width, of.conv])), 1.0),
        // Two sums and their largest exponent, and the token before.
        Mixer::Wkv(of) => (Cache::all(product(&[of.width, 4])), 1.0),
    }
}

/// Keys and values of the tokens within reach.
fn of_grouped(grouped: &Grouped, context: f64) -> Cache {
    let width = match grouped.projected {
        Projected::Both => f64::from(grouped.head_dim) + f64::from(grouped.v_dim),
        Projected::Keys => f64::from(grouped.head_dim),
        Projected::Neither => 0.0,
    };
    Cache::all(f64::from(grouped.kv_heads) * width * within(grouped.reach, context))
}

/// Tokens of the context that are still seen.
fn within(reach: Reach, context: f64) -> f64 {
    match reach {
        Reach::Full => context,
        Reach::Window(most) | Reach::Chunk(most) => context.min(f64::from(most)),
    }
}

/// One latent and one rotary key a token; with an indexer its keys beside, and only the chosen latents are read.
fn of_latent(latent: &Latent, context: f64) -> Cache {
    let one = f64::from(latent.kv_rank) + f64::from(latent.qk_rope);
    let context = within(latent.reach, context);
    let Some(indexer) = latent.indexer else { return Cache::all(one * context) };
    let scored = if indexer.own { f64::from(indexer.head_dim) * context } else { 0.0 };
    let chosen = context.min(f64::from(indexer.top_k));
    Cache { kept: one * context + scored, read: one * chosen + scored }
}

/// The latest tokens as they are, and one key, which is the value too, for every few before.
fn of_compressed(compressed: &Compressed, context: f64) -> Cache {
    let dim = f64::from(compressed.head_dim);
    let recent = context.min(f64::from(compressed.window));
    let before = if compressed.ratio == 0 { 0.0 } else { context / f64::from(compressed.ratio) };
    let (chosen, scored) = match compressed.indexer {
        None => (before, 0.0),
        Some(indexer) => (before.min(f64::from(indexer.top_k)), before * f64::from(indexer.head_dim)),
    };
    Cache { kept: (recent + before) * dim + scored, read: (recent + chosen) * dim + scored }
}

/// A state for each value head, and the taps of the convolution.
fn of_delta(delta: &Delta) -> Cache {
    let [keys, values, key_dim, value_dim] =
        [delta.key_heads, delta.value_heads, delta.key_dim, delta.value_dim].map(f64::from);
    let channels = 2.0 * keys * key_dim + values * value_dim;
    Cache::all(values * key_dim * value_dim + channels * f64::from(delta.conv))
}
