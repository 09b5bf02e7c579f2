use flopbill::catalog::steps;
use flopbill::step::efficiency::{FACTORS, Factors};
use flopbill::step::machine::Generation;
use flopbill::step::perform;
use flopbill::study::backtest::{Case, resolve};
use flopbill::study::calibrate::{fit, weights};
use std::collections::BTreeMap;

fn err(c: &Case, f: &Factors) -> f64 { perform(&c.arch, &c.plan, &c.machine, f).total() / c.measured - 1.0 }

fn main() {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let verbose: Vec<String> = args.iter().filter_map(|a| a.strip_prefix("-v=").map(String::from)).collect();
    let noloso = args.iter().any(|a| a == "--noloso");
    args.retain(|a| !a.starts_with('-'));
    let mut rows = steps::read(&std::fs::read_to_string("/work/shared/data/measured_steps.csv").unwrap()).unwrap();
    let vts = steps::read(&std::fs::read_to_string("/work/shared/data/measured_steps_vtrain_single_node.csv").unwrap()).unwrap();
    rows.extend(vts.into_iter().map(|mut r| { r.model = "vts".into(); r }));
    let mut cases = Vec::new();
    for r in &rows {
        match resolve(r) { Ok(c) => cases.push(c), Err(e) => println!("skip {} {e}", r.id) }
    }
    let t0 = std::time::Instant::now();
    let mut table: BTreeMap<(bool, String, String), Vec<(f64, f64, String)>> = BTreeMap::new();
    for g in [Generation::Ampere, Generation::Hopper, Generation::Blackwell] {
        if !args.is_empty() && !args.contains(&format!("{g:?}")) { continue; }
        let mine: Vec<&Case> = cases.iter().filter(|c| c.machine.generation == g).collect();
        let weak = ["llama3t4", "dsv2", "opt", "neox", "sc21t1", "llama1"];
        let kor: Vec<&str> = (1..9).map(|_| "").collect(); let _ = kor;
        let hold = |c: &Case| c.source == "kor22" ;
        let usable: Vec<&Case> = mine.iter().copied().filter(|c| !hold(c) && !weak[..2].contains(&c.source.as_str())).collect();
        let skip: Vec<&str> = match g {
            Generation::Ampere => vec!["gemm_fp8", "overlap_ep", "expert", "permute", "overlap_tp"],
            _ => vec![],
        };
        let free: Vec<usize> = (0..FACTORS.len()).filter(|&i| !skip.contains(&FACTORS[i].name)).collect();
        let f = fit(&weights(&usable), &Factors::PRIOR, &free, 40);
        println!("{g:?}: {} rows, {:.2}s", usable.len(), t0.elapsed().as_secs_f64());
        for (i, s) in FACTORS.iter().enumerate() {
            println!("  {:20} {:9.4}  prior {:8.3} z {:+.2}{}", s.name, f.values()[i], s.prior, (f.values()[i] / s.prior).ln() / s.spread, if f.values()[i] < s.low * 1.02 || f.values()[i] > s.high * 0.98 { "  BOUND" } else { "" });
        }
        let mut sources: Vec<&str> = mine.iter().map(|c| c.source.as_str()).collect();
        sources.sort(); sources.dedup();
        for s in sources {
            let fl = if noloso || s == "kor22" || weak[..2].contains(&s) { f } else {
                let u: Vec<&Case> = usable.iter().copied().filter(|c| c.source != s).collect();
                fit(&weights(&u), &f, &free, 25)
            };
            for c in mine.iter().filter(|c| c.source == s) {
                let e = err(c, &fl);
                let key = (c.arch.experts.is_some(), s.to_string(), format!("{g:?}"));
                table.entry(key).or_default().push((e, err(c, &f), c.id.clone()));
                if verbose.iter().any(|v| c.id.starts_with(v.as_str())) {
                    let st = perform(&c.arch, &c.plan, &c.machine, &fl);
                    let w = st.work; let t = st.total();
                    println!("{:13} {:18} meas {:8.3} pred {:8.3} {:+6.1}% in {:+6.1}% | tp{} pp{} v{} cp{} ep{} dp{} mb{} m{} s{} | gemm {:.0} attn {:.0} exp {:.0} elem {:.0} launch {:.0} tp {:.0}/{:.0} ep {:.0}/{:.0} cp {:.0} shard {:.0}/{:.0} bub {:.0} p2p {:.0} dp {:.1}/{:.1} opt {:.1} jit {:.1} fix {:.1}",
                        c.id, c.group.split('|').nth(1).unwrap_or(""), c.measured, t, e*100.0, err(c,&f)*100.0, c.plan.tp, c.plan.pp, c.plan.vpp, c.plan.cp, c.plan.ep, c.plan.dp, c.plan.micro_batch, c.plan.global_batch/(c.plan.dp*c.plan.micro_batch), c.plan.seq,
                        w.gemm/t*100.0, w.attention/t*100.0, w.experts/t*100.0, w.elementwise/t*100.0, w.launch/t*100.0, w.tp_exposed/t*100.0, w.tp/t*100.0, w.ep_exposed/t*100.0, w.ep/t*100.0, w.cp_exposed/t*100.0, w.shard_exposed/t*100.0, w.shard/t*100.0, st.bubble/t*100.0, st.p2p/t*100.0, st.dp_exposed/t*100.0, st.dp/t*100.0, st.optimizer/t*100.0, st.jitter/t*100.0, st.fixed/t*100.0);
                }
            }
        }
    }
    println!("{:.2}s", t0.elapsed().as_secs_f64());
    println!("{:6} {:10} {:10} {:>4} {:>7} {:>7} {:>7} {:>7} | in-sample mean", "moe", "source", "gen", "n", "mean", "median", "max", "bias");
    let (mut ds, mut ms) = (vec![], vec![]);
    for ((moe, s, g), v) in &table {
        let mut a: Vec<f64> = v.iter().map(|x| x.0.abs()).collect();
        a.sort_by(f64::total_cmp);
        let mean = a.iter().sum::<f64>() / a.len() as f64;
        let bias = v.iter().map(|x| x.0).sum::<f64>() / a.len() as f64;
        let inm = v.iter().map(|x| x.1.abs()).sum::<f64>() / a.len() as f64;
        println!("{:6} {:10} {:10} {:4} {:7.1} {:7.1} {:7.1} {:+7.1} | {:7.1}", moe, s, g, a.len(), mean * 100.0, a[a.len() / 2] * 100.0, a[a.len() - 1] * 100.0, bias * 100.0, inm * 100.0);
        if *moe { ms.extend(a) } else if s != "vts" { ds.extend(a) }
    }
    for (n, mut v) in [("dense", ds), ("moe", ms)] {
        if v.is_empty() { continue; }
        v.sort_by(f64::total_cmp);
        println!("{n} n {} mean {:.1} median {:.1}", v.len(), v.iter().sum::<f64>() / v.len() as f64 * 100.0, v[v.len() / 2] * 100.0);
    }
    // bloom rank correlation in LOSO
    if let Some(v) = table.get(&(false, "bloompre".into(), "Ampere".into())) {
        let c: BTreeMap<&str, &Case> = cases.iter().map(|c| (c.id.as_str(), c)).collect();
        let m: Vec<f64> = v.iter().map(|x| c[x.2.as_str()].measured).collect();
        let p: Vec<f64> = v.iter().map(|x| c[x.2.as_str()].measured * (1.0 + x.0)).collect();
        println!("bloom rank {:.3}", spearman(&m, &p));
    }
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
    let n = a.len() as f64; let m = (n - 1.0) / 2.0;
    let c: f64 = x.iter().zip(&y).map(|(p, q)| (p - m) * (q - m)).sum();
    let d: f64 = x.iter().map(|p| (p - m) * (p - m)).sum();
    c / d
}
