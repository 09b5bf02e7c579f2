//! How fast one step was, said beside a question: a rate or a time.

use super::{RATE, STEP_TIME};
use crate::error::Error;
use crate::input::file::{Entry, Origin, Spec};
use crate::units::{Chips, Tokens, show};

/// What says how fast a step was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// Tokens a second, all chips together.
    Rate,
    /// Seconds of a step of the batch.
    Time,
}

impl Spec {
    /// The one step that is measured beside the question, in tokens a second or in seconds.
    ///
    /// # Errors
    /// Both of them, which are one step said twice; a time without the batch that took it.
    pub fn beside(&self) -> Result<Option<(Beside, f64)>, Error> {
        match (&self.tokens_per_second, &self.step_time) {
            (Some(rate), Some(time)) => {
                let (own, other) = (show::count(rate.value, 4), show::duration(time.value));
                let error =
                    Error::bad_input(format!("{own} tokens a second and {other} a step both say how fast it ran"));
                Err(time.origin.locate(error.with_hint(format!("leave {RATE} or {STEP_TIME} out"))))
            }
            (_, Some(time)) if self.global_batch.is_none() => {
                let shown = show::duration(time.value);
                let error = Error::bad_input(format!("a step of {shown} says nothing without its batch"));
                Err(time.origin.locate(error.with_hint("give run.global_batch, or run.tokens_per_second instead")))
            }
            (Some(rate), None) => Ok(Some((Beside::Rate, rate.value))),
            (None, Some(time)) => Ok(Some((Beside::Time, time.value.get()))),
            (None, None) => Ok(None),
        }
    }

    /// Whether the measured step is the speed itself, for want of a model.
    pub fn is_paced(&self) -> bool {
        matches!(self.measured_pace(), Ok(Some(_)))
    }

    /// Chip-seconds of a token, where no model is named and the chips are: then the measured step is the speed itself, on the
    /// chip it was measured on. It is of as many as were there; on others each is taken to be as fast.
    ///
    /// # Errors
    /// As [`Spec::beside`]; a batch in sequences of which nobody says the length.
    pub fn measured_pace(&self) -> Result<Option<(f64, &Origin)>, Error> {
        let (None, Some((of, value))) = (&self.model, self.beside()?) else { return Ok(None) };
        let home = self.home.as_deref().unwrap_or(self);
        let same = |own: &Entry<String>| self.gpu.as_ref().is_none_or(|asked| asked.value == own.value);
        let (true, Some(chips)) = (home.gpu.as_ref().is_none_or(same), self.measured_chips()) else { return Ok(None) };
        let origin = self.tokens_per_second.as_ref().map(|entry| &entry.origin);
        let Some(origin) = origin.or(self.step_time.as_ref().map(|entry| &entry.origin)) else { return Ok(None) };
        let rate = match (of, home.global_batch.as_ref().or(self.global_batch.as_ref())) {
            (Beside::Time, Some(batch)) => {
                let length = home.sequence_length.as_ref().or(self.sequence_length.as_ref());
                batch.value.tokens(length.map_or(Tokens::ZERO, |entry| entry.value)).get() / value
            }
            _ => value,
        };
        if rate > 0.0 {
            return Ok(Some((chips.get() / rate, origin)));
        }
        let error = Error::bad_input("a batch in sequences says nothing without their length");
        Err(origin.locate(error.with_hint("give run.sequence_length, or the batch in tokens (4Mtok)")))
    }

    /// The chips that the step was measured on: those where it stands, else those that are asked about.
    pub fn measured_chips(&self) -> Option<Chips> {
        let home = self.home.as_ref().and_then(|home| home.chips.as_ref());
        home.or(self.chips.as_ref()).map(|entry| entry.value)
    }
}
