//! The file of a sweep: written as `FILE.part`, with a journal beside it that says how far it is good, and renamed
//! at the end. Whatever stops the sweep, a signal or the power, FILE is the old one or the whole new one, and what
//! was done can be continued: bytes after the journal's last word are cut off and made again.

use std::fs::{self, File};
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Failed, Job, all_without};
use flopbill::Error;
use flopbill::internals::units::show::grouped;

/// Time between two entries of the journal: the most that is made again.
const ENTRY: Duration = Duration::from_millis(250);

/// How far a part file is good.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Done {
    points: u64,
    bytes: u64,
}

/// A part file and its journal.
struct Part {
    path: PathBuf,
    journal: PathBuf,
    fingerprint: String,
    points: u64,
}

/// Writes a sweep to a file, from where an interrupted one stopped if that is asked for.
pub fn write(job: &Job<'_>, path: &Path, resume: bool) -> Result<(), Failed> {
    let failed = |trouble: io::Error| {
        let error = Error::not_written(format!("cannot write {}: {trouble}", path.display()));
        Failed::Write(error.with_hint("is the folder there, writable and not full? --resume continues what was done"))
    };
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()); // a link stays a link
    if fs::metadata(&target).is_ok_and(|meta| !meta.is_file() && !meta.is_dir()) {
        // A device or a pipe is written to: renamed over, it would be gone.
        return job.to(0, &mut File::options().write(true).open(&target).map_err(failed)?);
    }
    let part = Part::of(&target, job.fingerprint(), job.sweep.points());
    let mut done = part.found(resume)?;
    let file = part_file(&part.path, failed)?;
    part.note(done).map_err(failed)?;
    file.set_len(done.bytes).map_err(failed)?;
    let mut out = io::BufWriter::with_capacity(1 << 20, file);
    out.seek(io::SeekFrom::End(0)).map_err(failed)?;
    if done.bytes == 0 {
        let head = job.writer.head();
        out.write_all(head.as_bytes()).map_err(failed)?;
        done.bytes = head.len() as u64;
    }
    let mut last = Instant::now();
    let reason = job.rows(done.points, |points, text| {
        out.write_all(text).map_err(failed)?;
        done = Done { points, bytes: done.bytes + text.len() as u64 };
        if last.elapsed() > ENTRY {
            // The bytes are on the disk before the journal says so.
            out.flush().and_then(|()| out.get_ref().sync_data()).map_err(failed)?;
            part.note(done).map_err(failed)?;
            last = Instant::now();
        }
        Ok(())
    })?;
    out.flush().and_then(|()| out.get_ref().sync_all()).map_err(failed)?;
    fs::rename(&part.path, &target).map_err(failed)?;
    let _ = fs::remove_file(&part.journal); // without its part file it says nothing
    all_without(reason)
}

/// Opens a part file as it is, for this sweep alone.
pub fn part_file(path: &Path, failed: impl Fn(io::Error) -> Failed) -> Result<File, Failed> {
    let file = File::options().create(true).truncate(false).write(true).open(path).map_err(failed)?;
    if file.try_lock().is_err() {
        let error = Error::not_written(format!("another sweep is writing {}", path.display()));
        return Err(Failed::Write(error.with_hint("wait for it, or name another file")));
    }
    Ok(file)
}

impl Part {
    fn of(target: &Path, fingerprint: String, points: u64) -> Self {
        let beside = |end: &str| {
            let mut name = target.as_os_str().to_owned();
            name.push(end);
            PathBuf::from(name)
        };
        Self { path: beside(".part"), journal: beside(".journal"), fingerprint, points }
    }

    /// Where to start: at the beginning, or where this very sweep was interrupted.
    ///
    /// # Errors
    /// A sweep to be resumed that is another one; work that would be thrown away without being asked.
    fn found(&self, resume: bool) -> Result<Done, Error> {
        let Ok(length) = fs::metadata(&self.path).map(|meta| meta.len()) else { return Ok(Done::default()) };
        let shown = self.path.display();
        let other = |why: &str| {
            let error = Error::bad_input(format!("{shown} cannot be continued: {why}"));
            error.with_hint("leave --resume out to start anew")
        };
        match (self.read(), resume) {
            (Some((fingerprint, done)), true) if fingerprint == self.fingerprint => {
                let good = done.bytes <= length && done.points <= self.points;
                if good { Ok(done) } else { Err(other("it is shorter than its journal says")) }
            }
            (Some(_), true) => {
                Err(other("it is of another question, plan, format or version, or the profiles changed"))
            }
            // Killed between its first two steps: nothing was written yet.
            (None, true) if length == 0 => Ok(Done::default()),
            (None, true) => Err(other("it has no journal")),
            (Some((fingerprint, done)), false) if fingerprint == self.fingerprint && done.points > 0 => {
                let (done, all) = (grouped(&done.points.to_string()), grouped(&self.points.to_string()));
                let error = Error::bad_input(format!("this sweep was interrupted after {done} of {all} points"));
                Err(error.with_hint(format!("--resume continues it; delete {shown} to start anew")))
            }
            (_, false) => Ok(Done::default()),
        }
    }

    fn read(&self) -> Option<(String, Done)> {
        let entry: Value = serde_json::from_str(&fs::read_to_string(&self.journal).ok()?).ok()?;
        let number = |key: &str| entry.get(key).and_then(Value::as_u64);
        let fingerprint = entry.get("fingerprint")?.as_str()?.to_owned();
        Some((fingerprint, Done { points: number("points")?, bytes: number("bytes")? }))
    }

    /// Writes the journal anew, beside itself and then over itself.
    fn note(&self, done: Done) -> io::Result<()> {
        let entry =
            json!({ "fingerprint": self.fingerprint, "points": done.points, "bytes": done.bytes, "of": self.points });
        let mut beside = self.journal.as_os_str().to_owned();
        beside.push(".new");
        let mut file = File::create(&beside)?;
        writeln!(file, "{entry}")?;
        file.sync_data()?;
        fs::rename(&beside, &self.journal)
    }
}
