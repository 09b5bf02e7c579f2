//! From a row of a table to a question: what is blank is chosen as a practitioner would, and said.

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::catalog::steps::StepRow;
use crate::hardware::precision::{PRECISIONS, Precision, States};
use crate::layout::fit::{Reserve, fit};
use crate::layout::parallelism::{Layout, Schedule, ShardGroup, ZeroStage};
use crate::model::architecture::{Architecture, Attention, Experts, LinearAttention, Window};
use crate::model::flops::{Causality, Choice, Counting, Kernel, Recompute, per_token};
use crate::model::params;
use crate::step::efficiency::Factors;
use crate::step::machine::{Generation, Machine};
use crate::step::perform;
use crate::step::stack::Stack;
use crate::units::{Bytes, BytesPerSecond, Fraction};

/// A row with everything decided.
#[derive(Debug, Clone)]
pub struct Case {
    /// The row's identifier.
    pub id: String,
    /// The source: the identifier up to its number.
    pub source: String,
    /// Rows that weigh as one: same source, model and chip.
    pub group: String,
    /// The chip's name in the row.
    pub gpu: String,
    /// The model.
    pub shape: Architecture,
    /// The layout.
    pub layout: Layout,
    /// The machine.
    pub machine: Machine,
    /// The software.
    pub stack: Stack,
    /// Measured seconds of one step.
    pub measured: f64,
    /// What the row left open, and what was chosen.
    pub choices: Vec<String>,
}

/// Chips by name, read once.
#[derive(Debug, Default)]
pub struct Chips {
    catalog: Catalog,
    known: BTreeMap<String, Machine>,
}

impl Chips {
    /// Looks chips up in this catalog.
    pub fn new(catalog: Catalog) -> Self {
        Self { catalog, known: BTreeMap::new() }
    }

    fn find(&mut self, name: &str) -> Result<Machine, String> {
        if let Some(machine) = self.known.get(name) {
            return Ok(*machine);
        }
        let mut short = name.to_lowercase();
        let found = loop {
            match self.catalog.accelerator(&short) {
                Ok(profile) => break profile,
                Err(e) if e.kind() != crate::error::Kind::UnknownName => return Err(e.to_string()),
                Err(_) => match short.rfind('-') {
                    Some(at) => short.truncate(at),
                    None => return Err(format!("gpu: no accelerator profile is named `{name}`")),
                },
            }
        };
        let machine = Machine::of(&found.chip);
        self.known.insert(name.to_owned(), machine);
        Ok(machine)
    }
}

/// Decides what a row leaves open, by the fastest choice that fits under these factors.
pub fn resolve(row: &StepRow, chips: &mut Chips, factors: &impl Fn(Generation) -> Factors) -> Result<Case, String> {
    let mut choices = Vec::new();
    let mut machine = chips.find(&row.gpu)?;
    if let Some(rate) = row.nic_gb_s_per_gpu.filter(|&rate| rate > 0.0) {
        machine.nic = BytesPerSecond::from_gb_per_s(rate);
    }
    if let Some(node) = whole(row.gpus_per_node) {
        machine.node = node;
    }
    let shape = architecture(row, &mut choices)?;
    let stack = stack(row, machine.generation);
    let layout = layout(row, &shape, &machine, &stack, &factors(machine.generation), &mut choices)?;
    let measured = measured(row, &shape, &layout, &machine)?;
    let source = row.id.rsplit_once('-').map_or(row.id.as_str(), |(source, _)| source).to_owned();
    let group = format!("{source}|{}|{}", row.model, row.gpu);
    Ok(Case { id: row.id.clone(), source, group, gpu: row.gpu.clone(), shape, layout, machine, stack, measured, choices })
}

fn whole(x: Option<f64>) -> Option<u32> {
    x.filter(|x| x.is_finite() && *x >= 1.0 && *x <= 1e9).map(|x| x.round() as u32)
}

fn architecture(row: &StepRow, choices: &mut Vec<String>) -> Result<Architecture, String> {
    let name = row.model.to_lowercase();
    if name.contains("qwen3-next") {
        return Ok(qwen3_next());
    }
    let need = |x: Option<f64>, what: &str| whole(x).ok_or(format!("{what} is blank"));
    let latent = name.contains("deepseek-v3") || name.contains("deepseek-v2");
    let (layers, hidden) = (need(row.layers, "layers")?, need(row.hidden, "hidden")?);
    let heads = need(row.heads, "heads")?;
    let attention = if latent {
        Attention::Latent { heads, q_rank: Some(1536), kv_rank: 512, qk_nope: 128, qk_rope: 64, v_dim: 128 }
    } else {
        Attention::Grouped {
            heads,
            kv_heads: whole(row.kv_heads).unwrap_or(heads),
            head_dim: whole(row.head_dim).unwrap_or(hidden / heads.max(1)),
            window: name.contains("gpt-oss").then_some(Window { tokens: 128, share: 0.5 }),
        }
    };
    let ffn = whole(row.ffn_hidden).unwrap_or(hidden.saturating_mul(4));
    let experts = whole(row.experts).filter(|&count| count > 1).map(|count| Experts {
        count,
        active: whole(row.experts_active).unwrap_or(2),
        width: whole(row.expert_ffn).unwrap_or(ffn),
        shared_width: if latent { 2048 } else { 0 },
        leading_dense: if latent { 3 } else { 0 },
        every: 1,
    });
    let mut shape = Architecture {
        layers,
        hidden,
        vocab: whole(row.vocab).unwrap_or(50_304),
        attention,
        output_gate: false,
        linear: None,
        ffn: if experts.is_some() && row.ffn_hidden.is_none() { 0 } else { ffn },
        gated: true,
        experts,
        tied_embeddings: false,
        learned_positions: 0,
        biases: false,
        mtp_modules: u32::from(latent && name.contains("v3") && !row.notes.contains("w/o MTP")),
    };
    if experts.is_none() {
        shape.gated = gated(&shape, row.params_b);
        shape.tied_embeddings = !shape.gated;
        choices.push(format!("MLP with {} matrices", if shape.gated { 3 } else { 2 }));
    }
    shape.check().map_err(|e| e.to_string())?;
    Ok(shape)
}

/// Whether the parameter count fits an MLP of three matrices better than one of two.
fn gated(shape: &Architecture, params_b: Option<f64>) -> bool {
    let Some(published) = params_b.filter(|&b| b > 0.0) else { return u64::from(shape.ffn) != 4 * u64::from(shape.hidden) };
    let miss = |gated: bool| {
        let counted = params::count(&Architecture { gated, tied_embeddings: !gated, ..*shape }).total().get();
        (counted / (published * 1e9)).ln().abs()
    };
    miss(true) < miss(false)
}

fn qwen3_next() -> Architecture {
    Architecture {
        layers: 48,
        hidden: 2048,
        vocab: 151_936,
        attention: Attention::Grouped { heads: 16, kv_heads: 2, head_dim: 256, window: None },
        output_gate: true,
        linear: Some(LinearAttention { share: 0.75, key_heads: 16, value_heads: 32, key_dim: 128, value_dim: 128, conv: 4 }),
        ffn: 0,
        gated: true,
        experts: Some(Experts { count: 512, active: 10, width: 512, shared_width: 512, leading_dense: 0, every: 1 }),
        tied_embeddings: false,
        learned_positions: 0,
        biases: false,
        mtp_modules: 0,
    }
}

fn stack(row: &StepRow, generation: Generation) -> Stack {
    let text = format!("{} {} {}", row.framework, row.notes, row.source).to_lowercase();
    let deepspeed = text.contains("deepspeed") || text.contains("neox");
    let mut stack = match (row.attention_kernel == "unfused", deepspeed) {
        (true, true) => Stack::MEGATRON_2021,
        (true, false) if text.contains("2021") => Stack::MEGATRON_2021,
        (true, false) => Stack::MEGATRON_2022,
        _ if text.contains("dualpipe") || text.contains("hai-llm") => Stack::DEEPSEEK,
        _ => Stack::CURRENT,
    };
    stack.blocking_launches = text.contains("cuda_launch_blocking=1");
    stack.native_attention = generation == Generation::Ampere || !text.contains("llm-foundry");
    stack.eager = ["llm-foundry", "internevo", "eager", "deepspeed", "neox"].iter().any(|name| text.contains(name));
    if text.contains("dispatcher a2a") {
        stack.deduplicated_dispatch = false;
    }
    stack
}

fn precision(row: &StepRow, choices: &mut Vec<String>) -> Precision {
    let name = row.precision.to_lowercase();
    if let Some((_, precision)) = PRECISIONS.iter().find(|(known, _)| *known == name) {
        return *precision;
    }
    if name.contains("fp4") {
        return Precision::Fp4;
    }
    choices.push("precision bf16".into());
    Precision::Bf16
}

fn states(row: &StepRow, precision: Precision) -> States {
    let note = row.notes.to_lowercase();
    let early = row.attention_kernel == "unfused" && precision == Precision::Fp16;
    if note.contains("mp_mode=pure") || early { States::MixedGradients16 } else { States::Mixed }
}

fn layout(
    row: &StepRow,
    shape: &Architecture,
    machine: &Machine,
    stack: &Stack,
    f: &Factors,
    choices: &mut Vec<String>,
) -> Result<Layout, String> {
    let seq_len = whole(row.seq_len).ok_or("seq_len is blank")?;
    let chips = whole(row.num_gpus).unwrap_or_else(|| {
        choices.push("512 chips".into());
        512
    });
    let kernel = if row.attention_kernel == "unfused" { Kernel::Unfused } else { Kernel::Fused };
    let precision = precision(row, choices);
    let text = format!("{} {}", row.framework, row.notes).to_lowercase();
    let staged = whole(row.pp).is_some_and(|pp| pp > 1);
    let zero = if text.contains("fsdp") && staged {
        ZeroStage::Gradients // weights stay gathered from one micro-batch to the next
    } else if text.contains("fsdp") {
        ZeroStage::Weights
    } else if kernel == Kernel::Unfused && !text.contains("zero-1") {
        ZeroStage::None
    } else {
        ZeroStage::Optimizer
    };
    let dual = text.contains("dualpipe") || text.contains("hai-llm");
    let cp = whole(row.cp).unwrap_or(1);
    let group = text.split("fsdp group ").nth(1).and_then(|rest| rest.split(')').next()?.parse().ok());
    let start = Layout {
        cp,
        ep: whole(row.ep).unwrap_or(1),
        zero,
        shard_group: group.map_or(ShardGroup::All, ShardGroup::Chips),
        kernel,
        precision,
        states: states(row, precision),
        schedule: if dual { Schedule::DualPipe } else { Schedule::OneFOneB },
        ..Layout::single(seq_len)
    };
    let open = Open { row, shape, machine, stack, f, chips, start };
    open.best(choices)
}

/// A layout with blanks.
struct Open<'a> {
    row: &'a StepRow,
    shape: &'a Architecture,
    machine: &'a Machine,
    stack: &'a Stack,
    f: &'a Factors,
    chips: u32,
    start: Layout,
}

impl Open<'_> {
    fn best(&self, choices: &mut Vec<String>) -> Result<Layout, String> {
        let row = self.row;
        let powers = |most: u32| (0..).map(|k| 1 << k).take_while(move |&x: &u32| x <= most).collect::<Vec<_>>();
        let given = |x: Option<f64>, or: Vec<u32>| whole(x).map_or(or, |x| vec![x]);
        let tps = given(row.tp, powers(8));
        let pps = given(row.pp, powers(16));
        let micros = given(row.micro_batch, if self.shape.experts.is_some() { vec![1] } else { vec![1, 2, 4, 8] });
        let recomputes: Vec<Recompute> = match row.recompute.as_str() {
            "full" if row.notes.contains("full block") => vec![Recompute::None], // a few layers of many
            "full" => vec![Recompute::Full],
            "selective" => vec![Recompute::Selective],
            "none" => vec![Recompute::None],
            _ => vec![Recompute::None, Recompute::Selective, Recompute::Full],
        };
        let mut best: Option<(bool, f64, Layout)> = None;
        for &tp in &tps {
            for &pp in &pps {
                for &micro_batch in &micros {
                    let vpps = given(row.vpp, self.virtual_stages(pp));
                    for &vpp in &vpps {
                        for &recompute in &recomputes {
                            let Some(layout) = self.candidate(tp, pp, vpp, micro_batch, recompute) else { continue };
                            let fits = self.fits(&layout);
                            let time = perform(self.shape, &layout, self.machine, self.stack, self.f).total()
                                / f64::from(layout.global_batch);
                            if best.as_ref().is_none_or(|(ok, seconds, _)| (!*ok, *seconds) > (!fits, time)) {
                                best = Some((fits, time, layout));
                            }
                        }
                    }
                }
            }
        }
        let (_, _, layout) = best.ok_or_else(|| self.refusal())?;
        self.say(&layout, choices);
        Ok(layout)
    }

    fn virtual_stages(&self, pp: u32) -> Vec<u32> {
        let per_stage = self.shape.layers.div_ceil(pp.max(1));
        if pp < 2 || self.start.schedule == Schedule::DualPipe {
            return vec![1];
        }
        (1..=per_stage).filter(|v| per_stage % v == 0).collect()
    }

    fn candidate(&self, tp: u32, pp: u32, vpp: u32, micro_batch: u32, recompute: Recompute) -> Option<Layout> {
        let row = self.row;
        let product = u64::from(tp) * u64::from(pp) * u64::from(self.start.cp);
        let dp = whole(row.dp).or_else(|| u32::try_from(u64::from(self.chips) / product).ok().filter(|&dp| dp > 0))?;
        let round = dp.checked_mul(micro_batch)?;
        let global_batch = match whole(row.global_batch_seqs) {
            Some(batch) => batch,
            None => round.checked_mul(pp.checked_mul(4)?.max(8))?,
        };
        if global_batch < round || (row.micro_batch.is_none() && global_batch % round != 0) {
            return None;
        }
        if row.vpp.is_none() && vpp > 1 && (global_batch / round) % pp != 0 {
            return None;
        }
        let sequence_parallel = match row.seq_parallel.as_str() {
            "true" | "yes" => true,
            "false" | "no" => false,
            _ => self.start.kernel == Kernel::Fused && tp > 1,
        };
        let schedule = match self.start.schedule {
            Schedule::OneFOneB if vpp > 1 && pp > 1 => Schedule::Interleaved,
            other => other,
        };
        let vpp = if pp > 1 { vpp } else { 1 };
        let layout =
            Layout { tp, pp, vpp, dp, micro_batch, global_batch, recompute, sequence_parallel, schedule, ..self.start };
        (pp <= self.shape.layers && layout.chips() <= 1 << 40).then_some(layout)
    }

    fn fits(&self, layout: &Layout) -> bool {
        let reserve = Reserve { share: Fraction::new(0.03), workspace: Bytes::from_gb(2.0) };
        // The row ran, so that what misses by less than the estimate's own error is taken to fit.
        fit(self.shape, layout, self.machine.memory * 1.35, &reserve).fits()
    }

    fn say(&self, layout: &Layout, choices: &mut Vec<String>) {
        let row = self.row;
        let mut say = |blank: bool, what: String| {
            if blank {
                choices.push(what);
            }
        };
        say(row.tp.is_none(), format!("tp {}", layout.tp));
        say(row.pp.is_none(), format!("pp {}", layout.pp));
        say(row.micro_batch.is_none(), format!("micro_batch {}", layout.micro_batch));
        say(row.vpp.is_none() && layout.pp > 1, format!("vpp {}", layout.vpp));
        say(row.global_batch_seqs.is_none(), format!("global_batch_seqs {}", layout.global_batch));
        say(row.recompute.is_empty(), format!("recompute {:?}", layout.recompute).to_lowercase());
        say(row.seq_parallel.is_empty() && layout.tp > 1, format!("seq_parallel {}", layout.sequence_parallel));
    }

    fn refusal(&self) -> String {
        format!("no layout of {} chips has these degrees and batch", self.chips)
    }
}

/// How a row's FLOPs were counted.
fn counting(row: &StepRow, layout: &Layout) -> Choice {
    let note = format!("{} {}", row.notes, row.source).to_lowercase();
    let hardware = note.contains("hardware") || note.contains("hfu");
    // The first mention is the printed number's; a second one compares.
    let first = note.find("causal").is_some_and(|at| note[..at].ends_with("non-"));
    let full = hardware || first || row.attention_kernel == "unfused";
    let causality = if full { Causality::Full } else { Causality::Causal };
    let counting = if hardware {
        Counting::Hardware { recompute: layout.recompute, kernel: Kernel::Unfused }
    } else {
        Counting::Model
    };
    Choice::Terms { causality, counting }
}

fn measured(row: &StepRow, shape: &Architecture, layout: &Layout, machine: &Machine) -> Result<f64, String> {
    let value = row.value.filter(|&v| v > 0.0).ok_or("value is blank or not positive")?;
    let tokens = f64::from(layout.global_batch) * f64::from(layout.seq_len);
    let chips = layout.chips() as f64;
    // Published counts leave multi-token prediction out.
    let main = Architecture { mtp_modules: 0, ..*shape };
    let flop = || per_token(&main, layout.seq_len, counting(row, layout)).total().get();
    match row.metric.as_str() {
        "iter_time_s" => Ok(value),
        "tokens_per_s_per_gpu" => Ok(tokens / (value * chips)),
        "tflops_per_gpu" => Ok(tokens * flop() / (value * 1e12 * chips)),
        "mfu" => Ok(tokens * flop() / (value * machine.peak_16.get() * chips)),
        other => Err(format!("metric `{other}` is none of iter_time_s, tokens_per_s_per_gpu, tflops_per_gpu, mfu")),
    }
}
