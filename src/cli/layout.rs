//! `flopbill layout`: the best ways to spread a model over chips.

use clap::Args;

use super::Reply;
use super::values::{OfAStep, Values};
use flopbill::Error;
use flopbill::internals::ask::layout::LayoutRequest;
use flopbill::internals::catalog::Catalog;
use flopbill::internals::report;

/// The question.
#[derive(Debug, Args)]
pub struct LayoutArgs {
    /// A model: a name of `profiles list models`, a model TOML, or a Hugging Face config.json
    #[arg(value_name = "MODEL")]
    model: String,
    /// Layouts to show
    #[arg(long, value_name = "K", default_value_t = 5)]
    top: usize,

    #[command(flatten)]
    values: Values<OfAStep>,
}

/// Answers `flopbill layout`.
pub fn run(args: &LayoutArgs, catalog: &Catalog) -> Result<Reply, Error> {
    let question = args.values.question(None, catalog)?.with("model", &args.model);
    let found = LayoutRequest::new(question).top(args.top).ask(catalog)?;
    let view = report::layout::view(&found);
    Ok(Reply { warnings: found.head.warnings, ..Reply::new(view) })
}
