//! `flopbill compare`: answers side by side.

use std::path::Path;

use clap::Args;

use super::Reply;
use super::estimate::DrawArgs;
use super::values::{Everything, Values};
use flopbill::Error;
use flopbill::internals::ask::compare::{CompareRequest, LETTERS};
use flopbill::internals::catalog::{Catalog, read_text};
use flopbill::internals::report::compare::view;

/// What is set side by side.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Published runs, spec files, or answers saved with --format json; one of them with --gpu h800,h200 or
    /// --region us,china
    #[arg(value_name = "RUN|FILE|JSON")]
    names: Vec<String>,

    #[command(flatten)]
    values: Values<Everything>,

    #[command(flatten)]
    draws: DrawArgs,
}

/// Answers `flopbill compare`.
pub fn run(args: &CompareArgs, catalog: &Catalog) -> Result<Reply, Error> {
    let mut request = CompareRequest::new();
    request.draws = args.draws.plan()?;
    let (sides, lists) = args.values.each_side(LETTERS.len())?;
    let unnamed = args.names.is_empty().then_some(None);
    for name in args.names.iter().map(|name| Some(name.as_str())).chain(unnamed) {
        let is_json = |path: &Path| path.extension().is_some_and(|end| end.eq_ignore_ascii_case("json"));
        match name.filter(|name| is_json(Path::new(name))) {
            Some(file) => request = request.saved(file, read_text(Path::new(file))?),
            // Without a name and a flag there is no question.
            None if name.is_none() && args.values.is_empty() => {}
            None => {
                // A step that does not say on which of several chips it was measured was measured on none of them.
                for values in &sides {
                    request = request.side(values.question(name, catalog)?.at_home(&lists)?);
                }
            }
        }
    }
    if let Some(values) = sides.first().filter(|values| !values.is_empty()) {
        request.shown_by = Some(Box::new(values.question(None, catalog)?));
    }
    let found = request.ask(catalog)?;
    let view = view(&found);
    let failed = found.failed().collect();
    Ok(Reply { warnings: found.head.warnings, failed, ..Reply::new(view) })
}
