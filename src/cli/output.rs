//! Writing the answer: to a locked stdout, or beside a file and renamed over it.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use flopbill::Error;
use flopbill::internals::report::{Detail, Format, View};

/// Writes a view in a format and in as much detail, to a file or to stdout.
///
/// # Errors
/// A format that is not for single answers, a topic that there is not, a file that cannot be written.
pub fn write(view: View, format: &Format, detail: Option<&Detail>, output: Option<&Path>) -> Result<(), Error> {
    let text = format.text(view, detail)?;
    match output.filter(|path| path.as_os_str() != "-") {
        Some(path) => to_file(path, text.as_bytes()),
        None => to_stdout(text.as_bytes()),
    }
}

/// Writes to stdout; a reader that has gone away is no error.
///
/// # Errors
/// Anything else that keeps the text from being written, a full disk for one.
pub fn to_stdout(text: &[u8]) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        Err(trouble) if trouble.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::not_written(format!("cannot write the answer: {trouble}")).with_hint("is the disk full?"))
        }
        _ => Ok(()),
    }
}

/// Writes beside the file and renames, so that a crash leaves the old file or the whole new one.
///
/// # Errors
/// A folder that is missing or not writable, a full disk.
pub fn to_file(path: &Path, text: &[u8]) -> Result<(), Error> {
    stream(path, |file| file.write_all(text))
}

/// The same for a text that is written piece by piece.
///
/// # Errors
/// As [`to_file`].
pub fn stream(path: &Path, write: impl FnOnce(&mut io::BufWriter<fs::File>) -> io::Result<()>) -> Result<(), Error> {
    let failed = |trouble: io::Error| {
        Error::not_written(format!("cannot write {}: {trouble}", path.display()))
            .with_hint("nothing was changed; is the folder there, writable and not full?")
    };
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()); // a link stays a link
    if fs::metadata(&target).is_ok_and(|meta| !meta.is_file() && !meta.is_dir()) {
        // A device or a pipe is written to: renamed over, it would be gone.
        let mut device = io::BufWriter::new(fs::File::options().write(true).open(&target).map_err(failed)?);
        return write(&mut device).and_then(|()| device.flush()).map_err(failed);
    }
    let mut beside = target.as_os_str().to_owned();
    beside.push(format!(".{}.part", std::process::id()));
    let written = fs::File::create(&beside).and_then(|file| {
        let mut file = io::BufWriter::new(file);
        write(&mut file)?;
        file.flush()?;
        file.get_ref().sync_all()
    });
    written.and_then(|()| fs::rename(&beside, &target)).map_err(|trouble| {
        let _ = fs::remove_file(&beside); // it may never have come to be
        failed(trouble)
    })
}
