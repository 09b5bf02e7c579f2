//! `flopbill rl`: what a run of reinforcement learning takes.

use clap::Args;

use super::Reply;
use super::values::{OfRl, Values};
use flopbill::Error;
use flopbill::internals::ask::rl::RlRequest;
use flopbill::internals::catalog::{Catalog, Kind, is_path};
use flopbill::internals::report;

const EXAMPLES: &str = "\
Examples:
  flopbill rl llama-3-8b --gpu h100 --chips 64 --rl-steps 500 --prompts 128 --samples 8 --response-tokens 2K
  flopbill rl deepseek-v3 --gpu h800 --chips 512 --rl-steps 8200 --prompts 32 --samples 16 \\
    --steps-per-rollout 16 --response-tokens 3K..9K --max-response 32768 --accepted 1.6..1.9";

/// The question.
#[derive(Debug, Args)]
#[command(before_long_help = EXAMPLES)]
pub struct RlArgs {
    /// A model, by its name or as a config.json, or a spec file with a table [rl]
    #[arg(value_name = "MODEL|FILE")]
    name: String,

    #[command(flatten)]
    values: Values<OfRl>,
}

/// Answers `flopbill rl`.
pub fn run(args: &RlArgs, catalog: &Catalog) -> Result<Reply, Error> {
    let of_model = catalog.has(Kind::Models, &args.name) || args.name.ends_with(".json") || !is_path(&args.name);
    let question = if of_model && args.name != "-" {
        args.values.question(None, catalog)?.with("model", &args.name)
    } else {
        args.values.question(Some(&args.name), catalog)?
    };
    let found = RlRequest::new(question).ask(catalog)?;
    let view = report::rl::view(&found);
    Ok(Reply { warnings: found.head.warnings, ..Reply::new(view) })
}
