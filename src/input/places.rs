//! Several places, named with commas.

use crate::error::Error;
use crate::input::file::Spec;

impl Spec {
    /// The places that a question names with commas; none where it names one, or nothing.
    pub fn places(&self) -> Vec<&str> {
        let several = self.region.as_ref().filter(|region| region.value.contains(','));
        let names = several.into_iter().flat_map(|region| region.value.split(',').map(str::trim));
        names.filter(|name| !name.is_empty()).collect()
    }

    /// That a question names one place at most.
    ///
    /// # Errors
    /// Several.
    pub fn one_place(&self) -> Result<(), Error> {
        match &self.region {
            Some(region) if region.value.contains(',') => {
                let error =
                    Error::bad_input(format!("`{}` are several places, and this answers for one", region.value));
                let hint = "name one place: --region china; `estimate` and `compare` take several";
                Err(region.origin.locate(error.with_hint(hint)))
            }
            _ => Ok(()),
        }
    }
}
