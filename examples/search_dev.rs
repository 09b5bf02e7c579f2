#![allow(missing_docs)]
use flopbill::catalog::Catalog;
use flopbill::hardware::precision::{Precision, States};
use flopbill::layout::fit::Reserve;
use flopbill::layout::search::Space;
use flopbill::model::flops::Kernel;
use flopbill::step::machine::Machine;
use flopbill::step::perform;
use flopbill::step::ranking::rank;
use flopbill::step::stack::Stack;
use flopbill::study::backtest::calibrations;
use flopbill::units::{Bytes, Fraction};
fn main() {
    let cat = Catalog::built_in();
    let cals = calibrations(&cat).unwrap();
    for (model, gpu, chips, batch, seq, prec) in [("llama-3.1-405b", "h100", 1024, 512, 8192, Precision::Bf16), ("llama-3.1-405b", "h100", 16384, 2048, 8192, Precision::Bf16), ("deepseek-v3", "h800", 2048, 15360, 4096, Precision::Fp8), ("deepseek-v3", "h200", 2048, 15360, 4096, Precision::Fp8), ("llama-3-8b", "h100", 64, 512, 8192, Precision::Bf16), ("gpt-3-175b", "a100", 1024, 1536, 2048, Precision::Bf16), ("qwen3-235b-a22b", "gb200", 256, 8192, 4096, Precision::Mxfp8)] {
        let shape = cat.model(model).unwrap().shape;
        let chip = cat.accelerator(gpu).unwrap().chip;
        let m = Machine::of(&chip);
        let c = &cals[m.generation as usize];
        let space = Space { shape: &shape, chips, global_batch: batch, seq_len: seq, precision: prec, states: States::MixedGradients16, kernel: Kernel::Fused, domain: m.domain.min(16), memory: m.memory, reserve: Reserve { share: Fraction::new(0.05), workspace: Bytes::from_gb(2.0) } };
        let t = std::time::Instant::now();
        let found = rank(&space, &m, &Stack::CURRENT, &c.factors, 5);
        let dt = t.elapsed().as_secs_f64();
        match found {
            Err(e) => println!("{model} {gpu}: {e}"),
            Ok(f) => {
                println!("{model} {gpu} {chips}: considered {} fit {} timed {} in {:.4}s = {:.0}/s", f.considered, f.fit, f.timed, dt, f.considered as f64 / dt);
                for r in &f.best {
                    let l = r.layout;
                    let s = perform(&shape, &l, &m, &Stack::CURRENT, &c.factors);
                    println!("   {:8.3} s t{} p{} v{} c{} e{} d{} mb{} {:?} {:?} mem {:.1} | bub {:.3} tp {:.3} ep {:.3} dp {:.3} sh {:.3}", r.step.get(), l.tp, l.pp, l.vpp, l.cp, l.ep, l.dp, l.micro_batch, l.recompute, l.zero, r.fit.total.gb(), s.bubble, s.work.tp_exposed, s.work.ep_exposed, s.gradients_exposed, s.work.shard_exposed);
                }
            }
        }
    }
}
