//! Profiles that were read already.

use std::collections::HashMap;
use std::sync::RwLock;

use super::Catalog;
use super::accelerator::AcceleratorProfile;
use super::factors::FactorProfile;
use super::memory_spread::MemorySpread;
use super::model::ModelProfile;
use super::price::PriceProfile;
use super::software::SoftwareProfile;
use super::stack::StackProfile;
use crate::cost::currency::DatedRate;
use crate::error::Error;

/// One kind of profile, by the name it was asked for.
type Shelf<T> = RwLock<HashMap<String, T>>;

/// The profiles that a question looks up.
#[derive(Debug, Default)]
pub(super) struct Memo {
    pub accelerators: Shelf<AcceleratorProfile>,
    pub factors: Shelf<FactorProfile>,
    pub memory_spreads: Shelf<MemorySpread>,
    pub models: Shelf<ModelProfile>,
    pub prices: Shelf<Option<PriceProfile>>,
    pub rates: Shelf<Vec<DatedRate>>,
    pub software: Shelf<SoftwareProfile>,
    pub stacks: Shelf<StackProfile>,
}

impl Catalog {
    /// The profile of this name from its shelf, read if it does not stand there. Errors are not kept.
    pub(super) fn remembered<T: Clone>(
        &self,
        name: &str,
        shelf: impl Fn(&Memo) -> &Shelf<T>,
        read: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.remembered_part(name, shelf, read, T::clone)
    }

    /// The same of what is wanted of it alone.
    pub(super) fn remembered_part<T, P>(
        &self,
        name: &str,
        shelf: impl Fn(&Memo) -> &Shelf<T>,
        read: impl FnOnce() -> Result<T, Error>,
        part: impl Fn(&T) -> P,
    ) -> Result<P, Error> {
        let Some(shelf) = self.memo.as_deref().map(shelf) else { return Ok(part(&read()?)) };
        // A thread that died while it held the lock leaves a shelf that may be half filled: it is passed by.
        if let Some(known) = shelf.read().ok().and_then(|shelf| shelf.get(name).map(&part)) {
            return Ok(known);
        }
        let found = read()?;
        let wanted = part(&found);
        if let Ok(mut shelf) = shelf.write() {
            shelf.insert(name.to_owned(), found);
        }
        Ok(wanted)
    }
}
