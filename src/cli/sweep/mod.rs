//! `flopbill sweep`: many scenarios, streamed.

mod file;
#[cfg(feature = "parquet")]
mod parquet;
mod progress;

use std::io;
use std::path::Path;

use super::args::Args;
use super::estimate::DrawArgs;
use super::values::{Everything, Values};
use super::{NOT_WRITTEN, YES, code, complain};
use flopbill::Error;
use flopbill::internals::catalog::Catalog;
use flopbill::internals::report::grid;
use flopbill::internals::report::sweep::{Last, STREAMS, Writer, view};
use flopbill::internals::report::{Format, formats};
use flopbill::internals::sweep::columns::{BESIDE, BILL_RANGED, RANGED};
use flopbill::internals::sweep::{Dominated, Drawn, GridRequest, Row, Sweep, SweepAnswer, SweepRequest};
use progress::Progress;

/// Which question, and which values.
#[derive(Debug, clap::Args)]
pub struct SweepArgs {
    /// A published run, a spec file, or - for a spec on stdin
    #[arg(value_name = "RUN|FILE")]
    name: Option<String>,
    /// Values of a field: chips=1024..8192:x2, tokens=10T..20T:5T, gpu=h800,h200 (repeatable: their product)
    #[arg(long, value_name = "KEY=VALUES", required = true, allow_hyphen_values = true)]
    vary: Vec<String>,
    /// Mark the points that no other beats in cost and time, or keep only them: mark, front
    #[arg(long, value_name = "WHAT", num_args = 0..=1, require_equals = true, default_missing_value = "mark")]
    pareto: Option<String>,
    /// Percentiles of every row that has something uncertain; its draws take some milliseconds a row
    #[arg(long)]
    ranges: bool,
    /// Two of the varied fields as a table of one output, the first down and the second across: region,gpu
    #[arg(long, value_name = "X,Y")]
    grid: Option<String>,
    /// What a grid shows: cost_usd, wall_clock_days, gpu_hours, chips, mfu; the cost where it is known without it
    #[arg(long, value_name = "WHAT", requires = "grid")]
    show: Option<String>,
    /// Continue an interrupted sweep to the same file
    #[arg(long)]
    resume: bool,
    /// Most rows of a table
    #[arg(long, value_name = "N", default_value_t = 200)]
    rows: usize,

    #[command(flatten)]
    values: Values<Everything>,

    #[command(flatten)]
    draws: DrawArgs,
}

/// Runs the sweep and gives the exit code: a failed write has one of its own.
pub fn answer(args: &SweepArgs, all: &Args) -> u8 {
    match run(args, all) {
        Ok(()) => YES,
        Err(Failed::Asked(error)) => {
            complain::error(&error);
            code(&error)
        }
        Err(Failed::Write(error)) => {
            complain::error(&error);
            NOT_WRITTEN
        }
        Err(Failed::Gone) => YES,
    }
}

/// What ends a sweep early.
pub enum Failed {
    /// The question, or that it has no answer.
    Asked(Error),
    /// The answers cannot be written.
    Write(Error),
    /// The reader closed the pipe.
    Gone,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Asked(error)
    }
}

fn run(args: &SweepArgs, all: &Args) -> Result<(), Failed> {
    let catalog = all.catalog()?;
    let mut request = SweepRequest::new(args.values.question(args.name.as_deref(), &catalog)?);
    request.vary.clone_from(&args.vary);
    request.pareto = args.pareto.as_deref().map(dominated).transpose()?;
    request.drawn = Drawn { plan: args.draws.plan()?, ranges: args.ranges };
    let file = all.output.as_deref().filter(|path| path.as_os_str() != "-");
    let format = asked(args, all, file)?;
    let columnar = format.name == "parquet";
    let stream = STREAMS.iter().find(|stream| columnar || stream.name == format.name);
    if let Some(grid) = args.grid.as_ref().map(|axes| GridRequest { axes: axes.clone(), show: args.show.clone() }) {
        return as_grid(args, all, format, &request, &grid, &catalog);
    }
    if args.resume && (stream.is_none() || file.is_none()) {
        let error = Error::bad_input("--resume continues a file");
        return Err(error.with_hint("name it: -o FILE.csv or -o FILE.jsonl").into());
    }
    let mut progress = None;
    // Every point is answered once more when it is written.
    let found = SweepAnswer::of(&request, &catalog, |done, of| {
        progress.get_or_insert_with(|| Progress::new("front", of, 0)).at(done);
        Ok::<_, Failed>(())
    })?;
    drop(progress);
    let narrowed = found.sweep.narrowed();
    found.sweep.warnings(narrowed.as_ref()).iter().for_each(|warning| complain::warning(warning));
    let Some(stream) = stream else {
        let view = view(&found, args.rows);
        return all.write(view, format).map_err(Failed::Write);
    };
    narrowed.iter().for_each(|narrowed| complain::warning(&narrowed.sentence()));
    if let Some(rate) = found.sweep.money().shown {
        let why = "rows that are streamed have their money in dollars";
        complain::warning(&format!("money.currency ({}) changes nothing here: {why}", rate.code));
    }
    let SweepAnswer { sweep, front } = found;
    let job = Job { sweep: &sweep, writer: Writer::new(&sweep, stream, front), dominated: request.pareto };
    match file {
        #[cfg(feature = "parquet")]
        Some(path) if columnar => parquet::write(&job, path),
        Some(path) => file::write(&job, path, args.resume),
        None => job.to(0, &mut io::stdout().lock()),
    }
}

/// Answers the sweep as a grid.
fn as_grid(
    args: &SweepArgs,
    all: &Args,
    format: &Format,
    request: &SweepRequest,
    grid: &GridRequest,
    catalog: &Catalog,
) -> Result<(), Failed> {
    let refused = |flag: &str| {
        let error = Error::bad_input(format!("{flag} is of rows, and --grid has none"));
        Err(error.with_hint("leave one of them out").into())
    };
    let shown = args.show.as_deref().and_then(|show| BESIDE.iter().position(|key| *key == show));
    let shows_ranges = shown.is_some_and(|at| RANGED.contains(&at) || BILL_RANGED.contains(&at));
    match () {
        () if args.resume => return refused("--resume"),
        () if args.pareto.is_some() => return refused("--pareto"),
        () if format.name == "parquet" => return refused("Parquet"),
        () if args.ranges && !shows_ranges => {
            let error = Error::bad_input("--ranges changes nothing in a grid that shows no percentile");
            return Err(error.with_hint("show one: --show cost_usd_p90").into());
        }
        () => {}
    }
    let reply = request.ask(catalog)?.grid_reply(grid)?;
    reply.head.warnings.iter().for_each(|warning| complain::warning(warning));
    all.write(grid::view(&reply), format).map_err(Failed::Write)
}

fn dominated(what: &str) -> Result<Dominated, Error> {
    match what {
        "mark" => Ok(Dominated::Marked),
        "front" => Ok(Dominated::Dropped),
        other => {
            let error = Error::unknown_name("treatment of dominated points", other, ["mark", "front"]);
            Err(error.with_hint("one of: mark, front"))
        }
    }
}

/// The format that was asked for.
///
/// # Errors
/// What cannot be done with it.
fn asked(args: &SweepArgs, all: &Args, file: Option<&Path>) -> Result<&'static Format, Error> {
    let format = formats::choose(all.format.as_deref(), all.output.as_deref())?;
    let refused = |message: &str, hint: &str| Err(Error::bad_input(message).with_hint(hint));
    match format.name {
        "parquet" if file.is_none() => refused("--format parquet is for a file", "name it: -o FILE.parquet"),
        "parquet" if args.resume => {
            refused("a Parquet file cannot be continued", "leave --resume out, or write -o FILE.csv")
        }
        _ => Ok(format),
    }
}

/// A sweep in which no point has an answer is written, and ends with an error.
fn all_without(reason: Option<Error>) -> Result<(), Failed> {
    let Some(reason) = reason else { return Ok(()) };
    let error = Error::new(reason.kind(), format!("no point has an answer; the first: {}", reason.message()));
    Err(Failed::Asked(match reason.hint() {
        Some(hint) => error.with_hint(hint),
        None => error,
    }))
}

/// A sweep on its way into a text.
struct Job<'a> {
    sweep: &'a Sweep,
    writer: Writer,
    dominated: Option<Dominated>,
}

impl Job<'_> {
    /// What another sweep, or one into another format, has another one of.
    fn fingerprint(&self) -> String {
        let format = self.writer.format();
        let pareto = match self.dominated {
            None => "",
            Some(Dominated::Marked) => "-mark",
            Some(Dominated::Dropped) => "-front",
        };
        format!("{:016x}-{}-{format}{pareto}", self.sweep.fingerprint(), env!("CARGO_PKG_VERSION"))
    }

    /// Streams everything to something that is not a file.
    fn to(&self, from: u64, out: &mut impl io::Write) -> Result<(), Failed> {
        let failed = |trouble: io::Error| match trouble.kind() {
            io::ErrorKind::BrokenPipe => Failed::Gone,
            _ => {
                let error = Error::not_written(format!("cannot write the answer: {trouble}"));
                Failed::Write(error.with_hint("is the disk full?"))
            }
        };
        out.write_all(self.writer.head().as_bytes()).map_err(failed)?;
        let reason = self.rows(from, |_, text| out.write_all(text).map_err(failed))?;
        out.flush().map_err(failed)?;
        all_without(reason)
    }

    /// Hands over the rows from a point on, text by text, with the number of points that are done then. Gives the
    /// reason of the first point if none had an answer.
    fn rows(&self, from: u64, mut take: impl FnMut(u64, &[u8]) -> Result<(), Failed>) -> Result<Option<Error>, Failed> {
        let row = |row: &Row<'_>, (text, last): &mut (Vec<u8>, Last)| self.writer.row(row, last, text);
        each(self.sweep, from, row, |done, (text, _)| take(done, &text))
    }
}

/// Calls `add` on the rows from a point on, block by block, and hands the results over with the number of points that are
/// done then. Gives the reason of the first point if none had an answer.
fn each<T: Default + Send>(
    sweep: &Sweep,
    from: u64,
    add: impl Fn(&Row<'_>, &mut T) + Sync,
    mut take: impl FnMut(u64, T) -> Result<(), Failed>,
) -> Result<Option<Error>, Failed> {
    let mut progress = Progress::new("sweep", sweep.points(), from);
    let (mut answered, mut first_reason) = (from > 0, None);
    let make = |points: std::ops::Range<u64>| {
        let (mut made, mut answered, mut reason) = (T::default(), false, None);
        sweep.visit(points, |row| {
            match &row.answer {
                Ok(_) => answered = true,
                Err(error) if reason.is_none() => reason = Some(error.clone()),
                Err(_) => {}
            }
            add(row, &mut made);
        });
        (made, answered, reason)
    };
    sweep.blocks(from, make, |done, (made, some, reason)| {
        answered |= some;
        first_reason = first_reason.take().or(reason);
        progress.at(done);
        take(done, made)
    })?;
    Ok(first_reason.filter(|_| !answered))
}
