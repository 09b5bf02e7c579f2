//! The command line: the only place that prints or exits.

mod args;
mod backtest;
mod calibrate;
mod compare;
mod complain;
mod completions;
mod convert;
mod estimate;
mod explain;
mod fleet;
mod init;
mod layout;
mod output;
mod plan;
mod policy;
mod profiles;
mod rl;
mod sweep;
mod values;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;

use args::{Args, Command};
use flopbill::internals::error::{Error, Kind};
use flopbill::internals::report::{Detail, Format, View, formats};
use flopbill::internals::units::Seconds;
use flopbill::internals::units::date::Date;

/// The answer is there.
pub const YES: u8 = 0;
/// A gate said no, something does not fit, or the question has no answer.
pub const NO: u8 = 1;
/// The command was not understood.
pub const USAGE: u8 = 2;
/// A spec or profile is wrong, or cannot be read.
pub const BAD_FILE: u8 = 3;
/// The answer could not be written.
pub const NOT_WRITTEN: u8 = 4;

/// What a subcommand answers with.
pub struct Reply {
    /// What to show.
    pub view: View,
    /// Sentences for stderr.
    pub warnings: Vec<String>,
    /// Sentences of the gates that failed; with any, the exit code is 1.
    pub failed: Vec<String>,
}

impl Reply {
    /// An answer without anything to say beside it.
    pub fn new(view: View) -> Self {
        Self { view, warnings: Vec::new(), failed: Vec::new() }
    }
}

/// Runs the command line.
pub fn run() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(trouble) => return ExitCode::from(usage(&trouble)),
    };
    args.color.write_global();
    ExitCode::from(answer(&args))
}

fn answer(args: &Args) -> u8 {
    if let Command::Sweep(sweep) = &args.command {
        return sweep::answer(sweep, args); // it writes as it goes
    }
    // The profile of a stack is written beside the answer, not in its place.
    let profile = args.output.as_deref().filter(|path| path.extension().is_some_and(|end| end == "toml"));
    let profile = profile.filter(|_| matches!(args.command, Command::Calibrate(_)));
    let is_spec = matches!(args.command, Command::Init(_)); // it writes itself
    let file = args.output.as_deref().filter(|_| profile.is_none() && !is_spec);
    let format = match formats::choose(args.format.as_deref().filter(|_| !is_spec), file) {
        Ok(format) => format,
        Err(error) => {
            complain::error(&error);
            return USAGE;
        }
    };
    let reply = match dispatch(args, profile) {
        Ok(Some(reply)) => reply,
        Ok(None) => return YES,
        Err(error) => {
            complain::error(&error);
            return code(&error);
        }
    };
    reply.warnings.iter().for_each(|warning| complain::warning(warning));
    match args.write_to(reply.view, format, file) {
        Ok(()) => {}
        Err(error) => {
            complain::error(&error);
            return code(&error);
        }
    }
    reply.failed.iter().for_each(|sentence| complain::failed(sentence));
    if reply.failed.is_empty() { YES } else { NO }
}

impl Args {
    /// Writes a view in as much detail as is asked for.
    ///
    /// # Errors
    /// As [`output::write`].
    fn write_to(&self, view: View, format: &Format, file: Option<&Path>) -> Result<(), Error> {
        if self.detail.is_some() && !format.has_detail() {
            complain::warning(&format!("--detail changes nothing here: {} has everything", format.name));
        }
        let detail = self.detail.clone().or_else(|| std::env::var("FLOPBILL_DETAIL").ok());
        let detail = detail.filter(|_| format.has_detail()).as_deref().map(Detail::parse);
        output::write(view, format, detail.as_ref(), file)
    }

    /// The same to the file that is named.
    ///
    /// # Errors
    /// As [`output::write`].
    fn write(&self, view: View, format: &Format) -> Result<(), Error> {
        self.write_to(view, format, self.output.as_deref())
    }
}

fn dispatch(args: &Args, profile: Option<&Path>) -> Result<Option<Reply>, Error> {
    let catalog = args.catalog()?;
    match &args.command {
        Command::Backtest(backtest) => backtest::run(backtest, &catalog).map(Some),
        Command::Estimate(estimate) => estimate::run(estimate, &catalog).map(Some),
        Command::Calibrate(calibrate) => calibrate::run(calibrate, profile, &catalog).map(Some),
        Command::Compare(compare) => compare::run(compare, &catalog).map(Some),
        Command::Convert(convert) => convert::run(convert, &catalog).map(Some),
        Command::Explain(explain) => explain::run(explain, &catalog).map(Some),
        Command::Fleet(fleet) => fleet::run(fleet, &catalog).map(Some),
        Command::Layout(layout) => layout::run(layout, &catalog).map(Some),
        Command::Plan(plan) => plan::run(plan, &catalog).map(Some),
        Command::Policy(policy) => policy::run(policy, &catalog).map(Some),
        Command::Profiles(profiles) => profiles::run(profiles, &catalog).map(Some),
        Command::Rl(rl) => rl::run(rl, &catalog).map(Some),
        Command::Sweep(_) => Ok(None),
        Command::Init(init) => init::run(init, args.output.as_deref(), args.format.as_deref(), &catalog),
        Command::Completions(completions) => completions::run(completions),
    }
}

/// Today in UTC; `SOURCE_DATE_EPOCH` stands in for the clock where an answer has to be reproducible.
fn today() -> Option<Date> {
    let set = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|seconds| seconds.parse().ok());
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok().map(|time| time.as_secs_f64());
    let since = set.or_else(now)?;
    Date::new(1970, 1, 1).ok()?.after(Seconds::new(since)).ok()
}

/// The exit code of an error.
fn code(error: &Error) -> u8 {
    match error.kind() {
        Kind::DoesNotFit | Kind::NoSolution => NO,
        Kind::BadFile => BAD_FILE,
        Kind::NotWritten => NOT_WRITTEN,
        Kind::BadInput | Kind::UnknownName if error.place().is_some_and(|place| !place.typed) => BAD_FILE,
        Kind::BadInput | Kind::UnknownName => USAGE,
    }
}

/// Help and version go to stdout and are no error; everything else is a usage error.
fn usage(trouble: &clap::Error) -> u8 {
    let asked = matches!(trouble.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let shown = trouble.print();
    match shown {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => NOT_WRITTEN,
        _ if asked => YES,
        _ => USAGE,
    }
}
