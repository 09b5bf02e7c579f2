//! `flopbill layout`: the best ways to spread a model over chips.

use clap::Args;

use super::Reply;
use flopbill::Error;
use flopbill::internals::ask::layouts::{Asked, RESERVE, layouts};
use flopbill::internals::ask::usual::{Batch, usual};
use flopbill::internals::catalog::Catalog;
use flopbill::internals::hardware::precision::{PRECISIONS, Precision, STATES, States};
use flopbill::internals::input::field::{flag_value, is_fleet, prefix};
use flopbill::internals::layout::fixed::Fixed;
use flopbill::internals::layout::parallelism::{SCHEDULES, ZERO_STAGES};
use flopbill::internals::layout::search::Space;
use flopbill::internals::model::flops::{Kernel, RECOMPUTES};
use flopbill::internals::report::layout::{Shown, view};
use flopbill::internals::step::machine::Machine;
use flopbill::internals::step::stack::Stack;
use flopbill::internals::units::parse::{Grammar, parse_fleet};
use flopbill::internals::units::{Chips, Tokens};

/// Most layouts that are shown.
const MOST_SHOWN: usize = 1000;

/// The question.
#[derive(Debug, Args)]
pub struct LayoutArgs {
    /// A model: a name of `profiles list models`, a model TOML, or a Hugging Face config.json
    #[arg(value_name = "MODEL")]
    model: String,
    /// Accelerator, or a fleet: h800, 2048xH800
    #[arg(long, value_name = "CHIP", allow_hyphen_values = true)]
    gpu: String,
    /// Chips, all of which are used: 2048
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    chips: Option<String>,
    /// Batch of a step: sequences (1024), or tokens ('4M tokens'); without it the model's own run's, or 4M tokens
    #[arg(long, value_name = "BATCH", allow_hyphen_values = true)]
    global_batch: Option<String>,
    /// Tokens of a sequence; without it the model's own run's, or 4096
    #[arg(long, value_name = "TOKENS", allow_hyphen_values = true)]
    seq_len: Option<String>,
    /// Format of the matrix products: bf16, fp16, fp8, mxfp8, fp4
    #[arg(long, value_name = "FORMAT", default_value = "bf16")]
    precision: String,
    /// What is kept for each parameter: mixed, mixed-16bit-moments, fp8-16bit-moments and others
    #[arg(long, value_name = "STATES", default_value = "mixed")]
    states: String,
    /// Layouts to show
    #[arg(long, value_name = "K", default_value_t = 5)]
    top: usize,

    #[command(flatten)]
    fixed: FixedArgs,
}

/// What the search leaves as it is.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settled (only layouts with these are searched)")]
struct FixedArgs {
    /// Tensor parallelism
    #[arg(long, value_name = "N")]
    tp: Option<u32>,
    /// Pipeline stages
    #[arg(long, value_name = "N")]
    pp: Option<u32>,
    /// Virtual stages a chip
    #[arg(long, value_name = "N")]
    vpp: Option<u32>,
    /// Data parallelism, context parallelism not counted in
    #[arg(long, value_name = "N")]
    dp: Option<u32>,
    /// Context parallelism
    #[arg(long, value_name = "N")]
    cp: Option<u32>,
    /// Expert parallelism
    #[arg(long, value_name = "N")]
    ep: Option<u32>,
    /// Sequences of a micro-batch
    #[arg(long, value_name = "N")]
    micro_batch: Option<u32>,
    /// ZeRO stage: 0, 1, 2, 3
    #[arg(long, value_name = "STAGE")]
    zero: Option<String>,
    /// 1f1b, interleaved, zero-bubble, dualpipe
    #[arg(long, value_name = "SCHEDULE")]
    schedule: Option<String>,
    /// none, selective, full
    #[arg(long, value_name = "MODE")]
    recompute: Option<String>,
}

impl FixedArgs {
    fn fixed(&self) -> Result<Fixed, Error> {
        let degrees = [
            ("--tp", self.tp),
            ("--pp", self.pp),
            ("--vpp", self.vpp),
            ("--dp", self.dp),
            ("--cp", self.cp),
            ("--ep", self.ep),
            ("--micro-batch", self.micro_batch),
        ];
        if let Some((flag, _)) = degrees.iter().find(|(_, degree)| *degree == Some(0)) {
            return Err(Error::bad_input(format!("{flag}: 0 is not a whole number from 1 on")));
        }
        Ok(Fixed {
            tp: self.tp,
            pp: self.pp,
            vpp: self.vpp,
            dp: self.dp,
            cp: self.cp,
            ep: self.ep,
            micro_batch: self.micro_batch,
            zero: self.zero.as_deref().map(|name| one_of("--zero", name, &ZERO_STAGES)).transpose()?,
            schedule: self.schedule.as_deref().map(|name| one_of("--schedule", name, &SCHEDULES)).transpose()?,
            recompute: self.recompute.as_deref().map(|name| one_of("--recompute", name, &RECOMPUTES)).transpose()?,
        })
    }
}

/// The entry of a closed list that a flag names.
fn one_of<T: Copy>(flag: &str, name: &str, known: &[(&'static str, T)]) -> Result<T, Error> {
    let wanted = name.trim().to_lowercase();
    known.iter().find(|(known, _)| *known == wanted).map(|(_, item)| *item).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let error = Error::bad_input(format!("{flag}: `{name}` is none of its values"));
        error.with_hint(format!("one of: {}", names.join(", ")))
    })
}

/// A whole number from a flag.
fn whole(flag: &str, value: f64) -> Result<u32, Error> {
    if value >= 1.0 && value <= f64::from(1 << 20) && value.fract() == 0.0 {
        return Ok(value as u32);
    }
    Err(Error::bad_input(format!("{flag}: {value} is not a whole number from 1 to {}", 1 << 20)))
}

/// A whole number from a flag's text.
fn count<Q: Grammar>(flag: &str, text: &str) -> Result<u32, Error> {
    whole(flag, flag_value::<Q>(flag, text)?.base())
}

impl LayoutArgs {
    /// The chip's name and the number of chips.
    fn fleet(&self) -> Result<(&str, u32), Error> {
        let counted = is_fleet(&self.gpu);
        let (count, name) = match counted {
            true => parse_fleet(&self.gpu)
                .map(|(count, name)| (Some(count), name))
                .map_err(|error| prefix("--gpu", &error))?,
            false => (None, self.gpu.as_str()),
        };
        let given = self.chips.as_deref().map(|text| flag_value::<Chips>("--chips", text)).transpose()?;
        match (count, given) {
            (Some(count), Some(given)) if count != given => {
                let (count, given) = (count.get(), given.get());
                Err(Error::bad_input(format!("--gpu says {count} chips, and --chips says {given}")))
            }
            (None, None) => Err(Error::bad_input("the number of chips is missing").with_hint("give --chips 2048")),
            (count, given) => Ok((name, whole("--chips", count.or(given).map_or(0.0, Chips::get))?)),
        }
    }

    fn formats(&self) -> Result<(Precision, States), Error> {
        Ok((one_of("--precision", &self.precision, &PRECISIONS)?, one_of("--states", &self.states, &STATES)?))
    }
}

/// Answers `flopbill layout`.
pub fn run(args: &LayoutArgs, catalog: &Catalog) -> Result<Reply, Error> {
    let model = catalog.model(&args.model)?;
    let (gpu, chips) = args.fleet()?;
    let chip = catalog.accelerator(gpu)?;
    let (precision, states) = args.formats()?;
    chip.chip.peak_of(precision)?;
    let fixed = args.fixed.fixed()?;
    let machine = Machine::of(&chip.chip);
    let factors = catalog.factors(&chip.chip.factors)?.calibration.factors;
    let seq_len = args.seq_len.as_deref().map(|text| count::<Tokens>("--seq-len", text)).transpose()?;
    let batch = args.global_batch.as_deref().map(Batch::parse).transpose()?;
    let step = usual(&model.id, catalog, seq_len, batch, chips)?;
    let space = Space {
        shape: &model.shape,
        chips,
        global_batch: step.sequences,
        seq_len: step.seq_len,
        precision,
        states,
        kernel: Kernel::Fused,
        domain: machine.domain,
        node: machine.node,
        memory: machine.memory,
        reserve: RESERVE,
    };
    let keep = args.top.clamp(1, MOST_SHOWN);
    let asked = Asked { space, fixed, machine, stack: Stack::CURRENT, factors, keep };
    let found = layouts(&asked)?;
    let shown = Shown { model: &model, chip: &chip.chip, asked: &asked, found: &found, said: &step.said };
    Ok(Reply::new(view(&shown)))
}
