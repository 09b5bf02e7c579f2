//! `profiles/models/`: TOML to [`Architecture`]; a Hugging Face `config.json` in its place goes to [`super::hf`].

use std::sync::Arc;

use std::path::Path;

use super::accelerator::{Disagreement, disagreement};
use toml::de::DeValue;

use super::{Catalog, Found, Kind, hf, read_text};
use crate::error::Error;
use crate::model::architecture::Architecture;
use crate::model::mixer::Reach;
use crate::model::mixer::delta::{Decay, Delta};
use crate::model::mixer::grouped::Grouped;
use crate::model::mixer::latent::Latent;
use crate::model::mlp::Experts;
use crate::model::outline::{Attention, Mixtures, Outline, Window};
use crate::model::params::Embeddings;
use crate::read::{Reader, Sources, Value};
use crate::units::Params;

/// A model's shape with the sources of its values.
#[derive(Debug, Clone)]
pub struct ModelProfile {
    /// The file's stem: `deepseek-v3`.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Other names of it.
    pub aliases: Vec<String>,
    /// The shape, checked.
    pub shape: Architecture,
    /// What stands beside it: towers for pictures and sound.
    pub towers: Arc<[hf::Tower]>,
    /// What a `config.json` does not say and its class has a value of its own for: `key value`.
    pub assumed: Arc<[String]>,
    /// What its authors say it counts, for the tests.
    pub published: Published,
    /// Where each value came from.
    pub sources: Sources,
    /// Values other sources give, with the reason not to use them.
    pub disagreements: Arc<[Disagreement]>,
    /// The file, or the built-in profile's name.
    pub file: String,
}

/// Parameter counts as a model card, paper or file header prints them.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    /// All parameters.
    pub total: Option<Params>,
    /// Parameters at work for one token.
    pub active: Option<Params>,
    /// All parameters in the released files, whose multi-token-prediction modules hold copies of embedding and head.
    pub files_with_mtp: Option<Params>,
    /// Which ends of the network the count of those at work includes.
    pub active_embeddings: Embeddings,
}

/// How a profile writes which ends of the network the active count includes.
pub const EMBEDDINGS: [(&str, Embeddings); 3] =
    [("counted", Embeddings::Counted), ("head-only", Embeddings::HeadOnly), ("left-out", Embeddings::LeftOut)];

impl Catalog {
    /// The model of this name: a profile's, or a Hugging Face `config.json` (or a folder that holds one) by path.
    ///
    /// # Errors
    /// An unknown name, or a file that does not hold what it should.
    pub fn model(&self, name: &str) -> Result<ModelProfile, Error> {
        self.remembered(name, |memo| &memo.models, || self.read_model(name))
    }

    fn read_model(&self, name: &str) -> Result<ModelProfile, Error> {
        let path = Path::new(name);
        let inside = path.join("config.json");
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
            return hf_model(path, self);
        }
        if super::is_path(name) && inside.is_file() {
            return hf_model(&inside, self);
        }
        model(&self.find(Kind::Models, name)?, self)
    }
}

/// Reads one profile.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn model(found: &Found, catalog: &Catalog) -> Result<ModelProfile, Error> {
    found.document.read(|r| {
        let name = r.need("name", r.text("name"));
        let (aliases, sources) = (r.texts("aliases"), r.sources());
        let disagreements = r.tables("disagreements", disagreement).into();
        let read = match r.value("config") {
            Some(config) => configured(r, &config, &found.document.file, catalog),
            None => outlined(r),
        };
        let published = r.table("published", |p| Some(published(p)));
        r.require_sources(&sources, &[]);
        let (shape, towers) = read?;
        Some(ModelProfile {
            id: found.id.clone(),
            name: name?,
            aliases,
            shape,
            towers,
            assumed: Arc::default(), // a profile names its sources
            published: published.unwrap_or(NOTHING_PUBLISHED),
            sources,
            disagreements,
            file: found.document.file.clone(),
        })
    })
}

/// What a profile says in the words of a `config.json`.
fn configured(
    r: &Reader<'_>,
    config: &Value<'_>,
    file: &str,
    catalog: &Catalog,
) -> Option<(Architecture, Arc<[hf::Tower]>)> {
    match hf::architecture(file, &json(config.raw()).to_string(), catalog) {
        Ok(read) => Some((read.shape, read.towers.into())),
        Err(error) => {
            // Its place is one in the text made here: the table is the user's.
            error.each().for_each(|error| r.fail("config", Error::bad_input(error.message().to_owned())));
            None
        }
    }
}

/// What a profile says by a few numbers.
fn outlined(r: &Reader<'_>) -> Option<(Architecture, Arc<[hf::Tower]>)> {
    match outline(r)?.build() {
        Ok(shape) => Some((shape, Arc::default())),
        Err(error) => {
            error.each().for_each(|error| r.fail(table_of(error), error.clone()));
            None
        }
    }
}

/// A value of TOML as one of JSON.
fn json(value: &DeValue<'_>) -> serde_json::Value {
    match value {
        // TOML has no null: what a class assumes is unset by the word.
        DeValue::String(text) if text == "null" => serde_json::Value::Null,
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Integer(number) => {
            number.as_str().replace('_', "").parse::<i64>().map_or_else(|_| number.as_str().into(), Into::into)
        }
        DeValue::Float(number) => {
            number.as_str().replace('_', "").parse::<f64>().map_or_else(|_| number.as_str().into(), Into::into)
        }
        DeValue::Boolean(flag) => (*flag).into(),
        DeValue::Datetime(date) => date.to_string().into(),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => {
            let pairs = table.iter().map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref())));
            serde_json::Value::Object(pairs.collect())
        }
    }
}

const NOTHING_PUBLISHED: Published =
    Published { total: None, active: None, files_with_mtp: None, active_embeddings: Embeddings::Counted };

impl ModelProfile {
    /// Refuses a model whose time and work cannot be told from its counts.
    ///
    /// # Errors
    /// Experts of which it is not said how many a token passes through.
    pub fn timed(&self) -> Result<(), Error> {
        if self.shape.experts().is_none_or(|experts| experts.active > 0) {
            return Ok(());
        }
        let message = format!("`{}` does not say how many of its experts a token passes through", self.name);
        let hint = "add num_experts_per_tok to its config.json; `flopbill explain` counts it without";
        Err(Error::bad_input(message).with_hint(hint))
    }

    /// A model that no file describes.
    pub fn described(name: &str, shape: Architecture) -> Self {
        Self {
            id: name.to_owned(),
            name: name.to_owned(),
            aliases: Vec::new(),
            shape,
            towers: Arc::default(),
            assumed: Arc::default(),
            published: NOTHING_PUBLISHED,
            sources: Sources::default(),
            disagreements: Arc::default(),
            file: String::new(),
        }
    }
}

fn hf_model(path: &Path, catalog: &Catalog) -> Result<ModelProfile, Error> {
    let shown = path.display().to_string();
    let text = read_text(path)?;
    let read = hf::architecture(&shown, &text, catalog)?;
    let sources = Sources([("*".into(), read.source)].into());
    let (towers, assumed) = (read.towers.into(), read.assumed.into());
    Ok(ModelProfile { sources, towers, assumed, file: shown, ..ModelProfile::described(&read.name, read.shape) })
}

/// The table of a profile that holds the field which [`Architecture::check`] refuses.
fn table_of(error: &Error) -> &'static str {
    match error.field().and_then(|field| field.split('.').next()) {
        Some("attention") => "attention",
        Some("experts") => "experts",
        Some("linear") => "linear_attention",
        _ => "shape",
    }
}

fn outline(r: &Reader<'_>) -> Option<Outline> {
    let shape = r.need("shape", r.table("shape", shape));
    let attention = r.need("attention", r.table("attention", attention));
    let linear = r.table("linear_attention", linear_attention);
    let experts = r.table("experts", experts);
    let (mut shape, (attention, window)) = (shape?, attention?);
    (shape.attention, shape.window, shape.linear) = (attention, window, linear);
    shape.experts = experts.map(|(experts, mixtures)| (Experts { gated: shape.gated, ..experts }, mixtures));
    Some(shape)
}

/// The top-level numbers; what belongs to the other tables is filled in by the caller.
fn shape(r: &Reader<'_>) -> Option<Outline> {
    let layers = r.need("layers", r.integer("layers"));
    let hidden = r.need("hidden", r.integer("hidden"));
    let vocab = r.need("vocab", r.integer("vocab"));
    let ffn = r.need("ffn", r.integer("ffn"));
    let gated = r.need("gated", r.flag("gated"));
    let tied_embeddings = r.need("tied_embeddings", r.flag("tied_embeddings"));
    let biases = r.need("biases", r.flag("biases"));
    Some(Outline {
        learned_positions: r.integer("learned_positions").unwrap_or(0),
        mtp_modules: r.integer("mtp_modules").unwrap_or(0),
        layers: layers?,
        hidden: hidden?,
        vocab: vocab?,
        ffn: ffn?,
        gated: gated?,
        tied_embeddings: tied_embeddings?,
        biases: biases?,
        attention: Attention::Grouped(Grouped::plain(1, 1, 1)),
        window: None,
        linear: None,
        experts: None,
    })
}

#[derive(Clone, Copy)]
enum AttentionKind {
    Grouped,
    Latent,
}

const ATTENTION_KINDS: [(&str, AttentionKind); 2] =
    [("grouped", AttentionKind::Grouped), ("latent", AttentionKind::Latent)];

fn attention(r: &Reader<'_>) -> Option<(Attention, Option<Window>)> {
    let kind = r.need("kind", r.choice("kind", &ATTENTION_KINDS));
    let heads = r.need("heads", r.integer("heads"));
    let gated = r.flag("output_gate").unwrap_or(false);
    let gate = |heads: u32, width: u32| if gated { heads.saturating_mul(width) } else { 0 };
    match kind? {
        AttentionKind::Grouped => {
            let kv_heads = r.need("kv_heads", r.integer("kv_heads"));
            let head_dim = r.need("head_dim", r.integer("head_dim"));
            let window = window(r);
            let (heads, head_dim) = (heads?, head_dim?);
            let grouped = Grouped { gate: gate(heads, head_dim), ..Grouped::plain(heads, kv_heads?, head_dim) };
            Some((Attention::Grouped(grouped), window))
        }
        AttentionKind::Latent => {
            let q_rank = r.integer("q_rank").unwrap_or(0);
            let kv_rank = r.need("kv_rank", r.integer("kv_rank"));
            let qk_nope = r.need("qk_nope", r.integer("qk_nope"));
            let qk_rope = r.need("qk_rope", r.integer("qk_rope"));
            let v_dim = r.need("v_dim", r.integer("v_dim"));
            let (heads, v_dim) = (heads?, v_dim?);
            let (kv_rank, qk_nope, qk_rope) = (kv_rank?, qk_nope?, qk_rope?);
            let (gate, indexer, reach) = (gate(heads, v_dim), None, Reach::Full);
            let latent = Latent { heads, q_rank, kv_rank, qk_nope, qk_rope, v_dim, gate, indexer, reach };
            Some((Attention::Latent(latent), None))
        }
    }
}

fn window(r: &Reader<'_>) -> Option<Window> {
    let (tokens, share) = (r.integer("window_tokens"), r.number("window_share"));
    if tokens.is_some() != share.is_some() {
        let missing = if tokens.is_some() { "window_share" } else { "window_tokens" };
        r.need::<()>(missing, None);
    }
    let chunked = r.flag("window_chunked").unwrap_or(false);
    Some(Window { tokens: tokens?, share: share?, chunked })
}

fn linear_attention(r: &Reader<'_>) -> Option<(Delta, f64)> {
    let share = r.need("share", r.number("share"));
    let key_heads = r.need("key_heads", r.integer("key_heads"));
    let value_heads = r.need("value_heads", r.integer("value_heads"));
    let key_dim = r.need("key_dim", r.integer("key_dim"));
    let value_dim = r.need("value_dim", r.integer("value_dim"));
    let conv = r.need("conv", r.integer("conv"));
    let delta = Delta {
        key_heads: key_heads?,
        value_heads: value_heads?,
        key_dim: key_dim?,
        value_dim: value_dim?,
        conv: conv?,
        decay: Decay::Head,
        gate_rank: 0,
        gated: true,
    };
    Some((delta, share?))
}

fn experts(r: &Reader<'_>) -> Option<(Experts, Mixtures)> {
    let count = r.need("count", r.integer("count"));
    let active = r.need("active", r.integer("active"));
    let width = r.need("width", r.integer("width"));
    let mixtures =
        Mixtures { leading_dense: r.integer("leading_dense").unwrap_or(0), every: r.integer("every").unwrap_or(1) };
    let shared_width = r.integer("shared_width").unwrap_or(0);
    Some((Experts { shared_width, ..Experts::routed(count?, active?, width?) }, mixtures))
}

fn published(r: &Reader<'_>) -> Published {
    let embeddings = r.choice("active_embeddings", &EMBEDDINGS);
    Published {
        total: r.quantity("total"),
        active: r.quantity("active"),
        files_with_mtp: r.quantity("files_with_mtp"),
        active_embeddings: embeddings.unwrap_or(Embeddings::Counted),
    }
}
