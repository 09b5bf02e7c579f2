//! Reading quantities from text.
