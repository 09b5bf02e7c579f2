//! A Hugging Face `config.json` to [`Architecture`].
//!
//! Each family of models is one line of `FAMILIES`: what its class assumes where the file is silent. The names of
//! the values differ less than the families do, so one reader asks for all of them.

use std::cell::RefCell;
use std::sync::Arc;

use serde_json::Value;

use crate::error::Error;
use crate::model::architecture::Architecture;
use crate::model::mixer::delta::{Decay, Delta};
use crate::model::mixer::grouped::Grouped;
use crate::model::mixer::latent::Latent;
use crate::model::mlp::Experts;
use crate::model::outline::{Attention, Mixtures, Outline, Window};
use crate::source::{Source, SourceKind};

mod config;

use config::Config;

/// A shape read from a `config.json`.
#[derive(Debug, Clone)]
pub struct HfModel {
    /// The model's name, if the file gives one, else its family's.
    pub name: String,
    /// The shape, checked.
    pub shape: Architecture,
    /// The file, as a source.
    pub source: Source,
}

/// What a family's class assumes where its config is silent.
struct Family {
    /// `model_type` in the file.
    model_type: &'static str,
    /// The MLP has a gate.
    gated: bool,
    /// The head is the embedding unless `tie_word_embeddings` says otherwise.
    tied: bool,
    /// Linear layers and norms carry biases.
    biases: bool,
    /// The learned position table holds this many more entries than the file says; `None` without a table.
    positions: Option<u32>,
    /// Share of the layers that use the window where the file names none.
    window_share: f64,
}

const LLAMA: Family =
    Family { model_type: "llama", gated: true, tied: false, biases: false, positions: None, window_share: 1.0 };
const GPT2: Family =
    Family { model_type: "gpt2", gated: false, tied: true, biases: true, positions: Some(0), window_share: 1.0 };

/// The families that are read.
const FAMILIES: [Family; 54] = [
    LLAMA,
    llama("mistral"),
    llama("mixtral"),
    llama("qwen2"),
    llama("qwen2_moe"),
    llama("qwen3"),
    llama("qwen3_moe"),
    llama("qwen3_next"),
    llama("deepseek"),
    llama("deepseek_v2"),
    llama("deepseek_v3"),
    llama("deepseek_v32"),
    llama("kimi_k2"),
    llama("glm4"),
    llama("glm4_moe"),
    llama("olmo"),
    llama("olmo2"),
    llama("olmo3"),
    llama("olmoe"),
    llama("internlm"),
    llama("internlm2"),
    llama("baichuan"),
    llama("yi"),
    llama("phi3"),
    llama("exaone"),
    llama("exaone4"),
    llama("ernie4_5"),
    llama("ernie4_5_moe"),
    llama("seed_oss"),
    llama("arctic"),
    llama("dbrx"),
    llama("stablelm"),
    Family { tied: true, ..llama("granite") },
    Family { tied: true, ..llama("granitemoe") },
    Family { tied: true, ..llama("smollm3") },
    Family { tied: true, ..llama("cohere") },
    Family { tied: true, ..llama("gemma") },
    Family { tied: true, window_share: 0.5, ..llama("gemma2") },
    Family { tied: true, window_share: 5.0 / 6.0, ..llama("gemma3_text") },
    Family { window_share: 0.75, ..llama("llama4_text") },
    Family { biases: true, ..llama("phimoe") },
    Family { biases: true, window_share: 0.5, ..llama("gpt_oss") },
    Family { gated: false, ..llama("nemotron") },
    Family { gated: false, ..llama("apertus") },
    GPT2,
    Family { model_type: "opt", positions: Some(2), ..GPT2 },
    Family { model_type: "gpt_bigcode", ..GPT2 },
    Family { model_type: "bloom", positions: None, ..GPT2 },
    Family { model_type: "starcoder2", positions: None, ..GPT2 },
    Family { model_type: "falcon", positions: None, biases: false, ..GPT2 },
    Family { model_type: "mpt", positions: None, biases: false, ..GPT2 },
    Family { model_type: "gpt_neox", positions: None, tied: false, ..GPT2 },
    Family { model_type: "gptj", positions: None, tied: false, ..GPT2 },
    Family { model_type: "phi", positions: None, tied: false, ..GPT2 },
];

const fn llama(model_type: &'static str) -> Family {
    Family { model_type, ..LLAMA }
}

/// Names of the same value across families, the most common first.
const LAYERS: &[&str] = &["num_hidden_layers", "n_layer", "n_layers", "num_layers"];
const HIDDEN: &[&str] = &["hidden_size", "n_embd", "d_model", "n_embed"];
const HEADS: &[&str] = &["num_attention_heads", "n_head", "n_heads"];
const KV_HEADS: &[&str] = &["num_key_value_heads", "num_kv_heads", "kv_n_heads", "num_attention_groups"];
const FFN: &[&str] = &["intermediate_size", "ffn_dim", "n_inner", "ffn_hidden_size"];
const POSITIONS: &[&str] = &["n_positions", "max_position_embeddings"];
const EXPERTS: &[&str] =
    &["num_local_experts", "n_routed_experts", "num_experts", "moe_num_experts", "num_experts_total"];
const ACTIVE: &[&str] = &["num_experts_per_tok", "moe_top_k", "moe_k", "top_k"];

/// Reads the text of a `config.json`.
///
/// # Errors
/// Text that is not JSON, a model of a kind that is not counted here, or every field that is missing or wrong.
pub fn architecture(file: &str, text: &str) -> Result<HfModel, Error> {
    let text: &Arc<str> = &text.into();
    let root: Value = serde_json::from_str(text).map_err(|trouble| not_json(file, text, &trouble))?;
    let Some(object) = root.as_object() else {
        return Err(Error::bad_input(format!("{file} is JSON, but not an object with a model_type")));
    };
    let errors = RefCell::default();
    let outer = Config::new(file, text, object, &errors);
    let inner = outer.inner("text_config");
    let config = inner.as_ref().unwrap_or(&outer);
    let family = family(&outer, config);
    let shape = match family.and_then(|family| shape(config, family)).map(|outline| outline.build()) {
        Some(Ok(shape)) => Some(shape),
        Some(Err(error)) => {
            let each = error.each().map(|error| Error::bad_input(format!("{file}: {}", error.message())));
            errors.borrow_mut().extend(each);
            None
        }
        None => None,
    };
    let name = outer.text("_name_or_path").filter(|name| !name.is_empty());
    let name = name.or(family.map(|family| family.model_type)).unwrap_or_default().to_owned();
    match (Error::all(errors.into_inner()), shape) {
        (Some(error), _) => Err(error),
        (None, Some(shape)) => Ok(HfModel { name, shape, source: source(file) }),
        (None, None) => Err(Error::bad_input(format!("{file} does not describe a language model"))),
    }
}

fn not_json(file: &str, text: &Arc<str>, trouble: &serde_json::Error) -> Error {
    let before: usize = text.split_inclusive('\n').take(trouble.line().saturating_sub(1)).map(str::len).sum();
    let start = text.floor_char_boundary((before + trouble.column().saturating_sub(1)).min(text.len()));
    let message = trouble.to_string();
    let message = message.split(" at line").next().unwrap_or_default();
    Error::bad_input(format!("this is not JSON: {message}"))
        .with_hint("a model is a profile's name, or the path of a Hugging Face config.json")
        .at(file, text, start..start)
}

fn source(file: &str) -> Source {
    Source {
        title: file.to_owned(),
        url: None,
        as_of: "undated".into(),
        kind: SourceKind::Published,
        note: Some("read from a Hugging Face config.json of the user's".into()),
    }
}

/// The family the file names, an error where it is none that is read.
fn family(outer: &Config<'_>, config: &Config<'_>) -> Option<&'static Family> {
    let named = config.text("model_type").or(outer.text("model_type"));
    let Some(model_type) = named else {
        let hint = "a Hugging Face config.json says which model it is: \"model_type\": \"llama\"";
        outer.fail("model_type", Error::bad_input("model_type: missing").with_hint(hint));
        return None;
    };
    if outer.flag("is_encoder_decoder") == Some(true) {
        let message = format!("is_encoder_decoder: `{model_type}` has an encoder; only decoders are counted here");
        outer.fail("is_encoder_decoder", Error::bad_input(message));
        return None;
    }
    let renamed = match model_type {
        "llama4" => "llama4_text",
        "gemma3" => "gemma3_text",
        other => other,
    };
    let found = FAMILIES.iter().find(|family| family.model_type == renamed);
    if found.is_none() {
        let known = FAMILIES.map(|family| family.model_type);
        outer.fail("model_type", Error::unknown_of("model_type", model_type, known));
    }
    found
}

fn shape(config: &Config<'_>, family: &Family) -> Option<Outline> {
    let layers = config.need(LAYERS);
    let hidden = config.need(HIDDEN);
    let vocab = config.need(&["vocab_size", "embedding_size"]);
    let attention = attention(config, family, hidden);
    let experts = experts(config, family);
    let (layers, hidden) = (layers?, hidden?);
    let attention_biases = config.flag("bias").or(config.flag("use_bias"));
    let linear = linear(config);
    let gate = |heads: u32, width: u32| if family.model_type == "qwen3_next" { heads * width } else { 0 };
    let attention = match attention? {
        Attention::Grouped(g) => Attention::Grouped(Grouped { gate: gate(g.heads, g.head_dim), ..g }),
        latent => latent,
    };
    let experts = experts?.map(|(experts, at)| (Experts { gated: family.gated, ..experts }, at));
    Some(Outline {
        layers,
        hidden,
        vocab: vocab?,
        attention,
        window: window(config, family),
        linear,
        ffn: ffn(config, family, hidden)?,
        gated: family.gated,
        experts,
        tied_embeddings: config.flag("tie_word_embeddings").unwrap_or(family.tied),
        learned_positions: positions(config, family)?,
        biases: attention_biases.unwrap_or(family.biases),
        mtp_modules: config.integer(&["num_nextn_predict_layers"]).unwrap_or(0),
    })
}

fn attention(config: &Config<'_>, family: &Family, hidden: Option<u32>) -> Option<Attention> {
    let heads = config.need(HEADS);
    if config.has("kv_lora_rank") {
        let kv_rank = config.need(&["kv_lora_rank"]);
        let qk_nope = config.need(&["qk_nope_head_dim"]);
        let qk_rope = config.need(&["qk_rope_head_dim"]);
        let v_dim = config.need(&["v_head_dim"]);
        let q_rank = config.integer(&["q_lora_rank"]);
        let (q_rank, gate, indexer) = (q_rank.unwrap_or(0), 0, None);
        let (heads, kv_rank, qk_nope, qk_rope, v_dim) = (heads?, kv_rank?, qk_nope?, qk_rope?, v_dim?);
        return Some(Attention::Latent(Latent { heads, q_rank, kv_rank, qk_nope, qk_rope, v_dim, gate, indexer }));
    }
    let (heads, hidden) = (heads?, hidden?);
    let head_dim = match config.integer(&["head_dim"]) {
        Some(head_dim) => head_dim,
        None if heads > 0 && hidden % heads == 0 => hidden / heads,
        None => {
            let message = format!("num_attention_heads: {heads} heads do not divide the hidden size {hidden}");
            config.fail("num_attention_heads", Error::bad_input(message));
            return None;
        }
    };
    Some(Attention::Grouped(Grouped::plain(heads, kv_heads(config, heads)?, head_dim)))
}

/// Key-value heads: as many as query heads unless the file says otherwise, in any of four ways.
fn kv_heads(config: &Config<'_>, heads: u32) -> Option<u32> {
    let nested = config.inner("attn_config").and_then(|inner| inner.integer(KV_HEADS));
    let old_falcon = config.flag("new_decoder_architecture") == Some(false);
    if config.flag("multi_query") == Some(true) && (old_falcon || !config.has("num_kv_heads")) {
        return Some(1);
    }
    Some(nested.or_else(|| if old_falcon { None } else { config.integer(KV_HEADS) }).unwrap_or(heads))
}

/// The window and the share of the layers that use it.
fn window(config: &Config<'_>, family: &Family) -> Option<Window> {
    if config.flag("use_sliding_window") == Some(false) {
        return None;
    }
    let tokens = config.integer(&["sliding_window", "attention_chunk_size"])?;
    let listed = config.share_of("layer_types", &["sliding_attention", "chunked_attention"]);
    let pattern = config.integer(&["sliding_window_pattern"]).filter(|&every| every > 0);
    let pattern = pattern.map(|every| 1.0 - 1.0 / f64::from(every));
    let share = listed.or(pattern).unwrap_or(family.window_share);
    (share > 0.0).then_some(Window { tokens, share })
}

fn linear(config: &Config<'_>) -> Option<(Delta, f64)> {
    let key_heads = config.integer(&["linear_num_key_heads"])?;
    let every = config.integer(&["full_attention_interval"]).filter(|&every| every > 0);
    let regular = every.map(|every| 1.0 - 1.0 / f64::from(every));
    let delta = Delta {
        key_heads,
        value_heads: config.need(&["linear_num_value_heads"])?,
        key_dim: config.need(&["linear_key_head_dim"])?,
        value_dim: config.need(&["linear_value_head_dim"])?,
        conv: config.need(&["linear_conv_kernel_dim"])?,
        decay: Decay::Head,
        gate_rank: 0,
        gated: true,
    };
    Some((delta, config.share_of("layer_types", &["linear_attention"]).or(regular).unwrap_or(0.75)))
}

/// The dense MLP's width; four times the hidden size where GPT-2's descendants leave it out.
fn ffn(config: &Config<'_>, family: &Family, hidden: u32) -> Option<u32> {
    if let Some(width) = config.integer(&["intermediate_size_mlp"]) {
        return Some(width); // Llama 4, whose `intermediate_size` is an expert's
    }
    if let Some(inner) = config.inner("ffn_config") {
        return inner.need(FFN); // DBRX
    }
    let ratio = config.integer(&["expansion_ratio"]);
    match config.integer(FFN) {
        Some(width) => Some(width),
        None if family.gated => config.need(FFN),
        None => hidden.checked_mul(ratio.unwrap_or(4)),
    }
}

/// The experts: `None` for an error, `Some(None)` for a dense model.
fn experts(config: &Config<'_>, family: &Family) -> Option<Option<(Experts, Mixtures)>> {
    let nested = config.inner("ffn_config");
    let config = nested.as_ref().unwrap_or(config);
    let Some(count) = config.integer(EXPERTS).filter(|&count| count > 0 || family.gated) else {
        return Some(None);
    };
    if count == 0 && !config.has("num_local_experts") {
        return Some(None);
    }
    let active = match family.model_type {
        "arctic" => config.integer(ACTIVE).or(Some(2)),
        _ => config.need(ACTIVE),
    };
    let width = match family.model_type {
        "ernie4_5_moe" | "deepseek_v3" | "deepseek_v32" | "kimi_k2" | "deepseek_v2" | "deepseek" | "glm4_moe"
        | "qwen2_moe" | "qwen3_moe" | "qwen3_next" => config.need(&["moe_intermediate_size"]),
        _ => config.need(&["moe_intermediate_size", "intermediate_size", "ffn_hidden_size"]),
    }?;
    let shared_width = shared_width(config, family, width)?;
    let mixtures = Mixtures {
        leading_dense: config.integer(&["first_k_dense_replace", "moe_layer_start_index"]).unwrap_or(0),
        every: every(config, family)?,
    };
    Some(Some((Experts { shared_width, ..Experts::routed(count, active?, width) }, mixtures)))
}

/// One mixture in how many layers; the interval's last layer is the mixture in all families.
fn every(config: &Config<'_>, family: &Family) -> Option<u32> {
    let listed = config.integer(&["decoder_sparse_step", "interleave_moe_layer_step", "moe_layer_interval"]);
    let frequency = if config.has("n_routed_experts") { config.integer(&["moe_layer_freq"]) } else { None };
    match listed.or(frequency) {
        Some(0) => {
            config.fail("decoder_sparse_step", Error::bad_input("decoder_sparse_step: 0 leaves no mixture layers"));
            None
        }
        Some(every) => Some(every),
        None if family.model_type == "arctic" => Some(config.integer(&["moe_layer_frequency"]).unwrap_or(1).max(1)),
        None => Some(1),
    }
}

/// Width of what every token passes through beside its experts.
fn shared_width(config: &Config<'_>, family: &Family, width: u32) -> Option<u32> {
    if family.model_type == "llama4_text" {
        return Some(width); // one shared expert, which the config does not name
    }
    if family.model_type == "arctic" {
        return config.need(HIDDEN); // the dense residual, as wide as the stream
    }
    if let Some(width) = config.integer(&["shared_expert_intermediate_size"]) {
        return Some(width);
    }
    let shared = config.integer(&["n_shared_experts", "moe_num_shared_experts"]).unwrap_or(0);
    let product = shared.checked_mul(width);
    if product.is_none() {
        config.fail("n_shared_experts", Error::bad_input(format!("n_shared_experts: {shared} is out of range")));
    }
    product
}

/// Entries of the learned position table.
fn positions(config: &Config<'_>, family: &Family) -> Option<u32> {
    let learned = match family.model_type {
        "mpt" => {
            let alibi = config.inner("attn_config").and_then(|inner| inner.flag("alibi")).unwrap_or(true);
            let learned = config.flag("learned_pos_emb").unwrap_or(true);
            (learned && !alibi).then_some(0)
        }
        _ => family.positions,
    };
    match learned {
        Some(more) => {
            config.need(if family.model_type == "mpt" { &["max_seq_len"] } else { POSITIONS })?.checked_add(more)
        }
        None => Some(0),
    }
}
