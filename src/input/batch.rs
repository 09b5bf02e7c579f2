//! The work of one step, in sequences or in tokens.

use std::fmt;

use crate::error::Error;
use crate::units::parse::parse;
use crate::units::show::exact;
use crate::units::{Quantity as _, Tokens};

/// A batch as it is written: `1024seq`, or `4Mtok`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Batch {
    /// A number of sequences.
    Sequences(f64),
    /// A number of tokens.
    Tokens(Tokens),
}

/// The endings of both units, the longest first.
const SEQUENCES: [&str; 4] = ["sequences", "sequence", "seqs", "seq"];
const TOKENS: [&str; 4] = ["tokens", "token", "toks", "tok"];

impl Batch {
    /// What it measures, as an error says it.
    pub const DIMENSION: &'static str = "a batch";
    /// The most tokens or sequences of a step.
    pub const MAX: f64 = 1e12;

    /// Reads `1024seq` or `4Mtok`.
    ///
    /// # Errors
    /// A number without its unit, with both readings; what is no batch.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let lower = text.trim().to_lowercase();
        let strip = |units: &[&str]| units.iter().find_map(|unit| lower.strip_suffix(unit)).map(str::to_uppercase);
        let wrong = || {
            Error::bad_input(format!("`{}` is not a batch", text.trim()))
                .with_hint("write sequences like `1024seq`, or tokens like `4Mtok`")
        };
        let number = |text: &str| parse::<Tokens>(text).map_err(|error| error.with_hint("write it like `4Mtok`"));
        match (strip(&SEQUENCES), strip(&TOKENS)) {
            (Some(count), _) => Ok(Self::Sequences(number(&count).map_err(|_| wrong())?.get())),
            (_, Some(count)) => Ok(Self::Tokens(number(&count).map_err(|_| wrong())?)),
            _ => match number(&lower.to_uppercase()) {
                Ok(_) => Err(Error::bad_input(format!("`{0}` is a batch of sequences or of tokens", text.trim()))
                    .with_hint(format!("write `{0}seq` or `{0}tok`", text.trim()))),
                Err(_) => Err(wrong()),
            },
        }
    }

    /// Its number, in [`unit`](Self::unit).
    pub fn number(self) -> f64 {
        match self {
            Self::Sequences(count) => count,
            Self::Tokens(tokens) => tokens.base(),
        }
    }

    /// The same unit with another number.
    #[must_use]
    pub fn with_number(self, number: f64) -> Self {
        match self {
            Self::Sequences(_) => Self::Sequences(number),
            Self::Tokens(_) => Self::Tokens(Tokens::new(number)),
        }
    }

    /// What its number counts.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Sequences(_) => "sequences",
            Self::Tokens(_) => "tokens",
        }
    }

    /// Its tokens, in sequences of this length.
    pub fn tokens(self, sequence: Tokens) -> Tokens {
        match self {
            Self::Sequences(count) => sequence * count,
            Self::Tokens(tokens) => tokens,
        }
    }
}

impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sequences(count) => write!(f, "{count}seq"),
            Self::Tokens(tokens) => write!(f, "{}tok", exact(*tokens).replace([' ', 't', 'o', 'k'], "")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_says_what_it_counts() {
        let tokens = |number| Batch::Tokens(Tokens::new(number));
        for (text, batch) in [
            ("1024seq", Batch::Sequences(1024.0)),
            ("1K sequences", Batch::Sequences(1000.0)),
            ("1 sequence", Batch::Sequences(1.0)),
            ("4Mtok", tokens(4e6)),
            ("4m tokens", tokens(4e6)),
            ("62914560 Tok", tokens(62_914_560.0)),
        ] {
            assert_eq!(Batch::parse(text).unwrap(), batch, "{text}");
            assert_eq!(Batch::parse(&batch.to_string()).unwrap(), batch, "{batch}");
        }
        let error = Batch::parse("1024").unwrap_err();
        assert_eq!(error.hint(), Some("write `1024seq` or `1024tok`"));
        for text in ["", "seq", "many", "-3seq", "0tok", "nan tok", "4 TB/s"] {
            assert!(Batch::parse(text).is_err(), "{text}");
        }
    }
}
