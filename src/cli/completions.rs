//! `flopbill completions`.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{Reply, output};
use flopbill::Error;

/// Which shell.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell to write for
    shell: Shell,
}

/// Writes the script to stdout.
pub fn run(args: &CompletionsArgs) -> Result<Option<Reply>, Error> {
    let mut script = Vec::new(); // clap_complete panics on a closed pipe, so it writes into memory
    clap_complete::generate(args.shell, &mut super::args::Args::command(), "flopbill", &mut script);
    output::to_stdout(&script)?;
    Ok(None)
}
