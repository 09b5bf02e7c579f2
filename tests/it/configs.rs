//! Every `config.json` is counted exactly as the transformers library builds it, or refused with a reason.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use flopbill::internals::catalog::hf::{HfModel, architecture};
use flopbill::internals::catalog::{Catalog, Kind};
use flopbill::internals::error::Error;
use flopbill::internals::model::mixer::{Mixer, Reach};
use flopbill::internals::model::mlp::Mlp;
use flopbill::internals::model::params::{Embeddings, count};
use serde_json::Value;

fn rows(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/configs").join(name);
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn read(config: &str) -> Result<HfModel, Error> {
    architecture("config.json", config, &Catalog::built_in())
}

fn counted(model: &HfModel) -> BTreeMap<&'static str, Option<f64>> {
    let counted = count(&model.shape);
    let towers: f64 = model.towers.iter().map(|tower| tower.params.get()).sum();
    let text = counted.total().get();
    let active = counted.active_known.then(|| counted.active(Embeddings::Counted).get() + towers);
    BTreeMap::from([
        ("total", Some(text + towers)),
        ("embedding", Some((counted.embedding + counted.positions).get())),
        ("head", Some(counted.head.get())),
        ("active", active),
        ("text", Some(text)),
    ])
}

/// What is counted otherwise than the library builds it.
fn differences(row: &Value, model: &HfModel) -> Vec<String> {
    let fields = counted(model).into_iter().filter(|(field, _)| row.get(field).is_some());
    let differ = fields.filter(|(field, got)| *got != row[field].as_f64());
    differ.map(|(field, got)| format!("{field}: {got:?}, and the library builds {}", row[field])).collect()
}

/// Every refusal names a key, points at its place, and says why.
fn is_reasoned(error: &Error) -> bool {
    error.each().all(|error| error.place().is_some() && error.message().len() > 20)
}

#[test]
fn files_are_counted_exactly_or_refused_with_a_reason() {
    let mut sets: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for row in rows("files.jsonl") {
        let (exact, all) = sets.entry(row["set"].as_str().unwrap().to_owned()).or_default();
        *all += 1;
        match read(&row["config"].to_string()) {
            Ok(model) => {
                let differ = differences(&row, &model);
                *exact += u32::from(differ.is_empty());
                wrong.extend(differ.iter().map(|differ| format!("{}: {differ}", row["name"])));
            }
            Err(error) => assert!(is_reasoned(&error), "{}: {error}", row["name"]),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (set, least) in [("published", 0.97), ("minimal", 0.97), ("default", 0.9)] {
        let (exact, all) = sets[set];
        assert!(f64::from(exact) >= least * f64::from(all), "{set}: {exact} of {all} are counted");
    }
}

#[test]
fn changed_keys_change_the_count_as_in_the_library() {
    let mut types: BTreeMap<String, bool> = BTreeMap::new();
    let mut wrong = Vec::new();
    for row in rows("built.jsonl") {
        let model_type = row["config"]["model_type"].as_str().unwrap().to_owned();
        let counts = types.entry(model_type.clone()).or_insert(false);
        match read(&row["config"].to_string()) {
            Ok(model) => {
                *counts = true;
                wrong.extend(differences(&row, &model).iter().map(|differ| format!("{model_type}: {differ}")));
            }
            Err(error) => assert!(is_reasoned(&error), "{model_type}: {error}"),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let exact = types.values().filter(|counts| **counts).count();
    assert!(exact as f64 >= 0.85 * types.len() as f64, "{exact} of {} types are counted", types.len());
}

/// Several keys at once, each beside what the others say: the totals are the library's.
#[test]
fn keys_that_meet_are_counted_as_in_the_library() {
    let together = [
        (r#"{"model_type": "longcat_flash", "num_hidden_layers": 8}"#, 107_245_328_384_u64),
        (
            r#"{"model_type": "mamba2", "hidden_size": 1024, "num_heads": 32, "num_hidden_layers": 4,
                "vocab_size": 50304, "intermediate_size": 4096}"#,
            136_803_712,
        ),
        (
            r#"{"model_type": "jamba", "hidden_size": 1536, "intermediate_size": 4096, "num_hidden_layers": 8,
                "num_attention_heads": 12, "vocab_size": 50304, "num_key_value_heads": 4, "head_dim": 64}"#,
            1_545_663_872,
        ),
        (
            r#"{"model_type": "nemotron_h", "layers_block_type": ["mamba", "moe", "attention", "moe"],
                "hidden_size": 1536, "mlp_bias": true, "moe_latent_size": 512, "n_routed_experts": 6}"#,
            604_432_272,
        ),
        (
            r#"{"model_type": "phi", "hidden_size": 1024, "num_hidden_layers": 4, "num_attention_heads": 16,
                "head_dim": 80, "qk_layernorm": true}"#,
            193_056_768,
        ),
        (
            r#"{"model_type": "exaone4", "hidden_size": 5120, "intermediate_size": 27392, "num_hidden_layers": 4,
                "num_attention_heads": 40, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 102400,
                "sliding_window": 4096, "sliding_window_pattern": "LLLG"}"#,
            2_983_245_824,
        ),
    ];
    let (mut exact, mut all) = (0, 0);
    for row in rows("together.jsonl") {
        all += 1;
        match read(&row["config"].to_string()) {
            Ok(model) => {
                exact += 1;
                assert_eq!(differences(&row, &model), [""; 0], "{}", row["config"]);
            }
            Err(error) => assert!(is_reasoned(&error), "{}: {error}", row["config"]),
        }
    }
    assert!(f64::from(exact) >= 0.85 * f64::from(all), "{exact} of {all} are counted");
    for (config, total) in together {
        let model = read(config).unwrap_or_else(|error| panic!("{config}: {error}"));
        assert_eq!(count(&model.shape).total().get(), total as f64, "{config}");
    }
}

/// What would be dropped without a word is refused at its key.
#[test]
fn values_that_mean_nothing_are_refused_by_name() {
    for (config, part) in [
        (r#"{"model_type": "gemma3", "txt_config": {"hidden_size": 2560}}"#, "did you mean `text_config`"),
        (r#"{"model_type": "llava", "hidden_size": 5120, "num_hidden_layers": 40}"#, "reads it within `text_config`"),
        (r#"{"model_type": "llama", "num_hidden_layer": 80}"#, "did you mean `num_hidden_layers`"),
        (r#"{"model_type": "deepseek_v3", "first_k_dense_replace": -5}"#, "-5 is not a number from zero"),
        (r#"{"model_type": "deepseek_v3", "first_k_dense_replace": NaN}"#, "NaN is not a number from zero"),
        (r#"{"model_type": "deepseek_v3", "moe_layer_freq": 2}"#, "would change what is counted"),
        (r#"{"model_type": "llama", "num_hidden_layers": Infinity}"#, "Infinity is not a whole number"),
        (r#"{"model_type": "llama", "num_key_value_heads": true}"#, "true is not a whole number"),
        (r#"{"model_type": "qwen2", "num_hidden_layers": 4, "layer_types": ["full_attention"]}"#, "layer_types"),
        (r#"{"model_type": "qwen3_moe", "mlp_only_layers": 5}"#, "5 is not a list"),
        (r#"{"model_type": "qwen3_moe", "mlp_only_layers": ["1"]}"#, "is not a number"),
        (r#"{"model_type": "qwen3_moe", "n_shared_experts": 2}"#, "would change what is counted"),
        (r#"{"model_type": "mpt", "d_model": 2048, "n_heads": 12}"#, "does not divide"),
        (r#"{"model_type": "dory", "num_hidden_layers": 9}"#, "not all layers"),
        (r#"{"model_type": "mamba2", "num_heads": 100}"#, "not expand times hidden_size"),
    ] {
        let error = read(config).expect_err(config).to_string();
        assert!(error.contains(part), "{config}: {error}");
    }
    // What a file does not say, and its class does, is named.
    let model = read(r#"{"model_type": "llama", "num_hidden_layers": 4, "hidden_size": 4096}"#).unwrap();
    assert_eq!(model.assumed, ["num_attention_heads 32", "intermediate_size 11008", "vocab_size 32000"]);
}

#[test]
fn every_class_is_read_and_is_like_one_that_exists() {
    let catalog = Catalog::built_in();
    let ids = catalog.ids(Kind::Architectures);
    assert!(ids.len() > 250);
    for id in ids {
        let chain = flopbill::internals::catalog::architecture::chain(&catalog, &id).unwrap();
        assert_eq!(chain[0].model_type.replace('_', "-").to_lowercase(), id);
    }
}

#[test]
fn windows_experts_and_sharing_are_where_the_class_puts_them() {
    let layers = |config: &str| {
        let shape = read(config).unwrap().shape;
        shape.layers.in_depth().copied().collect::<Vec<_>>()
    };
    let window = |mixer: &Mixer| match mixer {
        Mixer::Grouped(grouped) => grouped.reach,
        _ => Reach::Full,
    };
    // One of six layers of Gemma 3 sees everything, the others 4096 tokens unless the file says otherwise.
    let gemma = layers(r#"{"model_type": "gemma3_text", "num_hidden_layers": 12, "sliding_window": 512}"#);
    let full: Vec<usize> = (0..12).filter(|&i| window(&gemma[i].mixer) == Reach::Full).collect();
    assert_eq!(full, [5, 11]);
    assert_eq!(window(&gemma[0].mixer), Reach::Window(512));
    // Qwen2 names a window that it does not use.
    let qwen = layers(r#"{"model_type": "qwen2", "sliding_window": 4096, "max_window_layers": 0}"#);
    assert!(qwen.iter().all(|layer| window(&layer.mixer) == Reach::Full));
    let qwen = layers(r#"{"model_type": "qwen2", "use_sliding_window": true, "max_window_layers": 21}"#);
    assert_eq!(qwen.iter().filter(|layer| window(&layer.mixer) == Reach::Window(4096)).count(), 11);
    // Three dense layers lead DeepSeek-V3.
    let deepseek = layers(r#"{"model_type": "deepseek_v3"}"#);
    assert_eq!(deepseek.iter().position(|layer| layer.mlp.experts().is_some()), Some(3));
    // Zamba 2 runs one block of attention again and again, and counts its weights once.
    let zamba = layers(r#"{"model_type": "zamba2"}"#);
    let blocks = |again| zamba.iter().filter(|layer| layer.mixer.is_softmax() && layer.again == again).count();
    assert_eq!((blocks(false), blocks(true)), (1, 8));
    // Llama 4: every layer a mixture but where the file says so, chunks in three of four.
    let llama = layers(r#"{"model_type": "llama4_text", "interleave_moe_layer_step": 2}"#);
    assert_eq!(llama.iter().filter(|layer| matches!(layer.mlp, Mlp::Moe(_))).count(), 24);
    assert_eq!(llama.iter().filter(|layer| window(&layer.mixer) == Reach::Chunk(8192)).count(), 36);
}

#[test]
fn strange_texts_are_read_or_refused_and_never_panic() {
    let plain = r#"{"model_type": "llama", "num_hidden_layers": 2}"#;
    let total = |config: &str| count(&read(config).unwrap().shape).total().get();
    assert_eq!(total(&format!("\u{feff}{plain}")), total(plain));
    for same in [
        r#"{"model_type": "llama", "num_hidden_layers": 2.0, "hidden_size": 4096.0}"#,
        r#"{"model_type": "llama", "num_hidden_layers": 2, "rope_theta": Infinity, "x": -Infinity, "y": NaN}"#,
        r#"{"model_type": "llama", "num_hidden_layers": 2, "limit": [0.0, {"__float__": "Infinity"}]}"#,
        r#"{"model_type": "llama", "num_hidden_layers": 7, "num_hidden_layers": 2}"#,
        r#"{"model_type": "llama", "num_hidden_layers": 2, "num_key_value_heads": null, "note": "NaN \" NaN"}"#,
    ] {
        assert_eq!(total(same), total(plain), "{same}");
    }
    for (wrong, named) in [
        (r#"{"model_type": "llama", "num_hidden_layers": 4000000000}"#, "num_hidden_layers"),
        (r#"{"model_type": "llama", "num_hidden_layers": 0}"#, "num_hidden_layers"),
        (r#"{"model_type": "llama", "hidden_size": 999999999999}"#, "hidden_size"),
        (r#"{"model_type": "llama", "hidden_size": "4096"}"#, "hidden_size"),
        (r#"{"model_type": "llama", "num_attention_heads": 0}"#, "num_attention_heads"),
        (r#"{"model_type": "llama", "num_attention_heads": -3}"#, "num_attention_heads"),
        (r#"{"model_type": "llama", "num_local_experts": 8}"#, "num_local_experts"),
        (r#"{"model_type": "mistral", "kv_lora_rank": 512}"#, "kv_lora_rank"),
        (r#"{"model_type": "llama", "layer_types": ["linear_attention"]}"#, "layer_types"),
        (r#"{"model_type": "gpt2", "add_cross_attention": true}"#, "add_cross_attention"),
        (r#"{"model_type": "gemma2", "layer_types": ["full_attention"]}"#, "layer_types"),
        (r#"{"model_type": "llava", "text_config": 3}"#, "text_config"),
        (r#"{"model_type": "no_such_class"}"#, "model_type"),
        (r#"{"model_type": "../../secret"}"#, "model_type"),
        (r#"{"model_type": "clip_vision_model"}"#, "model_type"),
        (r#"{"model_type": "decoder"}"#, "model_type"),
        (r#"{"hidden_size": 1}"#, "model_type"),
        ("[1]", "object"),
        ("{", "JSON"),
    ] {
        let error = read(wrong).unwrap_err();
        assert!(error.message().contains(named), "{wrong}: {error}");
    }
}

#[test]
fn a_wrapper_is_its_text_with_towers_beside_it() {
    let row = rows("files.jsonl").into_iter().find(|row| row["name"] == "llava-1.5-13b").unwrap();
    let model = read(&row["config"].to_string()).unwrap();
    let towers: Vec<&str> = model.towers.iter().map(|tower| tower.name.as_str()).collect();
    assert_eq!(towers, ["vision tower", "projector"]);
    // by hand: CLIP ViT-L/14 at 336 pixels without its projection
    assert_eq!(model.towers[0].params.get(), 303_507_456.0);
}
