#![allow(missing_docs)]
use flopbill::catalog::{Catalog, steps};
use flopbill::step::efficiency::{NAMES, Factors};
use flopbill::step::machine::Generation;
use flopbill::step::perform;
use flopbill::study::backtest::{Case, Chips, resolve};
use flopbill::study::calibrate::{fit, weights};
use std::collections::BTreeMap;

fn time(c: &Case, f: &Factors) -> f64 {
    perform(&c.shape, &c.layout, &c.machine, &c.stack, f).total()
}
fn err(c: &Case, f: &Factors) -> f64 {
    time(c, f) / c.measured - 1.0
}

fn main() {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let verbose: Vec<String> = args.iter().filter_map(|a| a.strip_prefix("-v=").map(String::from)).collect();
    let noloso = args.iter().any(|a| a == "--noloso");
    let set: Vec<(String, f64)> = args.iter().filter_map(|a| a.strip_prefix("-s=")).map(|a| { let (k, v) = a.split_once(':').unwrap(); (k.to_string(), v.parse().unwrap()) }).collect();
    let quiet = args.iter().any(|a| a == "-q");
    args.retain(|a| !a.starts_with('-'));
    let mut rows = steps::read(&std::fs::read_to_string("/work/shared/data/measured_steps.csv").unwrap()).unwrap();
    rows.extend(steps::read(&std::fs::read_to_string("/work/shared/data/measured_steps_vtrain_single_node.csv").unwrap()).unwrap());
    let mut chips = Chips::new(Catalog::built_in());
    let mut cases: Vec<Case> = Vec::new();
    let cat = Catalog::built_in();
    let cal = |g: Generation| match cat.factors(&format!("{g:?}").to_lowercase()) { Ok(p) => p.calibration, Err(e) => panic!("{e}") };
    let cals = [Generation::Ampere, Generation::Hopper, Generation::Blackwell].map(|g| (g, cal(g)));
    let pick = |g: Generation| cals.iter().find(|c| c.0 == g).unwrap().1;
    let guess = |g: Generation| pick(g).prior();
    for r in &rows {
        match resolve(r, &mut chips, &guess) {
            Ok(c) => cases.push(c),
            Err(e) => println!("skip {} {e}", r.id),
        }
    }
    let t0 = std::time::Instant::now();
    let mut table: BTreeMap<(bool, String, String), Vec<(f64, f64, String)>> = BTreeMap::new();
    for g in [Generation::Ampere, Generation::Hopper, Generation::Blackwell] {
        if !args.is_empty() && !args.contains(&format!("{g:?}")) {
            continue;
        }
        let mine: Vec<&Case> = cases.iter().filter(|c| c.machine.generation == g).collect();
        let outside = ["kor22", "llama3t4", "dsv2", "llama1", "opt", "neox", "sc21t1"];
        let outside = &outside[..];
        let usable: Vec<&Case> = mine.iter().copied().filter(|c| !outside.contains(&c.source.as_str())).collect();
        let mut base = pick(g);
        base.factors = base.prior();
        for (k, v) in &set {
            let i = NAMES.iter().position(|s| s == k).unwrap();
            let mut vals = base.factors.values();
            vals[i] = *v;
            base.factors = Factors::from_values(&vals);
            base.priors[i].value = *v;
            base.priors[i].spread = 0.0;
        }
        let f = fit(&weights(&usable), &base, 40);
        if !quiet {
            println!("{g:?}: {} rows, {:.2}s", usable.len(), t0.elapsed().as_secs_f64());
            for (i, s) in NAMES.iter().enumerate() {
                let p = base.priors[i];
                if p.spread == 0.0 { continue; }
                let v = f.values()[i];
                println!("  {:20} {:9.4}  prior {:8.3} z {:+.2}{}", s, v, p.value, (v / p.value).ln() / p.spread, if v < p.low * 1.02 || v > p.high * 0.98 { "  BOUND" } else { "" });
            }
        }
        let mut sources: Vec<&str> = mine.iter().map(|c| c.source.as_str()).collect();
        sources.sort();
        sources.dedup();
        for s in sources {
            let fl = if noloso || outside.contains(&s) {
                f
            } else {
                let u: Vec<&Case> = usable.iter().copied().filter(|c| c.source != s).collect();
                fit(&weights(&u), &base, 25)
            };
            for c in mine.iter().filter(|c| c.source == s) {
                let e = err(c, &fl);
                table.entry((c.shape.experts.is_some(), s.to_string(), format!("{g:?}"))).or_default().push((e, err(c, &f), c.id.clone()));
                if verbose.iter().any(|v| c.id.starts_with(v.as_str())) {
                    row(c, &fl, err(c, &f));
                }
            }
        }
    }
    println!("{:.2}s", t0.elapsed().as_secs_f64());
    println!("{:6} {:10} {:10} {:>4} {:>7} {:>7} {:>7} {:>7} | in-sample mean bias", "moe", "source", "gen", "n", "mean", "median", "max", "bias");
    let (mut ds, mut ms) = (vec![], vec![]);
    for ((moe, s, g), v) in &table {
        let mut a: Vec<f64> = v.iter().map(|x| x.0.abs()).collect();
        a.sort_by(f64::total_cmp);
        let n = a.len() as f64;
        let mean = a.iter().sum::<f64>() / n;
        let bias = v.iter().map(|x| x.0).sum::<f64>() / n;
        let inm = v.iter().map(|x| x.1.abs()).sum::<f64>() / n;
        let inb = v.iter().map(|x| x.1).sum::<f64>() / n;
        println!("{:6} {:10} {:10} {:4} {:7.1} {:7.1} {:7.1} {:+7.1} | {:7.1} {:+7.1}", moe, s, g, a.len(), mean * 100.0, a[a.len() / 2] * 100.0, a[a.len() - 1] * 100.0, bias * 100.0, inm * 100.0, inb * 100.0);
        if *moe { ms.extend(a) } else if s != "vts" { ds.extend(a) }
    }
    for (n, mut v) in [("dense", ds), ("moe", ms)] {
        if v.is_empty() { continue; }
        v.sort_by(f64::total_cmp);
        println!("{n} n {} mean {:.1} median {:.1}", v.len(), v.iter().sum::<f64>() / v.len() as f64 * 100.0, v[v.len() / 2] * 100.0);
    }
    if let Some(v) = table.get(&(false, "bloompre".into(), "Ampere".into())) {
        let c: BTreeMap<&str, &Case> = cases.iter().map(|c| (c.id.as_str(), c)).collect();
        let m: Vec<f64> = v.iter().map(|x| c[x.2.as_str()].measured).collect();
        let p: Vec<f64> = v.iter().map(|x| c[x.2.as_str()].measured * (1.0 + x.0)).collect();
        println!("bloom rank {:.3}", spearman(&m, &p));
    }
    if let Some(v) = table.get(&(false, "kor22".into(), "Ampere".into())) {
        let a: Vec<f64> = v.iter().take(8).map(|x| x.0).collect();
        println!("kor8 mean {:.2} max {:.2} bias {:+.2}", a.iter().map(|x| x.abs()).sum::<f64>() / 8.0 * 100.0, a.iter().fold(0f64, |m, x| m.max(x.abs())) * 100.0, a.iter().sum::<f64>() / 8.0 * 100.0);
    }
}

fn row(c: &Case, f: &Factors, inside: f64) {
    let st = perform(&c.shape, &c.layout, &c.machine, &c.stack, f);
    let (w, t, l) = (st.work, st.total(), &c.layout);
    let pc = |x: f64| x / t * 100.0;
    print!("{:12} {:15} {:8.3} {:+6.1}% in {:+6.1}% ", c.id, c.group.split('|').nth(1).unwrap_or(""), c.measured, (t / c.measured - 1.0) * 100.0, inside * 100.0);
    print!("t{} p{} v{} c{} e{} d{} mb{} m{} s{} {:?} {:?} {:?} | ", l.tp, l.pp, l.vpp, l.cp, l.ep, l.dp, l.micro_batch, l.micro_batches(), l.seq_len, l.precision, l.recompute, l.schedule);
    for (n, x) in [("gemm", w.gemm), ("attn", w.attention), ("exp", w.experts), ("elem", w.elementwise), ("launch", w.launch), ("tp", w.tp_exposed), ("/", w.tp), ("ep", w.ep_exposed), ("/", w.ep), ("cp", w.cp_exposed), ("sh", w.shard_exposed), ("/", w.shard), ("bub", st.bubble), ("p2p", st.transfers), ("dp", st.gradients_exposed), ("/", st.gradients), ("opt", st.optimizer), ("jit", st.jitter), ("fix", st.fixed)] {
        if x > 0.0 { print!("{n} {:.1} ", pc(x)); }
    }
    println!("{}", c.choices.join(","));
}

fn rank(v: &[f64]) -> Vec<f64> {
    let mut i: Vec<usize> = (0..v.len()).collect();
    i.sort_by(|&a, &b| v[a].total_cmp(&v[b]));
    let mut r = vec![0.0; v.len()];
    for (k, &j) in i.iter().enumerate() { r[j] = k as f64; }
    r
}
fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let (x, y) = (rank(a), rank(b));
    let m = (a.len() as f64 - 1.0) / 2.0;
    let c: f64 = x.iter().zip(&y).map(|(p, q): (&f64, &f64)| (p - m) * (q - m)).sum();
    let d: f64 = x.iter().map(|p| (p - m) * (p - m)).sum();
    c / d
}
