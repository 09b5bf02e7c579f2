//! What all readers of one document share.

use std::cell::{OnceCell, RefCell};

use super::Document;
use crate::error::Error;

pub(super) struct Shared<'d> {
    pub document: &'d Document,
    /// Everything that is wrong so far.
    pub errors: RefCell<Vec<Error>>,
    /// Keys of `[sources]` whose entry is wrong: what they cover has a source, only not a good one.
    pub broken: RefCell<Vec<String>>,
    /// Where the lines end, found once: counting them anew for each value takes minutes on a long file.
    lines: OnceCell<Vec<usize>>,
}

impl<'d> Shared<'d> {
    pub fn of(document: &'d Document) -> Self {
        Self { document, errors: RefCell::default(), broken: RefCell::default(), lines: OnceCell::new() }
    }

    /// The line of a byte, from one.
    pub fn line(&self, at: usize) -> usize {
        let ends = || self.document.text.match_indices('\n').map(|(end, _)| end).collect();
        self.lines.get_or_init(ends).partition_point(|end| *end < at) + 1
    }
}
