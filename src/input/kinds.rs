//! The kinds of fields: how a text is read, how a value is shown, its number and back.

/// A field: how its text is read, how its value is shown, its number and back.
macro_rules! plain {
    ($field:ident, $dimension:expr, $unit:literal, $all:expr, $parse:expr, $show:expr, $number:expr, $put:expr) => {
        Field {
            dimension: $dimension,
            unit: $unit,
            all: || $all,
            set: |spec, text, origin| {
                spec.$field = Some(Entry::new($parse(text)?, origin));
                Ok(())
            },
            get: |spec| spec.$field.as_ref().map(|entry| (entry.text($show), &entry.origin)),
            typed: |spec| spec.$field.as_ref().and_then(|entry| entry.typed.as_deref()),
            keep: |spec, typed| {
                if let Some(entry) = &mut spec.$field {
                    entry.typed = Some(Box::new(typed));
                }
            },
            origin: |spec| spec.$field.as_ref().map(|entry| &entry.origin),
            clear: |spec| spec.$field = None,
            lay: |from, to, origin| {
                if let Some(entry) = &from.$field {
                    to.$field = Some(Entry { origin, ..entry.clone() });
                }
            },
            number: |spec| spec.$field.as_ref().and_then(|entry| $number(&entry.value)),
            put: $put,
            same: |one, other| {
                one.$field.as_ref().map(|entry| &entry.value) == other.$field.as_ref().map(|entry| &entry.value)
            },
            path: "",
            also: &[],
            also_in: "",
            flag: "",
            second_flag: "",
            value_name: "",
            about: "",
            example: "",
            group: Group::Values,
            within: None,
            whole: false,
            first: false,
            in_full: false,
            several: false,
            choices: Vec::new,
        }
    };
}

/// A quantity: its unit in machine formats, there and back, and its grammar.
macro_rules! quantity {
    ($field:ident $type:ty; $unit:literal, $to:ident, $from:ident, $parse:expr) => {
        Field {
            set: |spec, text, origin| {
                spec.$field = Some(entry::<$type>(text, origin, $parse, |value| value.$to())?);
                Ok(())
            },
            ..plain!(
                $field,
                <$type>::DIMENSION,
                $unit,
                (0.0, <$type>::new(<$type as Grammar>::MAX).$to()),
                $parse,
                |value: &$type| exact(*value),
                |value: &$type| Some(value.$to()),
                Some(|spec, number, origin| spec.$field = Some(Entry::new(<$type>::$from(number), origin)))
            )
        }
    };
}

/// A quantity in its own base unit.
macro_rules! base {
    ($field:ident $type:ty; $unit:literal) => {
        quantity!($field $type; $unit, get, new, parse)
    };
}

/// A share above zero and up to one.
macro_rules! part {
    ($field:ident $type:ty;) => {
        Field { all: || (0.0, 1.0), ..quantity!($field $type; "share", get, new, share) }
    };
}

/// Time in days.
macro_rules! time {
    ($field:ident $type:ty;) => {
        quantity!($field $type; "days", days, from_days, days)
    };
}

/// Time in days that may be none.
macro_rules! pause {
    ($field:ident $type:ty;) => {
        quantity!($field $type; "days", days, from_days, wait)
    };
}

/// What is no number: how its text is read and its value is shown.
macro_rules! word {
    ($field:ident $type:ty; $dimension:literal, $parse:expr, $show:expr) => {
        plain!($field, $dimension, "", (0.0, 0.0), $parse, $show, |_: &$type| None, None)
    };
}

/// A name that only the catalog can judge.
macro_rules! named {
    ($field:ident $type:ty;) => {
        word!($field $type; "a name", name, String::clone)
    };
}

/// A name of a closed list, kept as what it stands for.
macro_rules! chosen {
    ($field:ident $type:ty; $known:expr) => {
        Field {
            choices: || $known.iter().map(|(name, _)| *name).collect(),
            ..word!(
                $field $type;
                "a name",
                |text| choice(stringify!($field), text, &$known).map(|(_, value)| value),
                |value| $known.iter().find(|(_, known)| known == value).map_or_else(String::new, |(name, _)| (*name).into())
            )
        }
    };
}

/// A name of a closed list, kept as a text.
macro_rules! listed {
    ($field:ident $type:ty; $known:expr) => {
        Field {
            choices: || $known.iter().map(|(name, _)| *name).collect(),
            ..word!(
                $field $type;
                "a name",
                |text| choice(stringify!($field), text, &$known).map(|(name, _)| name.to_owned()),
                String::clone
            )
        }
    };
}

/// Yes or no.
macro_rules! yes {
    ($field:ident $type:ty;) => {
        word!($field $type; "true or false", switch, bool::to_string)
    };
}

/// A day.
macro_rules! day {
    ($field:ident $type:ty;) => {
        word!($field $type; "a date", date, Date::to_string)
    };
}

/// A whole number.
macro_rules! count {
    ($field:ident $type:ty;) => {
        plain!(
            $field,
            "a whole number",
            "",
            (0.0, f64::from(u32::MAX)),
            whole,
            u32::to_string,
            |value: &u32| Some(f64::from(*value)),
            Some(|spec, number, origin| spec.$field = Some(Entry::new(number.round() as u32, origin)))
        )
    };
}

/// A number without a unit.
macro_rules! number {
    ($field:ident $type:ty;) => {
        plain!(
            $field,
            "a number",
            "",
            (0.0, <$type>::MAX),
            number,
            <$type>::to_string,
            |value: &$type| Some(*value),
            Some(|spec, number, origin| spec.$field = Some(Entry::new(number, origin)))
        )
    };
}

/// A number a second.
macro_rules! rate {
    ($field:ident $type:ty;) => {
        plain!(
            $field,
            "a number of tokens a second",
            "tokens per second",
            (0.0, <$type>::MAX),
            rate,
            <$type>::to_string,
            |value: &$type| Some(*value),
            None
        )
    };
}

/// A compute rate of one chip, in TFLOP/s.
macro_rules! speed {
    ($field:ident $type:ty;) => {
        quantity!($field $type; "TFLOP/s", tflops, from_tflops, tflops)
    };
}

/// A currency.
macro_rules! currency {
    ($field:ident $type:ty;) => {
        word!($field $type; "a currency", currency, Code::to_string)
    };
}

/// Own rates of currencies.
macro_rules! rates {
    ($field:ident $type:ty;) => {
        word!($field $type; "rates of currencies", Rates::parse, Rates::shown)
    };
}

/// What is read with its place, such as a file from the folder of the spec that names it, or rows.
macro_rules! written {
    ($field:ident $type:ty; $dimension:literal) => {
        Field {
            set: |spec, text, origin| {
                spec.$field = Some(Entry::new(<$type>::parse(text, &origin)?, origin));
                Ok(())
            },
            ..word!($field $type; $dimension, |_| Err(Error::bad_input("nothing is written")), <$type>::to_string)
        }
    };
}

/// What a rent contains.
macro_rules! parts {
    ($field:ident $type:ty;) => {
        word!($field $type; "what a rent contains", included, String::clone)
    };
}

/// A date, or a time from the start in days.
macro_rules! due {
    ($field:ident $type:ty;) => {
        Field {
            set: |spec, text, origin| {
                let value = <$type>::parse(text)?;
                let typed = value.days().and_then(|days| in_months(text, days));
                spec.$field = Some(Entry { typed, ..Entry::new(value, origin) });
                Ok(())
            },
            unit: "days",
            number: |spec| spec.$field.as_ref().and_then(|entry| entry.value.days()),
            put: Some(|spec, number, origin| spec.$field = Some(Entry::new(<$type>::of_days(number), origin))),
            ..word!($field $type; "a date or a time", <$type>::parse, <$type>::to_string)
        }
    };
}

/// A number of sequences or of tokens; a number put in keeps the unit that is there.
macro_rules! batch {
    ($field:ident $type:ty;) => {
        plain!(
            $field,
            Batch::DIMENSION,
            "",
            (1.0, Batch::MAX),
            Batch::parse,
            Batch::to_string,
            |value: &Batch| Some(value.number()),
            Some(|spec, number, origin| {
                let there = spec.$field.as_ref().map_or(Batch::Tokens(Tokens::ZERO), |entry| entry.value);
                spec.$field = Some(Entry::new(there.with_number(number), origin));
            })
        )
    };
}

/// A share from zero up to one.
macro_rules! portion {
    ($field:ident $type:ty;) => {
        Field { all: || (0.0, 1.0), ..quantity!($field $type; "share", get, new, portion) }
    };
}

/// A share from zero, which may be more than one.
macro_rules! times {
    ($field:ident $type:ty;) => {
        Field { all: || (0.0, MOST_SHARE), ..quantity!($field $type; "share", get, new, times) }
    };
}

/// Time in years.
macro_rules! years {
    ($field:ident $type:ty;) => {
        quantity!($field $type; "years", years, from_years, years)
    };
}

/// Money, of which there may be none.
macro_rules! money {
    ($field:ident $type:ty;) => {
        quantity!($field $type; "USD", get, new, money)
    };
}

/// Dollars for a unit of something, kept as a number; the first form is the one that is shown.
macro_rules! dollars {
    ($field:ident $type:ty; $unit:literal, $forms:expr) => {
        plain!(
            $field,
            "a price",
            $unit,
            (0.0, 1e9),
            |text| dollars_per(text, &$forms),
            |value: &$type| shown_per(*value, &$forms),
            |value: &$type| Some(*value),
            Some(|spec, number, origin| spec.$field = Some(Entry::new(number, origin)))
        )
    };
}

/// The typed store, what is known of each field, and the library's setters.
macro_rules! fields {
    ($($group:ident { $(
        #[doc = $about:literal]
        $path:literal $field:ident: $type:ty = $kind:ident($($arg:tt)*) $(.$with:ident($($value:expr),*))*;
    )* })*) => {
        /// A question as asked: nothing is filled in.
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct Spec {
            /// What people call the run.
            pub name: Option<String>,
            /// The built-in run's id or the file it was read from.
            pub file: Option<String>,
            /// Who ran it.
            pub organisation: Option<String>,
            /// The published run or the model that it starts from.
            pub like: Option<Entry<String>>,
            /// What a file that starts from this one says itself: it is asked for, and laid over.
            pub laid: Option<Arc<Spec>>,
            /// When it was published.
            pub date: Option<Date>,
            $($( #[doc = $about] pub $field: Option<Entry<$type>>, )*)*
            /// Where steps were measured that do not say it themselves, where the question itself is asked elsewhere.
            pub home: Option<Arc<Spec>>,
            /// The parts of the run.
            pub phases: Vec<PhaseSpec>,
            /// Fields whose value is a range; the field itself then holds the median.
            pub ranges: Vec<Range>,
            /// Spearman correlations between ranges: two paths and the coefficient.
            pub correlations: Vec<(String, String, f64)>,
            /// What its authors reported.
            pub reported: Option<Reported>,
            /// Where its values came from.
            pub sources: crate::read::Sources,
        }

        /// Every field of a spec, in the order they are shown.
        // Each is a constant of its own: the compiler takes gigabytes for all their closures in one body.
        pub static FIELDS: &[Field] = &[$($({
            const FIELD: Field = Field {
                path: $path,
                about: $about,
                group: Group::$group,
                ..$kind!($field $type; $($arg)*)$(.$with($($value),*))*
            };
            FIELD
        }),*),*];

        impl Input {
            $($(
                #[doc = $about]
                #[must_use]
                pub fn $field(self, value: impl Into<Typed>) -> Self {
                    self.set($path, value)
                }
            )*)*
        }
    };
}
