//! What a part beside a language model is at work, from the expressions of its class.

use super::class::TowerClass;
use super::scope::{Scope, Trouble};
use crate::model::layers::Layer;
use crate::model::mixer::Mixer;
use crate::model::mixer::grouped::Grouped;
use crate::model::mlp::{Dense, Mlp};
use crate::model::tower::{Blocks, Sense, Tower};

/// Most patches that become one.
const MOST_MERGED: u32 = 4096;

/// A part of so many parameters; by these alone where its class does not say what its layers are.
pub fn tower<'a>(class: &'a TowerClass, wrapper: &Scope<'a>, part: Option<&Scope<'a>>, params: u64) -> Tower {
    let sense = if class.sound { Sense::Sound } else { Sense::Pictures };
    let joins = class.params.is_some() || class.joins;
    let merge = class.merge.as_ref().and_then(|expr| wrapper.count(expr).ok()).unwrap_or(1);
    let counted = Tower::counted(sense, joins, params, merged(merge));
    let known = part.filter(|_| class.params.is_none()).and_then(|part| layers(part, counted).ok().flatten());
    known.unwrap_or(counted)
}

fn merged(patches: u64) -> u32 {
    u32::try_from(patches).unwrap_or(MOST_MERGED).clamp(1, MOST_MERGED)
}

/// The same with its layers, where they fit into what it counts.
fn layers(scope: &Scope<'_>, counted: Tower) -> Result<Option<Tower>, Trouble> {
    if !scope.flag_of("blocks")? {
        return Ok(None);
    }
    let [width, count, queries, keys] = scope.widths(["width", "depth", "queries", "keys"])?;
    let [inner, up, heads] = scope.widths(["inner", "up", "heads"])?;
    let head = queries.checked_div(heads).unwrap_or(0);
    let kv_heads = keys.checked_div(head).unwrap_or(0);
    let whole = head > 0 && head * heads == queries && kv_heads > 0 && kv_heads * head == keys && inner > 0;
    if !whole || !(1..=2).contains(&up) {
        return Ok(None);
    }
    let mixer = Mixer::Grouped(Grouped::plain(heads, kv_heads, head));
    let layer = Layer::new(mixer, Mlp::Dense(Dense { width: inner, gated: up == 2 }));
    let optional = |name: &str| scope.width_of(name).unwrap_or(0);
    let (picture, window) = (optional("picture"), optional("window"));
    let blocks = Blocks { width, layer, count, picture, window, whole: optional("whole") };
    let stem = scope.count_of("taps")?.saturating_mul(u64::from(width));
    let around = scope.count_of("joined")?;
    let products = blocks.all_weights() + stem as f64 + around as f64;
    let merge = merged(scope.count_of("merge")?);
    // Other layers than these are counted by their parameters.
    let fits = count > 0 && products <= counted.params as f64;
    Ok(fits.then_some(Tower { blocks: Some(blocks), stem, around, merge, ..counted }))
}
