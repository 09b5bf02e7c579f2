//! The facts of every chip, and the names that people write.

use flopbill::internals::catalog::spelled::letters;
use flopbill::internals::catalog::{Catalog, Kind};
use flopbill::internals::hardware::accelerator::Accelerator;
use flopbill::internals::hardware::precision::PRECISIONS;
use flopbill::{ConvertRequest, EstimateRequest, Input, LayoutRequest, PolicyRequest, ProfilesRequest};
use std::collections::HashMap;
use std::fs;

use super::doors::catalog;

/// A value as `profiles show NAME --format json` has it.
fn shown(name: &str, path: &str) -> Option<String> {
    let reply = ProfilesRequest::Show(name.into()).ask(catalog()).unwrap_or_else(|error| panic!("{name}: {error}"));
    let json = serde_json::to_value(&reply).unwrap();
    json["result"][path]["value"].as_str().map(str::to_owned)
}

/// Values that were corrected or entered in November 2026, each read in the source that its profile names.
const FACTS: &[(&str, &str, &str)] = &[
    ("tpu-v6e", "link.scale_up.per_chip_one_way", "400 GB/s"), // 3.2 Tb/s both ways: 800 GB/s
    ("tpu-v4", "link.scale_up.per_chip_one_way", "270 GB/s"),  // six links of 45 GB/s
    ("mi250x", "node.chips", "4"),                             // modules of two dies
    ("mi250x", "link.scale_up.domain", "4"),
    ("ascend-910c", "peak.dense.bf16", "752 TFLOP/s"),
    ("ascend-910c", "peak.dense.int8", "1504 TFLOP/s"),
    ("ascend-910c", "link.nic.per_chip_one_way", "50 GB/s"),
    ("rtx-4090", "peak.dense.fp8", "330.3 TFLOP/s"), // with fp32 accumulation
    ("rtx-4090", "peak.dense.int8", "660.6 TFLOP/s"),
    ("rtx-5090", "peak.dense.fp8", "419 TFLOP/s"),
    ("gb200", "link.nic.per_chip_one_way", "50 GB/s"),
    ("h800-sxm", "peak.dense.fp64", "1 TFLOP/s"),
    ("gaudi-3", "peak.dense.bf16", "1678 TFLOP/s"),
    ("trainium2", "peak.dense.bf16", "667 TFLOP/s"),
    ("trainium2", "memory.capacity", "103.1 GB"), // 96 GiB
    ("trainium3", "peak.dense.fp8", "2517 TFLOP/s"),
    ("trainium3", "memory.capacity", "154.6 GB"), // 144 GiB
    ("rubin", "peak.dense.bf16", "4000 TFLOP/s"),
    ("rubin", "peak.dense.fp4", "35000 TFLOP/s"),
    ("rubin", "link.scale_up.domain", "72"),
    ("mi350x", "peak.dense.bf16", "2307 TFLOP/s"),
    ("mi455x", "peak.dense.fp8", "10000 TFLOP/s"),
    ("ascend-950pr", "peak.dense.bf16", "425 TFLOP/s"),
    ("ascend-950dt", "link.scale_up.per_chip_one_way", "840 GB/s"),
    ("tpu-8t", "link.scale_up.domain", "9600"),
    ("tpu-8i", "memory.capacity", "288 GB"),
    ("l4", "peak.dense.bf16", "121 TFLOP/s"),
    ("l20", "power.tdp", "275 W"),
    ("l2", "memory.bandwidth", "300 GB/s"),
    ("a30", "memory.bandwidth", "933 GB/s"),
    ("gh200-141gb", "memory.bandwidth", "4.8 TB/s"),
    ("max-1550", "peak.dense.bf16", "340.8 TFLOP/s"),
    ("maia-200", "peak.dense.fp8", "5072 TFLOP/s"),
    ("maia-100", "power.tdp", "500 W"),
    ("wse-3", "memory.bandwidth", "21000 TB/s"),
    ("gb10", "memory.bandwidth", "273 GB/s"),
    ("rtx-5090d-v2", "memory.capacity", "24 GB"),
    ("rtx-pro-6000d", "memory.capacity", "84 GB"),
    ("mtt-s4000", "link.scale_up.per_chip_one_way", "120 GB/s"),
    ("mtt-s5000", "memory.bandwidth", "1.6 TB/s"),
    ("br100", "peak.dense.bf16", "1024 TFLOP/s"),
    ("metax-c500", "peak.dense.int8", "560 TFLOP/s"),
    ("mlu370-x8", "memory.bandwidth", "614.4 GB/s"),
    ("mi250x-4", "chips", "4"),
    ("trn2-48xlarge", "chips", "16"),
    ("vera-rubin-nvl72", "chips", "72"),
    ("helios", "accelerator", "mi455x"),
    ("trn3-ultraserver", "chips", "144"),
];

#[test]
fn facts_are_as_their_sources_have_them() {
    for (name, path, value) in FACTS {
        assert_eq!(shown(name, path).as_deref(), Some(*value), "{name} {path}");
    }
}

/// Rates that a sheet or headline prints with 2:4 sparsity, or with accumulation in 16 bits: never a dense peak.
const NOT_DENSE: &[(&str, &str, f64)] = &[
    ("a100-sxm-80gb", "bf16", 624.0),
    ("a100-sxm-80gb", "int8", 1248.0),
    ("a30", "bf16", 330.0),
    ("h100-sxm", "bf16", 1979.0),
    ("h100-sxm", "fp8", 3958.0),
    ("h200-sxm", "fp8", 3958.0),
    ("h800-sxm", "bf16", 1979.0),
    ("gh200", "bf16", 1979.0),
    ("gh200-141gb", "bf16", 1979.0),
    ("b100", "bf16", 3500.0),
    ("b200", "bf16", 4500.0),
    ("b200", "fp8", 9000.0),
    ("b200", "fp4", 18_000.0),
    ("b300", "fp4", 18_000.0),
    ("gb200", "bf16", 5000.0),
    ("gb300", "fp4", 20_000.0),
    ("rubin", "fp4", 50_000.0),
    ("l4", "bf16", 242.0),
    ("l4", "fp8", 485.0),
    ("l40s", "bf16", 733.0),
    ("rtx-4090", "int8", 1321.0),
    ("rtx-4090", "fp8", 660.6),
    ("rtx-4090", "bf16", 330.3),
    ("rtx-5090", "fp4", 3352.0),
    ("rtx-5090", "fp8", 838.0),
    ("rtx-5090d-v2", "fp4", 2375.0),
    ("rtx-pro-6000", "fp4", 4000.0),
    ("gb10", "fp4", 1000.0),
    ("mi300x", "bf16", 2614.9),
    ("mi455x", "fp8", 20_100.0),
    ("mi455x", "fp4", 40_300.0),
    ("trainium2", "bf16", 2563.0),
    ("trainium2", "fp8", 2563.0),
    ("trainium3", "bf16", 2517.0),
    ("wse-3", "bf16", 125_000.0),
];

fn peak(chip: &Accelerator, format: &str) -> Option<f64> {
    let (_, precision) = PRECISIONS.iter().find(|(name, _)| *name == format).unwrap();
    chip.peak.of(*precision).map(|peak| peak.tflops())
}

#[test]
fn no_peak_is_a_sparse_one() {
    for (id, format, sparse) in NOT_DENSE {
        let dense = peak(&catalog().accelerator(id).unwrap().chip, format);
        assert!(dense.is_none_or(|dense| dense < sparse * 0.99), "{id} {format}: {dense:?}, and {sparse} is sparse");
    }
}

#[test]
fn a_chip_is_found_by_what_people_write() {
    let names = [
        ("NVIDIA H200", "h200-sxm"),
        ("nvidia h200 sxm5 141GB", "h200-sxm"),
        ("H-100", "h100-sxm"),
        ("h 100", "h100-sxm"),
        ("h100_sxm", "h100-sxm"),
        ("NVIDIA H100 80GB HBM3", "h100-sxm"), // as nvidia-smi has it
        ("NVIDIA A100-SXM4-80GB", "a100-sxm-80gb"),
        ("NVIDIA A100-SXM4-40GB", "a100-sxm-40gb"),
        ("NVIDIA A100 80GB PCIe", "a100-pcie-80gb"),
        ("Tesla V100-SXM2-32GB", "v100-sxm2"),
        ("NVIDIA GH200 480GB", "gh200"),
        ("NVIDIA GeForce RTX 4090", "rtx-4090"),
        ("A100 80GB", "a100-sxm-80gb"),
        ("A100 40GB", "a100-sxm-40gb"),
        ("RTX 4090", "rtx-4090"),
        ("rtx4090", "rtx-4090"),
        ("RTX PRO 6000", "rtx-pro-6000"),
        ("910B", "ascend-910b"),
        ("Huawei Ascend 910C", "ascend-910c"),
        ("TPU v5p", "tpu-v5p"),
        ("Google TPU v6e", "tpu-v6e"),
        ("TPU7x", "tpu-v7x"),
        ("GB200 NVL72", "gb200"),
        ("DGX H200", "h200-sxm"), // the chips of that server
        ("Instinct MI300X", "mi300x"),
        ("AMD Instinct MI355X", "mi355x"),
        ("MI-350X", "mi350x"),
        ("Trainium 2", "trainium2"),
        ("AWS Trainium2", "trainium2"),
        ("trn2", "trainium2"),
        ("trn2.48xlarge", "trainium2"),
        ("Vera Rubin", "rubin"),
        ("Intel Gaudi 3", "gaudi-3"),
        ("NVIDIA L4", "l4"),
    ];
    for (typed, id) in names {
        let found = catalog().accelerator(typed).unwrap_or_else(|error| panic!("{typed}: {error}"));
        assert_eq!(found.chip.id, id, "{typed}");
    }
    for (typed, near) in [
        ("MI300", "mi300x"),
        ("AMD H200", "h200"),
        ("Cloud TPU v5p", "tpu-v5p"),
        ("H2000", "h200"),
        ("NVIDIA H300", ""),
    ] {
        let error = catalog().accelerator(typed).unwrap_err();
        assert!(error.hint().unwrap().contains(near), "{typed}: {error}");
    }
    // Words that are not the profile's own are not passed over.
    for typed in ["AMD H200", "H200 NVL 80GB", "Intel MI300X", "", "-", "NVIDIA"] {
        assert!(catalog().accelerator(typed).is_err(), "{typed:?} is found");
    }
}

/// Nothing between letters tells two chips apart, in no kind that people name.
#[test]
fn names_differ_by_their_letters() {
    for kind in [Kind::Accelerators, Kind::Systems, Kind::Models, Kind::Regions] {
        let mut owner: HashMap<String, String> = HashMap::new();
        for id in catalog().ids(kind) {
            let text = catalog().find(kind, &id).unwrap().document.text;
            let document: toml::Table = text.parse().unwrap();
            let aliases = document.get("aliases").and_then(toml::Value::as_array).into_iter().flatten();
            for name in aliases.map(|alias| alias.as_str().unwrap().to_owned()).chain([id.clone()]) {
                let other = owner.insert(letters(&name), id.clone());
                assert!(other.as_ref().is_none_or(|other| *other == id), "`{name}` is {id} and {other:?}");
            }
        }
    }
}

#[test]
fn a_chip_of_one_s_own_is_found_as_it_is_written() {
    let own = tempfile::tempdir().unwrap();
    fs::create_dir(own.path().join("accelerators")).unwrap();
    let shipped = catalog().find(Kind::Accelerators, "h200").unwrap().document.text;
    let mine = shipped.replacen("NVIDIA H200 SXM5 141GB", "Bragi Runestone 2", 1).replacen(
        "[\"h200\", \"h200-141gb\", \"h200-sxm5\"]",
        "[\"rune-2\"]",
        1,
    );
    fs::write(own.path().join("accelerators/runestone-2.toml"), mine).unwrap();
    let catalog = Catalog::with_folders(vec![own.path().to_owned()]);
    for typed in ["Runestone 2", "runestone2", "Bragi rune 2", "Bragi Runestone 2"] {
        assert_eq!(catalog.accelerator(typed).unwrap().chip.id, "runestone-2", "{typed}");
    }
}

/// Every chip answers, or says what is not known of it and what helps.
#[test]
fn what_is_not_known_is_named_where_it_is_needed() {
    for id in catalog().ids(Kind::Accelerators) {
        let profile = catalog().accelerator(&id).unwrap();
        PolicyRequest::new(&id).ask(catalog()).unwrap_or_else(|error| panic!("policy {id}: {error}"));
        let blank = shown(&id, "unknown").unwrap_or_default();
        let asked = || Input::new().model("llama-3-8b").gpu(&id).chips(64);
        let laid = LayoutRequest::new(asked()).top(1).ask(catalog()).map(drop);
        let timed = EstimateRequest::new(asked().tokens("1T")).ask(catalog()).map(drop);
        let moved = (!blank.is_empty()).then(|| ConvertRequest::new(Input::about("llama-3-8b"), &id).ask(catalog()));
        let answers =
            [("layout", Some(laid)), ("estimate", Some(timed)), ("convert", moved.map(|moved| moved.map(drop)))];
        for (question, answer) in answers.into_iter().filter_map(|(question, answer)| Some((question, answer?))) {
            let Err(error) = answer else {
                assert!(blank.is_empty(), "{question} {id} answers without {blank}");
                continue;
            };
            let memory = error.message().contains("fits");
            assert!(!blank.is_empty() || memory, "{question} {id}: {error}");
            let said = error.message().contains("not known") || error.message().contains("no known");
            assert!(said || memory, "{question} {id}: {error}");
            assert!(error.hint().is_some_and(|hint| memory || hint.contains("--gpu FILE")), "{question} {id}: {error}");
        }
        if let Some(path) = blank.split(", ").find(|path| !path.is_empty() && *path != "peak.dense.bf16") {
            assert!(profile.sources.of(path).is_some() || path.starts_with("memory"), "{id} {path}");
        }
    }
}

#[test]
fn blanks_are_meant() {
    let shipped = catalog().find(Kind::Accelerators, "tpu-8t").unwrap().document.text;
    let read = |text: String| {
        let own = tempfile::tempdir().unwrap();
        let file = own.path().join("chip.toml");
        fs::write(&file, text).unwrap();
        catalog().accelerator(file.to_str().unwrap()).map(|profile| profile.chip.peak.bf16)
    };
    assert_eq!(read(shipped.to_string()).unwrap(), None);
    let without = |line: &str| shipped.replacen(line, "", 1);
    let listed = "unknown = [\"peak.dense.bf16\"]\n";
    let error = read(without(listed)).unwrap_err().to_string();
    assert!(error.contains("a chip needs a dense bf16 or fp16 peak") && error.contains(listed.trim()), "{error}");
    let error = read(without("bandwidth = \"6.528 TB/s\"\n")).unwrap_err().to_string();
    assert!(error.contains("`memory.bandwidth` is missing") && error.contains("unknown = "), "{error}");
    let both = shipped.replacen("[\"peak.dense.bf16\"]", "[\"peak.dense.bf16\", \"memory.bandwidth\"]", 1);
    let error = read(both).unwrap_err().to_string();
    assert!(error.contains("`memory.bandwidth` is given, and `unknown` lists it"), "{error}");
    let wrong = shipped.replacen("[\"peak.dense.bf16\"]", "[\"peak.dense.bf16\", \"memory.kind\"]", 1);
    let error = read(wrong).unwrap_err().to_string();
    assert!(error.contains("memory.kind") && error.contains("memory.bandwidth"), "{error}");
}

/// A borrowed family, a guess and a missing network are told, in an estimate and in a layout.
#[test]
fn guesses_are_told() {
    let asked = || Input::new().model("llama-3-8b").gpu("trainium3").chips(288);
    let estimate = EstimateRequest::new(asked().tokens("1T")).ask(catalog()).unwrap();
    let layout = LayoutRequest::new(asked()).top(1).ask(catalog()).unwrap();
    for lines in [estimate.head.assumptions, layout.head.assumptions] {
        let told = |part: &str| lines.iter().any(|line| line.contains(part));
        assert!(told("the factors of `tpu` stand in"), "{lines:?}");
        assert!(told("trainium3 node.chips, assumed: Sleds of 4"), "{lines:?}");
        assert!(told("trainium3 link.nic is not known: 100 Gb/s"), "{lines:?}");
    }
}
