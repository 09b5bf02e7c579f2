#![allow(missing_docs)]
use flopbill::catalog::{Catalog, steps};
use flopbill::step::efficiency::NAMES;
use flopbill::step::perform;
use flopbill::study::backtest::{Case, Known, calibrations, resolve, summary};
use flopbill::study::calibrate::calibrate;
use std::collections::BTreeMap;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let verbose: Vec<String> = args.iter().filter_map(|a| a.strip_prefix("-v=").map(String::from)).collect();
    let rows = if args.iter().any(|a| a == "--full") {
        let mut rows = steps::read(&std::fs::read_to_string("/work/shared/data/measured_steps.csv").unwrap()).unwrap();
        rows.extend(steps::read(&std::fs::read_to_string("/work/shared/data/measured_steps_vtrain_single_node.csv").unwrap()).unwrap());
        for r in &mut rows {
            let p = r.id.rsplit_once('-').unwrap().0.to_string();
            if p == "kor22" { r.fit = steps::Fit::HeldOut }
            if ["sc21t1", "llama3t4", "dsv2", "llama1", "opt", "neox"].contains(&p.as_str()) || r.id == "ds-004" { r.fit = steps::Fit::Partial }
        }
        rows
    } else { steps::shipped().unwrap() };
    let cat = Catalog::built_in();
    let t0 = std::time::Instant::now();
    let rep = match calibrate(&rows, &cat) { Ok(r) => r, Err(e) => panic!("{e}") };
    let t1 = t0.elapsed().as_secs_f64();
    let cals = calibrations(&cat).unwrap();
    if args.iter().any(|a| a == "--write") {
        for f in &rep.fits { for (n, v) in NAMES.iter().zip(f.factors.values()) { println!("FACTOR {:?} {n} {v:.17}", f.generation); } }
        return;
    }
    if !args.iter().any(|a| a == "-q") {
        for f in &rep.fits {
            println!("{:?} {} rows, bounds {:?}", f.generation, f.rows, f.on_bounds);
            let c = &cals[f.generation as usize];
            for ((n, v), p) in NAMES.iter().zip(f.factors.values()).zip(&c.priors) {
                if p.spread > 0.0 { println!("  {n:20} {v:9.4} prior {:8.3} z {:+.2}", p.value, (v / p.value).ln() / p.spread); }
            }
        }
    }
    let loo: BTreeMap<&str, f64> = rep.leave_one_out.rows.iter().map(|r| (r.id.as_str(), r.error)).collect();
    let mut known = Known::with(&cat, cals.map(|c| flopbill::step::efficiency::Calibration { factors: c.prior(), ..c }));
    for r in &rows {
        if verbose.iter().any(|v| r.id.starts_with(v.as_str())) {
            if let Ok(c) = resolve(r, &mut known) {
                if let Some(f) = rep.fits.iter().find(|f| f.generation == c.machine.generation) { row(&c, &f.factors, loo[c.id.as_str()]); }
            }
        }
    }
    println!("{:5} {:10} {:15} {:>4} {:>6} {:>6} {:>6} {:>6}", "moe", "source", "gpu", "n", "mean", "median", "max", "bias");
    for s in &rep.leave_one_out.sources {
        let i = rep.in_sample.sources.iter().find(|i| i.source == s.source && i.gpu == s.gpu && i.mixture == s.mixture);
        println!("{:5} {:10} {:15} {:4} {:6.1} {:6.1} {:6.1} {:+6.1} {}", s.mixture, s.source, s.gpu, s.n, s.mean_abs_error * 100.0, s.median_abs_error * 100.0, s.max_abs_error * 100.0, s.bias * 100.0, i.map_or(String::new(), |i| format!("| in {:5.1} {:+5.1}", i.mean_abs_error * 100.0, i.bias * 100.0)));
    }
    let fit: BTreeMap<&str, steps::Fit> = rows.iter().map(|r| (r.id.as_str(), r.fit)).collect();
    for (name, moe, all) in [("dense, fitted sources", false, false), ("dense, all", false, true), ("moe, fitted sources", true, false), ("moe, all", true, true)] {
        let e: Vec<f64> = rep.leave_one_out.rows.iter().filter(|r| r.mixture == moe && r.source != "vts" && (all || fit[r.id.as_str()] != steps::Fit::Partial)).map(|r| r.error).collect();
        let [m, md, mx, b] = summary(&e);
        println!("{name}: n {} mean {:.1} median {:.1} max {:.1} bias {:+.1}", e.len(), m * 100.0, md * 100.0, mx * 100.0, b * 100.0);
    }
    let b: Vec<_> = rep.leave_one_out.rows.iter().filter(|r| r.source == "bloompre").collect();
    println!("bloom rank {:.3}", spearman(&b.iter().map(|r| r.measured_s).collect::<Vec<_>>(), &b.iter().map(|r| r.predicted_s).collect::<Vec<_>>()));
    let k: Vec<f64> = rep.leave_one_out.rows.iter().filter(|r| r.source == "kor22" && r.id != "kor22-009").map(|r| r.error).collect();
    let [m, _, mx, bi] = summary(&k);
    println!("kor8 n {} mean {:.2} max {:.2} bias {:+.2}; skipped {:?}; calibrate {t1:.2}s", k.len(), m * 100.0, mx * 100.0, bi * 100.0, rep.leave_one_out.skipped);
}

fn row(c: &Case, f: &flopbill::step::efficiency::Factors, loo: f64) {
    let st = perform(&c.shape, &c.layout, &c.machine, &c.stack, f);
    let (w, t, l) = (st.work, st.total().get(), &c.layout);
    print!("{:12} {:15} {:8.3} loo {:+6.1}% in {:+6.1}% ", c.id, c.group.split('|').nth(1).unwrap_or(""), c.measured.get(), loo * 100.0, (t / c.measured.get() - 1.0) * 100.0);
    print!("t{} p{} v{} c{} e{} d{} mb{} m{} s{} {:?} {:?} {:?} | ", l.tp, l.pp, l.vpp, l.cp, l.ep, l.dp, l.micro_batch, l.micro_batches(), l.seq_len, l.precision, l.recompute, l.schedule);
    for (n, x) in [("gemm", w.gemm), ("attn", w.attention), ("exp", w.experts), ("elem", w.elementwise), ("launch", w.launch), ("tp", w.tp_exposed), ("/", w.tp), ("ep", w.ep_exposed), ("/", w.ep), ("cp", w.cp_exposed), ("sh", w.shard_exposed), ("/", w.shard), ("bub", st.bubble), ("p2p", st.transfers), ("dp", st.gradients_exposed), ("/", st.gradients), ("opt", st.optimizer), ("jit", st.jitter), ("fix", st.fixed)] {
        if x > 0.0 { print!("{n} {:.1} ", x / t * 100.0); }
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
