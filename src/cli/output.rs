//! Writing the answer: to a locked stdout, or beside a file and renamed over it.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use flopbill::Error;
use flopbill::internals::report::sweep::STREAMS;
use flopbill::internals::report::{FORMATS, Format, View};

/// Writes a view in the format that was asked for, or that the file's extension says.
///
/// # Errors
/// An unknown format, a format that contradicts the extension, a file that cannot be written.
pub fn write(view: &View, format: Option<&str>, output: Option<&Path>) -> Result<(), Error> {
    let chosen = choose(format, output)?;
    let text = (chosen.render)(view);
    match output.filter(|path| path.as_os_str() != "-") {
        Some(path) => to_file(path, text.as_bytes()),
        None => to_stdout(text.as_bytes()),
    }
}

/// The format of a name, or the one that a file's extension says; the first without either.
///
/// # Errors
/// An unknown format, a format that contradicts the extension.
pub fn choose(format: Option<&str>, output: Option<&Path>) -> Result<&'static Format, Error> {
    let named = format.map(by_name).transpose()?;
    let extension = output.and_then(Path::extension).and_then(|extension| extension.to_str());
    let implied = extension.and_then(|extension| FORMATS.iter().find(|format| format.extension == extension));
    match (named, implied) {
        (Some(named), Some(implied)) if named.name != implied.name => {
            let file = output.map(|path| path.display().to_string()).unwrap_or_default();
            let message = format!("--format {} and -o {file} contradict each other", named.name);
            Err(Error::bad_input(message).with_hint(format!("`.{}` means {}", implied.extension, implied.name)))
        }
        (named, implied) => named.or(implied).or(FORMATS.first()).ok_or_else(|| Error::bad_input("no format")),
    }
}

/// Whether a file's extension means no format.
pub fn extension_is_free(extension: Option<&str>) -> bool {
    FORMATS.iter().all(|format| Some(format.extension) != extension)
}

fn by_name(name: &str) -> Result<&'static Format, Error> {
    if STREAMS.iter().any(|stream| stream.name == name) && FORMATS.iter().all(|format| format.name != name) {
        let error = Error::bad_input(format!("--format {name} is for the rows of a sweep"));
        return Err(error.with_hint("--format json is one answer"));
    }
    FORMATS.iter().find(|format| format.name == name).ok_or_else(|| {
        let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
        Error::unknown_of("format", name, names)
    })
}

/// Writes to stdout; a reader that has gone away is no error.
///
/// # Errors
/// Anything else that keeps the text from being written, a full disk for one.
pub fn to_stdout(text: &[u8]) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        Err(trouble) if trouble.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::bad_file(format!("cannot write the answer: {trouble}")).with_hint("is the disk full?"))
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
        Error::bad_file(format!("cannot write {}: {trouble}", path.display()))
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
