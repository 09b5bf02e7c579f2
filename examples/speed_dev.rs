#![allow(missing_docs)]
use flopbill::catalog::{Catalog, steps};
use flopbill::step::perform;
use flopbill::step::machine::Generation;
use flopbill::study::backtest::{Case, Chips, resolve};
fn main() {
    let rows = steps::read(&std::fs::read_to_string("/work/shared/data/measured_steps.csv").unwrap()).unwrap();
    let cat = Catalog::built_in();
    let f = |g: Generation| cat.factors(&format!("{g:?}").to_lowercase()).unwrap().calibration.prior();
    let fs = [f(Generation::Ampere), f(Generation::Hopper), f(Generation::Blackwell)];
    let guess = |g: Generation| fs[g as usize];
    let mut chips = Chips::new(Catalog::built_in());
    let t = std::time::Instant::now();
    let cases: Vec<Case> = rows.iter().filter_map(|r| resolve(r, &mut chips, &guess).ok()).collect();
    println!("resolve {:.3} s", t.elapsed().as_secs_f64());
    for moe in [false, true] {
        let c: Vec<&Case> = cases.iter().filter(|c| c.shape.experts.is_some() == moe).collect();
        let t = std::time::Instant::now();
        let mut s = 0.0;
        let n = 2000;
        for _ in 0..n {
            for c in &c { s += perform(&c.shape, &c.layout, &c.machine, &c.stack, &fs[c.machine.generation as usize]).total(); }
        }
        println!("moe {moe}: {:.0} ns  {s:.1}", t.elapsed().as_secs_f64() / (n * c.len()) as f64 * 1e9);
    }
}
