//! A layer with a mixture of experts: routing, exchange, grouped products.

use super::layer::Bench;
use super::work::{Passes, Work};
use crate::layout::parallelism::Schedule;

/// Servers a token's experts may lie on under node-limited routing (DeepSeek-V2 and V3).
const LIMITED_SERVERS: f64 = 4.0;

impl Bench<'_> {
    /// One layer with experts.
    pub fn mixture(&self) -> Passes {
        let (w, r, tp) = (&self.w, &self.r, self.tp);
        let moe = &w.moe;
        let (mut p, core) = self.attention_block();
        if moe.shared > 0.0 {
            self.linear(&mut p, w.up * moe.shared / tp, w.hidden);
            self.linear(&mut p, w.hidden, moe.shared / tp);
            self.activation(&mut p, self.t * moe.shared / tp);
        }
        // Experts divide the chips of a stage anew, so that each chip routes its share of the tokens.
        let tokens = self.t / tp;
        let router = r.product16(tokens, moe.count, w.hidden, 4.0);
        p.fwd.gemm += router;
        p.bwd.gemm += 2.0 * router;
        let etp = f64::from(self.layout.etp);
        let rows = tokens * moe.active * etp;
        let local = (moe.count / f64::from(self.layout.ep)).max(1.0);
        self.grouped(&mut p, local, rows / local, moe.width / etp);
        self.permute(&mut p, rows, moe.width / etp);
        let traffic = self.exchange(tokens);
        self.tensor_traffic(&mut p, if moe.shared > 0.0 { 2.0 } else { 1.0 });
        self.context_traffic(&mut p);
        let experts = local * (w.up + 1.0) * moe.width / etp * w.hidden;
        let rest = (w.attention_params() + (w.up + 1.0) * moe.shared * w.hidden) / tp + moe.count * w.hidden;
        self.accumulate(&mut p, rest + experts);
        self.hide(&mut p.fwd, traffic);
        self.hide(&mut p.bwd, traffic);
        let kernels = 20.0 + self.casts(8.0);
        self.launches(&mut p.fwd, kernels);
        self.launches(&mut p.bwd, 2.0 * kernels);
        // The host learns how many rows each expert has before it can launch their kernels.
        let waiting = (20.0 + self.casts(8.0)) * (self.f.launch + self.f.gap) * 1e-6;
        p.fwd.launch += waiting;
        p.bwd.launch += 2.0 * waiting;
        self.recompute(&mut p, &core, rows * moe.width / etp * 2.0 * (w.up + 1.0) + self.t * w.hidden * 8.0 / tp);
        self.shard_traffic(&mut p, rest + experts);
        p
    }

    fn grouped(&self, p: &mut Passes, local: f64, rows: f64, width: f64) {
        let (w, r) = (&self.w, &self.r);
        let slower = 1.0 / self.f.expert;
        let (into, out) = (w.up * width, width);
        let h = w.hidden;
        p.fwd.experts += slower * (r.grouped(local, rows, into, h, 2.0) + r.grouped(local, rows, h, out, 2.0));
        let gradient = slower * (r.grouped(local, into, h, rows, 8.0) + r.grouped(local, h, out, rows, 8.0));
        let back = slower * (r.grouped(local, rows, h, into, 2.0) + r.grouped(local, rows, out, h, 2.0));
        p.bwd.experts += back + gradient;
        p.bwd.weight_gradient += gradient;
    }

    /// Rows are sorted by expert before, put back after; both move them, as do their casts.
    fn permute(&self, p: &mut Passes, rows: f64, width: f64) {
        let h = self.w.hidden;
        let moved = rows * h * 8.0 * self.f.permute;
        self.stream(&mut p.fwd, moved);
        self.stream(&mut p.bwd, moved);
        self.activation(p, rows * width);
        if self.r.narrow {
            let each = self.cast_bytes();
            self.stream(&mut p.fwd, rows * (h + width) * each);
            self.stream(&mut p.bwd, rows * (h + self.w.up * width) * each);
        }
    }

    /// Seconds of the two all-to-alls of one direction.
    fn exchange(&self, tokens: f64) -> f64 {
        let (moe, h, links) = (&self.w.moe, self.w.hidden, &self.links);
        let group = f64::from(self.layout.ep);
        let limit = if self.w.latent.is_some() { LIMITED_SERVERS } else { group };
        let once = self.stack.deduplicated_dispatch;
        let dispatch = h * if self.stack.narrow_dispatch { 1.0 } else { 2.0 };
        links.exchange(tokens, dispatch, group, moe.active, limit, once)
            + links.exchange(tokens, h * 2.0, group, moe.active, limit, once)
    }

    /// What of the exchange shows.
    fn hide(&self, work: &mut Work, traffic: f64) {
        let exposed = if self.layout.schedule == Schedule::DualPipe {
            self.behind(traffic, work.total())
        } else {
            traffic * (1.0 - self.f.overlap_ep)
        };
        work.ep += traffic;
        work.ep_exposed += exposed;
    }
}
