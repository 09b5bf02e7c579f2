#![allow(missing_docs)]
use flopbill::catalog::{Catalog, run_rows};
use flopbill::study::backtest::{Known, resolve_run};
fn main() {
    let cat = Catalog::built_in();
    let mut known = Known::new(&cat).unwrap();
    let rep = flopbill::study::backtest::runs(&run_rows::shipped().unwrap(), &mut known);
    println!("{:?} skipped {}", rep.summary, rep.skipped.len());
    for r in rep.rows.iter().filter(|r| r.tier.starts_with('A')) { println!("R {:20} pub {:9.0} p50 {:9.0} ratio {:.2} in {}", r.id, r.published_gpu_hours, r.p50, r.published_gpu_hours / r.p50, (r.p10..=r.p90).contains(&r.published_gpu_hours)); }
    for r in run_rows::shipped().unwrap() {
        let Some(h) = r.gpu_hours else { continue };
        match resolve_run(&r, &mut known) {
            Ok(c) => { let p = c.steps.gpu_hours(); let l = c.case.layout; println!("{:4} {:20} {:12} pub {:10.0} pred {:10.0} ratio {:.2} | {} moe {} t{} p{} v{} e{} d{} mb{} gb{} s{} {:?} {:?} {}", c.tier, c.id, r.gpu, h, p, h / p, r.date, c.case.shape.experts.is_some(), l.tp, l.pp, l.vpp, l.ep, l.dp, l.micro_batch, l.global_batch, l.seq_len, l.recompute, l.kernel, c.case.choices.join(",")) }
            Err(e) => println!("{:4} {:20} skip {e}", r.tier, r.id),
        }
    }
}
