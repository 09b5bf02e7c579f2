//! FLOPs of one token, forward, worked by hand from the papers' formulas, term by term, for models whose layers are not
//! all alike. Every number below is a width of the model's published `config.json`.

use flopbill::internals::catalog::Catalog;
use flopbill::internals::model::architecture::Architecture;
use flopbill::internals::model::flops::{Causality, FlopPerToken, forward};
use flopbill::internals::units::Flop;

const K4: u32 = 4096;
const K128: u32 = 131_072;

fn read(config: &str) -> Architecture {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.json");
    std::fs::write(&path, config).expect("written");
    let read = Catalog::built_in().model(&path.display().to_string());
    read.unwrap_or_else(|error| panic!("{error}")).shape
}

/// Terms in GFLOP: projections into and out of the mixers together, cores, MLPs.
fn assert_terms(shape: &Architecture, seq_len: u32, expected: [(&str, f64); 9]) {
    let flop = forward(shape, seq_len, Causality::Causal);
    let FlopPerToken { qkv, out_projection, attention_core, indexer, linear_core, mlp, router, .. } = flop;
    let found = [
        ("projections", qkv + out_projection),
        ("attention", attention_core),
        ("indexer", indexer),
        ("states", linear_core),
        ("mlp", mlp),
        ("router", router),
        ("experts", flop.experts),
        ("shared", flop.shared),
        ("head", flop.head),
    ];
    for ((name, by_hand), (_, counted)) in expected.into_iter().zip(found) {
        let off = (counted - Flop::new(by_hand)).get().abs() / by_hand.max(1.0);
        assert!(off < 1e-12, "{name} at {seq_len}: counted {counted:?}, by hand {by_hand}");
    }
}

/// DeepSeek-V3.2: latent attention behind an indexer, over the 2,048 best keys, in the latent space.
#[test]
fn deepseek_v3_2_at_128k() {
    let shape = read(
        r#"{"model_type":"deepseek_v32","hidden_size":7168,"num_hidden_layers":61,"num_attention_heads":128,
        "num_key_value_heads":128,"intermediate_size":18432,"moe_intermediate_size":2048,"n_routed_experts":256,
        "num_experts_per_tok":8,"n_shared_experts":1,"first_k_dense_replace":3,"q_lora_rank":1536,"kv_lora_rank":512,
        "qk_nope_head_dim":128,"qk_rope_head_dim":64,"v_head_dim":128,"vocab_size":129280,"index_n_heads":64,
        "index_head_dim":128,"index_topk":2048,"tie_word_embeddings":false}"#,
    );
    let latent = 7168.0 * 1536.0 + 1536.0 * 128.0 * 192.0 + 7168.0 * 576.0 + 512.0 * 128.0 * 256.0;
    let out = 128.0 * 128.0 * 7168.0;
    let indexer = 1536.0 * 64.0 * 128.0 + 7168.0 * 128.0 + 7168.0 * 64.0;
    // A window of the best 2,048 of 131,072 keys: the first tokens have fewer.
    let keys = 2048.0 - 2048.0 * 2048.0 / (2.0 * 131_072.0);
    assert_terms(
        &shape,
        K128,
        [
            ("projections", 61.0 * 2.0 * (latent + out + indexer)),
            ("attention", 61.0 * 2.0 * 128.0 * (576.0 + 512.0) * keys),
            ("indexer", 61.0 * 2.0 * 64.0 * 128.0 * 65_536.0),
            ("states", 0.0),
            ("mlp", 3.0 * 2.0 * 3.0 * 7168.0 * 18_432.0),
            ("router", 58.0 * 2.0 * 7168.0 * 256.0),
            ("experts", 58.0 * 8.0 * 2.0 * 3.0 * 7168.0 * 2048.0),
            ("shared", 58.0 * 2.0 * 3.0 * 7168.0 * 2048.0),
            ("head", 2.0 * 129_280.0 * 7168.0),
        ],
    );
}

/// Nemotron-H 8B: 24 layers of Mamba 2, 24 MLPs and 4 of attention, each a layer of its own.
#[test]
fn nemotron_h_8b() {
    let shape = read(
        r#"{"model_type":"nemotron_h","hidden_size":4096,"num_hidden_layers":52,"num_attention_heads":32,
        "num_key_value_heads":8,"head_dim":128,"intermediate_size":21504,"mlp_hidden_act":"relu2","vocab_size":131072,
        "hybrid_override_pattern":"M-M-M-M*-M-M-M-M-M*-M-M-M-M-M*-M-M-M-M-M*-M-M-M-M-M-","mamba_num_heads":128,
        "mamba_head_dim":64,"ssm_state_size":128,"n_groups":8,"conv_kernel":4,"tie_word_embeddings":false}"#,
    );
    let inner = 128.0 * 64.0;
    let shared = 2.0 * 8.0 * 128.0;
    let into = 2.0 * inner + shared + 128.0;
    let mamba = 2.0 * 4096.0 * (into + inner);
    let attention = 2.0 * 4096.0 * (32.0 + 2.0 * 8.0 + 32.0) * 128.0;
    // States written and read, 4 i n; the causal half of chunks of 256, 256 (g n + i); four taps of convolution.
    let state = 4.0 * inner * 128.0 + 256.0 * (8.0 * 128.0 + inner) + 2.0 * 4.0 * (inner + shared);
    for seq_len in [K4, K128] {
        let keys = f64::from(seq_len) / 2.0;
        assert_terms(
            &shape,
            seq_len,
            [
                ("projections", 24.0 * mamba + 4.0 * attention),
                ("attention", 4.0 * 2.0 * 32.0 * 256.0 * keys),
                ("indexer", 0.0),
                ("states", 24.0 * state),
                ("mlp", 24.0 * 2.0 * 2.0 * 4096.0 * 21_504.0),
                ("router", 0.0),
                ("experts", 0.0),
                ("shared", 0.0),
                ("head", 2.0 * 131_072.0 * 4096.0),
            ],
        );
    }
}

/// Qwen3-Next 80B: three gated delta nets and one gated attention, again and again.
#[test]
fn qwen3_next_80b() {
    let shape = Catalog::built_in().model("qwen3-next").expect("built in").shape;
    let (keys, values) = (16.0 * 128.0, 32.0 * 128.0);
    let delta = 2.0 * 2048.0 * (2.0 * keys + 2.0 * values + 2.0 * 32.0 + values);
    let attention = 2.0 * 2048.0 * (2.0 * 16.0 + 2.0 * 2.0 + 16.0) * 256.0;
    // Three products with the state of 128 x 128, five within a chunk of 64 tokens; four taps of convolution.
    let rule = 32.0 * (6.0 * 128.0 * 128.0 + 64.0 * (6.0 * 128.0 + 4.0 * 128.0)) + 8.0 * (2.0 * keys + values);
    for seq_len in [K4, K128] {
        assert_terms(
            &shape,
            seq_len,
            [
                ("projections", 36.0 * delta + 12.0 * attention),
                ("attention", 12.0 * 2.0 * 16.0 * 512.0 * f64::from(seq_len) / 2.0),
                ("indexer", 0.0),
                ("states", 36.0 * rule),
                ("mlp", 0.0),
                ("router", 48.0 * 2.0 * 2048.0 * 512.0),
                ("experts", 48.0 * 10.0 * 2.0 * 3.0 * 2048.0 * 512.0),
                ("shared", 48.0 * 2.0 * 3.0 * 2048.0 * 512.0),
                ("head", 2.0 * 151_936.0 * 2048.0),
            ],
        );
    }
}

/// Gemma 3 27B: five layers of six see 1,024 tokens, the sixth all.
#[test]
fn gemma_3_27b() {
    let shape = read(
        r#"{"model_type":"gemma3_text","hidden_size":5376,"num_hidden_layers":62,"num_attention_heads":32,
        "num_key_value_heads":16,"head_dim":128,"intermediate_size":21504,"vocab_size":262208,"sliding_window":1024,
        "sliding_window_pattern":6}"#,
    );
    let attention = 2.0 * 5376.0 * (32.0 + 2.0 * 16.0 + 32.0) * 128.0;
    for seq_len in [K4, K128] {
        let all = f64::from(seq_len) / 2.0;
        let window = 1024.0 - 1024.0 * 1024.0 / (2.0 * f64::from(seq_len));
        assert_terms(
            &shape,
            seq_len,
            [
                ("projections", 62.0 * attention),
                ("attention", 2.0 * 32.0 * 256.0 * (10.0 * all + 52.0 * window)),
                ("indexer", 0.0),
                ("states", 0.0),
                ("mlp", 62.0 * 2.0 * 3.0 * 5376.0 * 21_504.0),
                ("router", 0.0),
                ("experts", 0.0),
                ("shared", 0.0),
                ("head", 2.0 * 262_208.0 * 5376.0),
            ],
        );
    }
}

/// Kimi Linear 48B-A3B: 20 layers of Kimi Delta Attention and 7 of latent attention without positions.
#[test]
fn kimi_linear_48b() {
    let kinds: Vec<&str> = (1..=27).map(|n| if n % 4 == 0 || n == 27 { "full" } else { "linear" }).collect();
    let layer_types: Vec<String> = kinds.iter().map(|kind| format!("\"{kind}_attention\"")).collect();
    let shape = read(&format!(
        r#"{{"model_type":"kimi_linear","hidden_size":2304,"num_hidden_layers":27,"num_attention_heads":32,
        "num_key_value_heads":32,"intermediate_size":9216,"moe_intermediate_size":1024,"num_experts":256,
        "num_experts_per_token":8,"num_shared_experts":1,"kv_lora_rank":512,"qk_nope_head_dim":128,
        "qk_rope_head_dim":64,"v_head_dim":128,"vocab_size":163840,"linear_head_dim":128,"linear_num_heads":32,
        "linear_conv_kernel_dim":4,"tie_word_embeddings":false,"layer_types":[{}]}}"#,
        layer_types.join(",")
    ));
    let width = 32.0 * 128.0;
    // Queries, keys, values and a rate a head from the stream; decay and gate through 128 each; and out.
    let delta = 2.0 * (2304.0 * (3.0 * width + 32.0) + 2.0 * 128.0 * (2304.0 + width) + width * 2304.0);
    let latent = 2.0 * (2304.0 * 32.0 * 192.0 + 2304.0 * 576.0 + 512.0 * 32.0 * 256.0 + width * 2304.0);
    let rule = 32.0 * (6.0 * 128.0 * 128.0 + 64.0 * (6.0 * 128.0 + 4.0 * 128.0)) + 2.0 * 4.0 * 3.0 * width;
    for seq_len in [K4, K128] {
        assert_terms(
            &shape,
            seq_len,
            [
                ("projections", 20.0 * delta + 7.0 * latent),
                ("attention", 7.0 * 2.0 * 32.0 * (192.0 + 128.0) * f64::from(seq_len) / 2.0),
                ("indexer", 0.0),
                ("states", 20.0 * rule),
                ("mlp", 2.0 * 3.0 * 2304.0 * 9216.0),
                ("router", 26.0 * 2.0 * 2304.0 * 256.0),
                ("experts", 26.0 * 8.0 * 2.0 * 3.0 * 2304.0 * 1024.0),
                ("shared", 26.0 * 2.0 * 3.0 * 2304.0 * 1024.0),
                ("head", 2.0 * 163_840.0 * 2304.0),
            ],
        );
    }
}

/// DeepSeek-V4 Pro: layers of compressed sparse attention (four tokens in one, the 1,024 best of them) in turn with
/// heavily compressed ones (128 in one, all of them), each beside a window of 128 tokens.
#[test]
fn deepseek_v4_pro() {
    let shape = Catalog::built_in().model("deepseek-v4-pro").expect("built in").shape;
    let queries = 7168.0 * 1536.0 + 1536.0 * 128.0 * 512.0;
    let out = 16.0 * 1024.0 * (128.0 * 512.0 / 16.0) + 16.0 * 1024.0 * 7168.0;
    let key = 7168.0 * 512.0;
    // One vector of 512 and its weights for each token; twice, for either block that it falls into, where four are one.
    let heavy = 2.0 * 7168.0 * 512.0;
    let indexer = 2.0 * 2.0 * 7168.0 * 128.0 + 1536.0 * 64.0 * 128.0 + 7168.0 * 64.0;
    let sparse = 2.0 * heavy + indexer;
    for seq_len in [K4, K128] {
        let s = f64::from(seq_len);
        let within = |width: f64, of: f64| if width >= of { of / 2.0 } else { width - width * width / (2.0 * of) };
        let window = within(128.0, s);
        let few = within(1024.0, s / 4.0);
        assert_terms(
            &shape,
            seq_len,
            [
                ("projections", 2.0 * (61.0 * (queries + key + out) + 30.0 * sparse + 31.0 * heavy)),
                ("attention", 2.0 * 128.0 * 1024.0 * (61.0 * window + 30.0 * few + 31.0 * s / 128.0 / 2.0)),
                ("indexer", 30.0 * 2.0 * 64.0 * 128.0 * s / 4.0 / 2.0),
                ("states", 0.0),
                ("mlp", 0.0),
                ("router", 61.0 * 2.0 * 7168.0 * 384.0),
                ("experts", 61.0 * 6.0 * 2.0 * 3.0 * 7168.0 * 3072.0),
                ("shared", 61.0 * 2.0 * 3.0 * 7168.0 * 3072.0),
                ("head", 2.0 * 129_280.0 * 7168.0 + 2.0 * 4.0 * 4.0 * 7168.0),
            ],
        );
    }
}
