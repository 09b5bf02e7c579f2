//! What each view holds in each format, where a snapshot would not say why.

use crate::cli::{Shell, close, refused, text};

/// Keys of the flat output; a short one is a result, a long one a whole document.
fn plain(shell: &Shell, args: &[&str]) -> String {
    text(&shell.run(&[args, &["--format", "plain"]].concat()).stdout)
}

#[test]
fn plain_is_short_and_holds_what_was_asked() {
    let shell = Shell::new();
    let policy = plain(&shell, &["policy", "h200", "--as-of", "2026-02-01"]);
    assert!(policy.contains("metrics.tpp\t15832\n") && policy.lines().count() < 25, "{policy}");
    assert!(!policy.contains("schema_version"));
    let bill = plain(&shell, &["estimate", "deepseek-v3", "--bill", "rent"]);
    assert!(bill.contains("bill.programme_usd\t") && bill.contains("bill.lines."), "{bill}");
    let fleet = plain(&shell, &["fleet", "400k", "--by", "2028-12-31"]);
    assert!(fleet.contains("by.probability\t0.696\n") && fleet.contains("never\t0.032\n"), "{fleet}");
}

#[test]
fn a_bill_in_csv_is_a_row_for_each_line_and_its_sum_is_the_programme() {
    let shell = Shell::new();
    let output = shell.run(&["estimate", "deepseek-v3", "--bill", "own", "--format", "csv"]);
    let mut reader = csv::Reader::from_reader(output.stdout.as_slice());
    let column = reader.headers().unwrap().iter().position(|name| name == "amount_usd").unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.unwrap()).collect();
    let sum: f64 = rows.iter().filter_map(|row| row[column].parse::<f64>().ok()).sum();
    let bill = shell.json(&["estimate", "deepseek-v3", "--bill", "own"]);
    close(&bill["bill"]["programme_usd"], sum, 1.0);
    let label = reader.headers().unwrap().iter().position(|name| name == "line").unwrap();
    let lines = rows.iter().filter(|row| !row[label].is_empty()).count();
    assert_eq!(lines, bill["cost_lines"].as_array().unwrap().len());
}

#[test]
fn rows_of_a_policy_differ() {
    let rows = text(&Shell::new().run(&["policy", "h200", "--as-of", "2026-02-01", "--format", "csv"]).stdout);
    let mut lines: Vec<&str> = rows.lines().collect();
    let all = lines.len();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), all, "{rows}");
}

#[test]
fn an_estimate_says_which_thresholds_it_reaches_and_the_next() {
    let shell = Shell::new();
    let v3 = shell.json(&["estimate", "deepseek-v3"]);
    assert_eq!(v3["thresholds"]["reached"][0]["rule"], "eu-gpai-guidelines");
    assert_eq!(v3["thresholds"]["next"]["rule"], "eu-ai-act-art-51");
    // Rules count operations: all products and the causal half of the attention, with 6ND beside.
    assert_eq!(v3["thresholds"]["flop"], v3["model"]["exact_flop"]);
    close(&v3["thresholds"]["six_nd_flop"], 3.2856e24, 1.0);
    let exact = v3["thresholds"]["flop"].as_f64().unwrap();
    assert!((1.1..1.2).contains(&(exact / 3.2856e24)), "{exact}");
    close(&v3["thresholds"]["next"]["reached"], exact / 1e25, 1e-12);
    let hours = (1e25 - exact) / exact * 2_664_000.0; // by hand: as many operations an hour on the same chip
    close(&v3["thresholds"]["next"]["gpu_hours_left"], hours, 1.0);
    assert!(shell.json(&["estimate", "--gpu-hours", "1M", "--gpu", "h800"])["thresholds"].is_null());
    let bill = text(&shell.run(&["estimate", "deepseek-v3", "--bill", "own"]).stdout);
    let reached = bill.lines().find(|line| line.contains("EU: general-purpose")).unwrap();
    assert!(reached.contains("reached") && !reached.contains("$0.00"), "{reached}");
    assert!(bill.contains("With work around it"));
}

#[test]
fn every_value_is_shown_with_its_origin() {
    let shell = Shell::new();
    let args = ["estimate", "--gpu-hours", "2.788M", "--gpu", "h200", "--set", "run.chips=2048"];
    let shown = text(&shell.run(&[&args[..], &["--show-resolved"]].concat()).stdout);
    let line = |field: &str| shown.lines().find(|line| line.trim_start().starts_with(field)).unwrap_or_default();
    assert!(line("run.gpu_hours").contains("--gpu-hours"), "{shown}");
    assert!(line("run.chips").contains("--set"), "{shown}");
    assert!(line("run.goodput").contains("default"), "{shown}");
    assert!(line("price.rent").contains("$3.99/h") && line("price.rent").contains("default"), "{shown}");
    let json = shell.json(&args);
    assert_eq!(json["inputs"]["run.chips"]["origin"], "--set run.chips");
    assert!(json["defaults"]["price.rent"]["origin"].as_str().unwrap().contains("profiles/prices/h200-sxm.toml"));
}

#[test]
fn profiles_are_shown_without_cutting_paths_and_quotes_as_a_table() {
    let shell = Shell::new();
    let chip = text(&shell.run(&["profiles", "show", "h200"]).stdout);
    assert!(chip.contains(" link.scale_up.per_chip_one_way "), "{chip}");
    let prices = text(&shell.run(&["profiles", "show", "prices/h200"]).stdout);
    assert!(prices.contains(" Term ") && prices.contains(" Provider "), "{prices}");
    assert!(!prices.contains("quote[0]"));
    let widest = chip.lines().chain(prices.lines()).filter(|line| !line.contains("http")).map(|l| l.chars().count());
    assert!(widest.max() <= Some(80));
}

#[test]
fn a_fleet_of_the_past_is_said() {
    let shell = Shell::new();
    let run = "[[run]]\nname = 'V3 again'\nrun = 'deepseek-v3'\n";
    let tranche = "[[tranche]]\nname = 'all'\nchip = 'h200'\ndate = 2026-03-01\nchips = 2048\n";
    shell.write("past.toml", format!("name = 'past'\nstart = 2026-03-01\n{tranche}{run}"));
    let warned = shell.run(&["fleet", "./past.toml"]);
    assert_eq!(warned.status.code(), Some(0));
    assert!(text(&warned.stderr).contains("starts on 2026-03-01, in the past as of 2026-11-24"));
    // The same day that is named is answered alike.
    let named = shell.run(&["fleet", "./past.toml", "--as-of", "2026-11-24"]);
    assert_eq!((named.status.code(), &named.stdout, &named.stderr), (Some(0), &warned.stdout, &warned.stderr));
    assert!(shell.run(&["fleet", "./past.toml", "--as-of", "2026-03-01"]).stderr.is_empty());
    let by = shell.run(&["fleet", "./past.toml", "--as-of", "2026-03-01", "--by", "2026-02-01"]);
    refused(&by, 2, &["before the fleet's start"]);
}

/// The spec that `init` writes, its comments taken at their word.
#[test]
fn what_init_leaves_commented_out_works_once_it_is_let_in() {
    let shell = Shell::new();
    let planned = text(&shell.run(&["init", "-"]).stdout);
    // On a number of chips, and not on deliveries.
    let deliveries = planned.lines().find(|line| line.starts_with("deliveries = ")).unwrap();
    let spec = planned.replace(deliveries, "").replacen("# chips = 2048", "chips = 2048", 1); // of the run
    let let_in = |spec: &str, start: &str| {
        let line =
            spec.lines().find(|line| line.starts_with(&format!("# {start}"))).unwrap_or_else(|| panic!("{start}"));
        spec.replace(line, &line[2..])
    };
    let plain_mfu = spec.lines().find(|line| line.starts_with("mfu = ")).unwrap();
    for range in ["mfu = \"30%..45%\"", "mfu = { dist = \"pert\""] {
        let mut with = let_in(&spec.replace(plain_mfu, ""), range);
        for line in ["[[correlation]]", "between = ", "spearman = "] {
            with = let_in(&with, line);
        }
        shell.write(
            "run.toml",
            with.replace("\"price.rent\"", "\"run.chips\"").replacen("\nchips = 2048", "\nchips = \"2K..3K\"", 1),
        );
        let answer = shell.json(&["estimate", "./run.toml"]);
        assert!(answer["ranges"]["inputs"].as_array().is_some_and(|all| all.len() == 2), "{answer}");
    }
    let mut laid_out = let_in(&spec.replace(plain_mfu, ""), "model = ");
    for line in ["[layout]", "tp = ", "pp = ", "ep = ", "micro_batch = ", "recompute = "] {
        laid_out = let_in(&laid_out, line);
    }
    shell.write("run.toml", laid_out);
    let answer = shell.json(&["estimate", "./run.toml"]);
    assert!(answer["step"].is_object(), "{answer}");
    assert_eq!(answer["inputs"]["layout.ep"]["value"], 64);
}

#[test]
fn numbers_are_shown_as_they_are() {
    let shell = Shell::new();
    let shown = |args: &[&str]| text(&shell.run(args).stdout);
    let asked = ["estimate", "--gpu", "h200", "--params", "70B", "--tokens", "15T", "--price", "$2/h"];
    // A count of chips keeps its digits, and a range of chips is told in whole nodes.
    let range = shown(&[&asked[..], &["--gpu-hours", "2M", "--chips", "16384..16389"]].concat());
    let row = |label: &str| range.lines().find(|line| line.trim_start().starts_with(label)).unwrap_or_default();
    assert!(row("chips").contains("16,386 ") && !range.contains("16,390 "), "{range}");
    assert!(range.contains("draws of chips are not whole nodes"), "{range}");
    assert_eq!(row("in nodes of 8").split_whitespace().skip(4).collect::<Vec<_>>(), ["16,392", "16,392", "16,392"]);
    // What is not quite all of it is not all of it.
    let mfu = shown(&[&asked[..], &["--mfu", "99.97%", "--chips", "2048"]].concat());
    assert!(mfu.contains("99.97 %") && !mfu.contains("MFU 100 %"), "{mfu}");
    // A goodput that is given stands alone: no prior is named beside it.
    let given = ["estimate", "--model", "llama-3.1-8b", "--tokens", "1T", "--gpu", "h100", "--chips", "512"];
    // By hand: 95.7 % on one node of software that nobody names, less 4.8 % a doubling of its 64 nodes, is 71.8 %.
    assert!(!shown(&[&given[..], &["--goodput", "100%"]].concat()).contains("a prior, not this run's"));
    assert!(shown(&given).contains("goodput 71.8 %: a prior"));
}

#[test]
fn each_level_of_a_conversion_has_its_own_ratio_in_csv() {
    let output = Shell::new().run(&["convert", "deepseek-v3", "--to", "h200", "--format", "csv"]);
    let mut reader = csv::Reader::from_reader(output.stdout.as_slice());
    let heads = reader.headers().unwrap().clone();
    let at = |name: &str| heads.iter().position(|head| head == name).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.unwrap()).collect();
    let number = |row: &csv::StringRecord, name: &str| row[at(name)].parse::<f64>().unwrap();
    assert_eq!(rows.len(), 3);
    for level in rows.chunks(3) {
        let ratios: Vec<f64> = level.iter().map(|row| number(row, "ratio")).collect();
        assert!(ratios[0] < ratios[1] && ratios[1] < ratios[2], "{ratios:?}");
        for (row, ratio) in level.iter().zip(&ratios) {
            let hours = number(row, "gpu_hours") / number(&level[1], "gpu_hours");
            assert!((ratio / ratios[1] / hours - 1.0).abs() < 1e-9, "{row:?}");
        }
    }
}

/// A spreadsheet gets what a machine gets: every number of `result`, and the layout.
#[test]
fn the_rows_of_an_estimate_hold_its_result() {
    let shell = Shell::new();
    let moved = ["estimate", "deepseek-v3", "--gpu", "h200"];
    let planned = ["plan", "chips", "deepseek-v3", "--mfu", "30%..42%", "--by", "60d"];
    for args in [&moved[..], &planned] {
        let result = shell.json(args)["result"].clone();
        let output = shell.run(&[args, &["--format", "csv"]].concat());
        let mut rows = csv::Reader::from_reader(output.stdout.as_slice());
        let columns = rows.headers().unwrap().clone();
        let total = rows.records().map(Result::unwrap).find(|row| &row[1] == "total").unwrap();
        for (key, value) in result.as_object().unwrap() {
            let cell = &total[columns.iter().position(|column| column == key).unwrap_or_else(|| panic!("{key}"))];
            match value.as_f64() {
                Some(number) => assert!((cell.parse::<f64>().unwrap() / number - 1.0).abs() < 1e-12, "{key}: {cell}"),
                None => assert_eq!(cell, value.as_str().unwrap_or_default(), "{key}"),
            }
        }
        assert!(columns.iter().any(|column| column == "chips_p90"), "{columns:?}");
    }
}
