//! Shapes against what their authors print, Hugging Face configs against the shapes, and shapes that cannot be.

use flopbill::internals::catalog::model::ModelProfile;
use flopbill::internals::catalog::{Catalog, Kind, hf};
use flopbill::internals::error::Kind as ErrorKind;
use flopbill::internals::model::architecture::{Architecture, Ends};
use flopbill::internals::model::flops::{Causality, Choice, Counting, Kernel, Recompute, forward, per_token};
use flopbill::internals::model::layers::Layer;
use flopbill::internals::model::mixer::delta::{Decay, Delta};
use flopbill::internals::model::mixer::grouped::Grouped;
use flopbill::internals::model::mlp::{Experts, Mlp};
use flopbill::internals::model::outline::{Attention, Mixtures, Outline};
use flopbill::internals::model::params::{Embeddings, count};

fn model(id: &str) -> ModelProfile {
    Catalog::built_in().model(id).unwrap_or_else(|error| panic!("{id}: {error}"))
}

/// A figure as a profile prints it, and one unit of its last digit.
fn printed(id: &str, key: &str) -> Option<(f64, f64)> {
    let found = Catalog::built_in().find(Kind::Models, id).expect("a built-in model");
    let text = found.document.text.clone();
    let section = text.split("[published]").nth(1)?.split("\n[").next()?.to_owned();
    let line = section.lines().find(|line| line.starts_with(&format!("{key} = ")))?.to_owned();
    let figure = line.split('"').nth(1)?;
    let scale = match figure.chars().last()? {
        'T' => 1e12,
        'B' => 1e9,
        'M' => 1e6,
        other => panic!("{id}: {key} ends in {other}"),
    };
    let digits = &figure[..figure.len() - 1];
    let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let rounded = if digits.ends_with("00") && decimals == 0 { 100.0 } else { 1.0 }; // 400M is one digit, not three
    Some((digits.parse::<f64>().ok()? * scale, rounded * scale / 10f64.powi(decimals as i32)))
}

/// Every count is within half a percent of the printed one. Cards that print two digits or fewer can be further
/// off: there the count must round, or be cut, to the digits printed.
#[test]
fn every_model_counts_what_its_authors_print() {
    let (mut close, mut coarse) = (Vec::new(), Vec::new());
    for id in Catalog::built_in().ids(Kind::Models) {
        let profile = model(&id);
        let counted = count(&profile.shape);
        let copies = counted.embedding * (2.0 * f64::from(profile.shape.mtp_modules));
        let figures = [
            ("total", counted.total().get()),
            ("active", counted.active(profile.published.active_embeddings).get()),
            ("files_with_mtp", (counted.with_mtp() + copies).get()),
        ];
        for (key, value) in figures {
            let Some((figure, unit)) = printed(&id, key) else { continue };
            let off = value / figure - 1.0;
            if off.abs() <= 0.005 {
                close.push(off.abs());
            } else {
                let lead = (figure - unit / 2.0..figure + unit).contains(&value);
                assert!(lead && figure / unit < 1000.0, "{id}: {key} is {value:.4e}, printed {figure:.4e} ({off:+.2})");
                coarse.push(format!("{id}.{key} {:+.1} %", off * 100.0));
            }
        }
    }
    println!("{} within 0.5 %, coarser: {coarse:?}", close.len());
    assert!(close.len() >= 110, "{} within 0.5 %", close.len());
    assert!(coarse.len() <= 45, "only the last printed digit agrees: {coarse:?}");
}

#[test]
fn the_models_people_ask_for_are_counted_exactly() {
    let totals = [
        ("deepseek-v3", 671.026e9),
        ("deepseek-v2", 235.741e9),
        ("llama-3.1-405b", 405.853e9),
        ("llama-3-70b", 70.554e9),
        ("gpt-oss-120b", 116.829e9),
        ("bloom-176b", 176.247e9),
        ("mixtral-8x7b", 46.703e9),
        ("qwen3-235b-a22b", 235.094e9),
        ("kimi-k2", 1026.41e9),
        ("gpt-neox-20b", 20.5546e9),
    ];
    for (id, expected) in totals {
        let total = count(&model(id).shape).total().get();
        assert!((total / expected - 1.0).abs() < 2e-5, "{id}: {total}");
    }
    let v3 = count(&model("deepseek-v3").shape);
    let unique_to_mtp = v3.mtp.get();
    assert!((unique_to_mtp / 11.5e9 - 1.0).abs() < 0.02, "README_WEIGHTS prints 11.5B: {unique_to_mtp}");
}

#[test]
fn models_are_found_by_the_names_of_the_measurements() {
    for name in ["gpt3-175b", "llama3.1-405b", "llama2-7b", "gpt-1008.0b", "GPT-22B", "Llama 3.1 405B", "deepseek-r1"] {
        model(name);
    }
    let error = Catalog::built_in().model("deepseek-v33").expect_err("no such model");
    assert_eq!(error.kind(), ErrorKind::UnknownName);
    assert!(error.hint().is_some_and(|hint| hint.contains("deepseek-v")), "{error}");
}

#[test]
fn flops_meet_published_counts_and_conventions() {
    // SC21 equation 2: 96 B s l h^2 (1 + s / (6 h) + V / (16 l h)) with recompute, for one token.
    let (l, h, s, v) = (96.0, 12288.0, 2048.0, 51200.0);
    let whole = 96.0 * l * h * h * (1.0 + s / (6.0 * h) + v / (16.0 * l * h));
    let counting = Counting::Hardware { recompute: Recompute::Full, kernel: Kernel::Unfused };
    let choice = Choice::Terms { causality: Causality::Full, counting };
    let ours = per_token(&model("megatron-175b").shape, 2048, choice).total().get();
    assert!((ours / whole - 1.0).abs() < 1e-12, "{ours} {whole}");

    // Megatron-Bridge's table implies 2,521.9 GFLOP a token for Llama 3.1 405B at 8,192, causal.
    let model_flops = Choice::Terms { causality: Causality::Causal, counting: Counting::Model };
    let llama = per_token(&model("llama-3.1-405b").shape, 8192, model_flops).total().get();
    assert!((llama / 2521.9e9 - 1.0).abs() < 0.003, "{llama}");

    // DeepSeek-V3: ISCA 2025 table 4 prints 385 causal and 432 non-causal TFLOP/s for the same step.
    let shape = model("deepseek-v3").shape;
    let full = Choice::Terms { causality: Causality::Full, counting: Counting::Model };
    let ratio = per_token(&shape, 4096, full).total() / per_token(&shape, 4096, model_flops).total();
    assert!((ratio / (432.0 / 385.0) - 1.0).abs() < 0.01, "{ratio}");

    let six_n = per_token(&shape, 4096, Choice::SixN(Embeddings::HeadOnly)).total().get();
    assert_eq!(six_n, 6.0 * count(&shape).active(Embeddings::HeadOnly).get());
}

#[test]
fn linear_attention_does_not_grow_with_the_sequence() {
    let shape = model("qwen3-next").shape;
    let (short, long) = (forward(&shape, 4096, Causality::Causal), forward(&shape, 65_536, Causality::Causal));
    assert_eq!(short.linear_core, long.linear_core);
    assert!(long.attention_core / short.attention_core > 15.9);
}

/// A shape with one field changed, and the field its error must name.
#[test]
fn a_shape_that_cannot_be_names_its_field() {
    let grouped = |heads, kv_heads| Attention::Grouped(Grouped::plain(heads, kv_heads, 128));
    let dense = Outline {
        layers: 32,
        hidden: 4096,
        vocab: 128_256,
        attention: grouped(32, 8),
        window: None,
        linear: None,
        ffn: 14_336,
        gated: true,
        experts: None,
        tied_embeddings: false,
        learned_positions: 0,
        biases: false,
        mtp_modules: 0,
    };
    let (gated, decay) = (true, Decay::Head);
    let delta =
        Delta { key_heads: 16, value_heads: 32, key_dim: 128, value_dim: 128, conv: 4, decay, gate_rank: 0, gated };
    let (routed, everywhere) = (Experts::routed(8, 2, 14_336), Mixtures { leading_dense: 0, every: 1 });
    let with = |experts: Experts| Outline { experts: Some((experts, everywhere)), ..dense };
    let at = |mixtures: Mixtures| Outline { experts: Some((routed, mixtures)), ..dense };
    assert!(dense.build().is_ok() && with(routed).build().is_ok());
    let wrong = [
        ("layers", Outline { layers: 1_000_000_000, ..dense }),
        ("layers", Outline { layers: 0, ..dense }),
        ("hidden", Outline { hidden: 0, ..dense }),
        ("vocab", Outline { vocab: u32::MAX, ..dense }),
        ("ffn", Outline { ffn: 0, ..dense }),
        ("mtp_modules", Outline { mtp_modules: u32::MAX, ..dense }),
        ("attention.heads", Outline { attention: grouped(0, 8), ..dense }),
        ("attention.heads", Outline { attention: grouped(32, 5), ..dense }),
        ("attention.kv_heads", Outline { attention: grouped(32, 0), ..dense }),
        ("linear.share", Outline { linear: Some((delta, 1.5)), ..dense }),
        ("linear.value_heads", Outline { linear: Some((Delta { value_heads: 30, ..delta }, 0.5)), ..dense }),
        ("experts.count", with(Experts { count: 0, ..routed })),
        ("experts.active", with(Experts { active: 9, ..routed })),
        ("experts.width", with(Experts { width: 0, ..routed })),
        ("experts.every", at(Mixtures { every: 0, ..everywhere })),
        ("experts.leading_dense", at(Mixtures { leading_dense: 32, ..everywhere })),
    ];
    for (field, outline) in wrong {
        let error = outline.build().expect_err(field);
        assert!(error.each().any(|error| error.message().starts_with(&format!("{field}:"))), "{field}: {error}");
    }
}

#[test]
fn a_profile_that_cannot_be_is_refused_at_its_place() {
    let found = Catalog::built_in().find(Kind::Models, "mixtral-8x7b").expect("built in");
    let text = found.document.text.replace("active = 2", "active = 12").replace("layers = 32", "layers = 1000000000");
    let document = flopbill::internals::read::Document::new("mine.toml", text);
    let error = flopbill::internals::catalog::model::model(
        &flopbill::internals::catalog::Found { document, ..found },
        &Catalog::built_in(),
    )
    .expect_err("refused");
    let shown = error.to_string();
    assert!(shown.contains("experts.active: 12 experts at work") && shown.contains("layers: 1000000000"), "{shown}");
    assert!(error.place().is_some());
}

/// Config files cut to what the reader asks for, and the built-in model each describes.
const CONFIGS: [(&str, &str); 16] = [
    (
        "llama-3.1-405b",
        r#"{"model_type":"llama","hidden_size":16384,"intermediate_size":53248,"num_attention_heads":128,"num_hidden_layers":126,"num_key_value_heads":8,"vocab_size":128256,"tie_word_embeddings":false,"rope_scaling":{"factor":8.0}}"#,
    ),
    (
        "llama-3.2-1b",
        r#"{"model_type":"llama","head_dim":64,"hidden_size":2048,"intermediate_size":8192,"num_attention_heads":32,"num_hidden_layers":16,"num_key_value_heads":8,"vocab_size":128256,"tie_word_embeddings":true}"#,
    ),
    (
        "mistral-7b",
        r#"{"model_type":"mistral","hidden_size":4096,"intermediate_size":14336,"num_attention_heads":32,"num_hidden_layers":32,"num_key_value_heads":8,"sliding_window":4096,"tie_word_embeddings":false,"vocab_size":32000}"#,
    ),
    (
        "mixtral-8x7b",
        r#"{"model_type":"mixtral","hidden_size":4096,"intermediate_size":14336,"num_attention_heads":32,"num_experts_per_tok":2,"num_hidden_layers":32,"num_key_value_heads":8,"num_local_experts":8,"sliding_window":null,"vocab_size":32000}"#,
    ),
    (
        "deepseek-v3",
        r#"{"model_type":"deepseek_v3","first_k_dense_replace":3,"hidden_size":7168,"intermediate_size":18432,"kv_lora_rank":512,"moe_intermediate_size":2048,"moe_layer_freq":1,"n_routed_experts":256,"n_shared_experts":1,"num_attention_heads":128,"num_experts_per_tok":8,"num_hidden_layers":61,"num_key_value_heads":128,"num_nextn_predict_layers":1,"q_lora_rank":1536,"qk_nope_head_dim":128,"qk_rope_head_dim":64,"v_head_dim":128,"tie_word_embeddings":false,"vocab_size":129280}"#,
    ),
    (
        "deepseek-v2-lite",
        r#"{"model_type":"deepseek_v2","first_k_dense_replace":1,"hidden_size":2048,"intermediate_size":10944,"kv_lora_rank":512,"moe_intermediate_size":1408,"n_routed_experts":64,"n_shared_experts":2,"num_attention_heads":16,"num_experts_per_tok":6,"num_hidden_layers":27,"q_lora_rank":null,"qk_nope_head_dim":128,"qk_rope_head_dim":64,"v_head_dim":128,"vocab_size":102400}"#,
    ),
    (
        "qwen3-235b-a22b",
        r#"{"model_type":"qwen3_moe","decoder_sparse_step":1,"head_dim":128,"hidden_size":4096,"intermediate_size":12288,"moe_intermediate_size":1536,"num_attention_heads":64,"num_experts":128,"num_experts_per_tok":8,"num_hidden_layers":94,"num_key_value_heads":4,"sliding_window":null,"tie_word_embeddings":false,"use_sliding_window":false,"vocab_size":151936}"#,
    ),
    (
        "qwen3-next",
        r#"{"model_type":"qwen3_next","decoder_sparse_step":1,"full_attention_interval":4,"head_dim":256,"hidden_size":2048,"intermediate_size":5120,"linear_conv_kernel_dim":4,"linear_key_head_dim":128,"linear_num_key_heads":16,"linear_num_value_heads":32,"linear_value_head_dim":128,"moe_intermediate_size":512,"num_attention_heads":16,"num_experts":512,"num_experts_per_tok":10,"num_hidden_layers":48,"num_key_value_heads":2,"shared_expert_intermediate_size":512,"tie_word_embeddings":false,"vocab_size":151936}"#,
    ),
    (
        "gpt-oss-120b",
        r#"{"model_type":"gpt_oss","attention_bias":true,"head_dim":64,"hidden_size":2880,"intermediate_size":2880,"layer_types":["sliding_attention","full_attention","sliding_attention","full_attention","sliding_attention","full_attention","sliding_attention","full_attention","sliding_attention","full_attention","sliding_attention","full_attention","sliding_attention","full_attention","sliding_attention","full_attention","sliding_attention","full_attention","sliding_attention","full_attention","sliding_attention","full_attention","sliding_attention","full_attention","sliding_attention","full_attention","sliding_attention","full_attention","sliding_attention","full_attention","sliding_attention","full_attention","sliding_attention","full_attention","sliding_attention","full_attention"],"num_attention_heads":64,"num_experts_per_tok":4,"num_hidden_layers":36,"num_key_value_heads":8,"num_local_experts":128,"sliding_window":128,"tie_word_embeddings":false,"vocab_size":201088}"#,
    ),
    (
        "llama-4-maverick",
        r#"{"model_type":"llama4","text_config":{"model_type":"llama4_text","attention_chunk_size":8192,"head_dim":128,"hidden_size":5120,"interleave_moe_layer_step":2,"intermediate_size":8192,"intermediate_size_mlp":16384,"num_attention_heads":40,"num_experts_per_tok":1,"num_hidden_layers":48,"num_key_value_heads":8,"num_local_experts":128,"vocab_size":202048},"vision_config":{"hidden_size":1408}}"#,
    ),
    (
        "bloom-176b",
        r#"{"model_type":"bloom","n_layer":70,"n_embed":14336,"num_attention_heads":112,"vocab_size":250880,"bias_dropout_fusion":true}"#,
    ),
    (
        "opt-66b",
        r#"{"model_type":"opt","ffn_dim":36864,"hidden_size":9216,"max_position_embeddings":2048,"num_attention_heads":72,"num_hidden_layers":64,"vocab_size":50272}"#,
    ),
    (
        "gpt-neox-20b",
        r#"{"model_type":"gpt_neox","hidden_size":6144,"intermediate_size":24576,"max_position_embeddings":2048,"num_attention_heads":64,"num_hidden_layers":44,"tie_word_embeddings":false,"vocab_size":50432}"#,
    ),
    (
        "falcon-40b",
        r#"{"model_type":"falcon","bias":false,"hidden_size":8192,"multi_query":true,"new_decoder_architecture":true,"num_attention_heads":128,"num_hidden_layers":60,"num_kv_heads":8,"parallel_attn":true,"vocab_size":65024}"#,
    ),
    (
        "mpt-7b",
        r#"{"model_type":"mpt","attn_config":{"alibi":true,"attn_impl":"torch"},"d_model":4096,"expansion_ratio":4,"max_seq_len":2048,"n_heads":32,"n_layers":32,"no_bias":true,"vocab_size":50432}"#,
    ),
    (
        "dbrx",
        r#"{"model_type":"dbrx","attn_config":{"kv_n_heads":8},"d_model":6144,"ffn_config":{"ffn_hidden_size":10752,"moe_num_experts":16,"moe_top_k":4},"n_heads":48,"n_layers":40,"tie_word_embeddings":false,"vocab_size":100352}"#,
    ),
];

#[test]
fn a_hugging_face_config_gives_the_built_in_shape() {
    for (id, config) in CONFIGS {
        let read = hf::architecture("config.json", config, &Catalog::built_in())
            .unwrap_or_else(|error| panic!("{id}: {error}"));
        let mut expected = model(id).shape;
        if id == "qwen3-next" {
            expected.mtp_modules = 0; // its config does not say
        }
        assert_eq!(bare(read.shape), bare(expected), "{id}");
    }
}

/// Without norms and biases, of which a profile of a few numbers knows the usual ones alone.
fn bare(shape: Architecture) -> Architecture {
    let strip = |layer: Layer| {
        let mlp = match layer.mlp {
            Mlp::Moe(experts) => Mlp::Moe(Experts { biases: 0, ..experts }),
            other => other,
        };
        Layer { norms: 0, biases: 0, mlp, ..layer }
    };
    Architecture { layers: shape.layers.map(strip), ends: Ends::default(), ..shape }
}

#[test]
fn falcon_7b_and_starcoder_share_one_key_value_head() {
    let falcon = r#"{"model_type":"falcon","hidden_size":4544,"multi_query":true,"new_decoder_architecture":false,"num_attention_heads":71,"num_hidden_layers":32,"num_kv_heads":71,"vocab_size":65024}"#;
    let starcoder = r#"{"model_type":"gpt_bigcode","n_embd":6144,"n_head":48,"n_inner":24576,"n_layer":40,"n_positions":8192,"multi_query":true,"vocab_size":49152}"#;
    for (id, config) in [("falcon-7b", falcon), ("starcoderbase-15b", starcoder)] {
        let read = hf::architecture("config.json", config, &Catalog::built_in()).expect(id);
        assert_eq!(bare(read.shape), bare(model(id).shape), "{id}");
    }
}

#[test]
fn a_config_of_another_kind_is_refused_by_name() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let nested = format!(r#"{{"model_type":"llama","x":{}1{}}}"#, "[".repeat(5000), "]".repeat(5000));
    let llama = r#"{"model_type":"llama","hidden_size":4096,"intermediate_size":11008,"num_attention_heads":32,"num_hidden_layers":32,"vocab_size":32000}"#;
    let edited = |from: &str, to: &str| llama.replace(from, to);
    let wrong = [
        (r#"{"model_type":"vit","image_size":224}"#.to_owned(), "unknown model_type `vit`"),
        (r#"{"model_type":"t5","is_encoder_decoder":true,"d_model":512}"#.to_owned(), "unknown model_type `t5`"),
        (r#"{"hidden_size":768}"#.to_owned(), "model_type: missing"),
        ("{}".to_owned(), "model_type: missing"),
        ("[1, 2]".to_owned(), "not an object"),
        ("name = \"x\"".to_owned(), "not JSON"),
        (String::new(), "not JSON"),
        (deep, "not JSON"),
        (nested, "not JSON"),
        (edited("\"num_hidden_layers\":32", "\"num_hidden_layers\":1000000000"), "layers: 1000000000"),
        (edited("\"num_hidden_layers\":32", "\"num_hidden_layers\":1e400"), "not JSON"),
        (edited("\"num_hidden_layers\":32", "\"num_hidden_layers\":99999999999999999999"), "num_hidden_layers"),
        (edited("\"num_hidden_layers\":32", "\"num_hidden_layers\":-3"), "num_hidden_layers: -3"),
        (edited("\"num_hidden_layers\":32", "\"num_hidden_layers\":\"many\""), "num_hidden_layers"),
        (edited("\"num_hidden_layers\":32", "\"num_hidden_layers\":2.5"), "num_hidden_layers: 2.5"),
        (edited("\"num_attention_heads\":32", "\"num_attention_heads\":0"), "num_attention_heads: zero"),
        (
            edited("\"num_attention_heads\":32", "\"num_key_value_heads\":5,\"num_attention_heads\":32"),
            "attention.heads: 32",
        ),
        (CONFIGS[3].1.replace("\"num_local_experts\":8", "\"num_local_experts\":0"), "no expert to route to"),
        (CONFIGS[3].1.replace("\"num_experts_per_tok\":2", "\"num_experts_per_tok\":9"), "experts.active: 9"),
    ];
    for (text, says) in wrong {
        let start: String = text.chars().take(60).collect();
        match hf::architecture("config.json", &text, &Catalog::built_in()) {
            Ok(read) => panic!("{start}: {} is read, and {says} is wrong", read.name),
            Err(error) => assert!(error.to_string().contains(says), "{start}: {error}"),
        }
    }
}

#[test]
fn a_config_is_a_model_by_its_path() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.json");
    std::fs::write(&path, CONFIGS[0].1).expect("written");
    let catalog = Catalog::built_in();
    let by_file = catalog.model(&path.display().to_string()).expect("by file");
    let by_folder = catalog.model(&folder.path().display().to_string()).expect("by folder");
    assert_eq!(by_file.shape, model("llama-3.1-405b").shape);
    assert_eq!(by_folder.shape, by_file.shape);
    let missing = catalog.model(&folder.path().join("other.json").display().to_string());
    assert!(missing.is_err_and(|error| error.to_string().contains("cannot read")));
}

proptest::proptest! {
    /// Whatever numbers a config holds, reading it gives a checked shape or an error.
    #[test]
    fn any_numbers_in_a_config_are_read_or_refused(which in 0..CONFIGS.len(), at in 0..12usize, number in proptest::num::u64::ANY) {
        let mut config: serde_json::Value = serde_json::from_str(CONFIGS[which].1).expect("JSON");
        let keys: Vec<String> = config.as_object().expect("an object").keys().cloned().collect();
        config[&keys[at % keys.len()]] = (number >> (number % 64)).into();
        match hf::architecture("config.json", &config.to_string(), &Catalog::built_in()) {
            Ok(read) => proptest::prop_assert!(count(&read.shape).total().get().is_finite() && read.shape.check().is_ok()),
            Err(error) => proptest::prop_assert!(!error.message().is_empty()),
        }
    }
}
