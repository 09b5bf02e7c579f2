//! How many chips a published step or run used at the most: beyond that no prediction was ever held against a measurement.

use crate::error::Error;
use crate::rows::{runs, steps};
use crate::units::{Chips, show};

/// Published steps and runs reach at least this far: on fewer chips there is no need to look.
const LEAST: f64 = 16_384.0;

/// That a prediction is for more chips than any published step or run used.
///
/// # Errors
/// Rows that do not read.
pub fn beyond(chips: Chips) -> Result<Option<String>, Error> {
    if chips.get() <= LEAST {
        return Ok(None);
    }
    let most = most()?.get();
    let [asked, most_shown] = [chips, Chips::new(most)].map(show::chips);
    Ok((chips.get() > most).then(|| {
        format!("{asked} chips are more than any published step or run used ({most_shown}): the step model is not measured there")
    }))
}

/// The most chips that a published step or run used.
///
/// # Errors
/// Rows that do not read.
pub fn most() -> Result<Chips, Error> {
    let steps = steps::shipped()?.into_iter().filter_map(|row| row.num_gpus.map(f64::from));
    let runs = runs::shipped()?.into_iter().filter_map(|row| row.num_gpus.map(f64::from));
    Ok(Chips::new(steps.chain(runs).fold(0.0, f64::max)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_published_number_of_chips_is_where_the_warning_begins() {
        let far = beyond(Chips::new(1e6)).unwrap().unwrap();
        assert!(far.starts_with("1,000,000 chips are more than any published step or run"), "{far}");
        let most: f64 = far.split(['(', ')']).nth(1).unwrap().replace(',', "").parse().unwrap();
        assert!(most >= LEAST, "{most}");
        assert_eq!(beyond(Chips::new(most)).unwrap(), None);
        assert!(beyond(Chips::new(most + 8.0)).unwrap().is_some());
    }
}
