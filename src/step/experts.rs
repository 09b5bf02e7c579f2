//! A layer with a mixture of experts: routing, exchange, grouped products.

use super::collectives::Exchange;
use super::kind::{Kind, Moe};
use super::layer::{CASTS, Cheap, LayerContext};
use super::time_by_kind::{ForwardBackward, TimeByKind};
use crate::layout::parallelism::Schedule;
use crate::units::{Bytes, Seconds};

/// Servers a token's experts may lie on under node-limited routing, which models with latent attention use.
const LIMITED_SERVERS: f64 = 4.0;

/// Kernels of a mixture, forward: those the host launches ahead, and those whose shapes it has to wait for.
const KERNELS_AHEAD: f64 = 20.0;
const KERNELS_WAITING: f64 = 30.0;

/// The same of a dispatch that sends a row once to each expert, for which the host reads the counts back.
const KERNELS_WAITING_PLAIN: f64 = 60.0;

/// Kernels of a narrow recipe for each expert, over those of 16 bits: products and their casts.
const NARROW_KERNELS: f64 = 2.0;

/// Bytes moved for each element of a routed row: read and written before the experts, and after them.
const PERMUTED: f64 = 8.0;

/// Bytes for each element of the residual stream that a selective recompute of norms moves again.
const NORMS_AGAIN: f64 = 8.0;

impl LayerContext<'_> {
    /// One layer with experts.
    ///
    /// # Formula
    /// attention block, shared experts, router, grouped products of the experts on this chip, permutation, two
    /// all-to-alls each way, launches, recompute; experts divide the chips of a stage anew, so that each chip routes
    /// `t / tp` tokens
    /// # Source
    /// DeepSeek-V3, arXiv:2412.19437, sections 2.1.2 and 3.2; Liu et al. 2025, arXiv:2504.14960.
    pub(super) fn moe(&self, kind: &Kind, moe: &Moe) -> ForwardBackward {
        let (hidden, up, r, tp) = (self.hidden, kind.up, &self.r, self.tp);
        let mut p = ForwardBackward::default();
        self.attention_block(&mut p, kind);
        if moe.shared > 0.0 {
            self.linear(&mut p, up * moe.shared / tp, hidden);
            self.linear(&mut p, hidden, moe.shared / tp);
            self.activation(&mut p, up, self.t * moe.shared / tp);
        }
        let tokens = self.t / tp;
        let router = r.wide_product(tokens, moe.routed, hidden, 4.0);
        let frozen = self.tuning.is_frozen();
        p.fwd.gemm += router;
        p.bwd.gemm += router * if frozen { 1.0 } else { 2.0 };
        if moe.latent > 0.0 {
            self.linear(&mut p, moe.latent / tp, hidden);
            self.linear(&mut p, hidden, moe.latent / tp);
        }
        let etp = f64::from(self.layout.etp);
        let (rows, width) = (tokens * moe.active * etp, moe.width / etp);
        let local = (moe.count / f64::from(self.layout.ep)).max(1.0);
        self.grouped(&mut p, local, rows / local, [moe.stream, up * width, width]);
        self.move_rows(&mut p, rows * moe.stream * self.f.permute, PERMUTED);
        self.activation(&mut p, up, rows * width);
        self.cast(&mut p, rows * (moe.stream + width), rows * (moe.stream + up * width));
        let blocks = f64::from(u8::from(kind.mixes)) + if moe.shared > 0.0 { 1.0 } else { 0.0 };
        self.tensor_traffic(&mut p, blocks);
        self.context_traffic(&mut p, kind);
        let experts = local * (up + 1.0) * width * moe.stream;
        let rest = kind.split / tp + moe.routed * hidden;
        self.accumulate(&mut p, rest + experts);
        let traffic = self.exchange(kind, moe, tokens);
        self.hide(&mut p.fwd, traffic);
        self.hide(&mut p.bwd, traffic);
        self.launches(&mut p, KERNELS_AHEAD * kind.blocks / 2.0 + self.casts());
        // The host learns how many rows each expert has before it can launch their kernels.
        let each = self.f.expert_kernels * if r.narrow { NARROW_KERNELS } else { 1.0 };
        let waiting = if self.stack.deduplicated_dispatch { KERNELS_WAITING } else { KERNELS_WAITING_PLAIN };
        self.waits(&mut p, waiting + local * each + if r.narrow { CASTS } else { 0.0 });
        let activations = rows * width * 2.0 * (up + 1.0);
        let bytes = activations + self.t * hidden / tp * NORMS_AGAIN;
        self.recompute(&mut p, kind, Cheap { bytes, last: Seconds::ZERO });
        self.shard_traffic(&mut p, rest + experts);
        p
    }

    /// Products of the experts on this chip, `rows` each, both directions: from their stream to their inner width (all
    /// matrices that lead there together) and back.
    fn grouped(&self, p: &mut ForwardBackward, local: f64, rows: f64, [h, up, width]: [f64; 3]) {
        let r = &self.r;
        let slower = 1.0 / self.f.expert;
        let together = if self.stack.grouped_products { local } else { 1.0 };
        let local = [local, together];
        p.fwd.experts += (r.grouped(local, rows, up, h, 2.0) + r.grouped(local, rows, h, width, 2.0)) * slower;
        if self.tuning.is_frozen() {
            p.bwd.experts += (r.grouped(local, rows, h, up, 2.0) + r.grouped(local, rows, width, h, 2.0)) * slower;
            self.widen(p, local[0] * h * (up + width));
            return;
        }
        let gradient = (r.grouped(local, up, h, rows, 8.0) + r.grouped(local, h, width, rows, 8.0)) * slower;
        let back = (r.grouped(local, rows, h, up, 2.0) + r.grouped(local, rows, width, h, 2.0)) * slower;
        p.bwd.experts += back + gradient;
        p.bwd.weight_gradient += gradient;
    }

    /// Time of the two all-to-alls of one direction: rows out to the experts, and back.
    fn exchange(&self, kind: &Kind, moe: &Moe, tokens: f64) -> Seconds {
        let h = moe.stream;
        let group = f64::from(self.layout.ep);
        let servers = if kind.limited { LIMITED_SERVERS } else { group };
        let once = self.stack.deduplicated_dispatch;
        let one =
            |bytes: f64| Exchange { rows: tokens, bytes: Bytes::new(bytes), group, fanout: moe.active, servers, once };
        let dispatch = h * if self.stack.narrow_dispatch { 1.0 } else { 2.0 };
        self.links.exchange(&one(dispatch)) + self.links.exchange(&one(h * 2.0))
    }

    /// What of the exchange shows: under DualPipe it runs behind the other direction's computation.
    fn hide(&self, work: &mut TimeByKind, traffic: Seconds) {
        let paired = match self.layout.schedule {
            Schedule::DualPipe => true,
            Schedule::Interleaved => self.stack.paired_exchange,
            Schedule::OneFOneB | Schedule::ZeroBubble => false,
        };
        let exposed = if paired { self.behind(traffic, work.total()) } else { traffic * (1.0 - self.f.overlap_ep) };
        work.ep += traffic;
        work.ep_exposed += exposed;
    }
}
