//! The widths of a model as the step model multiplies them.

use crate::model::architecture::{Architecture, Attention};

/// Low-rank projections of latent attention.
#[derive(Debug, Clone, Copy)]
pub(super) struct Latent {
    /// Rank of queries; zero where they are projected directly.
    pub(super) q_rank: f64,
    /// Rank of keys and values.
    pub(super) kv_rank: f64,
    /// Width of the shared rotary key.
    pub(super) rope: f64,
}

/// Linear attention in part of the layers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Linear {
    /// Share of the layers.
    pub(super) share: f64,
    /// Width of its projections in.
    pub(super) projected: f64,
    /// Width of its values.
    pub(super) values: f64,
    /// FLOPs of its core for one token.
    pub(super) core_flop: f64,
}

/// Routed experts of one layer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moe {
    /// Routed experts.
    pub(super) count: f64,
    /// At work for a token.
    pub(super) active: f64,
    /// Width of one.
    pub(super) width: f64,
    /// Width of the shared ones together.
    pub(super) shared: f64,
}

/// Widths and counts of a model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Widths {
    /// Residual stream.
    pub(super) hidden: f64,
    /// Query heads.
    pub(super) heads: f64,
    /// Query and key width of a head.
    pub(super) qk: f64,
    /// Value width of a head.
    pub(super) v: f64,
    /// Keys and values of all heads, as they are projected and exchanged.
    pub(super) kv: f64,
    /// Width of the output gate; zero without one.
    pub(super) gate: f64,
    /// Low-rank projections, if any.
    pub(super) latent: Option<Latent>,
    /// Linear attention; all zero without any.
    pub(super) linear: Linear,
    /// Dense MLP.
    pub(super) ffn: f64,
    /// Matrices into the MLP: 2 with a gate, else 1.
    pub(super) up: f64,
    /// Vocabulary.
    pub(super) vocab: f64,
    /// Layers.
    pub(super) layers: f64,
    /// Of these, with experts.
    pub(super) moe_layers: f64,
    /// The experts; all zero without any.
    pub(super) moe: Moe,
    /// Multi-token-prediction modules.
    pub(super) mtp: f64,
}

impl Widths {
    /// Of a model.
    pub(super) fn of(shape: &Architecture) -> Self {
        let (heads, qk, v) = (shape.attention.heads(), shape.attention.qk_dim(), shape.attention.v_dim());
        let [heads, qk, v] = [heads, qk, v].map(f64::from);
        let (kv, latent) = match shape.attention {
            Attention::Grouped { kv_heads, .. } => (f64::from(kv_heads) * (qk + v), None),
            Attention::Latent { q_rank, kv_rank, qk_rope, .. } => {
                let q_rank = q_rank.map_or(0.0, f64::from);
                let latent = Latent { q_rank, kv_rank: f64::from(kv_rank), rope: f64::from(qk_rope) };
                (heads * (qk + v), Some(latent))
            }
        };
        let moe = shape.experts.map_or(Moe { count: 0.0, active: 0.0, width: 0.0, shared: 0.0 }, |e| Moe {
            count: f64::from(e.count),
            active: f64::from(e.active),
            width: f64::from(e.width),
            shared: f64::from(e.shared_width),
        });
        Self {
            hidden: f64::from(shape.hidden),
            heads,
            qk,
            v,
            kv,
            gate: if shape.output_gate { heads * v } else { 0.0 },
            latent,
            linear: linear(shape),
            ffn: f64::from(shape.ffn),
            up: shape.mlp_matrices() - 1.0,
            vocab: f64::from(shape.vocab),
            layers: f64::from(shape.layers),
            moe_layers: f64::from(shape.moe_layers()),
            moe,
            mtp: f64::from(shape.mtp_modules),
        }
    }

    /// Parameters of the softmax attention of one layer.
    pub(super) fn attention_params(&self) -> f64 {
        let out = self.heads * self.v * self.hidden;
        let into = match self.latent {
            None => self.hidden * (self.heads * self.qk + self.gate + self.kv),
            Some(Latent { q_rank, kv_rank, rope }) => {
                let queries = self.heads * self.qk;
                let query = if q_rank > 0.0 { q_rank * (self.hidden + queries) } else { self.hidden * queries };
                query + self.hidden * (kv_rank + rope) + kv_rank * self.heads * (self.qk - rope + self.v)
            }
        };
        let Linear { share, projected, values, .. } = self.linear;
        (1.0 - share) * (into + out) + share * self.hidden * (projected + values)
    }
}

fn linear(shape: &Architecture) -> Linear {
    let Some(l) = shape.linear else { return Linear::default() };
    let [key_heads, value_heads, key_dim, value_dim] =
        [l.key_heads, l.value_heads, l.key_dim, l.value_dim].map(f64::from);
    let values = value_heads * value_dim;
    let chunk = crate::model::flops::DELTA_CHUNK;
    let core_flop = value_heads * (6.0 * key_dim * value_dim + chunk * (6.0 * key_dim + 4.0 * value_dim));
    Linear { share: l.share, projected: 2.0 * key_heads * key_dim + 2.0 * values, values, core_flop }
}
