//! Predictions against measured steps.

use crate::catalog::steps::StepRow;
use crate::model::architecture::{Architecture, Attention, Experts};
use crate::step::machine::{Generation, Machine};
use crate::step::plan::{Plan, Precision, Recompute, Schedule, Zero};

/// A row with everything decided.
#[derive(Debug, Clone)]
pub struct Case {
    /// Identifier.
    pub id: String,
    /// Short source.
    pub source: String,
    /// Group for weights.
    pub group: String,
    /// Model.
    pub arch: Architecture,
    /// Layout.
    pub plan: Plan,
    /// Machine.
    pub machine: Machine,
    /// Seconds.
    pub measured: f64,
    /// Choices made.
    pub choices: Vec<String>,
}

/// chip table until the catalog lands
fn machine(row: &StepRow) -> Result<Machine, String> {
    let g = row.gpu.to_lowercase();
    let base = |peak_16: f64, peak_8: f64, bw: f64, mem: f64, su: f64, domain: f64, nic: f64, node: f64, generation| Machine {
        peak_16: peak_16 * 1e12,
        peak_8: peak_8 * 1e12,
        memory_bandwidth: bw * 1e12,
        memory: mem * 1e9,
        scale_up: su * 1e9,
        domain,
        nic: nic * 1e9,
        node,
        generation,
    };
    let mut m = if g.contains("a100") && g.contains("40") {
        base(312.0, 0.0, 1.555, 40.0, 300.0, 8.0, 25.0, 8.0, Generation::Ampere)
    } else if g.contains("a100") {
        base(312.0, 0.0, 2.039, 80.0, 300.0, 8.0, 25.0, 8.0, Generation::Ampere)
    } else if g.contains("h800") {
        base(989.5, 1979.0, 3.35, 80.0, 200.0, 8.0, 50.0, 8.0, Generation::Hopper)
    } else if g.contains("h100") {
        base(989.5, 1979.0, 3.35, 80.0, 450.0, 8.0, 50.0, 8.0, Generation::Hopper)
    } else if g.contains("gb200") {
        base(2500.0, 5000.0, 8.0, 186.0, 900.0, 72.0, 50.0, 4.0, Generation::Blackwell)
    } else if g.contains("b200") {
        base(2250.0, 4500.0, 8.0, 180.0, 900.0, 8.0, 50.0, 8.0, Generation::Blackwell)
    } else {
        return Err(format!("unknown chip `{}`", row.gpu));
    };
    if let Some(n) = row.nic_gb_s_per_gpu {
        m.nic = n * 1e9;
    }
    if let Some(n) = row.gpus_per_node {
        m.node = n;
    }
    Ok(m)
}

fn architecture(row: &StepRow, choices: &mut Vec<String>) -> Result<Architecture, String> {
    let name = row.model.to_lowercase();
    let need = |x: Option<f64>, what: &str| x.ok_or(format!("{what} is blank"));
    if name.contains("qwen3-next") {
        return Ok(Architecture {
            layers: 48,
            hidden: 2048,
            vocab: 151936,
            attention: Attention::Grouped {
                heads: 16,
                kv_heads: 2,
                head_dim: 256,
                window: Some(crate::model::architecture::Window { tokens: 256, share: 0.75 }),
            },
            ffn: 5120,
            gated: true,
            experts: Some(Experts { count: 512, active: 10, width: 512, shared_width: 512, leading_dense: 0, every: 1 }),
            tied_embeddings: false,
            learned_positions: 0,
            biases: false,
            mtp_modules: 0,
        });
    }
    let layers = need(row.layers, "layers")? as u32;
    let hidden = need(row.hidden, "hidden")? as u32;
    let heads = need(row.heads, "heads")? as u32;
    let latent = name.contains("deepseek-v3");
    let attention = if latent {
        Attention::Latent { heads, q_rank: Some(1536), kv_rank: 512, qk_nope: 128, qk_rope: 64, v_dim: 128 }
    } else {
        Attention::Grouped {
            heads,
            kv_heads: row.kv_heads.unwrap_or(f64::from(heads)) as u32,
            head_dim: row.head_dim.unwrap_or(f64::from(hidden / heads)) as u32,
            window: if name.contains("gpt-oss") {
                Some(crate::model::architecture::Window { tokens: 128, share: 0.5 })
            } else {
                None
            },
        }
    };
    let ffn = row.ffn_hidden.unwrap_or(4.0 * f64::from(hidden)) as u32;
    let experts = row.experts.filter(|&e| e > 1.0).map(|e| Experts {
        count: e as u32,
        active: row.experts_active.unwrap_or(2.0) as u32,
        width: row.expert_ffn.unwrap_or(f64::from(ffn)) as u32,
        shared_width: if latent { 2048 } else { 0 },
        leading_dense: if latent { 3 } else { 0 },
        every: 1,
    });
    let mut arch = Architecture {
        layers,
        hidden,
        vocab: row.vocab.unwrap_or(50000.0) as u32,
        attention,
        ffn,
        gated: true,
        experts,
        tied_embeddings: true,
        learned_positions: 0,
        biases: false,
        mtp_modules: u32::from(latent && !row.notes.contains("w/o MTP")),
    };
    if experts.is_none() {
        let d = crate::step::layer::Dims::new(&arch);
        let count = |up: f64| f64::from(layers) * (d.attention_params() + (up + 1.0) * d.ffn * d.h) + d.vocab * d.h;
        arch.gated = match row.params_b {
            Some(b) => {
                let miss = |up: f64| ((count(up) / (b * 1e9)).ln()).abs();
                miss(2.0) < miss(1.0)
            }
            None => f64::from(ffn) != 4.0 * f64::from(hidden),
        };
        arch.tied_embeddings = !arch.gated;
        if row.params_b.is_none() {
            choices.push(format!("gated={}", arch.gated));
        }
    } else {
        arch.tied_embeddings = false;
    }
    Ok(arch)
}

/// Model FLOPs of one token, forward and backward; `causal` counts half the square.
pub fn flops_per_token(a: &Architecture, seq: f64, causal: bool) -> f64 {
    let d = crate::step::layer::Dims::new(a);
    let layers = f64::from(a.layers);
    let (mixed, active) = a.experts.map_or((0.0, 0.0), |e| {
        let mixed = ((layers - f64::from(e.leading_dense)) / f64::from(e.every)).max(0.0);
        let width = f64::from(e.active) * f64::from(e.width) + f64::from(e.shared_width);
        (mixed, (d.up + 1.0) * width * d.h + f64::from(e.count) * d.h)
    });
    let mtp = f64::from(a.mtp_modules);
    let body = layers * d.attention_params() + (layers - mixed) * (d.up + 1.0) * d.ffn * d.h + mixed * active;
    let body = body * (1.0 + mtp / layers);
    let head = d.vocab * d.h * (1.0 + mtp);
    let (share, window) = d.window;
    let seen = if causal { seq / 2.0 } else { seq };
    let seen = share * seen.min(window.max(1.0)) + (1.0 - share) * seen;
    6.0 * (body + head) + 6.0 * (layers + mtp) * seen * d.heads * (d.qk + d.v)
}

fn measured(row: &StepRow, a: &Architecture, gpus: f64, batch: f64, seq: f64, m: &Machine, full: bool) -> Result<f64, String> {
    let value = row.value.filter(|&v| v > 0.0).ok_or("value is blank")?;
    let tokens = batch * seq;
    let note = row.notes.to_lowercase();
    let hardware = note.contains("hardware") || note.contains("hfu");
    let causal = !note.contains("non-causal") && !hardware && row.attention_kernel != "unfused";
    let flop = flops_per_token(a, seq, causal) * if hardware && full { 4.0 / 3.0 } else { 1.0 };
    match row.metric.as_str() {
        "iter_time_s" => Ok(value),
        "tokens_per_s_per_gpu" => Ok(tokens / (value * gpus)),
        "tflops_per_gpu" => Ok(tokens * flop / (value * 1e12 * gpus)),
        "mfu" => Ok(tokens * flop / (value * m.peak_16 * gpus)),
        other => Err(format!("unknown metric `{other}`")),
    }
}

/// Decides what a row leaves open.
pub fn resolve(row: &StepRow) -> Result<Case, String> {
    let mut choices = Vec::new();
    let machine = machine(row)?;
    let arch = architecture(row, &mut choices)?;
    let gpus = row.num_gpus.ok_or("num_gpus is blank")?;
    let seq = row.seq_len.ok_or("seq_len is blank")?;
    let short = row.id.split('-').next().unwrap_or("").to_owned();
    let tp = row.tp.ok_or("tp is blank")?;
    let pp = row.pp.ok_or("pp is blank")?;
    let cp = row.cp.unwrap_or(1.0);
    let dp = row.dp.unwrap_or(gpus / (tp * pp * cp));
    let batch = row.global_batch_seqs.ok_or("global_batch_seqs is blank")?;
    let fused = row.attention_kernel != "unfused";
    let framework = row.framework.to_lowercase();
    let zero = if framework.contains("fsdp") || row.notes.contains("FSDP on") {
        Zero::Full
    } else if !fused && !row.notes.contains("ZeRO-1") {
        Zero::None
    } else {
        Zero::Optimizer
    };
    let precision = match row.precision.as_str() {
        "fp8" if short == "ds" => Precision::BlockFp8,
        "fp8" => Precision::Fp8,
        "mxfp8" => Precision::MxFp8,
        _ => Precision::Half,
    };
    let recompute = match row.recompute.as_str() {
        "full" => Recompute::Full,
        "selective" => Recompute::Selective,
        "none" => Recompute::None,
        _ => {
            choices.push("recompute=none".into());
            Recompute::None
        }
    };
    let micro = row.micro_batch.unwrap_or(1.0);
    let layers = f64::from(arch.layers);
    let plan = Plan {
        tp,
        pp,
        vpp: row.vpp.unwrap_or(1.0),
        cp,
        ep: row.ep.unwrap_or(1.0),
        dp,
        micro_batch: micro,
        global_batch: batch,
        seq,
        precision,
        recompute,
        sequence_parallel: matches!(row.seq_parallel.as_str(), "true" | "yes") || (row.seq_parallel.is_empty() && fused && tp > 1.0),
        schedule: if framework.contains("dualpipe") || short == "ds" { Schedule::DualPipe } else { Schedule::OneFOneB },
        zero,
        fused,
        separate_accumulation: framework.contains("deepspeed") || row.notes.contains("DeepSpeed") || short == "neox",
        blocking: row.notes.contains("CUDA_LAUNCH_BLOCKING=1"),
        grad_bytes: if !fused && row.precision != "bf16" { 2.0 } else { 4.0 },
    };
    if pp > layers {
        return Err("more stages than layers".into());
    }
    let measured = measured(row, &arch, gpus, batch, seq, &machine, recompute == Recompute::Full)?;
    let group = format!("{short}|{}|{}", row.model, row.gpu);
    Ok(Case { id: row.id.clone(), source: short, group, arch, plan, machine, measured, choices })
}
