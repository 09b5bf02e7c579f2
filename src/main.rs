//! The `flopbill` command: arguments in, one answer out. Everything it says is computed by the library.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
