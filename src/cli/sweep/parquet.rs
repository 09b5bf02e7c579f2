//! `sweep -o FILE.parquet`: written as `FILE.part` and renamed at the end. A Parquet file cannot be read, and so not
//! be continued, before its end is written: an interrupted one starts anew.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::file::part_file;
use super::{Failed, Job, all_without, each};
use flopbill::Error;
use flopbill::internals::report::sweep_parquet::{Batch, Groups, Table};
use flopbill::internals::sweep::Row;

/// Writes a sweep to a Parquet file.
pub fn write(job: &Job<'_>, path: &Path) -> Result<(), Failed> {
    let failed = |trouble: io::Error| {
        let error = Error::not_written(format!("cannot write {}: {trouble}", path.display()));
        Failed::Write(error.with_hint("nothing was changed; is the folder there, writable and not full?"))
    };
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()); // a link stays a link
    if fs::metadata(&target).is_ok_and(|meta| !meta.is_file() && !meta.is_dir()) {
        // A device or a pipe is written to: renamed over, it would be gone.
        let device = File::options().write(true).open(&target).map_err(failed)?;
        return all_without(stream(job, device, failed)?.1);
    }
    let mut part = target.as_os_str().to_owned();
    part.push(".part");
    let part = Path::new(&part);
    let file = part_file(part, failed)?;
    let written = file.set_len(0).map_err(failed).and_then(|()| stream(job, file, failed));
    let renamed = written.and_then(|(file, reason)| {
        file.sync_all().and_then(|()| fs::rename(part, &target)).map_err(failed)?;
        Ok(reason)
    });
    if renamed.is_err() {
        let _ = fs::remove_file(part); // nothing can be made of it
    }
    all_without(renamed?)
}

/// Writes all rows; gives back what they were written to, and the first reason if no point had an answer.
fn stream(
    job: &Job<'_>,
    out: File,
    failed: impl Fn(io::Error) -> Failed + Copy,
) -> Result<(File, Option<Error>), Failed> {
    let table = Table::new(&job.writer);
    let mut groups = Groups::new(&table, out).map_err(failed)?;
    let row = |row: &Row<'_>, batch: &mut Batch| table.row(row, batch);
    let reason = each(job.sweep, 0, row, |_, batch| groups.add(batch).map_err(failed))?;
    Ok((groups.finish().map_err(failed)?, reason))
}
