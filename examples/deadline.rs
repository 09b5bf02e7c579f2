//! A deadline search: the cheapest chip, at its typical rent, that finishes 15T tokens of a 70B model in 90 days.
//!
//! `cargo run --release --example deadline`

#![allow(clippy::print_stdout)]

use flopbill::internals::units::show;
use flopbill::{Catalog, Error, Question, answer};

fn main() -> Result<(), Error> {
    let catalog = Catalog::built_in();
    let mut offers = Vec::new();
    for chip in ["a100", "h800", "h100", "h200", "b200", "mi300x"] {
        let question = Question::default()
            .with("run.gpu", chip)
            .with("run.params", "70B")
            .with("run.tokens", "15T")
            .with("run.mfu", "40%") // the same on every chip: an assumption of this script
            .with("run.wall_clock", "90d");
        let estimate = answer(&question, &catalog)?.estimate;
        if let (Some(chips), Some(cost)) = (estimate.chips_in_whole_nodes, estimate.total.cost) {
            offers.push((chip, chips, cost));
        }
    }
    offers.sort_by(|a, b| a.2.get().total_cmp(&b.2.get()));
    for (chip, chips, cost) in &offers {
        println!("{chip:>8}: {:>7} chips, {}", show::number(chips.get(), 7), show::usd(*cost));
    }
    Ok(())
}
