//! One layer, from the expressions of its class.

use super::expr::Expr;
use super::scope::{Scope, Trouble};
use super::value::Val;
use crate::model::layers::Layer;
use crate::model::mixer::compressed::Compressed;
use crate::model::mixer::conv::ShortConv;
use crate::model::mixer::delta::{Decay, Delta};
use crate::model::mixer::grouped::{Grouped, Projected};
use crate::model::mixer::latent::{Indexer, Latent};
use crate::model::mixer::lightning::Lightning;
use crate::model::mixer::rglru::RgLru;
use crate::model::mixer::ssm::Ssm;
use crate::model::mixer::wkv::Wkv;
use crate::model::mixer::{Mixer, Reach};
use crate::model::mlp::{Dense, Experts, Mlp};

/// The whole number from zero that a value is; zero for null.
fn whole(value: Val<'_>) -> Option<u64> {
    let whole = match value {
        Val::Null => Some(0),
        Val::Bool(_) => None,
        other => other.whole(),
    };
    whole.and_then(|number| u64::try_from(number).ok())
}

impl<'a> Scope<'a> {
    /// A count of this name; zero where the class has none.
    pub(super) fn count_of(&self, name: &str) -> Result<u64, Trouble> {
        let value = self.get(name)?;
        whole(value).ok_or_else(|| {
            let key = self.key_behind(name);
            let named = key.clone().unwrap_or_else(|| name.to_owned());
            let message = format!("{named}: {} is not a whole number from zero", value.shown());
            Trouble { key, message: if named == name { message } else { format!("{message} ({name})") } }
        })
    }

    /// The count that an expression comes to.
    ///
    /// # Errors
    /// Values of the file that it cannot be worked out from.
    pub fn count(&self, expr: &'a Expr) -> Result<u64, Trouble> {
        let value = self.evaluate(expr)?;
        whole(value).ok_or_else(|| {
            let key = expr.first_key();
            let named = key.unwrap_or("a count");
            Trouble::new(key, format!("{named}: {} is not a whole number from zero", value.shown()))
        })
    }

    /// The same, of at most 32 bits.
    pub(super) fn width_of(&self, name: &str) -> Result<u32, Trouble> {
        let count = self.count_of(name)?;
        u32::try_from(count).map_err(|_| {
            let key = self.key_behind(name);
            let named = key.clone().unwrap_or_else(|| name.to_owned());
            Trouble { key, message: format!("{named}: {count} is out of range") }
        })
    }

    /// The same of several names.
    pub(super) fn widths<const N: usize>(&self, names: [&str; N]) -> Result<[u32; N], Trouble> {
        let mut widths = [0; N];
        for (width, name) in widths.iter_mut().zip(names) {
            *width = self.width_of(name)?;
        }
        Ok(widths)
    }

    pub(super) fn flag_of(&self, name: &str) -> Result<bool, Trouble> {
        Ok(self.get(name)?.truth())
    }

    /// One of a few words.
    fn word<T>(&self, name: &str, words: impl FnOnce(&str) -> Option<T>) -> Result<T, Trouble> {
        let value = self.get(name)?;
        let found = if let Val::Text(word) = value { words(word) } else { None };
        found.ok_or_else(|| {
            let key = self.key_behind(name);
            let named = key.clone().unwrap_or_else(|| name.to_owned());
            Trouble { key, message: format!("{named}: {} is no {name} that is counted here", value.shown()) }
        })
    }

    /// The layer, or the part of it, that is asked for.
    pub(super) fn layer(&self) -> Result<Layer, Trouble> {
        if self.flag_of("strange")? {
            let (key, found) = (self.key_behind("layer_type"), self.get("layer_type")?.shown());
            let named = key.as_deref().unwrap_or("layer_type");
            let message = format!("{named}: {found} is no layer that `{}` has", self.class().model_type());
            return Err(Trouble { key, message });
        }
        let mixer = self.word("mixer", |word| KINDS.iter().find(|(name, _)| *name == word).map(|(_, read)| *read))?;
        let mlp = self.word("mlp", |word| MLPS.iter().find(|(name, _)| *name == word).map(|(_, read)| *read))?;
        Ok(Layer {
            mixer: mixer(self)?,
            mlp: mlp(self)?,
            norms: self.count_of("norms")?,
            biases: self.count_of("biases")?,
            beside: self.count_of("beside")?,
            carried_on: self.part.get() > 0,
            again: self.flag_of("again")?,
        })
    }

    fn reach(&self) -> Result<Reach, Trouble> {
        let [window, chunk] = self.widths(["window", "chunk"])?;
        Ok(match (window, chunk) {
            (0, 0) => Reach::Full,
            (0, chunk) => Reach::Chunk(chunk),
            (window, _) => Reach::Window(window),
        })
    }

    fn indexer(&self) -> Result<Option<Indexer>, Trouble> {
        let [heads, head_dim, top_k] = self.widths(["index_heads", "index_dim", "index_top_k"])?;
        let own = self.flag_of("index_own")?;
        Ok((top_k > 0).then_some(Indexer { heads, head_dim, top_k, own }))
    }
}

/// How a kind is read.
type Read<T> = fn(&Scope<'_>) -> Result<T, Trouble>;

/// The kinds of mixers by the word that a class uses.
const KINDS: [(&str, Read<Mixer>); 10] = [
    ("none", |_| Ok(Mixer::None)),
    ("grouped", grouped),
    ("latent", latent),
    ("compressed", compressed),
    ("delta", delta),
    ("lightning", |scope| {
        let [heads, head_dim] = scope.widths(["heads", "head_dim"])?;
        Ok(Mixer::Lightning(Lightning { heads, head_dim, gated: scope.flag_of("linear_gate")? }))
    }),
    ("ssm", |scope| {
        let names = ["ssm_inner", "ssm_state", "ssm_conv", "ssm_heads", "ssm_groups", "ssm_dt_rank", "ssm_gate"];
        let [inner, state, conv, heads, groups, dt_rank, gate] = scope.widths(names)?;
        Ok(Mixer::Ssm(Ssm { inner, state, conv, heads, groups, dt_rank, gate }))
    }),
    ("rglru", |scope| {
        let [width, blocks, conv] = scope.widths(["lru_width", "lru_blocks", "conv"])?;
        Ok(Mixer::RgLru(RgLru { width, blocks, conv }))
    }),
    ("wkv", |scope| Ok(Mixer::Wkv(Wkv { width: scope.width_of("wkv_width")? }))),
    ("conv", |scope| {
        let [width, conv] = scope.widths(["conv_width", "conv"])?;
        Ok(Mixer::Conv(ShortConv { width, conv }))
    }),
];

/// The kinds of MLPs by the word that a class uses.
const MLPS: [(&str, Read<Mlp>); 3] = [
    ("none", |_| Ok(Mlp::None)),
    ("dense", |scope| Ok(Mlp::Dense(Dense { width: scope.width_of("ffn")?, gated: scope.flag_of("gated")? }))),
    ("moe", |scope| {
        let names = ["experts", "active", "expert_width", "shared_width", "zero_experts", "expert_latent"];
        let [count, active, width, shared_width, zero, latent] = scope.widths(names)?;
        let (gated, biases) = (scope.flag_of("gated")?, scope.width_of("expert_biases")?);
        if let Some(key) = scope.key_behind("active").filter(|key| active == 0 && scope.says(key)) {
            return Err(Trouble::new(Some(&key), format!("{key}: no expert is at work")));
        }
        Ok(Mlp::Moe(Experts { count, active, width, gated, shared_width, zero, latent, biases }))
    }),
];

fn grouped(scope: &Scope<'_>) -> Result<Mixer, Trouble> {
    let [heads, kv_heads, head_dim, v_dim, gate] = scope.widths(["heads", "kv_heads", "head_dim", "v_dim", "gate"])?;
    let projected = scope.word("projected", |word| match word {
        "both" => Some(Projected::Both),
        "keys" => Some(Projected::Keys),
        "neither" => Some(Projected::Neither),
        _ => None,
    })?;
    Ok(Mixer::Grouped(Grouped { heads, kv_heads, head_dim, v_dim, projected, gate, reach: scope.reach()? }))
}

fn latent(scope: &Scope<'_>) -> Result<Mixer, Trouble> {
    let [heads, q_rank, kv_rank, qk_nope, qk_rope, v_dim, gate] =
        scope.widths(["heads", "q_rank", "kv_rank", "qk_nope", "qk_rope", "v_dim", "gate"])?;
    let (indexer, reach) = (scope.indexer()?, scope.reach()?);
    Ok(Mixer::Latent(Latent { heads, q_rank, kv_rank, qk_nope, qk_rope, v_dim, gate, indexer, reach }))
}

fn compressed(scope: &Scope<'_>) -> Result<Mixer, Trouble> {
    let names = ["heads", "head_dim", "q_rank", "out_groups", "out_rank", "window", "ratio"];
    let [heads, head_dim, q_rank, out_groups, out_rank, window, ratio] = scope.widths(names)?;
    let (overlap, indexer) = (scope.flag_of("overlap")?, scope.indexer()?);
    Ok(Mixer::Compressed(Compressed { heads, head_dim, q_rank, out_groups, out_rank, window, ratio, overlap, indexer }))
}

fn delta(scope: &Scope<'_>) -> Result<Mixer, Trouble> {
    let [key_heads, value_heads, key_dim, value_dim, conv, gate_rank, rank] =
        scope.widths(["key_heads", "value_heads", "key_dim", "value_dim", "conv", "gate_rank", "decay_rank"])?;
    let decay = scope.word("decay", |word| match word {
        "head" => Some(Decay::Head),
        "channel" => Some(Decay::Channel),
        "low-rank" => Some(Decay::LowRank(rank)),
        _ => None,
    })?;
    let gated = scope.flag_of("linear_gate")?;
    Ok(Mixer::Delta(Delta { key_heads, value_heads, key_dim, value_dim, conv, decay, gate_rank, gated }))
}
