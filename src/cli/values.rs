//! The flags of the fields, made from their table: what a verb takes of it.

use std::marker::PhantomData;

use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};

use super::estimate::base;
use flopbill::Error;
use flopbill::internals::catalog::Catalog;
use flopbill::internals::input::field::{Field, Group};
use flopbill::internals::input::question::{Override, Question};
use flopbill::internals::input::quote::QUOTE;
use flopbill::internals::input::table::FIELDS;
use flopbill::internals::input::text::{is_fleet, prefix};
use flopbill::internals::input::variables::{VARIABLES, of_variable};
use flopbill::internals::units::date::Date;
use flopbill::internals::units::parse::parse_fleet;

/// The variables that are no fields.
const OTHER_VARIABLES: [&str; 2] = ["FLOPBILL_PROFILES", "FLOPBILL_DETAIL"];

/// Fields whose value is one name, so that several with commas are several questions.
const OF_NAMES: [&str; 11] = [
    "run.gpu",
    "region",
    "stack",
    "bill.term",
    "bill.view",
    "bill.border",
    "bill.hosting",
    "run.precision",
    "run.optimizer",
    "run.states",
    "as_of",
];

/// The fields that a verb takes.
pub trait Takes: std::fmt::Debug + Clone + Send + Sync + 'static {
    /// Whether it takes this one.
    fn takes(field: &Field) -> bool;
}

/// Declares what a verb takes.
macro_rules! takes {
    ($($(#[$doc:meta])* $name:ident: $takes:expr;)*) => {
        $($(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name;

        impl Takes for $name {
            fn takes(field: &Field) -> bool {
                let takes: fn(&Field) -> bool = $takes;
                takes(field)
            }
        })*
    };
}

fn of_the_run(field: &Field) -> bool {
    matches!(field.group, Group::Values | Group::Layout)
}

takes! {
    /// The run, its price and its layout.
    OfTheRun: of_the_run;
    /// All, but for reinforcement learning.
    Everything: |field| field.group != Group::Rl;
    /// A model that is to be found.
    ForAModel: |field| {
        field.is_of_the_bill()
        || matches!(field.group, Group::Ranges | Group::Deliveries)
        || (field.group == Group::Gates && field.path != "site.power")
        || matches!(
            field.path,
            "run.gpu" | "run.chips" | "run.wall_clock" | "run.mfu" | "run.tflops_per_chip" | "run.goodput" | "price.rent"
                | "as_of" | "money.currency" | "money.rate" | "region"
        )
    };
    /// A step of a model that is named already.
    OfAStep: |field| {
        field.is_of_a_step()
        || matches!(
            field.path,
            "run.gpu" | "run.chips" | "run.precision" | "run.tokens_per_second" | "run.step_time" | "stack.factor" | "measured" | "as_of"
        )
    };
    /// A run of reinforcement learning of a model that is named already.
    OfRl: |field| {
        field.group == Group::Rl
        || (field.is_of_a_step()
            && !matches!(field.path, "run.sequence_length" | "run.document_length" | "run.global_batch"))
        || matches!(
            field.path,
            "run.gpu" | "run.chips" | "run.precision" | "run.goodput" | "stack.factor" | "measured" | "price.rent"
                | "bill.term" | "as_of" | "region" | "money.currency" | "money.rate"
        )
    };
    /// The day alone.
    TheDay: |field| field.path == "as_of";
    /// Measured steps alone.
    TheSteps: |field| field.path == "measured";
}

/// The values that were typed as flags.
#[derive(Debug, Clone)]
pub struct Values<T> {
    given: Vec<(&'static Field, String)>,
    set: Vec<String>,
    takes: PhantomData<T>,
}

impl<T: Takes> Values<T> {
    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty() && self.set.is_empty()
    }

    /// The same values for each of `--gpu h800,h200`, and for each product where several fields of names have lists; with
    /// the paths of those.
    ///
    /// # Errors
    /// More than `most` of them.
    pub fn each_side(&self, most: usize) -> Result<(Vec<Self>, Vec<&'static str>), Error> {
        let (mut sides, mut lists) = (vec![self.clone()], Vec::new());
        for (at, (field, text)) in self.given.iter().enumerate() {
            let between = if field.path == QUOTE { ';' } else { ',' };
            let names: Vec<&str> = text.split(between).map(str::trim).collect();
            if !(OF_NAMES.contains(&field.path) || field.path == QUOTE) || names.len() < 2 {
                continue;
            }
            lists.push(field.path);
            let with = |side: &Self, name: &str| {
                let mut side = side.clone();
                side.given.iter_mut().skip(at).take(1).for_each(|(_, text)| name.clone_into(text));
                side
            };
            sides = sides.iter().flat_map(|side| names.iter().map(move |name| with(side, name))).collect();
            if sides.len() > most {
                let flags: Vec<String> = self
                    .given
                    .iter()
                    .map(|(field, _)| *field)
                    .filter(|field| lists.contains(&field.path))
                    .map(Field::typed_flag)
                    .collect();
                let error = Error::bad_input(format!(
                    "{} answers of {} do not fit side by side",
                    sides.len(),
                    flags.join(" and ")
                ));
                return Err(error.with_hint(format!("compare at most {most}, or use `flopbill sweep`")));
            }
        }
        Ok((sides, lists))
    }

    /// The question: variables, flags and `--set` laid over a run or spec, each outranking the one before.
    pub fn question(&self, name: Option<&str>, catalog: &Catalog) -> Result<Question, Error> {
        let base = name.map(|name| base(name, catalog)).transpose()?.unwrap_or_default();
        let mut overrides = variables::<T>()?;
        let chips = self.given.iter().any(|(field, _)| field.path == "run.chips");
        for (field, text) in &self.given {
            let flag = field.typed_flag();
            if field.path != "run.gpu" || !is_fleet(text) {
                overrides.push(Override::new(field.path, text.as_str(), flag));
                continue;
            }
            let (count, name) = parse_fleet(text).map_err(|error| prefix("--gpu", &error))?;
            if chips {
                let error = Error::bad_input(format!("`--gpu {text}` and --chips both say how many chips there are"));
                return Err(error.with_hint(format!("leave --chips out, or write `--gpu {name}`")));
            }
            overrides.push(Override::new(field.path, name, flag.as_str()));
            overrides.push(Override::new("run.chips", count.get().to_string(), flag));
        }
        for assignment in &self.set {
            overrides.push(Override::assignment(assignment)?);
        }
        Ok(Question { base, overrides, today: super::today() })
    }
}

/// The day of a flag, else of its variable.
///
/// # Errors
/// As [`variables`]; what is no date.
pub fn day(flag: Option<&str>) -> Result<Option<Date>, Error> {
    let variable = variables::<TheDay>()?.pop();
    let named = flag.map(|text| ("--as-of", text));
    let given = named.or_else(|| variable.as_ref().map(|day| (day.flag.as_str(), day.text.as_str())));
    given.map(|(name, text)| text.parse().map_err(|error| prefix(name, &error))).transpose()
}

/// The measured steps of a flag, else of their variable.
///
/// # Errors
/// As [`variables`].
pub fn measured(flag: Option<&str>) -> Result<Option<String>, Error> {
    let variable = variables::<TheSteps>()?.pop().map(|steps| steps.text);
    Ok(flag.map(str::to_owned).or(variable))
}

/// The values of environment variables: `FLOPBILL_RUN_TOKENS=14.8T`.
///
/// # Errors
/// A variable that begins like ours and names no field: it would be passed over in silence.
fn variables<T: Takes>() -> Result<Vec<Override>, Error> {
    let mut given: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, value)| name.starts_with(VARIABLES) && !value.is_empty())
        .filter(|(name, _)| !OTHER_VARIABLES.contains(&name.as_str()))
        .collect();
    given.sort();
    let mut overrides: Vec<Override> = Vec::new();
    for (name, value) in given {
        let (field, path) = of_variable(&name, &OTHER_VARIABLES)?;
        if let Some(other) = overrides.iter().find(|over| field.paths().any(|path| path == over.path)) {
            let error = Error::bad_input(format!("`{}` and `{name}` say the same", other.flag));
            return Err(error.with_hint("leave one out"));
        }
        if T::takes(field) {
            overrides.push(Override::new(path, value, name));
        }
    }
    Ok(overrides)
}

/// The flag of a field.
fn flag(field: &'static Field) -> Arg {
    let arg = Arg::new(field.path).long(field.flag).help(field.help()).help_heading(field.group.heading());
    let arg = match field.value_name {
        "" => arg.action(ArgAction::SetTrue),
        name if field.several => arg.value_name(name).action(ArgAction::Append).allow_hyphen_values(true),
        name => arg.value_name(name).allow_hyphen_values(true),
    };
    let arg = arg.hide_short_help(field.group == Group::Assumptions);
    if field.second_flag.is_empty() { arg } else { arg.visible_alias(field.second_flag) }
}

impl<T: Takes> clap::Args for Values<T> {
    fn augment_args(command: Command) -> Command {
        let (own, other): (Vec<_>, Vec<_>) =
            FIELDS.iter().filter(|field| T::takes(field)).partition(|field| field.group == Group::Values);
        let set = Arg::new("set")
            .long("set")
            .value_name("KEY=VALUE")
            .help("Any field of a spec: --set run.tokens=14.8T (repeatable)")
            .help_heading(Group::Values.heading())
            .action(ArgAction::Append)
            .allow_hyphen_values(true);
        command.args(own.into_iter().map(flag)).arg(set).args(other.into_iter().map(flag))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<T: Takes> FromArgMatches for Values<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let value = |field: &'static Field| match field.value_name {
            "" => matches.get_flag(field.path).then(|| (field, "true".to_owned())),
            _ if field.several => {
                let all = matches.get_many::<String>(field.path)?.map(String::as_str);
                Some((field, all.collect::<Vec<_>>().join("; ")))
            }
            _ => matches.get_one::<String>(field.path).map(|text| (field, text.clone())),
        };
        let given = FIELDS.iter().filter(|field| T::takes(field)).filter_map(value).collect();
        let set = matches.get_many::<String>("set").into_iter().flatten().cloned().collect();
        Ok(Self { given, set, takes: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
