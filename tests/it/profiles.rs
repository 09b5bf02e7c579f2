//! Every shipped profile reads, says where its values are from, and is found by its names.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use flopbill::internals::ask::check;
use flopbill::internals::catalog::stack::{DEFAULT, DEFAULT_UNFUSED};
use flopbill::internals::catalog::{Catalog, KINDS, Kind};
use flopbill::internals::model::flops::Kernel;
use flopbill::internals::source::SourceKind;
use flopbill::internals::step::stack::Stack;

use super::shell::Shell;

/// How many of each kind there are at least.
const AT_LEAST: [(Kind, usize); 7] = [
    (Kind::Accelerators, 66),
    (Kind::Systems, 35),
    (Kind::Prices, 30),
    (Kind::Regions, 90),
    (Kind::Models, 100),
    (Kind::Runs, 40),
    (Kind::Stacks, 20),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles")
}

fn shipped() -> Vec<PathBuf> {
    let folders = KINDS.iter().map(|(kind, _, _)| folder().join(kind));
    let entries = folders.flat_map(|folder| fs::read_dir(folder).into_iter().flatten());
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn every_shipped_profile_reads() {
    let catalog = Catalog::built_in();
    let mut errors = Vec::new();
    for (_, kind, _) in KINDS {
        for id in catalog.ids(kind) {
            let found = catalog.find(kind, &id).unwrap();
            assert!(!found.from_user);
            errors.extend(check::profile(kind, &found, &catalog).err().map(|error| error.to_string()));
        }
    }
    assert!(errors.is_empty(), "{} profiles do not read:\n{}", errors.len(), errors.join("\n"));
}

#[test]
fn all_that_were_asked_for_are_there() {
    let catalog = Catalog::built_in();
    for (kind, least) in AT_LEAST {
        let count = catalog.ids(kind).len();
        assert!(count >= least, "{count} {}, and {least} at least are asked for", kind.folder());
    }
}

#[test]
fn what_is_built_in_is_what_stands_in_the_folder() {
    let catalog = Catalog::built_in();
    let files = shipped();
    for file in &files {
        let kind = file.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let kind = KINDS.iter().find(|(folder, _, _)| *folder == kind).unwrap().1;
        assert_eq!(file.extension().unwrap(), "toml", "{}", file.display());
        let id = file.file_stem().unwrap().to_str().unwrap();
        let built_in = catalog.find(kind, id).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert_eq!(*built_in.document.text, fs::read_to_string(file).unwrap(), "{} is stale", file.display());
        assert_eq!(id, flopbill::internals::catalog::normal(id), "{id} is not in kebab case");
    }
    let built_in: usize = KINDS.iter().map(|(_, kind, _)| catalog.ids(*kind).len()).sum();
    assert_eq!(built_in, files.len());
}

/// The header that the build script and the catalog read: aliases on one line above the first table.
fn aliases(text: &str) -> Vec<String> {
    let document: toml::Table = text.parse().unwrap();
    let list = document.get("aliases").and_then(toml::Value::as_array);
    list.into_iter().flatten().map(|alias| alias.as_str().unwrap().to_owned()).collect()
}

#[test]
fn no_name_means_two_profiles_of_a_kind() {
    let catalog = Catalog::built_in();
    for (_, kind, _) in KINDS {
        let mut owner: HashMap<String, String> = HashMap::new();
        for id in catalog.ids(kind) {
            let text = catalog.find(kind, &id).unwrap().document.text;
            for name in aliases(&text).into_iter().chain([id.clone()]) {
                assert_eq!(name, name.to_lowercase(), "alias of {id}");
                let other = owner.insert(name.clone(), id.clone());
                assert!(other.is_none(), "`{name}` is both {} and {id}", other.unwrap_or_default());
                let found = catalog.find(kind, &name).unwrap_or_else(|error| panic!("alias `{name}` of {id}: {error}"));
                assert_eq!(found.id, id, "`{name}` finds another profile");
            }
        }
    }
}

#[test]
fn what_profiles_name_exists() {
    let catalog = Catalog::built_in();
    for id in catalog.ids(Kind::Systems) {
        let chip = catalog.system(&id).unwrap().system.accelerator;
        assert!(catalog.has(Kind::Accelerators, &chip), "system {id} names the chip {chip}");
    }
    for id in catalog.ids(Kind::Prices) {
        let list = catalog.prices(&id).unwrap().unwrap().list;
        assert_eq!(list.accelerator, id, "a price list is named after its chip");
        assert!(catalog.has(Kind::Accelerators, &id), "prices of {id}, which is no chip");
    }
    for id in catalog.ids(Kind::Regions) {
        catalog.region(&id).unwrap_or_else(|error| panic!("{error}"));
    }
    for id in catalog.ids(Kind::Runs) {
        let run = flopbill::internals::input::file::spec(&catalog.find(Kind::Runs, &id).unwrap()).unwrap();
        let gpu = run.gpu.unwrap_or_else(|| panic!("the run {id} names no chip")).value;
        assert!(catalog.has(Kind::Accelerators, &gpu), "the run {id} names the chip {gpu}");
    }
}

#[test]
fn published_figures_are_not_called_assumptions_and_assumptions_say_so() {
    let catalog = Catalog::built_in();
    for id in catalog.ids(Kind::Accelerators) {
        let profile = catalog.accelerator(&id).unwrap();
        assert!(!profile.sources.0.is_empty(), "{id} has no sources");
        for (path, source) in profile.sources.0.iter() {
            assert!(!source.title.trim().is_empty(), "{id}: {path}");
            assert!(source.as_of.starts_with("20"), "{id}: {path} is of {}", source.as_of);
            let sheet = source.kind == SourceKind::Datasheet;
            assert!(!sheet || !source.title.to_lowercase().contains("assum"), "{id}: {path}: {}", source.title);
        }
    }
}

#[test]
fn dense_peaks_are_dense() {
    let catalog = Catalog::built_in();
    let tflops = |name: &str| catalog.accelerator(name).unwrap().chip.peak.bf16.map(|peak| peak.tflops());
    // The sheets print twice as much, with sparsity.
    for (name, dense) in [("a100", 312.0), ("h100", 989.5), ("h200", 989.5), ("h800", 989.5)] {
        assert_eq!(tflops(name), Some(dense), "{name}");
    }
    let h800 = catalog.accelerator("h800").unwrap().chip;
    assert_eq!(
        h800.scale_up.per_chip_one_way.unwrap().gb_per_s(),
        200.0,
        "the H800's NVLink is cut to 400 GB/s both ways"
    );
    for id in catalog.ids(Kind::Accelerators) {
        let chip = catalog.accelerator(&id).unwrap().chip;
        if let (Some(wide), Some(narrow)) = (chip.peak.bf16, chip.peak.fp8) {
            assert!(narrow.get() >= wide.get(), "{id}: fp8 is slower than bf16");
        }
        let power = chip.power;
        if let (Some(tdp), Some(share)) = (power.tdp, power.node_share) {
            assert!(share.get() >= tdp.get(), "{id}: its share of the node is less than the chip alone");
        }
    }
}

#[test]
fn a_miss_names_the_nearest() {
    let catalog = Catalog::built_in();
    for (typed, meant) in [("h2000", "h200"), ("h1000", "h100"), ("mi300", "mi300x"), ("B-200", "b200")] {
        match catalog.find(Kind::Accelerators, typed) {
            Ok(found) => assert!(found.id.starts_with(meant), "{typed} is {}", found.id),
            Err(error) => assert!(error.hint().unwrap().contains(meant), "{typed}: {error}"),
        }
    }
    let error = catalog.find(Kind::Accelerators, "quantum-computer").unwrap_err();
    assert!(error.hint().unwrap().contains("profiles list accelerators"), "{error}");
    for written in ["H200", "h200", " h200 ", "H200-SXM", "h200_sxm"] {
        assert_eq!(catalog.find(Kind::Accelerators, written).unwrap().id, "h200-sxm", "{written}");
    }
}

#[test]
fn a_folder_of_one_s_own_outranks_what_is_built_in() {
    let own = tempfile::tempdir().unwrap();
    let chips = own.path().join("accelerators");
    fs::create_dir(&chips).unwrap();
    let shipped = fs::read_to_string(folder().join("accelerators/h200-sxm.toml")).unwrap();
    let mine = shipped.replacen("bf16 = \"989.5 TFLOP/s\"", "bf16 = \"900 TFLOP/s\"", 1);
    assert_ne!(mine, shipped);
    fs::write(chips.join("h200-sxm.toml"), &mine).unwrap();
    let other = mine.replacen("\"h200\", \"h200-141gb\", \"h200-sxm5\"", "\"bragi\"", 1);
    fs::write(chips.join("zz-chip.toml"), other).unwrap();
    let catalog = Catalog::with_folders(vec![own.path().to_owned()]);
    for name in ["h200", "h200-sxm", "bragi", "zz-chip"] {
        let chip = catalog.accelerator(name).unwrap();
        assert_eq!(chip.chip.peak.bf16.unwrap().tflops(), 900.0, "{name}");
        assert!(Path::new(&chip.document.file).starts_with(own.path()));
    }
    assert_eq!(catalog.accelerator("h100").unwrap().chip.peak.bf16.unwrap().tflops(), 989.5);
    assert_eq!(catalog.ids(Kind::Accelerators).len(), Catalog::built_in().ids(Kind::Accelerators).len() + 1);
}

#[test]
fn a_chip_names_the_family_that_times_it() {
    let own = tempfile::tempdir().unwrap();
    let chips = own.path().join("accelerators");
    fs::create_dir(&chips).unwrap();
    let shipped = fs::read_to_string(folder().join("accelerators/mi250x.toml")).unwrap();
    let said = "factors = \"cdna\"\nborrowed = true\n";
    assert!(shipped.contains(said));
    let catalog = Catalog::with_folders(vec![own.path().to_owned()]);
    let read = |name: &str, family: &str, architecture: &str| {
        let text = shipped.replace("\"cdna2\"", &format!("\"{architecture}\"")).replace(said, family);
        fs::write(chips.join(format!("{name}.toml")), text).unwrap();
        catalog.accelerator(name).map(|profile| (profile.chip.factors, profile.chip.borrowed))
    };
    assert_eq!(read("a", said, "cdna2").unwrap(), ("cdna".into(), true));
    // Without the line its architecture names the family, where there are factors of that name.
    assert_eq!(read("b", "", "blackwell").unwrap(), ("blackwell".into(), false));
    for (family, architecture) in [("", "cdna2"), ("factors = \"cdna2\"\n", "hopper")] {
        let error = read("c", family, architecture).unwrap_err();
        assert!(error.message().contains("`cdna2`"), "{error}");
        let hint = error.hint().unwrap();
        assert!(["factors = \"hopper\"", "borrowed = true", "ampere"].iter().all(|part| hint.contains(part)), "{hint}");
    }
    // A family of one's own is one more profile of factors.
    fs::create_dir(own.path().join("factors")).unwrap();
    fs::copy(folder().join("factors/hopper.toml"), own.path().join("factors/cdna2.toml")).unwrap();
    assert_eq!(read("d", "", "cdna2").unwrap(), ("cdna2".into(), false));
}

#[test]
fn the_first_folder_outranks_the_second_and_a_path_both() {
    let folders: Vec<tempfile::TempDir> = (0..2).map(|_| tempfile::tempdir().unwrap()).collect();
    let shipped = fs::read_to_string(folder().join("accelerators/h200-sxm.toml")).unwrap();
    for (folder, peak) in folders.iter().zip(["1 TFLOP/s", "2 TFLOP/s"]) {
        fs::create_dir(folder.path().join("accelerators")).unwrap();
        let text = shipped.replacen("bf16 = \"989.5 TFLOP/s\"", &format!("bf16 = \"{peak}\""), 1);
        fs::write(folder.path().join("accelerators/h200-sxm.toml"), text).unwrap();
    }
    let catalog = Catalog::with_folders(folders.iter().map(|folder| folder.path().to_owned()).collect());
    let peak = |name: &str| catalog.accelerator(name).unwrap().chip.peak.bf16.unwrap().tflops();
    assert_eq!(peak("h200"), 1.0);
    assert_eq!(peak(folders[1].path().join("accelerators/h200-sxm.toml").to_str().unwrap()), 2.0);
}

/// The `toml` crate reads 1.1; what is shipped must be readable by everybody.
#[test]
fn profiles_are_toml_1_0() {
    const READ: &str = "import sys, tomllib\nfor p in sys.stdin.read().splitlines():\n  \
                        try: tomllib.load(open(p, 'rb'))\n  except Exception as e: print(p, e)";
    let there = Command::new("python3").args(["-c", "import tomllib"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no python3 with tomllib here");
        return;
    }
    let list = tempfile::NamedTempFile::new().unwrap();
    let mut paths: Vec<String> = shipped().iter().map(|path| path.display().to_string()).collect();
    assert!(paths.len() > 200);
    let first = tempfile::NamedTempFile::new().unwrap();
    fs::write(first.path(), flopbill::internals::input::template::template()).unwrap();
    paths.push(first.path().display().to_string());
    fs::write(list.path(), paths.join("\n")).unwrap();
    let input = fs::File::open(list.path()).unwrap();
    let output = Command::new("python3").args(["-c", READ]).stdin(input).output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && complaints.is_empty(),
        "{complaints}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn frameworks_lead_to_stacks_by_their_whole_name() {
    let catalog = Catalog::built_in();
    let of = |framework: &str| catalog.stack_of_framework(framework).unwrap().map(|stack| stack.id);
    for (framework, id) in [
        ("NeMo 25.02+", "nemo"),
        ("nemo", "nemo"),
        ("NVIDIA NeMo Framework Release 25.04", "nemo"),
        ("Megatron-Bridge 26.04.01 (Megatron-FSDP group 64)", "megatron-fsdp"),
        ("HAI-LLM DualPipe", "deepseek"),
        ("llm-foundry/composer FSDP SHARD_GRAD_OP", "llm-foundry-shard-grad-op"),
        ("torchtitan FSDP2 eager", "torchtitan-eager"),
        ("torchtitan FSDP2+TP ", "torchtitan"),
        ("MaxText (JAX) FSDP+DP", "maxtext-gpu"),
    ] {
        assert_eq!(of(framework).as_deref(), Some(id), "{framework}");
    }
    // No part of a name is enough.
    for framework in ["", "my fork of NeMo", "NeMo on a Tuesday", "eager", "DualPipe"] {
        assert_eq!(of(framework), None, "{framework}");
    }
}

#[test]
fn a_stack_of_one_s_own_outranks_those_that_are_built_in() {
    let own = tempfile::tempdir().unwrap();
    fs::create_dir(own.path().join("stacks")).unwrap();
    let shipped = fs::read_to_string(folder().join("stacks/nemo.toml")).unwrap();
    let mine = shipped.replacen("aliases = [\"nemo-megatron\"]", "aliases = []", 1);
    fs::write(own.path().join("stacks/zz.toml"), mine.replacen("\"NeMo\",", "\"NeMo\", \"Mine\",", 1)).unwrap();
    let catalog = Catalog::with_folders(vec![own.path().to_owned()]);
    for framework in ["Mine 2.0", "NeMo 25.05"] {
        assert_eq!(catalog.stack_of_framework(framework).unwrap().unwrap().id, "zz", "{framework}");
    }
    assert_eq!(catalog.stack("tuned").unwrap().id, "megatron-core");
    let wrong = mine.replacen("\"products\"", "\"some\"", 1).replacen("eager = false\n", "", 1);
    fs::write(own.path().join("stacks/zz.toml"), wrong).unwrap();
    let error = catalog.stack("zz").unwrap_err().to_string();
    assert!(catalog.stack_of_framework("NeMo").is_err());
    assert!(error.contains("some") || error.contains("eager"), "{error}");
}

#[test]
fn a_month_has_its_usual_stack() {
    let catalog = Catalog::built_in();
    for (month, id) in [
        ("", "ordinary"),
        ("2026-11", "ordinary"),
        ("2024-01", "ordinary"),
        ("2023-12", "ordinary-2023"),
        ("2022-09", "ordinary-2023"),
        ("2022-08", "ordinary-2022"),
        ("2018-10", "ordinary-2022"),
    ] {
        assert_eq!(catalog.usual_stack(month).unwrap().id, id, "{month}");
    }
    let switches = |name: &str| catalog.stack(name).unwrap().stack;
    assert_eq!(switches("tuned"), Stack::CURRENT);
    assert_eq!(switches(DEFAULT), Stack::CURRENT);
    assert_eq!(catalog.stack("deepseek").unwrap().stack, Stack::DEEPSEEK);
    assert_eq!(catalog.stack(DEFAULT_UNFUSED).unwrap().kernel, Kernel::Unfused);
}

/// Software has a time: the list of stacks says of when each is, and what was measured on it.
#[test]
fn stacks_are_listed_with_their_release_and_what_they_take() {
    let shell = Shell::new();
    let list = shell.json(&["profiles", "list", "stacks"]);
    let rows = list["stacks"].as_array().unwrap();
    assert_eq!(rows.len(), list["result"]["stacks"].as_array().unwrap().len());
    let catalog = Catalog::built_in();
    for row in rows {
        let stack = catalog.stack(row["id"].as_str().unwrap()).unwrap();
        assert_eq!((row["era"].as_str(), row["release"].as_str()), (Some(&*stack.era), stack.release.as_deref()));
        for (kind, found) in ["dense", "moe"].into_iter().zip(stack.residual) {
            assert_eq!(row[kind]["factor"].as_f64(), found.map(|one| one.value), "{row}");
            assert_eq!(row[kind]["rows"].as_u64(), found.map(|one| u64::from(one.rows)), "{row}");
        }
    }
    let text = String::from_utf8(shell.run(&["profiles", "show", "stacks/nemo"]).stdout).unwrap();
    let row = rows.iter().find(|row| row["id"] == "nemo").unwrap();
    for word in ["Measured steps, for its release of", row["release"].as_str().unwrap(), "MoE", "dense"] {
        assert!(text.contains(word), "{word} in {text}");
    }
    // Other lists are of names alone.
    assert!(shell.json(&["profiles", "list", "models"]).get("stacks").is_none());
    let table = String::from_utf8(shell.run(&["profiles", "list", "stacks"]).stdout).unwrap();
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
}
