//! A row's model: the profile of its name where that agrees, else the shape its columns describe.

use crate::catalog::model::ModelProfile;
use crate::model::mixer::grouped::Grouped;
use crate::model::mlp::Experts;
use crate::model::outline::{Attention, Mixtures, Outline};
use crate::model::params;
use crate::rows::steps::StepRow;

/// Vocabulary of a model that does not say: GPT-2's, padded.
const VOCAB: u32 = 50_304;

/// The model of a row.
pub(super) fn model(
    row: &StepRow,
    profile: Option<ModelProfile>,
    choices: &mut Vec<String>,
) -> Result<ModelProfile, String> {
    let agrees = |given: Option<u32>, known: u32| given.is_none_or(|given| given == known);
    let known = profile.filter(|p| agrees(row.layers, p.shape.layers.counted()) && agrees(row.hidden, p.shape.hidden));
    let mut model = match known {
        Some(known) => known,
        // Named by the row, so that no published run of another shape lends it anything.
        None => ModelProfile::described(&row.id, described(row, choices)?.build().map_err(|error| error.to_string())?),
    };
    let shape = &mut model.shape;
    shape.vocab = row.vocab.unwrap_or(shape.vocab);
    shape.mtp_modules = row.mtp_modules.unwrap_or(shape.mtp_modules);
    shape.check().map_err(|error| error.to_string())?;
    Ok(model)
}

/// The shape that the columns describe.
fn described(row: &StepRow, choices: &mut Vec<String>) -> Result<Outline, String> {
    let need =
        |x: Option<u32>, what: &str| x.ok_or(format!("{what} is blank, and no model profile is named `{}`", row.model));
    let (layers, hidden) = match (row.layers, row.hidden, row.params_b) {
        (None, _, Some(params)) | (_, None, Some(params)) if params > 0.0 => {
            let (layers, hidden) = typical(params * 1e9, row.layers);
            choices.push(format!("{layers} layers of width {hidden}"));
            (layers, hidden)
        }
        _ => (need(row.layers, "layers")?, need(row.hidden, "hidden")?),
    };
    let heads = row.heads.unwrap_or(hidden.div_ceil(128));
    let experts = experts(row);
    let ffn = row.ffn_hidden.unwrap_or(if experts.is_some() { 0 } else { hidden.saturating_mul(4) });
    let head_dim = row.head_dim.unwrap_or(hidden / heads.max(1));
    let mut shape = Outline {
        layers,
        hidden,
        vocab: row.vocab.unwrap_or(VOCAB),
        attention: Attention::Grouped(Grouped::plain(heads, row.kv_heads.unwrap_or(heads), head_dim)),
        window: None,
        linear: None,
        ffn,
        gated: true,
        experts,
        tied_embeddings: false,
        learned_positions: 0,
        biases: false,
        mtp_modules: 0,
    };
    if shape.experts.is_none() {
        shape.gated = gated(&shape, row.params_b);
        shape.tied_embeddings = !shape.gated;
        choices.push(format!("an MLP of {} matrices", if shape.gated { 3 } else { 2 }));
    }
    Ok(shape)
}

/// Layers and width of a dense model of this size: about 128 of width to a layer, as GPT-3, LLaMA and their kin.
fn typical(params: f64, layers: Option<u32>) -> (u32, u32) {
    let width = match layers {
        Some(layers) => (params / (12.0 * f64::from(layers))).sqrt(),
        None => (params * 128.0 / 12.0).cbrt(),
    };
    let hidden = (width / 128.0).round().clamp(1.0, 1e5) * 128.0;
    let deep = (params / (12.0 * hidden * hidden)).round().clamp(1.0, 1e4);
    (layers.unwrap_or(deep as u32), hidden as u32)
}

fn experts(row: &StepRow) -> Option<(Experts, Mixtures)> {
    let count = row.experts.filter(|&count| count > 1)?;
    let width = row.expert_ffn.or(row.ffn_hidden)?;
    let active = row.experts_active.unwrap_or(2).min(count);
    Some((Experts::routed(count, active, width), Mixtures { leading_dense: 0, every: 1 }))
}

/// Whether the published count of parameters fits an MLP of three matrices better than one of two.
fn gated(shape: &Outline, params_b: Option<f64>) -> bool {
    let Some(published) = params_b.filter(|&b| b > 0.0) else {
        return u64::from(shape.ffn) != 4 * u64::from(shape.hidden);
    };
    let miss = |gated: bool| {
        let shape = Outline { gated, tied_embeddings: !gated, ..*shape }.build();
        let counted = shape.map_or(f64::NAN, |shape| params::count(&shape).total().get());
        (counted / (published * 1e9)).ln().abs()
    };
    miss(true) < miss(false)
}
