//! The table of fields: the typed store, what is known of each field, and the library's setters are made from it.

use std::sync::Arc;

use crate::cost::VIEWS;
use crate::cost::View;
use crate::cost::defaults::{BORDER_KINDS, BorderKind, HOSTING_KINDS, HostingKind, POWER_BASES, PowerBasis};
use crate::cost::rent_terms::RENT_TERMS;
use crate::error::Error;
use crate::hardware::optimizer::{OFFLOADS, OPTIMIZERS, Offload, Optimizer};
use crate::hardware::precision::{PRECISIONS, Precision, STATES, States};
use crate::hardware::price::Term;
use crate::input::batch::Batch;
use crate::input::field::{Field, Group};
use crate::input::file::{Entry, PhaseSpec, Reported};
use crate::input::measured::Measured;
use crate::input::question::{Input, Typed};
use crate::input::range::Range;
use crate::input::text::{choice, currency, date, days, name, number, rate, share, switch, tflops, whole};
use crate::input::typed::{Rates, entry};
use crate::layout::parallelism::SCHEDULES;
use crate::layout::stages::CUTS;
use crate::model::flops::RECOMPUTES;
use crate::model::tower::{InRun, TOWERS};
use crate::model::tuning::{TRAINED, Trained};
use crate::reliability::checkpoint::{WAYS, Way};
use crate::rollout::algorithm::{ALGORITHMS, Algorithm};
use crate::units::date::Date;
use crate::units::money::Code;
use crate::units::parse::{Grammar, parse};
use crate::units::show::exact;
use crate::units::{
    BytesPerSecond, ChipSeconds, Chips, Flop, FlopPerSecond, Fraction, Params, Price, Quantity as _, Seconds, Tokens,
    Usd,
};

macro_rules! fields {
    ($($group:ident { $(
        #[doc = $about:literal]
        $path:literal $field:ident: $type:ty = $kind:ident($($arg:tt)*) $(.$with:ident($($value:expr),*))*;
    )* })*) => {
        /// A question as asked: nothing is filled in.
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct Spec {
            /// What people call the run.
            pub name: Option<String>,
            /// The built-in run's id or the file it was read from.
            pub file: Option<String>,
            /// Who ran it.
            pub organisation: Option<String>,
            /// When it was published.
            pub date: Option<Date>,
            $($( #[doc = $about] pub $field: Option<Entry<$type>>, )*)*
            /// Where steps were measured that do not say it themselves, where the question itself is asked elsewhere.
            pub home: Option<Arc<Spec>>,
            /// The parts of the run.
            pub phases: Vec<PhaseSpec>,
            /// Fields whose value is a range; the field itself then holds the median.
            pub ranges: Vec<Range>,
            /// Spearman correlations between ranges: two paths and the coefficient.
            pub correlations: Vec<(String, String, f64)>,
            /// What its authors reported.
            pub reported: Option<Reported>,
            /// Where its values came from.
            pub sources: crate::catalog::read::Sources,
        }

        /// Every field of a spec, in the order they are shown.
        pub static FIELDS: &[Field] = &[$($(
            Field { path: $path, about: $about, group: Group::$group, ..$kind!($field $type; $($arg)*)$(.$with($($value),*))* }
        ),*),*];

        impl Input {
            $($(
                #[doc = $about]
                #[must_use]
                pub fn $field(self, value: impl Into<Typed>) -> Self {
                    self.set($path, value)
                }
            )*)*
        }
    };
}

fields! {
    Values {
        /// Model profile, or a Hugging Face config.json; its MFU is predicted where none is given
        "model" model: String = named().flag("model", "MODEL", "deepseek-v3");
        /// Software, by its profile
        "stack" stack: String = named()
            .flag("stack", "STACK", "torchtitan").also(&["stack.name", "software"]);
        /// Time of a step over that of the step model
        "stack.factor" stack_factor: f64 = number()
            .flag("stack-factor", "FACTOR", "1.1").within(0.01, 100.0);
        /// Measured steps of this software: a CSV file, or rows; what they do not say is the question's
        "measured" measured: Measured = steps().flag("measured", "FILE", "[{ step = '2.9 s' }]");
        /// Hours of a run that is moved to other chips over those that the step model converts
        "transfer.ratio" transfer_ratio: f64 = number()
            .flag("transfer-ratio", "RATIO", "1.05").within(0.01, 100.0);
        /// Accelerator, or a fleet such as 2048xH800
        "run.gpu" gpu: String = named().flag("gpu", "CHIP", "h200").also(&["gpus", "accelerator", "chip"]).first();
        /// Chips held
        "run.chips" chips: Chips = base("chips").flag("chips", "N", "2048").within(1.0, CHIPS).whole().first();
        /// Parameters in all; for a mixture of experts give the active ones too
        "run.params" params: Params = base("parameters")
            .flag("params", "N", "671B").also(&["param", "parameters", "parameter"]).within(1e3, 1e16).first();
        /// Parameters at work for one token; leave out for a dense model
        "run.active_params" active_params: Params = base("parameters")
            .flag("active-params", "N", "37B").also(&["active_param", "active_parameters"]).within(1e3, 1e16).first();
        /// Training tokens
        "run.tokens" tokens: Tokens = base("tokens")
            .flag("tokens", "N", "14.8T").also(&["token"]).within(1e3, 1e17).first();
        /// Model FLOPs
        "run.flop" flop: Flop = base("FLOP").flag("flop", "N", "3.3e24").also(&["flops"]).within(1e6, 1e34);
        /// GPU-hours held
        "run.gpu_hours" gpu_hours: ChipSeconds = quantity("GPU-hours", gpu_hours, from_gpu_hours, parse)
            .flag("gpu-hours", "HOURS", "2.788M").also(&["gpu_hour", "hours"]).within(1e-3, 1e15);
        /// Wall-clock time, a bare number in days
        "run.wall_clock" wall_clock: Seconds = time()
            .flag("days", "TIME", "60d").or("wall-clock").also(&["day"]).within(SHORTEST, LONGEST);
        /// Model FLOPs utilisation of the dense peak
        "run.mfu" mfu: Fraction = part().flag("mfu", "SHARE", "34.6%").within(LEAST, 1.0).first();
        /// Measured rate of a chip, a bare number in TFLOP/s: the MFU, by 6ND, over the dense peak
        "run.tflops_per_chip" tflops_per_chip: FlopPerSecond = speed()
            .flag("tflops-per-chip", "RATE", "420").also(&["tflops", "tflops_per_gpu"]).within(1e-3, 1e6);
        /// Share of the held time in which the job computes
        "run.goodput" goodput: Fraction = part().flag("goodput", "SHARE", "93%").within(LEAST, 1.0);
        /// Cost of the run
        "run.cost" cost: Usd = base("USD").flag("cost", "MONEY", "$5.576M").within(CENT, DEAREST);
        /// Rent of one chip; its typical price without it
        "price.rent" price: Price = quantity("USD per GPU-hour", usd_per_hour, from_usd_per_hour, parse)
            .flag("price", "PRICE", "$3.50/h").within(1e-4, 1e5).first();
        /// Format of the matrix work
        "run.precision" precision: Precision = chosen(PRECISIONS).flag("precision", "FORMAT", "bf16");
        /// Format whose dense peak the MFU is a share of
        "run.mfu_basis" mfu_basis: Precision = chosen(PRECISIONS).flag("mfu-basis", "FORMAT", "bf16");
        /// What is kept for each parameter, in all 16, 18, 16, 18, 13, 12, 8 and 6 (4 of them on the host) bytes under Adam
        "run.states" states: States = chosen(STATES).flag("states", "STATES", "mixed").also(&["state"]);
        /// Optimizer, whose moments are kept for each trained parameter
        "run.optimizer" optimizer: Optimizer = chosen(OPTIMIZERS).flag("optimizer", "OPTIMIZER", "adam");
        /// What waits in the host's memory, over the chip's link to it
        "run.offload" offload: Offload = chosen(OFFLOADS).flag("offload", "WHAT", "optimizer");
        /// What is trained: all weights, or adapters beside frozen ones
        "run.tuning" tuning: Trained = chosen(TRAINED).flag("tuning", "WHAT", "lora");
        /// Rank of the adapters
        "run.lora_rank" lora_rank: u32 = count().flag("lora-rank", "N", "16").within(1.0, 65536.0);
        /// What vision and audio towers do; without it the language model is trained alone
        "run.towers" towers: InRun = chosen(TOWERS).flag("towers", "WHAT", "frozen").also(&["tower"]);
        /// Patches of pictures that pass through the vision tower for each token of the language model
        "run.patches_per_token" patches_per_token: f64 = number()
            .flag("patches-per-token", "N", "0.8").also(&["patches"]).within(0.0, 1000.0);
        /// Frames of sound that pass through the audio tower for each token of the language model
        "run.frames_per_token" frames_per_token: f64 = number()
            .flag("frames-per-token", "N", "0.5").also(&["frames"]).within(0.0, 1000.0);
        /// Patches of a picture, which see each other in the vision tower
        "run.picture_patches" picture_patches: u32 = count()
            .flag("picture-patches", "N", "576").also(&["picture"]).within(1.0, 1e6);
        /// Tokens of a sequence
        "run.sequence_length" sequence_length: Tokens = base("tokens")
            .flag("seq-len", "N", "4096").also(&["sequence", "context"]).within(1.0, 1e9).whole();
        /// Tokens of the documents that are packed into a sequence and do not see each other
        "run.document_length" document_length: Tokens = base("tokens")
            .flag("document-len", "N", "2000").also(&["document", "document_len"]).within(1.0, 1e9).whole();
        /// Batch of a step, in sequences (1024seq) or tokens
        "run.global_batch" global_batch: Batch = batch()
            .flag("global-batch", "BATCH", "4Mtok").also(&["run.global_batch_tokens"]).also_in("tok")
            .within(1.0, Batch::MAX).whole();
        /// Measured tokens a second, all chips together: one measured step
        "run.tokens_per_second" tokens_per_second: f64 = rate()
            .flag("tokens-per-second", "N", "1.2M").within(0.1, 1e13);
        /// On another chip keep the run's MFU, rather than convert it by the step model
        "run.keep_mfu" keep_mfu: bool = yes().flag("keep-mfu", "", "true");
        /// On another chip or count keep the run's hours as numbers
        "run.hold_hours" hold_hours: bool = yes().flag("hold-hours", "", "true");
        /// The day for which prices, rules, fleets and software hold; today without it
        "as_of" as_of: Date = day().flag("as-of", "DATE", "2026-02-01");
        /// Currency in which money is shown, at the rate of the day
        "money.currency" currency: Code = currency().flag("currency", "CODE", "EUR");
        /// Own rates of currencies, in US dollars per unit
        "money.rate" rate: Rates = rates().flag("rate", "RATES", "EUR=1.10");
        /// Place of the chips: its rents and prices, and in the whole bill its electricity, carbon and water
        "region" region: String = named().flag("region", "NAME", "sweden").also(&["place"]);
    }

    Layout {
        /// Tensor-parallel degree
        "layout.tp" tp: u32 = count().flag("tp", "N", "1").within(1.0, MOST);
        /// Pipeline stages
        "layout.pp" pp: u32 = count().flag("pp", "N", "16").within(1.0, MOST);
        /// Virtual stages of a chip
        "layout.vpp" vpp: u32 = count().flag("vpp", "N", "2").within(1.0, MOST);
        /// Data-parallel degree, context parallelism not counted in
        "layout.dp" dp: u32 = count().flag("dp", "N", "64").within(1.0, MOST);
        /// Context-parallel degree
        "layout.cp" cp: u32 = count().flag("cp", "N", "2").within(1.0, MOST);
        /// Expert-parallel degree
        "layout.ep" ep: u32 = count().flag("ep", "N", "64").within(1.0, MOST);
        /// Sequences of a micro-batch
        "layout.micro_batch" micro_batch: u32 = count().flag("micro-batch", "N", "1").within(1.0, MOST);
        /// ZeRO stage, from 0 to 3
        "layout.zero" zero: u32 = count().flag("zero", "STAGE", "1").within(0.0, 3.0);
        /// What the backward pass does again
        "layout.recompute" recompute: String = listed(RECOMPUTES).flag("recompute", "MODE", "selective");
        /// How layers are cut into stages: as many on each, or fewer beside a heavy head
        "layout.stages" stages: String = listed(CUTS).flag("stages", "CUT", "by-cost");
        /// Pipeline schedule
        "layout.schedule" schedule: String = listed(SCHEDULES).flag("schedule", "SCHEDULE", "1f1b");
    }

    Bill {
        /// Every charge with its source
        "bill.view" bill: View = chosen(VIEWS).flag("bill", "VIEW", "own");
        /// A hyperscaler's site rather than a rented hall
        "bill.hyperscale" hyperscale: bool = yes().flag("hyperscale", "", "true");
        /// Power usage effectiveness of the site, instead of the place's
        "bill.pue" pue: f64 = number().flag("pue", "PUE", "1.3").within(1.0, 5.0);
        /// How the chips are rented; a reservation is charged for the hours held, its whole commitment shown beside
        "bill.term" term: Term = chosen(RENT_TERMS).flag("term", "TERM", "on_demand");
        /// What the border takes
        "bill.border" border: BorderKind = chosen(BORDER_KINDS).flag("border", "KIND", "duty");
        /// What hosting is paid for
        "bill.hosting" hosting: HostingKind = chosen(HOSTING_KINDS).flag("hosting", "KIND", "all_in");
        /// Basis of the power
        "bill.power" power: PowerBasis = chosen(POWER_BASES).flag("power", "BASIS", "server");
        /// Used hours of an owned chip over all hours
        "bill.utilisation" utilisation: Fraction = part()
            .flag("utilisation", "SHARE", "85%").also(&["utilization"]).within(LEAST, 1.0);
        /// All compute of the programme over the final run
        "bill.programme" programme: f64 = number()
            .flag("programme", "FACTOR", "2.2").also(&["program"]).within(1.0, 1000.0);
        /// People in research and engineering, for a year
        "bill.people" people: f64 = number().flag("people", "N", "150").within(0.0, 1e6);
        /// Interrupts of the job in 1000 days of a node of 8 chips
        "failures.interrupts" interrupts: f64 = number().flag("interrupts", "N", "4.4").within(0.001, 10_000.0);
        /// From an interrupt until the job is started again, a bare number in days
        "failures.detect" detect_time: Seconds = time().flag("detect-time", "TIME", "10min").within(0.0, 365.0);
        /// Reload and warm-up after an interrupt, a bare number in days
        "failures.restart" restart_time: Seconds = time().flag("restart-time", "TIME", "5min").within(0.0, 365.0);
        /// Write bandwidth of the cluster's shared storage, all nodes together
        "failures.storage" storage: BytesPerSecond = base("bytes per second")
            .flag("storage", "BANDWIDTH", "2TB/s").within(1e6, 1e15);
        /// What the job waits for when it saves its state
        "failures.checkpoint" checkpoint: Way = chosen(WAYS).flag("checkpoint", "WHERE", "host");
        /// Useful work between checkpoints, a bare number in days; the best interval without it
        "failures.interval" checkpoint_every: Seconds = time()
            .flag("checkpoint-every", "TIME", "1h").within(SHORTEST, 365.0);
    }

    Ranges {
        /// Finish within this time, a bare number in days: with what probability
        "by" by: Seconds = time().flag("by", "TIME", "90d").within(SHORTEST, LONGEST);
        /// Cost at most this much: with what probability
        "budget" budget: Usd = base("USD").flag("budget", "MONEY", "$6M").within(CENT, DEAREST);
        /// How sure a plan is to hold
        "confidence" confidence: Fraction = part().flag("confidence", "SHARE", "90%");
    }

    Gates {
        /// Fail when the run costs more
        "gate.max_cost" max_cost: Usd = base("USD").flag("max-cost", "MONEY", "$6M").within(CENT, DEAREST);
        /// Fail when the run takes longer
        "gate.max_days" max_days: Seconds = time().flag("max-days", "TIME", "60d").within(SHORTEST, LONGEST);
        /// Fail when the run needs more chips
        "gate.max_chips" max_chips: Chips = base("chips").flag("max-chips", "N", "4096").within(1.0, CHIPS).whole();
        /// Fail when one run in ten costs more
        "gate.max_cost_p90" max_cost_p90: Usd = base("USD").flag("max-cost-p90", "MONEY", "$8M").within(CENT, DEAREST);
        /// Fail when one run in ten takes longer
        "gate.max_days_p90" max_days_p90: Seconds = time().flag("max-days-p90", "TIME", "90d").within(SHORTEST, LONGEST);
        /// Fail when one run in ten needs more chips
        "gate.max_chips_p90" max_chips_p90: Chips = base("chips").flag("max-chips-p90", "N", "8192").within(1.0, CHIPS).whole();
    }

    Rl {
        /// How the policy learns
        "rl.algorithm" rl_algorithm: Algorithm = chosen(ALGORITHMS).flag("algorithm", "NAME", "grpo");
        /// Updates of the policy
        "rl.steps" rl_steps: f64 = number().flag("rl-steps", "N", "10400").within(1.0, 1e9).whole();
        /// Questions of an update
        "rl.prompts" rl_prompts: u32 = count().flag("prompts", "N", "32").within(1.0, MOST);
        /// Responses to a question
        "rl.samples" rl_samples: u32 = count().flag("samples", "N", "16").within(1.0, MOST);
        /// Tokens of a question
        "rl.prompt_tokens" rl_prompt_tokens: Tokens = base("tokens").flag("prompt-tokens", "N", "200").within(1.0, 1e8);
        /// Tokens of a response, in the mean of the run
        "rl.response_tokens" rl_response_tokens: Tokens = base("tokens")
            .flag("response-tokens", "N", "8K").within(1.0, 1e8);
        /// Tokens of a response at the most
        "rl.max_response" rl_max_response: Tokens = base("tokens").flag("max-response", "N", "32768").within(2.0, 1e8);
        /// Standard deviation of the logarithm of a response's length
        "rl.length_spread" rl_length_spread: f64 = number().flag("length-spread", "SPREAD", "0.8").within(0.0, 3.0);
        /// Updates for which one rollout writes the responses
        "rl.steps_per_rollout" rl_steps_per_rollout: u32 = count()
            .flag("steps-per-rollout", "N", "16").within(1.0, MOST);
        /// Tokens that a decode step adds, drafts that are accepted among them
        "rl.accepted" rl_accepted: f64 = number().flag("accepted", "N", "1.8").within(1.0, 16.0);
        /// Forward passes over the responses besides the update: reference, critic, reward model
        "rl.forward_passes" rl_forward_passes: u32 = count().flag("forward-passes", "N", "1").within(0.0, 100.0);
        /// Chips of one engine that writes
        "rl.engine_chips" rl_engine_chips: u32 = count().flag("engine-chips", "N", "32").within(1.0, MOST);
        /// Write and learn at the same time, on chips of their own
        "rl.async" rl_async: bool = yes().flag("async", "", "true");
        /// Share of the chips that write, where they do nothing else
        "rl.generation_share" rl_generation_share: Fraction = part().flag("generation-share", "SHARE", "75%");
    }
}

/// The largest degree of a layout.
const MOST: f64 = (1 << 20) as f64;

// What can be meant, in the field's unit; the upper ends are those of the grammar of quantities.
/// More chips than the world has.
const CHIPS: f64 = 1e8;
/// Days: a second, and ten thousand years.
const SHORTEST: f64 = 1e-5;
const LONGEST: f64 = 3_650_000.0;
/// Dollars: a cent, and what the world makes in years.
const CENT: f64 = 0.01;
const DEAREST: f64 = 1e16;
/// The least share that is no rounding error.
const LEAST: f64 = 1e-5;
