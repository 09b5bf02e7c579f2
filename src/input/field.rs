//! The fields of a spec: one table that files, flags, `--set` and sweeps all go through.

use crate::hardware::precision::{PRECISIONS, Precision};
use crate::input::file::{Entry, Origin, Spec};
use crate::units::parse::{Grammar, parse, parse_fleet};
use crate::units::show::exact;
use crate::units::{ChipSeconds, Chips, Flop, Fraction, Params, Price, Quantity as _, Seconds, Tokens, Usd};
use crate::{Error, catalog};

/// One settable field.
pub struct Field {
    /// Dotted path in a spec file: `run.tokens`.
    pub path: &'static str,
    /// What it is, with its unit where it has one.
    pub about: &'static str,
    /// Unit of its value in machine formats; empty for names.
    pub unit: &'static str,
    /// Reads a value for it.
    pub set: fn(&mut Spec, &str, Origin) -> Result<(), Error>,
    /// Its value as a user would write it, and where that came from.
    pub get: fn(&Spec) -> Option<(String, &Origin)>,
    /// Its value as a number in [`unit`](Self::unit), for machine formats.
    pub number: fn(&Spec) -> Option<f64>,
    /// Takes a number in [`unit`](Self::unit); `None` for names and whole numbers, which take no range.
    pub put: Option<fn(&mut Spec, f64, Origin)>,
}

macro_rules! quantity {
    ($path:literal, $field:ident, $type:ty, $unit:literal, $scale:expr, $about:literal) => {
        quantity!($path, $field, $type, $unit, $scale, <$type>::new, $about, parse::<$type>)
    };
    ($path:literal, $field:ident, $type:ty, $unit:literal, $scale:expr, $from:expr, $about:literal) => {
        quantity!($path, $field, $type, $unit, $scale, $from, $about, parse::<$type>)
    };
    ($path:literal, $field:ident, $type:ty, $unit:literal, $scale:expr, $from:expr, $about:literal, $parse:expr) => {
        Field {
            path: $path,
            about: $about,
            unit: $unit,
            set: |spec, text, origin| {
                spec.$field = Some(Entry::new($parse(text)?, origin));
                Ok(())
            },
            get: |spec| spec.$field.as_ref().map(|entry| (exact(entry.value), &entry.origin)),
            number: |spec| {
                let scale: fn($type) -> f64 = $scale;
                spec.$field.as_ref().map(|entry| scale(entry.value))
            },
            put: Some(|spec, number, origin| {
                let from: fn(f64) -> $type = $from;
                spec.$field = Some(Entry::new(from(number), origin));
            }),
        }
    };
}

macro_rules! name {
    ($path:literal, $field:ident, $about:literal, $parse:expr) => {
        Field {
            path: $path,
            about: $about,
            unit: "",
            set: |spec, text, origin| {
                spec.$field = Some(Entry::new($parse(text)?, origin));
                Ok(())
            },
            get: |spec| spec.$field.as_ref().map(|entry| (entry.value.to_string(), &entry.origin)),
            number: |_| None,
            put: None,
        }
    };
}

macro_rules! whole {
    ($path:literal, $field:ident, $about:literal) => {
        Field {
            path: $path,
            about: $about,
            unit: "",
            set: |spec, text, origin| {
                spec.$field = Some(Entry::new(whole(text)?, origin));
                Ok(())
            },
            get: |spec| spec.$field.as_ref().map(|entry| (entry.value.to_string(), &entry.origin)),
            number: |spec| spec.$field.as_ref().map(|entry| f64::from(entry.value)),
            put: None,
        }
    };
}

/// Every field of a spec, in the order they are shown.
pub static FIELDS: &[Field] = &[
    name!("model", model, "model profile, or a Hugging Face config.json", text),
    name!("run.gpu", gpu, "accelerator profile", text),
    quantity!("run.chips", chips, Chips, "chips", |q| q.get(), "chips held"),
    quantity!("run.params", params, Params, "parameters", |q| q.get(), "parameters in all"),
    quantity!(
        "run.active_params",
        active_params,
        Params,
        "parameters",
        |q| q.get(),
        "parameters at work for one token"
    ),
    quantity!("run.tokens", tokens, Tokens, "tokens", |q| q.get(), "training tokens"),
    quantity!("run.flop", flop, Flop, "FLOP", |q| q.get(), "model FLOPs"),
    quantity!(
        "run.gpu_hours",
        gpu_hours,
        ChipSeconds,
        "GPU-hours",
        ChipSeconds::gpu_hours,
        ChipSeconds::from_gpu_hours,
        "GPU-hours held"
    ),
    quantity!("run.wall_clock", wall_clock, Seconds, "days", Seconds::days, Seconds::from_days, "wall-clock time"),
    quantity!("run.mfu", mfu, Fraction, "share", |q| q.get(), Fraction::new, "model FLOPs utilisation", share),
    quantity!(
        "run.goodput",
        goodput,
        Fraction,
        "share",
        |q| q.get(),
        Fraction::new,
        "share of held time that computes",
        share
    ),
    quantity!("run.cost", cost, Usd, "USD", |q| q.get(), "cost"),
    name!("run.precision", precision, "number format of the matrix work", precision),
    name!("run.mfu_basis", mfu_basis, "number format whose dense peak the MFU is a share of", precision),
    quantity!("run.sequence_length", sequence_length, Tokens, "tokens", |q| q.get(), "tokens of a sequence"),
    quantity!("run.global_batch_tokens", global_batch_tokens, Tokens, "tokens", |q| q.get(), "tokens of a step"),
    quantity!(
        "price.rent",
        price,
        Price,
        "USD per GPU-hour",
        Price::usd_per_hour,
        Price::from_usd_per_hour,
        "rent of a chip"
    ),
    whole!("layout.tp", tp, "tensor-parallel degree"),
    whole!("layout.pp", pp, "pipeline stages"),
    whole!("layout.vpp", vpp, "virtual stages per chip"),
    whole!("layout.dp", dp, "data-parallel degree"),
    whole!("layout.cp", cp, "context-parallel degree"),
    whole!("layout.ep", ep, "expert-parallel degree"),
    whole!("layout.micro_batch", micro_batch, "sequences of a micro-batch"),
    whole!("layout.zero", zero, "ZeRO stage"),
    name!("layout.recompute", recompute, "none, selective or full", text),
    name!("layout.schedule", schedule, "pipeline schedule", text),
];

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.path)
    }
}

/// The field of this path.
pub fn field(path: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.path == path)
}

impl Spec {
    /// Sets a field by its dotted path.
    ///
    /// # Errors
    /// An unknown path, with the nearest; a value of another dimension.
    pub fn set(&mut self, path: &str, value: &str, origin: Origin) -> Result<(), Error> {
        let Some(field) = field(path) else {
            let known = FIELDS.iter().map(|field| field.path);
            let by_last = known.clone().find(|known| known.rsplit('.').next() == Some(path));
            let error = Error::unknown_name("field", path, known.clone());
            return Err(match (by_last, error.hint()) {
                (Some(near), _) => error.with_hint(format!("did you mean `{near}`?")),
                (None, Some(_)) => error,
                (None, None) => error.with_hint(format!("fields: {}", known.collect::<Vec<_>>().join(", "))),
            });
        };
        self.set_field(field, value, origin)
    }

    /// Sets a field to a value, or to the range that the text gives.
    pub(super) fn set_field(&mut self, field: &'static Field, text: &str, origin: Origin) -> Result<(), Error> {
        if text.contains("..") && field.put.is_some() {
            return self.set_short_range(field, text, origin);
        }
        if field.path == "run.gpu" && is_fleet(text) {
            let (chips, gpu) = parse_fleet(text)?;
            self.chips = Some(Entry::new(chips, origin.clone()));
            return (field.set)(self, gpu, origin);
        }
        (field.set)(self, text, origin)?;
        self.ranges.retain(|range| range.path != field.path);
        Ok(())
    }

    /// Applies one `--set key=value`.
    ///
    /// # Errors
    /// No `=`, an unknown key, a wrong value.
    pub fn assign(&mut self, assignment: &str) -> Result<(), Error> {
        let Some((path, value)) = assignment.split_once('=') else {
            let error = Error::bad_input(format!("`--set {assignment}` assigns nothing"));
            return Err(error.with_hint("write it like `--set run.tokens=14.8T`"));
        };
        self.set(path.trim(), value.trim(), Origin::Flag(format!("--set {}", path.trim())))
    }
}

/// Whether a chip is written with a number of it: `2048xH800`.
pub fn is_fleet(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.contains(['x', 'X', '×'])
}

fn text(text: &str) -> Result<String, Error> {
    match text.trim() {
        "" => Err(Error::bad_input("a name is missing")),
        name => Ok(name.to_owned()),
    }
}

fn precision(name: &str) -> Result<Precision, Error> {
    let wanted = catalog::normal(name);
    let found = PRECISIONS.iter().find(|(known, _)| *known == wanted).map(|(_, precision)| *precision);
    found.ok_or_else(|| {
        let names: Vec<_> = PRECISIONS.iter().map(|(known, _)| *known).collect();
        Error::unknown_of("precision", name, names)
    })
}

fn whole(text: &str) -> Result<u32, Error> {
    let number = text.trim().replace('_', "");
    let parsed = number.parse::<u32>().ok().filter(|number| *number > 0);
    parsed.ok_or_else(|| {
        Error::bad_input(format!("`{text}` is not a whole number above zero")).with_hint("write it like `8`")
    })
}

/// A share above zero and up to one.
fn share(text: &str) -> Result<Fraction, Error> {
    let share = parse::<Fraction>(text)?;
    if share.base() > 1.0 {
        let meant = if text.contains('%') { "34.6" } else { text.trim() };
        let hint = format!("write a share like `{meant}%` or `0.346`");
        return Err(Error::bad_input(format!("`{text}` is more than 100 %")).with_hint(hint));
    }
    if share.base() == 0.0 {
        return Err(Error::bad_input("a share of zero would never finish").with_hint("write it like `34.6%`"));
    }
    Ok(share)
}

/// Reads a quantity for a flag, naming the flag in the error.
///
/// # Errors
/// As [`parse`].
pub fn flag_value<Q: Grammar>(flag: &str, text: &str) -> Result<Q, Error> {
    parse(text).map_err(|error| prefix(flag, &error))
}

/// The same error with the flag or key in front.
pub fn prefix(flag: &str, error: &Error) -> Error {
    let again = Error::new(error.kind(), format!("{flag}: {}", error.message()));
    match error.hint() {
        Some(hint) => again.with_hint(hint),
        None => again,
    }
}
