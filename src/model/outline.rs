//! A model told by a few numbers: one attention, one MLP, and in which layers something else stands.

use super::architecture::{Architecture, Ends};
use super::layers::{Layer, Layers, MOST_LAYERS};
use super::mixer::delta::Delta;
use super::mixer::grouped::Grouped;
use super::mixer::latent::Latent;
use super::mixer::{Mixer, Reach};
use super::mlp::{Dense, Experts, Mlp, matrices};
use super::tower::Towers;
use super::tuning::Tuning;
use crate::error::Error;

/// What a model's card usually says of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outline {
    /// Transformer layers, without multi-token-prediction modules.
    pub layers: u32,
    /// Width of the residual stream.
    pub hidden: u32,
    /// Entries of the vocabulary, as embedded.
    pub vocab: u32,
    /// How tokens attend to each other.
    pub attention: Attention,
    /// Some layers see only a window of the sequence.
    pub window: Option<Window>,
    /// Linear attention in part of the layers, in place of the other, from 0 to 1 of them.
    pub linear: Option<(Delta, f64)>,
    /// Width of the MLP of a dense layer; zero where every layer is a mixture of experts.
    pub ffn: u32,
    /// Three matrices with a gate (SwiGLU, GeGLU) rather than two.
    pub gated: bool,
    /// The experts, and where they stand, if the MLP is a mixture of them.
    pub experts: Option<(Experts, Mixtures)>,
    /// The output head is the embedding, transposed.
    pub tied_embeddings: bool,
    /// Entries of a learned position table; zero without one.
    pub learned_positions: u32,
    /// Linear layers and norms carry biases.
    pub biases: bool,
    /// Multi-token-prediction modules trained beside the model.
    pub mtp_modules: u32,
}

/// The attention of an outline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Attention {
    /// Multi-head, grouped-query or multi-query.
    Grouped(Grouped),
    /// Multi-head latent.
    Latent(Latent),
}

/// Sliding-window attention in part of the layers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Tokens seen.
    pub tokens: u32,
    /// Share of the layers that use the window, from 0 to 1.
    pub share: f64,
    /// The sequence is cut into pieces of so many tokens, rather than each token seeing so many before it.
    pub chunked: bool,
}

/// Which layers have experts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mixtures {
    /// First layers that keep a dense MLP.
    pub leading_dense: u32,
    /// After those, the last of every n layers is a mixture, the others dense; 1 for all.
    pub every: u32,
}

impl Outline {
    /// The model, layer by layer.
    ///
    /// # Formula
    /// a share of the layers is spread evenly, the other kind last; two norms a layer and one at the end, biases of
    /// every product where there are any
    /// # Source
    /// DeepSeek-V3, arXiv:2412.19437, section 4.2 (leading dense layers); GLaM, arXiv:2112.06905 (every other layer).
    ///
    /// # Errors
    /// Every number that cannot be, each with its field.
    pub fn build(&self) -> Result<Architecture, Error> {
        let mut errors = self.wrong();
        // What lies beyond the bounds is refused, and never laid out.
        let layers = self.layers.clamp(1, MOST_LAYERS);
        let order: Vec<Layer> = (0..layers).map(|depth| self.layer(depth)).collect();
        let shape = Architecture {
            hidden: self.hidden,
            vocab: self.vocab,
            layers: Layers::in_order(&order),
            tied_embeddings: self.tied_embeddings,
            learned_positions: self.learned_positions,
            ends: Ends { norms: self.norm(), ..Ends::default() },
            mtp_modules: self.mtp_modules,
            document: 0,
            tuning: Tuning::Full,
            towers: Towers::default(),
        };
        if let Err(error) = shape.check() {
            errors.extend(error.each().cloned());
        }
        Error::all(errors).map_or(Ok(shape), Err)
    }

    /// What the layers built from it would not show.
    fn wrong(&self) -> Vec<Error> {
        let mut errors = Vec::new();
        let mut refuse = |field, why: String| errors.push(Error::bad_input(format!("{field}: {why}")).about(field));
        if !(1..=MOST_LAYERS).contains(&self.layers) {
            refuse("layers", format!("{} is out of range: expected 1 to {MOST_LAYERS}", self.layers));
        }
        let shares = [
            ("attention.window_share", self.window.map(|window| window.share)),
            ("linear.share", self.linear.map(|(_, share)| share)),
        ];
        for (field, share) in shares {
            if let Some(share) = share.filter(|share| !(0.0..=1.0).contains(share)) {
                refuse(field, format!("{share} is not a share between 0 and 1"));
            }
        }
        if let Some((_, Mixtures { leading_dense, every })) = self.experts {
            let layers = self.layers;
            if leading_dense >= layers {
                let why = format!("{leading_dense} dense layers leave no mixture in {layers} layers");
                refuse("experts.leading_dense", why);
            }
            if every == 0 || every > layers {
                refuse("experts.every", format!("{every} is not from 1 to the {layers} layers"));
            }
        }
        errors
    }

    /// The layer at a depth from zero.
    fn layer(&self, depth: u32) -> Layer {
        let mixer = match self.linear {
            Some((delta, share)) if is_of(share, depth) => Mixer::Delta(delta),
            _ => self.softmax(depth),
        };
        let mlp = self.mlp(depth);
        let norms = 2 * self.norm() + inside(&mixer);
        Layer { norms, biases: self.biases_of(&mixer, &mlp), ..Layer::new(mixer, mlp) }
    }

    fn softmax(&self, depth: u32) -> Mixer {
        match self.attention {
            Attention::Latent(latent) => Mixer::Latent(latent),
            Attention::Grouped(grouped) => {
                let window = self.window.filter(|window| is_of(window.share, depth));
                let reach = window.map_or(grouped.reach, |window| {
                    if window.chunked { Reach::Chunk(window.tokens) } else { Reach::Window(window.tokens) }
                });
                Mixer::Grouped(Grouped { reach, ..grouped })
            }
        }
    }

    fn mlp(&self, depth: u32) -> Mlp {
        match self.experts {
            Some((experts, Mixtures { leading_dense, every }))
                if depth >= leading_dense && (depth - leading_dense + 1).is_multiple_of(every.max(1)) =>
            {
                let Experts { width, gated, .. } = experts;
                let biases = if self.biases { bias(self.hidden, width, gated) as u32 } else { 0 };
                Mlp::Moe(Experts { biases, ..experts })
            }
            _ => Mlp::Dense(Dense { width: self.ffn, gated: self.gated }),
        }
    }

    /// Parameters of one norm over the stream.
    fn norm(&self) -> u64 {
        u64::from(self.hidden) * if self.biases { 2 } else { 1 }
    }

    fn biases_of(&self, mixer: &Mixer, mlp: &Mlp) -> u64 {
        if !self.biases {
            return 0;
        }
        let mixer = match mixer {
            Mixer::Grouped(grouped) => {
                let queries = u64::from(grouped.heads) * u64::from(grouped.head_dim);
                queries + grouped.key_values() as u64 + u64::from(self.hidden)
            }
            _ => 0,
        };
        mixer
            + match mlp {
                Mlp::None => 0,
                Mlp::Dense(dense) => bias(self.hidden, dense.width, dense.gated),
                Mlp::Moe(experts) => {
                    let shared = experts.shared_width;
                    u64::from(experts.count) + if shared > 0 { bias(self.hidden, shared, experts.gated) } else { 0 }
                }
            }
    }
}

/// Norms, decays and taps inside a mixer.
fn inside(mixer: &Mixer) -> u64 {
    match mixer {
        Mixer::Latent(latent) => u64::from(latent.q_rank) + u64::from(latent.kv_rank),
        Mixer::Delta(delta) => delta.taps() as u64 + 2 * u64::from(delta.value_heads) + u64::from(delta.value_dim),
        _ => 0,
    }
}

/// Biases of one MLP.
fn bias(hidden: u32, width: u32, gated: bool) -> u64 {
    (matrices(gated) as u64 - 1) * u64::from(width) + u64::from(hidden)
}

/// Whether a layer is one of this share of all, spread evenly with the others last.
fn is_of(share: f64, depth: u32) -> bool {
    // A share such as 5/6 is not exact: what is a hair below a whole layer is one.
    let others = |layers: u32| ((1.0 - share) * f64::from(layers) + 1e-9).floor();
    others(depth + 1) == others(depth)
}

#[cfg(test)]
mod tests {
    use super::is_of;

    #[test]
    fn shares_are_spread_with_the_others_last() {
        // by hand: five of six with a window, the sixth without
        let gemma: Vec<bool> = (0..12).map(|depth| is_of(5.0 / 6.0, depth)).collect();
        assert_eq!(gemma.iter().filter(|windowed| !**windowed).count(), 2);
        assert!(!gemma[5] && !gemma[11]);
        assert_eq!([0, 1, 2, 3].map(|depth| is_of(0.5, depth)), [true, false, true, false]);
        assert!((0..9).all(|depth| is_of(1.0, depth) && !is_of(0.0, depth)));
    }
}
