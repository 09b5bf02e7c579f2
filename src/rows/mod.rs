//! Published rows as tables: measured steps, whole runs, peaks of memory, the highest rates, causes of failures. One CSV
//! each, read by the names of its columns.

pub mod causes;
pub mod memory;
pub mod records;
pub mod runs;
pub mod steps;
pub mod table;

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/measurements.rs"));
}

/// The files of rows that are built in, by their stems.
///
/// # Formula
/// `profiles/measurements/*.csv`
/// # Source
/// there
pub fn shipped_files() -> impl Iterator<Item = (&'static str, &'static str)> {
    embedded::MEASUREMENTS.iter().copied()
}
