//! A model as papers print it: parameters and FLOPs a token, term by term, under each convention.

use std::borrow::Cow;

use serde::Serialize;

use crate::answer::Answer;
use crate::catalog::Catalog;
use crate::catalog::hf::Tower;
use crate::catalog::model::ModelProfile;
use crate::error::Error;
use crate::input::file::Spec;
use crate::model::architecture::Architecture;
use crate::model::flops::{Causality, Choice, Counting, per_token};
use crate::model::params::{Embeddings, ParamCount, count};
use crate::model::terms::{Term, terms};
use crate::model::tower::TowerWork;
use crate::predict::Setting;
use crate::predict::batch::usual_length;
use crate::predict::trained::as_asked;
use crate::solve::Var;

/// Conventions of parameters at work that differ by more than this are all shown.
const WORTH_SAYING: f64 = 0.01;

/// What a model holds and computes.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ModelTerms {
    /// Its name.
    pub model: String,
    /// Its kinds of layers, first to last, and how many are of each.
    pub layers: Vec<LayerRow>,
    /// The parts, in the order in which a token meets them.
    pub terms: Vec<TermRow>,
    /// Tokens of the sequence that the FLOPs hold for.
    pub sequence_length: u32,
    /// What stands beside the language model: towers for pictures and sound.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub towers: Vec<TowerRow>,
    /// What its file does not say and its class has a value of its own for: `key value`.
    pub assumed: Vec<String>,
    /// All parameters, without multi-token prediction and towers.
    pub parameters: f64,
    /// Of these, at work for one token: with the embedding, with the head alone, without either. Not known where the
    /// source does not say how many experts are.
    pub active_parameters: Option<ActiveParams>,
    /// FLOPs of one token in training, forward and backward: every product and the causal half of the attention. Not
    /// known where the parameters at work are not.
    pub flop_per_token: Option<f64>,
    /// The same with the whole square of the attention.
    pub flop_per_token_full_square: Option<f64>,
    /// Six for each parameter at work, embedding counted: the usual short cut.
    pub six_n: Option<f64>,
}

/// What an estimate says of its model.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ModelCounts {
    /// Its name.
    pub model: String,
    /// All parameters, without multi-token prediction.
    pub parameters: f64,
    /// Of these, at work for one token.
    pub active_parameters: Option<ActiveParams>,
    /// FLOPs of one token in training: every product and the causal half of the attention, towers in the run with it.
    pub flop_per_token: f64,
    /// Of these, those of the towers that are in the run, for the patches that go with a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flop_of_towers: Option<f64>,
    /// Tokens of the sequence that they hold for.
    pub sequence_length: u32,
    /// The same of the whole run, where its FLOPs are known by 6ND.
    pub exact_flop: Option<f64>,
}

/// Parameters at work for one token, by convention.
#[derive(Debug, Clone, Copy, Serialize)]
#[non_exhaustive]
pub struct ActiveParams {
    /// With embedding and head.
    pub counted: f64,
    /// With the head alone, since a lookup multiplies nothing.
    pub head_only: f64,
    /// Without either.
    pub left_out: f64,
}

/// Layers of one kind.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct LayerRow {
    /// How its tokens see each other.
    pub mixer: &'static str,
    /// What each passes through.
    pub mlp: &'static str,
    /// Layers of the kind.
    pub count: u32,
    /// Parameters of one, without norms and biases.
    pub parameters: f64,
}

/// A tower.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct TowerRow {
    /// What it is.
    pub name: String,
    /// Its parameters.
    pub parameters: f64,
    /// Whether it is trained, where it is in the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trained: Option<bool>,
    /// Patches or frames that pass through it for each token of the language model, where it is in the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_token: Option<f64>,
    /// FLOPs of these in training, where it is in the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flop_per_token: Option<f64>,
}

/// One part.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct TermRow {
    /// Its key.
    pub term: &'static str,
    /// What it is.
    pub label: &'static str,
    /// Parameters.
    pub parameters: f64,
    /// Of these, at work for one token, where that is known.
    pub active: Option<f64>,
    /// FLOPs of one token in training, forward and backward.
    pub flop: Option<f64>,
    /// Share of the FLOPs.
    pub share: Option<f64>,
}

impl ModelTerms {
    /// Of the model of a spec, if it names one, in sequences as long as it says, else as its runs train on.
    ///
    /// # Errors
    /// A model that does not read.
    pub fn of_spec(spec: &Spec, setting: Option<&Setting>, catalog: &Catalog) -> Result<Option<Self>, Error> {
        Ok(asked(spec, setting, catalog)?.map(|(model, length)| Self::of(&model, length)))
    }

    /// Of a model, in sequences of so many tokens.
    pub fn of(model: &ModelProfile, sequence_length: u32) -> Self {
        let shape = &model.shape;
        let counted = count(shape);
        let active_parameters = ActiveParams::of(&counted);
        let known = |causality| counted.active_known.then(|| exact(shape, sequence_length, causality));
        let all = known(Causality::Causal);
        Self {
            model: model.name.clone(),
            layers: layers(shape),
            terms: terms(shape, sequence_length).iter().map(|term| row(term, all)).collect(),
            sequence_length,
            towers: TowerRow::all(model),
            assumed: model.assumed.to_vec(),
            parameters: counted.total().get(),
            active_parameters,
            flop_per_token: all,
            flop_per_token_full_square: known(Causality::Full),
            six_n: active_parameters.map(|active| 6.0 * active.counted),
        }
    }
}

impl ModelCounts {
    /// Of the model that an answer is about, if it names one.
    ///
    /// # Errors
    /// A model that does not read.
    pub fn of(answer: &Answer, catalog: &Catalog) -> Result<Option<Self>, Error> {
        let Some((model, length)) = asked(&answer.spec, answer.pacing.setting(), catalog)? else { return Ok(None) };
        let counted = count(&model.shape);
        let each = exact(&model.shape, length, Causality::Causal);
        let get = |var| answer.solved.knowns.get(var);
        let six_nd = get(Var::Params).zip(get(Var::Tokens)).map(|(params, tokens)| 6.0 * params * tokens);
        // FLOPs that were stated, and not by 6ND, are what they are.
        let by_six = six_nd.zip(get(Var::Flop)).is_some_and(|(six, flop)| (flop / six - 1.0).abs() < 1e-6);
        let ratio = get(Var::Params).map(|params| each / (6.0 * params)).filter(|_| by_six);
        Ok(Some(Self {
            model: model.name.clone(),
            parameters: counted.total().get(),
            active_parameters: ActiveParams::of(&counted),
            flop_per_token: each,
            flop_of_towers: Some(model.shape.towers.flop(Counting::Model).get()).filter(|flop| *flop > 0.0),
            sequence_length: length,
            exact_flop: answer.estimate.flop.zip(ratio).map(|(flop, ratio)| flop.get() * ratio),
        }))
    }
}

impl ActiveParams {
    fn of(counted: &ParamCount) -> Option<Self> {
        let active = |embeddings| counted.active(embeddings).get();
        counted.active_known.then(|| Self {
            counted: active(Embeddings::Counted),
            head_only: active(Embeddings::HeadOnly),
            left_out: active(Embeddings::LeftOut),
        })
    }

    /// Whether the ends make a difference worth saying.
    pub fn differ(&self) -> bool {
        self.counted / self.left_out - 1.0 > WORTH_SAYING
    }
}

impl TowerRow {
    fn all(model: &ModelProfile) -> Vec<Self> {
        let mut works = model.shape.towers.each();
        model.towers.iter().map(|tower| Self::of(tower, works.next())).collect()
    }

    fn of(tower: &Tower, work: Option<&TowerWork>) -> Self {
        Self {
            name: tower.name.clone(),
            parameters: tower.params.get(),
            trained: work.map(|work| work.trained),
            per_token: work.map(|work| work.share),
            flop_per_token: work.map(|work| work.flop(Counting::Model).get()),
        }
    }
}

/// The model of a spec, if it names one, with what is trained of it and the documents it is trained on; and the tokens
/// of a sequence: as many as the spec says, else as its runs train on.
fn asked<'a>(
    spec: &Spec,
    setting: Option<&'a Setting>,
    catalog: &Catalog,
) -> Result<Option<(Cow<'a, ModelProfile>, u32)>, Error> {
    let Some(entry) = &spec.model else { return Ok(None) };
    let model = match setting {
        Some(setting) => Cow::Borrowed(&setting.model),
        None => {
            let model = catalog.model(&entry.value).map_err(|error| entry.origin.locate(error))?;
            Cow::Owned(as_asked(model, spec, &mut Vec::new())?)
        }
    };
    let given = spec.sequence_length.as_ref().map(|length| length.value.get() as u32);
    let length = given.or(setting.map(|setting| setting.seq_len)).unwrap_or_else(|| usual_length(&model.shape));
    Ok(Some((model, length)))
}

/// FLOPs of one token in training.
fn exact(shape: &Architecture, sequence_length: u32, causality: Causality) -> f64 {
    per_token(shape, sequence_length, Choice::Terms { causality, counting: Counting::Model }).total().get()
}

fn layers(shape: &Architecture) -> Vec<LayerRow> {
    let each = shape.layers.each().map(|(layer, count)| {
        let counted = crate::model::params::layer(shape.hidden, layer);
        LayerRow {
            mixer: layer.mixer.name(),
            mlp: layer.mlp.name(),
            count,
            parameters: (counted.total() - counted.norms - counted.biases).get(),
        }
    });
    each.collect()
}

/// A term's row beside the sum of all FLOPs; experts of which nobody says how many work have parameters alone.
fn row(term: &Term, all: Option<f64>) -> TermRow {
    let known = all.is_some() || !matches!(term.key, "experts" | "mtp");
    let flop = known.then(|| term.trained.get());
    TermRow {
        term: term.key,
        label: term.label,
        parameters: term.params.get(),
        active: known.then(|| term.active.get()),
        flop,
        share: all.filter(|all| *all > 0.0).zip(flop).map(|(all, flop)| flop / all),
    }
}
