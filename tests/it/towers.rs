//! Vision and audio towers beside a language model: their work, their memory, and what is refused.

use std::fs;
use std::path::PathBuf;

use flopbill::internals::ask::layout::search as layout;
use flopbill::internals::catalog::hf::{HfModel, architecture};
use flopbill::internals::hardware::precision::States;
use flopbill::internals::input::question::Question;
use flopbill::internals::layout::fit::{Fit, Reserve, fit};
use flopbill::internals::layout::parallelism::{Layout, ZeroStage};
use flopbill::internals::model::architecture::Architecture;
use flopbill::internals::model::flops::{Causality, Choice, Counting, Recompute, per_token};
use flopbill::internals::model::tower::{Sense, Tower, TowerWork, Towers};
use flopbill::internals::units::{Bytes, Fraction};
use flopbill::{Error, EstimateRequest, ExplainRequest};
use proptest::prelude::*;

use super::doors::{catalog, through_every_door};

/// LLaVA-1.5-7B: CLIP ViT-L/14 at 336 pixels beside Vicuna 7B (Liu et al. 2023, arXiv:2310.03744).
const LLAVA: &str = r#"{"model_type":"llava","tie_word_embeddings":false,
    "text_config":{"model_type":"llama","hidden_size":4096,"intermediate_size":11008,"num_attention_heads":32,
        "num_hidden_layers":32,"num_key_value_heads":32,"vocab_size":32064},
    "vision_config":{"model_type":"clip_vision_model","hidden_size":1024,"image_size":336,"intermediate_size":4096,
        "num_attention_heads":16,"num_hidden_layers":24,"patch_size":14}}"#;

/// Qwen2.5-VL-7B (arXiv:2502.13923, table 1): windows of 8 by 8 patches in all but four layers, a gated MLP.
const QWEN_2_5: &str = r#"{"model_type":"qwen2_5_vl","hidden_size":3584,"intermediate_size":18944,
    "num_attention_heads":28,"num_hidden_layers":28,"num_key_value_heads":4,"vocab_size":152064,
    "tie_word_embeddings":false,"vision_config":{"depth":32,"hidden_size":1280,"intermediate_size":3420,"num_heads":16,
        "patch_size":14,"spatial_merge_size":2,"temporal_patch_size":2,"window_size":112,
        "fullatt_block_indexes":[7,15,23,31],"out_hidden_size":3584}}"#;

/// Qwen2-VL-2B (arXiv:2409.12191): every patch sees its whole picture.
const QWEN_2: &str = r#"{"model_type":"qwen2_vl","hidden_size":1536,"intermediate_size":8960,"num_attention_heads":12,
    "num_hidden_layers":28,"num_key_value_heads":2,"vocab_size":151936,"tie_word_embeddings":true,
    "vision_config":{"depth":32,"embed_dim":1280,"hidden_size":1536,"num_heads":16,"mlp_ratio":4,"patch_size":14,
        "spatial_merge_size":2,"temporal_patch_size":2}}"#;

/// What sees and what hears beside one language model.
const OMNI: &str = r#"{"model_type":"qwen2_5_omni_thinker","text_config":{},"vision_config":{},"audio_config":{}}"#;

fn read(config: &str) -> HfModel {
    architecture("config.json", config, catalog()).unwrap()
}

fn file(name: &str, config: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.json"));
    // Tests run side by side: a file is there whole, or not at all.
    let part = path.with_extension(format!("{:?}", std::thread::current().id()));
    fs::write(&part, config).unwrap();
    fs::rename(part, &path).unwrap();
    path.display().to_string()
}

fn llava() -> String {
    file("llava-1.5-7b", LLAVA)
}

/// A model with towers on 64 chips.
fn about(model: &str, towers: &str, patches: f64) -> Question {
    alone(model).with("run.towers", towers).with("run.patches_per_token", patches)
}

fn alone(model: &str) -> Question {
    on(model, 64.0)
}

fn on(model: &str, chips: f64) -> Question {
    Question::default().with("model", model).with("run.gpu", "h100").with("run.chips", chips)
}

/// A layout whose degrees are all given.
fn settled(question: &Question) -> Question {
    let question = question.clone().with("layout.tp", "2").with("layout.pp", "2").with("layout.zero", "1");
    let question = question
        .with("layout.stages", "even")
        .with("layout.micro_batch", "1")
        .with("layout.schedule", "1f1b")
        .with("layout.vpp", "1");
    question.with("layout.recompute", "none").with("run.global_batch", "128seq").with("run.sequence_length", "2048")
}

fn step(question: &Question) -> f64 {
    layout(question, 1, catalog()).unwrap().reply().layouts[0].step_seconds
}

fn bytes(question: &Question) -> f64 {
    layout(question, 1, catalog()).unwrap().reply().layouts[0].memory_bytes
}

fn at_work(model: &HfModel, trained: bool, share: f64, picture: u32) -> Architecture {
    let work = |tower: Tower| {
        let mut tower = tower;
        if let Some(blocks) = &mut tower.blocks {
            blocks.picture = picture;
        }
        TowerWork { tower, share, trained: trained || tower.joins, goes_on: trained }
    };
    let towers = Towers::of(model.towers.iter().map(|tower| work(tower.part)));
    Architecture { towers, ..model.shape.clone() }
}

const MODEL: Choice = Choice::Terms { causality: Causality::Causal, counting: Counting::Model };

fn towers_of(shape: &Architecture) -> f64 {
    per_token(shape, 2048, MODEL).towers.get()
}

fn close(a: f64, b: f64) {
    assert!((a / b - 1.0).abs() < 1e-12, "{a} and {b}");
}

/// Dosovitskiy et al. 2020, arXiv:2010.11929: a patch of 14 x 14 x 3 becomes 1024 wide; 24 layers of four square
/// matrices and two of 4096; 576 patches see each other.
#[test]
fn the_tower_of_llava_by_hand() {
    let model = read(LLAVA);
    let (patches, width) = (0.25, 1024.0_f64);
    let stem = 2.0 * (14.0 * 14.0 * 3.0) * width;
    let layers = 24.0 * 2.0 * (4.0 * width * width + 2.0 * width * 4096.0);
    let scores = 24.0 * 4.0 * 576.0 * width;
    // Two products of the projector; its biases are counted with them.
    let projector = 2.0 * (1024.0 * 4096.0 + 4096.0 * 4096.0 + 2.0 * 4096.0);
    let frozen = at_work(&model, false, patches, model.towers[0].part.blocks.unwrap().picture);
    // Frozen: forward alone; the projector is trained, and has no gradient of its input.
    close(towers_of(&frozen), patches * (stem + layers + scores + 2.0 * projector));
    let trained = at_work(&model, true, patches, 576);
    close(towers_of(&trained), patches * (2.0 * stem + 3.0 * (layers + scores + projector)));
}

/// OpenCLIP's `docs/model_profile.csv` has GFLOPs of one picture through an image tower: with the token of the class, or
/// with a head that pools the patches.
#[test]
fn published_counts_of_image_towers() {
    let clip = LLAVA.to_owned();
    let siglip = clip
        .replace("clip_vision_model", "siglip_vision_model")
        .replace(
            r#""hidden_size":1024,"image_size":336,"intermediate_size":4096"#,
            r#""hidden_size":1152,"image_size":384,"intermediate_size":4304"#,
        )
        .replace(r#""num_hidden_layers":24"#, r#""num_hidden_layers":27"#);
    for (config, patches, gigaflop, within) in [(clip, 576.0, 381.92, 0.003), (siglip, 729.0, 670.35, 0.01)] {
        let model = read(&config);
        let blocks = model.towers[0].part.blocks.unwrap();
        assert_eq!(f64::from(blocks.picture), patches);
        let work = TowerWork { tower: model.towers[0].part, share: patches, trained: false, goes_on: false };
        let counted = work.forward().map(|flop| flop.get()).iter().sum::<f64>() / 1e9;
        assert!((counted / gigaflop - 1.0).abs() < within, "{counted} and {gigaflop}");
    }
}

/// The language model's own terms stay what they are, and 6N is its alone.
#[test]
fn the_language_model_is_counted_as_before() {
    let model = read(LLAVA);
    let (own, with) = (per_token(&model.shape, 2048, MODEL), per_token(&at_work(&model, true, 1.0, 576), 2048, MODEL));
    assert_eq!(own.towers.get(), 0.0);
    assert_eq!(with.total() - with.towers, own.total());
    let six = Choice::SixN(flopbill::internals::model::params::Embeddings::Counted);
    assert_eq!(per_token(&model.shape, 2048, six), per_token(&at_work(&model, true, 1.0, 576), 2048, six));
}

/// Qwen2.5-VL, arXiv:2502.13923, section 2.1.1: four of 32 layers see all of 1,024 patches, the others 64; patches of two
/// frames; four patches become one in a merger of 5120 x 5120 and 5120 x 3584.
#[test]
fn windows_and_merged_patches_by_hand() {
    let model = read(QWEN_2_5);
    let part = model.towers[0].part;
    assert_eq!(part.blocks.unwrap().picture, 0, "its pictures have no size of their own");
    let stem = 2.0 * (2.0 * 14.0 * 14.0 * 3.0) * 1280.0;
    let layers = 32.0 * 2.0 * (4.0 * 1280.0 * 1280.0 + 3.0 * 1280.0 * 3420.0);
    let merger = 2.0 * (5120.0 * 5120.0 + 5120.0 * 3584.0) / 4.0;
    let keys = (4.0 * 1024.0 + 28.0 * 64.0) / 32.0;
    let scores = 32.0 * 4.0 * keys * 1280.0;
    close(towers_of(&at_work(&model, false, 1.0, 1024)), stem + layers + merger + scores);
    close(towers_of(&at_work(&model, true, 2.0, 1024)), 2.0 * (2.0 * stem + 3.0 * (layers + merger + scores)));

    let model = read(QWEN_2);
    let layers = 32.0 * 2.0 * 12.0 * 1280.0 * 1280.0;
    let merger = 2.0 * (5120.0 * 5120.0 + 5120.0 * 1536.0) / 4.0;
    let scores = 32.0 * 4.0 * 1024.0 * 1280.0;
    close(towers_of(&at_work(&model, false, 1.0, 1024)), stem + layers + merger + scores);
}

/// The weights that a part works with are among those that it counts; of an encoder, nearly all of them.
#[test]
fn the_work_of_a_tower_is_within_what_it_counts() {
    let of = |name: &str| {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/configs").join(name);
        fs::read_to_string(path).unwrap()
    };
    let (mut known, mut unknown) = (0, Vec::new());
    for line in (of("files.jsonl") + &of("built.jsonl")).lines().filter(|line| line.contains("_config\"")) {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let Ok(model) = architecture("config.json", &row["config"].to_string(), catalog()) else { continue };
        for tower in &model.towers {
            let part = tower.part;
            assert_eq!(part.params as f64, tower.params.get());
            let Some(blocks) = part.blocks else {
                assert_eq!(part.around, part.params, "{}: counted whole", row["name"]);
                unknown.extend(Some(format!("{} {}", row["config"]["model_type"], tower.name)).filter(|_| !part.joins));
                continue;
            };
            known += 1;
            let works = blocks.all_weights() + part.stem as f64 + part.around as f64;
            let share = works / part.params as f64;
            assert!(
                (0.75..=1.0).contains(&share) || blocks.count < 8 && share <= 1.0,
                "{} {}: {share}",
                row["config"],
                tower.name
            );
        }
    }
    unknown.sort();
    unknown.dedup();
    assert!(known > 100 && unknown.len() < 10, "{known}, not known: {unknown:?}");
}

/// What a chip of the only stage holds, without a reserve.
fn held(shape: &Architecture, layout: &Layout) -> Fit {
    fit(shape, layout, Bytes::from_gb(1e4), &Reserve { share: Fraction::ZERO, workspace: Bytes::ZERO })
}

/// By hand: 303,507,456 parameters of the tower and 20,979,712 of the projector, in 2 bytes frozen and 18 trained; of the
/// 24 layers of a trained tower of no recompute, for 512 patches, 32 bytes a value: 4 in norms, 2 in each of the norms'
/// outputs (two), queries, keys, values, attention's output, and 2 x (4 + 4) of the MLP; of each head one value in 32 bits.
#[test]
fn memory_by_hand() {
    let model = read(LLAVA);
    assert_eq!(model.towers.iter().map(|tower| tower.params.get()).collect::<Vec<_>>(), [303_507_456.0, 20_979_712.0]);
    let layout = Layout { states: States::Mixed, recompute: Recompute::None, ..Layout::single(2048) };
    let [own, frozen, trained] =
        [model.shape.clone(), at_work(&model, false, 0.25, 576), at_work(&model, true, 0.25, 576)]
            .map(|shape| held(&shape, &layout));
    let states = |fit: &Fit| (fit.weights + fit.gradients + fit.optimizer).get();
    let each = 18.0; // weights 2, gradients 4, master weights and moments 12
    close(states(&frozen) - states(&own), 2.0 * 303_507_456.0 + each * 20_979_712.0);
    close(states(&trained) - states(&own), each * (303_507_456.0 + 20_979_712.0));
    assert_eq!(frozen.activations, own.activations);
    let kept = (trained.activations - own.activations).get();
    close(kept, 24.0 * 512.0 * (1024.0 * (4.0 + 4.0 + 8.0 + 16.0) + 16.0 * 4.0));
}

/// States are split as the language model's are, and none of the towers' lies behind the first stage.
#[test]
fn states_of_towers_are_split_and_lie_on_the_first_stage() {
    let model = read(LLAVA);
    let (own, trained) = (model.shape.clone(), at_work(&model, true, 0.0, 576));
    let all = |zero: ZeroStage, tp: u32| {
        let layout = Layout { zero, tp, dp: 8, global_batch: 8, ..Layout::single(2048) };
        let [own, trained] = [&own, &trained].map(|shape| held(shape, &layout));
        (trained.weights - own.weights, trained.gradients - own.gradients, trained.optimizer - own.optimizer)
    };
    let (plain, one, three) = (all(ZeroStage::None, 1), all(ZeroStage::Optimizer, 1), all(ZeroStage::Weights, 1));
    close(plain.0.get(), one.0.get());
    close(plain.2.get(), 8.0 * one.2.get());
    close(plain.0.get(), 8.0 * three.0.get());
    close(plain.1.get(), 2.0 * all(ZeroStage::None, 2).1.get());
    let staged = Layout { pp: 4, global_batch: 8, ..Layout::single(2048) };
    assert_eq!(held(&trained, &staged).worst_stage, 0);
}

/// More to see never takes less time or memory, trained towers never less than frozen ones, those never less than none.
#[test]
fn more_work_is_never_faster() {
    for model in [llava(), file("qwen2.5-vl-7b", QWEN_2_5)] {
        for fixed in [true, false] {
            let of = |question: Question| if fixed { settled(&question) } else { question };
            let mut least = (step(&of(alone(&model))), bytes(&of(alone(&model))));
            let own = least.0;
            for patches in [0.0, 0.1, 0.5, 1.0, 2.0, 8.0] {
                let [frozen, trained] = ["frozen", "trained"].map(|does| of(about(&model, does, patches)));
                let [(one, less), (two, more)] = [&frozen, &trained].map(|asked| (step(asked), bytes(asked)));
                assert!(one >= least.0 * (1.0 - 1e-12), "{patches}: {one} after {}", least.0);
                assert!(two >= one * (1.0 - 1e-12), "{patches}: trained {two}, frozen {one}");
                assert!(!fixed || (less >= least.1 && more > less), "{patches}: {less} {more} {least:?}");
                least = (one, less);
            }
            assert!(least.0 > own * 1.1, "eight patches a token are work: {least:?} {own}");
        }
    }
}

/// A frozen tower costs at least its FLOPs at the dense peak, and at most five times that.
#[test]
fn the_time_of_a_tower_is_near_its_work() {
    let model = file("qwen2.5-vl-7b", QWEN_2_5);
    for (does, passes) in [("frozen", false), ("trained", true)] {
        let plain = |question: Question| {
            let question = settled(&question).with("layout.tp", "1").with("layout.pp", "1").with("layout.zero", "3");
            question.with("layout.recompute", "full").with("stack.factor", "1")
        };
        let more = step(&plain(about(&model, does, 2.0))) - step(&plain(about(&model, does, 1.0)));
        let shape = at_work(&read(QWEN_2_5), passes, 1.0, 1024);
        let peak = 989.5e12 * 64.0;
        let least = towers_of(&shape) * 128.0 * 2048.0 / peak;
        assert!(more > least && more < 5.0 * least, "{does}: {more} s, {least} s at the peak");
    }
}

fn refused(question: &Question) -> Error {
    let request = EstimateRequest::new(question.clone().with("run.tokens", "1T"));
    let by_estimate = request.ask(catalog()).map(drop).unwrap_err();
    let by_layout = layout(question, 1, catalog()).map(drop).unwrap_err();
    assert_eq!(by_estimate.message(), by_layout.message());
    by_layout
}

#[test]
fn what_contradicts_is_refused_with_a_hint() {
    let model = llava();
    for (question, says, hint) in [
        (alone("llama-3-8b").with("run.towers", "frozen"), "has no towers", "vision_config"),
        (alone("llama-3-8b").with("run.towers", "left-out"), "has no towers", "leave it out"),
        (alone(&model).with("run.patches_per_token", "1"), "they are not in the run", "--towers"),
        (about(&model, "left-out", 1.0), "they are not in the run", "--towers"),
        (alone(&model).with("run.picture_patches", "576"), "they are not in the run", "--towers"),
        (alone(&model).with("run.towers", "trained"), "is not said", "--patches-per-token"),
        (about(&model, "trained", 1.0).with("run.frames_per_token", "1"), "has no audio tower", "leave it out"),
    ] {
        let error = refused(&question);
        assert!(error.to_string().contains(says), "{error}");
        assert!(error.hint().is_some_and(|text| text.contains(hint)), "{error}: {:?}", error.hint());
    }
    for (path, value) in [
        ("run.patches_per_token", "-1"),
        ("run.patches_per_token", "1e9"),
        ("run.picture_patches", "0"),
        ("run.towers", "half"),
    ] {
        let question = about(&model, "trained", 1.0).with(path, value);
        assert!(layout(&question, 1, catalog()).is_err(), "{path} = {value}");
    }
}

/// Left out, in words or without any, is the language model alone.
#[test]
fn towers_that_are_left_out_change_nothing() {
    let model = llava();
    let (silent, said) = (alone(&model), alone(&model).with("run.towers", "left-out"));
    assert_eq!(step(&silent), step(&said));
    assert_eq!(bytes(&silent), bytes(&said));
    let assumptions = layout(&silent, 1, catalog()).unwrap().reply().head.assumptions;
    let told = assumptions.iter().find(|line| line.contains("language model's alone")).unwrap();
    assert!(told.contains("vision tower and projector") && told.contains("run.towers"), "{told}");
}

/// What the answer says of the towers: which, what they do, what passes through them, and by which convention.
#[test]
fn an_answer_names_its_towers() {
    let model = llava();
    let reply = EstimateRequest::new(about(&model, "frozen", 0.25).with("run.tokens", "1T")).ask(catalog()).unwrap();
    let says = |text: &str| assert!(reply.head.assumptions.iter().any(|line| line.contains(text)), "{text}: {reply:?}");
    says("vision tower frozen: 0.25 patches a token, 576 of a picture see each other, of its class or file");
    says("projector trained beside frozen towers");
    says("6ND, and the MFU by it, are the language model's alone");
    let explained =
        ExplainRequest::new(Question::default().with("model", model.as_str()).with("run.towers", "trained"));
    assert!(explained.ask(catalog()).is_err(), "how many patches is not said");
    let bare = Question::default().with("model", model.as_str()).with("run.towers", "trained");
    let explained = ExplainRequest::new(bare.with("run.patches_per_token", "0.25")).ask(catalog()).unwrap();
    let terms = explained.model.unwrap();
    let row = terms.terms.iter().find(|row| row.term == "vision_tower").unwrap();
    assert_eq!(row.parameters, 303_507_456.0);
    let rows: f64 = terms.terms.iter().filter_map(|row| row.share).sum();
    close(rows, 1.0);
    assert!(terms.towers.iter().all(|tower| tower.trained == Some(true) && tower.per_token == Some(0.25)));
    // The rules count what the hours count.
    let run = about(&model, "trained", 0.25).with("run.tokens", "1T");
    let exact = EstimateRequest::new(run).ask(catalog()).unwrap().model.unwrap().exact_flop.unwrap();
    close(exact, terms.flop_per_token.unwrap() * 1e12);
}

/// Each tower has a stream of its own, and one without anything to see or hear is held and takes no time.
#[test]
fn sound_and_pictures_are_told_apart() {
    let omni = file("omni", OMNI);
    let model = read(OMNI);
    let senses: Vec<Sense> = model.towers.iter().map(|tower| tower.part.sense).collect();
    assert_eq!(senses, [Sense::Pictures, Sense::Sound]);
    assert!(model.towers.iter().all(|tower| tower.part.blocks.is_some()), "{:?}", model.towers);
    let of = |patches: &str, frames: &str| {
        let question = settled(&alone(&omni)).with("run.towers", "frozen");
        step(&question.with("run.patches_per_token", patches).with("run.frames_per_token", frames))
    };
    let (pictures, both) = (of("1", "0"), of("1", "1"));
    assert!(both > pictures && of("0", "1") < both);
    let heard = step(&settled(&alone(&omni)).with("run.towers", "frozen").with("run.frames_per_token", "1"));
    assert!((heard / of("0", "1") - 1.0).abs() < 1e-12, "patches that nobody gives are none");
}

#[test]
fn one_answer_with_towers_through_every_door() {
    let models = [(llava(), "558B"), (file("qwen2.5-vl-7b", QWEN_2_5), "4T"), (file("qwen2-vl-2b", QWEN_2), "1.4T")];
    let mut answered = 0;
    for (model, tokens) in &models {
        for (does, chips) in [("frozen", 64.0), ("trained", 264.0), ("trained", 2048.0)] {
            let question = on(model, chips).with("run.tokens", *tokens);
            let towers = question.clone().with("run.towers", does).with("run.patches_per_token", 0.75);
            let with = through_every_door(&format!("{model} {does} on {chips}"), &towers);
            let without = through_every_door(&format!("{model} alone on {chips}"), &question);
            let [with, without] = [with, without].map(|found| found.unwrap().estimate.total.held.get());
            assert!(with > without, "{model} {does}");
            answered += 1;
        }
    }
    assert_eq!(answered, 9);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    /// Work is proportional to what passes through, grows with the picture, and is least where nothing is trained.
    #[test]
    fn work_grows_with_what_is_seen(share in 0.0..50.0_f64, more in 0.01..50.0_f64, picture in 1_u32..100_000, wider in 1_u32..10_000) {
        let model = read(QWEN_2_5);
        let of = |trained, share, picture| towers_of(&at_work(&model, trained, share, picture));
        let one = of(false, 1.0, picture);
        prop_assert!((of(false, share, picture) - share * one).abs() <= 1e-9 * one * share.max(1.0));
        prop_assert!(of(true, more, picture) > 2.0 * of(false, more, picture));
        prop_assert!(of(true, more, picture) <= 3.0 * of(false, more, picture) * (1.0 + 1e-12));
        prop_assert!(of(true, share, picture + wider) >= of(true, share, picture));
        let tokens = |share: f64, trained| held(&at_work(&model, trained, share, picture), &Layout::single(2048)).total;
        prop_assert!(tokens(share + more, true) >= tokens(share, true));
        prop_assert!(tokens(share, true) >= tokens(share, false));
        prop_assert!(tokens(share, false) >= held(&model.shape, &Layout::single(2048)).total);
    }
}
