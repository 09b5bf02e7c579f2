//! Gates for scripts and CI: limits that make the exit code 1.

use clap::Args;

use super::estimate::in_days;
use flopbill::Error;
use flopbill::internals::answer::ranges::{CHIPS, COST, DAYS, Spread};
use flopbill::internals::answer::resolve::Answer;
use flopbill::internals::input::field::flag_value;
use flopbill::internals::units::{Chips, Seconds, Usd, show};

/// The limits as typed.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Gates (exit code 1 when one is broken)")]
pub struct GateArgs {
    /// Fail when the run costs more
    #[arg(long, value_name = "MONEY", allow_hyphen_values = true)]
    max_cost: Option<String>,
    /// Fail when the run takes longer
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    max_days: Option<String>,
    /// Fail when the run needs more chips
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    max_chips: Option<String>,
    /// Fail when one run in ten costs more
    #[arg(long, value_name = "MONEY", allow_hyphen_values = true)]
    max_cost_p90: Option<String>,
    /// Fail when one run in ten takes longer
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    max_days_p90: Option<String>,
    /// Fail when one run in ten needs more chips
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    max_chips_p90: Option<String>,
}

/// The limits, read.
pub struct Gates(Vec<Gate>);

/// One limit, in the unit of the output it limits.
struct Gate {
    what: &'static str,
    output: usize,
    limit: f64,
    p90: bool,
}

impl GateArgs {
    /// Reads the limits.
    pub fn gates(&self) -> Result<Gates, Error> {
        let money = |flag: &str, text: &str| flag_value::<Usd>(flag, text).map(Usd::get);
        let days = |flag: &str, text: &str| flag_value::<Seconds>(flag, &in_days(text)).map(Seconds::days);
        let chips = |flag: &str, text: &str| flag_value::<Chips>(flag, text).map(Chips::get);
        let flags = [
            ("--max-cost", &self.max_cost, COST, false),
            ("--max-days", &self.max_days, DAYS, false),
            ("--max-chips", &self.max_chips, CHIPS, false),
            ("--max-cost-p90", &self.max_cost_p90, COST, true),
            ("--max-days-p90", &self.max_days_p90, DAYS, true),
            ("--max-chips-p90", &self.max_chips_p90, CHIPS, true),
        ];
        let mut gates = Vec::new();
        for (flag, text, output, p90) in flags {
            let Some(text) = text else { continue };
            let (what, limit) = match output {
                COST => ("cost", money(flag, text)?),
                DAYS => ("wall-clock time", days(flag, text)?),
                _ => ("number of chips", chips(flag, text)?),
            };
            gates.push(Gate { what, output, limit, p90 });
        }
        Ok(Gates(gates))
    }
}

impl Gates {
    /// The sentence of each limit that is broken, or that cannot be checked.
    pub fn failed(&self, answer: &Answer, spread: Option<&Spread>) -> Vec<String> {
        self.0.iter().filter_map(|gate| gate.failed(answer, spread)).collect()
    }
}

impl Gate {
    fn failed(&self, answer: &Answer, spread: Option<&Spread>) -> Option<String> {
        let name = if self.p90 { format!("the p90 {}", self.what) } else { format!("the {}", self.what) };
        let value = match spread.filter(|_| self.p90).and_then(|spread| spread.summaries.get(self.output)) {
            Some(summary) => Some(summary.quantile(0.9).value).filter(|value| value.is_finite()),
            None => point(answer, self.output), // without ranges the p90 is the point
        };
        match value {
            None => Some(format!("{name} is not known, so the limit of {} cannot be kept", self.show(self.limit))),
            Some(value) if value > self.limit => {
                Some(format!("{name} is {}, over the limit of {}", self.show(value), self.show(self.limit)))
            }
            Some(_) => None,
        }
    }

    fn show(&self, value: f64) -> String {
        match self.output {
            COST => show::usd(Usd::new(value)),
            DAYS => show::duration(Seconds::from_days(value)),
            _ => show::number(value, 7),
        }
    }
}

fn point(answer: &Answer, output: usize) -> Option<f64> {
    match output {
        COST => answer.estimate.total.cost.map(Usd::get),
        DAYS => answer.estimate.total.wall_clock.map(Seconds::days),
        _ => answer.estimate.chips_in_whole_nodes.map(Chips::get),
    }
}
