//! Whatever a file holds, reading it ends in an answer or an error: 100,000 texts through every loader.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::invariants::Dice;
use flopbill::internals::ask::check;
use flopbill::internals::catalog::{Catalog, Found, KINDS, Kind, hf, text_from};
use flopbill::internals::fleet;
use flopbill::internals::input::file::spec;
use flopbill::internals::input::question::Override;
use flopbill::internals::read::Document;
use flopbill::internals::units::parse::{parse, parse_fleet};
use flopbill::internals::units::{
    Bytes, CarbonIntensity, ChipSeconds, EnergyPrice, Flop, FlopPerSecond, Fraction, Price, Seconds, Tokens, Usd,
};
use flopbill::{Error, EstimateRequest, Question};

/// What TOML, the grammar of quantities and the profiles are made of.
const SCRAPS: [&str; 72] = [
    "=",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "#",
    ",",
    ".",
    "\n",
    "\r\n",
    "\t",
    " ",
    "\\",
    "\\u",
    "name",
    "run",
    "gpu",
    "chips",
    "tokens",
    "mfu",
    "phase",
    "peak",
    "dense",
    "bf16",
    "memory",
    "sources",
    "typical",
    "quote",
    "reported",
    "aliases",
    "price.rent",
    "h800",
    "2048",
    "-1",
    "0",
    "1e999",
    "nan",
    "inf",
    "-inf",
    "+1",
    "0x7fff",
    "1_000",
    "99999999999999999999",
    "1e-320",
    "14.8T",
    "\"14.8T\"",
    "\"$2/h\"",
    "$2/h",
    "34.6%",
    "\"989.5 TFLOP/s\"",
    "60d",
    "2024-11-01",
    "true",
    "\u{0}",
    "\u{feff}",
    "é",
    "漢",
    "\u{1F600}",
    "\u{202e}",
    "mm²",
    "×",
    "{}",
    "[]",
    "\"\"",
    "null",
    "\"shape\"",
];

fn mutated(text: &str, dice: &mut Dice) -> String {
    if dice.below(2) == 0 { other_numbers(text, dice) } else { broken(text, dice) }
}

/// The text with other digits in it, some of them many: it still reads, and means something else.
fn other_numbers(text: &str, dice: &mut Dice) -> String {
    let mut text = text.to_owned();
    for _ in 0..=dice.below(4) {
        let from = dice.below(text.len() + 1);
        let Some(at) = text.bytes().skip(from).position(|byte| byte.is_ascii_digit()).map(|at| from + at) else {
            continue;
        };
        let digits = ["0", "1", "7", "9", "00", "123456", "9999999999", "0.5", "1e9", "1e-9"];
        text.replace_range(at..=at, digits[dice.below(digits.len())]);
    }
    text
}

/// The text with parts gone, doubled or replaced.
fn broken(text: &str, dice: &mut Dice) -> String {
    let mut text = text.to_owned();
    for _ in 0..=dice.below(6) {
        let a = text.floor_char_boundary(dice.below(text.len() + 1));
        let b = text.floor_char_boundary((a + dice.below(40)).min(text.len()));
        match dice.below(7) {
            0 => text.replace_range(a..b, ""),
            1 => text.insert_str(a, &text.clone()[a..b]),
            2 => text.insert_str(a, SCRAPS[dice.below(SCRAPS.len())]),
            3 => text.truncate(a.max(text.floor_char_boundary(text.len() / 2))),
            _ => {
                // A value is replaced by another kind of value, so that the change reaches behind the syntax.
                let Some(equals) = text[a..].find("= ").map(|at| a + at + 2) else { continue };
                let end = text[equals..].find('\n').map_or(text.len(), |at| equals + at);
                text.replace_range(equals..end, SCRAPS[34 + dice.below(SCRAPS.len() - 34)]);
            }
        }
    }
    text
}

fn scraps(dice: &mut Dice) -> String {
    (0..dice.below(30)).map(|_| SCRAPS[dice.below(SCRAPS.len())]).collect()
}

fn bytes(dice: &mut Dice) -> Vec<u8> {
    (0..dice.below(200)).map(|_| dice.roll() as u8).collect()
}

/// An error must be showable: its places lie inside their texts.
fn shown<T>(result: Result<T, Error>) -> Option<T> {
    result
        .map_err(|error| {
            assert!(!error.to_string().is_empty());
            for place in error.each().filter_map(Error::place) {
                assert!(place.span.start <= place.text.len(), "{error}");
            }
        })
        .ok()
}

/// Whether the text is a profile of this kind.
fn load(kind: Kind, id: &str, text: &str, catalog: &Catalog) -> bool {
    let found = Found { id: id.into(), document: Document::new("fuzzed.toml", text), from_user: true };
    shown(check::kind_of("fuzzed.toml".as_ref(), &found.document));
    let reads = match (kind, id) {
        (Kind::Fleets, _) => shown(fleet::load::read(&found, catalog)).is_some(),
        _ => shown(check::profile(kind, &found, catalog)).is_some(),
    };
    if kind == Kind::Runs
        && let Some(base) = shown(spec(&found))
    {
        ask(Question { base, ..Question::default() }, catalog);
    }
    reads
}

/// A file that reads is answered or refused, and the answer shown in every format.
fn ask(question: Question, catalog: &Catalog) {
    if let Some(reply) = shown(EstimateRequest::new(question).ask(catalog)) {
        let view = flopbill::internals::report::estimate::view(&reply);
        #[cfg(feature = "cli")]
        flopbill::internals::report::Format::of_answers()
            .for_each(|format| assert!(!format.text(view.clone(), None).unwrap().contains("NaN")));
        assert!(!view.title.is_empty());
    }
}

fn quantities(text: &str) {
    shown(parse::<Seconds>(text));
    shown(parse::<Flop>(text));
    shown(parse::<FlopPerSecond>(text));
    shown(parse::<Bytes>(text));
    shown(parse::<ChipSeconds>(text));
    shown(parse::<Tokens>(text));
    shown(parse::<Usd>(text));
    shown(parse::<Price>(text));
    shown(parse::<Fraction>(text));
    shown(parse::<EnergyPrice>(text));
    shown(parse::<CarbonIntensity>(text));
    shown(parse_fleet(text));
}

/// Runs `body`; a panic names the text that brought it about.
fn survives<T>(what: &str, text: &str, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| panic!("{what} panics on {text:?}"))
}

/// Every shipped profile of a kind, mutated `times` times in all.
fn mutate_all(kind: Kind, times: usize) {
    let catalog = Catalog::built_in();
    let ids = catalog.ids(kind);
    let text = |id: String| (catalog.find(kind, &id).unwrap().document.text.to_string(), id);
    let texts: Vec<(String, String)> = ids.into_iter().map(text).map(|(text, id)| (id, text)).collect();
    assert!(!texts.is_empty(), "no {} are shipped", kind.folder());
    let mut dice = Dice(0x2545_f491_4f6c_dd1d ^ times as u64);
    let mut read = 0;
    for turn in 0..times {
        let (id, original) = &texts[turn % texts.len()];
        // A long price list is a list of like quotes: the first few are enough.
        let end = original.match_indices("\n\n").map(|(at, _)| at).find(|at| *at > 3000).unwrap_or(original.len());
        let text = mutated(&original[..end], &mut dice);
        read += usize::from(survives(kind.singular(), &text, || load(kind, id, &text, &catalog)));
    }
    assert!(read * 20 > times, "only {read} of {times} mutated {} read: the changes are too coarse", kind.folder());
    assert!(read * 10 < times * 9, "{read} of {times} mutated {} read: the changes are too fine", kind.folder());
}

#[test]
fn ten_thousand_mutated_accelerators() {
    mutate_all(Kind::Accelerators, 10_000);
}

#[test]
fn ten_thousand_mutated_runs() {
    mutate_all(Kind::Runs, 10_000);
}

#[test]
fn ten_thousand_mutated_models() {
    mutate_all(Kind::Models, 10_000);
}

#[test]
fn fifteen_thousand_mutated_prices_systems_and_regions() {
    mutate_all(Kind::Prices, 5_000);
    mutate_all(Kind::Systems, 5_000);
    mutate_all(Kind::Regions, 5_000);
}

#[test]
fn three_thousand_mutated_rules_fleets_and_assumptions() {
    mutate_all(Kind::Rules, 1_000);
    mutate_all(Kind::Fleets, 1_000);
    mutate_all(Kind::Assumptions, 1_000);
}

#[test]
fn ten_thousand_mutated_hugging_face_configs() {
    let config = r#"{"architectures": ["DeepseekV3ForCausalLM"], "model_type": "deepseek_v3", "hidden_size": 7168,
        "intermediate_size": 18432, "moe_intermediate_size": 2048, "num_hidden_layers": 61, "num_attention_heads": 128,
        "num_key_value_heads": 128, "n_routed_experts": 256, "n_shared_experts": 1, "num_experts_per_tok": 8,
        "first_k_dense_replace": 3, "kv_lora_rank": 512, "q_lora_rank": 1536, "qk_nope_head_dim": 128,
        "qk_rope_head_dim": 64, "v_head_dim": 128, "vocab_size": 129280, "max_position_embeddings": 163840,
        "num_nextn_predict_layers": 1, "tie_word_embeddings": false, "torch_dtype": "bfloat16"}"#;
    assert!(
        hf::architecture("config.json", config, &Catalog::built_in()).is_ok(),
        "the config that is mutated must itself read"
    );
    let mut dice = Dice(0x853c_49e6_748f_ea9b);
    for _ in 0..10_000 {
        let text = mutated(&config.replace("\": ", "\"= "), &mut dice).replace("\"= ", "\": ");
        survives("the Hugging Face reader", &text, || {
            drop(shown(hf::architecture("config.json", &text, &Catalog::built_in())))
        });
    }
}

#[test]
fn forty_five_thousand_random_texts_and_byte_strings() {
    let catalog = Catalog::built_in();
    let mut dice = Dice(0xda94_2042_e4dd_58b5);
    // A fleet reads the bill's defaults first: a hundred times slower, and mutated above.
    let kinds: Vec<Kind> = KINDS.iter().map(|(_, kind, _)| *kind).filter(|kind| *kind != Kind::Fleets).collect();
    for turn in 0..45_000 {
        let text = if turn % 3 == 0 {
            let bytes = bytes(&mut dice);
            survives("reading bytes", &format!("{bytes:?}"), || drop(shown(text_from(&bytes[..], "bytes"))));
            String::from_utf8_lossy(&bytes).into_owned()
        } else {
            scraps(&mut dice)
        };
        let kind = kinds[turn % kinds.len()];
        survives(kind.singular(), &text, || load(kind, ["bill", "scaling"][turn % 2], &text, &catalog));
        survives("a quantity", &text, || quantities(&text));
        survives("the Hugging Face reader", &text, || {
            drop(shown(hf::architecture("config.json", &text, &Catalog::built_in())))
        });
        let assignment = format!("run.{text}");
        let question =
            || Question { overrides: vec![Override::assignment(&assignment)?], ..Question::default() }.spec();
        survives("--set", &assignment, || drop(shown(question())));
    }
}

#[test]
fn five_thousand_pairs_of_flags() {
    let catalog = Catalog::built_in();
    let fields = flopbill::internals::input::field::FIELDS;
    let base = Question::about("deepseek-v3", &catalog).unwrap();
    let mut dice = Dice(0xa076_1d64_78bd_642f);
    for turn in 0..5_000 {
        let mut question = if turn % 2 == 0 { base.clone() } else { Question::default() };
        for _ in 0..1 + dice.below(5) {
            let field = &fields[dice.below(fields.len())];
            let value = [
                "1", "2048", "1e15", "14.8T", "60d", "$2/h", "$1e15", "34.6%", "100%", "h800", "b200", "1e-300", "fp8",
            ];
            question = question.with(field.path, value[dice.below(value.len())]);
        }
        let asked = format!("{:?}", question.overrides);
        survives("answering", &asked, || ask(question, &catalog));
    }
}
