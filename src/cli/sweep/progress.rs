//! A progress bar with rate and time left, on a terminal, for sweeps that take long.

use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work shorter than this shows nothing.
const QUIET: Duration = Duration::from_secs(1);

/// How far a sweep is.
pub struct Progress {
    bar: Option<ProgressBar>,
    start: Instant,
    shown: bool,
}

impl Progress {
    /// A bar that is not shown yet; never on a stderr that is no terminal.
    pub fn new(what: &'static str, points: u64, from: u64) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(points), ProgressDrawTarget::hidden()).with_position(from);
            let style =
                ProgressStyle::with_template("{msg} {bar:30} {human_pos} of {human_len} points, {per_sec}, {eta} left");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_message(what);
            bar.reset_eta();
            bar
        });
        Self { bar, start: Instant::now(), shown: false }
    }

    /// So many points are done.
    pub fn at(&mut self, done: u64) {
        let Some(bar) = &self.bar else { return };
        if !self.shown && self.start.elapsed() > QUIET {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            self.shown = true;
        }
        bar.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
