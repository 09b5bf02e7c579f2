//! `flopbill compare`: answers side by side.

use std::path::Path;

use clap::Args;

use super::Reply;
use super::estimate::{ValueArgs, base};
use flopbill::Error;
use flopbill::internals::answer::resolve::answer;
use flopbill::internals::ask::compare::Side;
use flopbill::internals::catalog::{Catalog, read_text};
use flopbill::internals::report::compare::{MOST_SIDES, saved, view};

/// What is set side by side.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Published runs, spec files, or answers saved with --format json; one of them with --gpu h800,h200
    #[arg(value_name = "RUN|FILE|JSON")]
    names: Vec<String>,

    #[command(flatten)]
    values: ValueArgs,
}

/// Answers `flopbill compare`.
pub fn run(args: &CompareArgs, catalog: &Catalog) -> Result<Reply, Error> {
    let (mut sides, mut warnings) = (Vec::new(), Vec::new());
    for name in &args.names {
        if Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
            sides.push(saved(name, &read_text(Path::new(name))?)?);
            continue;
        }
        for values in args.values.each_chip() {
            let answer = answer(&values.question(base(name, catalog)?)?, catalog)?;
            sides.push(Side::of(&answer));
            warnings.extend(answer.warnings);
        }
    }
    if args.names.is_empty() {
        for values in args.values.each_chip() {
            let answer = answer(&values.question(Default::default())?, catalog)?;
            sides.push(Side::of(&answer));
            warnings.extend(answer.warnings);
        }
    }
    if sides.len() < 2 {
        let error = Error::bad_input("there is nothing to compare with");
        return Err(error.with_hint("name two runs, specs or saved answers, or one and --gpu h800,h200"));
    }
    if sides.len() > MOST_SIDES {
        let error = Error::bad_input(format!("{} answers do not fit side by side", sides.len()));
        return Err(error.with_hint(format!("compare at most {MOST_SIDES}, or use `flopbill sweep`")));
    }
    warnings.dedup();
    Ok(Reply { warnings, ..Reply::new(view(&sides)) })
}
