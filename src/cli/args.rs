//! What can be typed.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgMatches, FromArgMatches, Parser, Subcommand};

use flopbill::Error;
use flopbill::internals::catalog::Catalog;

const EXAMPLES: &str = "\
Examples:
  flopbill estimate deepseek-v3
  flopbill estimate --gpu-hours 2.788M --gpu h800 --price '$2/h' --days 60
  flopbill estimate deepseek-v3 --chips 4096 --format json
  flopbill compare deepseek-v3 --gpu h800,h200,b200
  flopbill sweep deepseek-v3 --vary chips=1024..8192:x2 --vary gpu=h800,h200
  flopbill profiles show h200
  flopbill profiles list runs";

const EXIT_CODES: &str = "\
Exit codes:
  0  the answer is there
  1  a check said no, something does not fit, or there is no solution
  2  the command was not understood
  3  a spec or profile is wrong or cannot be read
  4  the answer could not be written";

/// What a training run costs in GPU-hours, days, chips and money, and how sure one can be.
#[derive(Debug, Parser)]
#[command(version, about, before_long_help = EXAMPLES, after_long_help = EXIT_CODES, infer_long_args = false)]
#[command(arg_required_else_help = true, disable_help_subcommand = true, max_term_width = 100)]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    pub command: Command,

    /// Output format: table, markdown, json, jsonl, csv, plain or html; parquet for a sweep
    #[arg(long, global = true, value_name = "FORMAT")]
    pub format: Option<String>,

    /// Write to FILE (its extension says the format), beside it first, then renamed
    #[arg(short, long, global = true, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// What people see: topics that the last line of an answer names, with commas, or all; one screen without it
    #[arg(long, global = true, value_name = "WHAT")]
    pub detail: Option<String>,

    /// Folder with profiles of your own, which outrank the built-in ones
    #[arg(long, global = true, value_name = "DIR")]
    pub profiles: Vec<PathBuf>,

    /// When to colour messages: auto, always or never
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_default_value = true)]
    pub color: Color,
}

/// When to colour.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR says otherwise.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Makes the choice hold for everything that is printed.
    pub fn write_global(self) {
        let choice = match self {
            Self::Auto => return,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }
}

/// Declares the verbs. The flags of each are made only when it is the one that was typed.
macro_rules! verbs {
    ($(#[doc = $about:literal] $name:literal $variant:ident($args:ty),)*) => {
        /// The verbs.
        #[derive(Debug)]
        pub enum Command {
            $(#[doc = $about] $variant(Box<$args>),)*
        }

        impl Subcommand for Command {
            fn augment_subcommands(command: clap::Command) -> clap::Command {
                command$(.subcommand(
                    clap::Command::new($name)
                        .about($about.trim())
                        .defer(|command| <$args as clap::Args>::augment_args(command).about($about.trim())),
                ))*
            }

            fn augment_subcommands_for_update(command: clap::Command) -> clap::Command {
                Self::augment_subcommands(command)
            }

            fn has_subcommand(name: &str) -> bool {
                [$($name),*].contains(&name)
            }
        }

        impl FromArgMatches for Command {
            fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
                match matches.subcommand() {
                    $(Some(($name, of)) => <$args>::from_arg_matches(of).map(|args| Self::$variant(Box::new(args))),)*
                    _ => Err(clap::Error::raw(ErrorKind::MissingSubcommand, "a verb is missing")),
                }
            }

            fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
                *self = Self::from_arg_matches(matches)?;
                Ok(())
            }
        }
    };
}

verbs! {
    /// Hours, time, chips and cost of a run, each from the others
    "estimate" Estimate(super::estimate::EstimateArgs),
    /// Runs, specs, chips or saved answers side by side: what moved, and why
    "compare" Compare(super::compare::CompareArgs),
    /// Hours on one chip to hours on another, with reasons
    "convert" Convert(super::convert::ConvertArgs),
    /// The chain of formulas with this run's numbers and their sources
    "explain" Explain(super::explain::ExplainArgs),
    /// Many scenarios: --vary over any field, to a table, CSV or JSON lines
    "sweep" Sweep(super::sweep::SweepArgs),
    /// Deliveries in tranches: when the training is done, and what waiting costs
    "fleet" Fleet(super::fleet::FleetArgs),
    /// The best parallel layouts of a model on a number of chips
    "layout" Layout(super::layout::LayoutArgs),
    /// Chips for a date, tokens for a budget, or the best model for both
    "plan" Plan(super::plan::PlanArgs),
    /// A run of reinforcement learning (GRPO, PPO): rollouts, updates, and what each takes
    "rl" Rl(super::rl::RlArgs),
    /// A chip against dated export rules and training thresholds
    "policy" Policy(super::policy::PolicyArgs),
    /// Predictions against measured steps and published hours
    "backtest" Backtest(super::backtest::BacktestArgs),
    /// Refit the model's factors, from the shipped measurements or your own
    "calibrate" Calibrate(super::calibrate::CalibrateArgs),
    /// List, show or check hardware, price, region, model and run profiles
    "profiles" Profiles(super::profiles::ProfilesArgs),
    /// Write a commented spec to start from
    "init" Init(super::init::InitArgs),
    /// Write a completion script for a shell
    "completions" Completions(super::completions::CompletionsArgs),
}

impl Args {
    /// The catalog: `--profiles`, then `$FLOPBILL_PROFILES`, then `./profiles`, then the built-in profiles.
    pub fn catalog(&self) -> Result<Catalog, Error> {
        let mut folders = self.profiles.clone();
        if let Some(missing) = folders.iter().find(|folder| !folder.is_dir()) {
            return Err(no_folder("--profiles", missing));
        }
        if let Some(listed) = std::env::var_os("FLOPBILL_PROFILES") {
            let listed: Vec<PathBuf> =
                std::env::split_paths(&listed).filter(|folder| !folder.as_os_str().is_empty()).collect();
            if let Some(missing) = listed.iter().find(|folder| !folder.is_dir()) {
                return Err(no_folder("$FLOPBILL_PROFILES", missing));
            }
            folders.extend(listed);
        }
        let here = PathBuf::from("profiles");
        if here.is_dir() {
            folders.push(here);
        }
        Ok(Catalog::with_folders(folders))
    }
}

fn no_folder(of: &str, missing: &std::path::Path) -> Error {
    Error::bad_input(format!("{of}: {} is not a folder", missing.display()))
        .with_hint("name a folder that holds accelerators/, models/, runs/ and so on")
}
