//! A deadline search: the cheapest chip, at its typical rent, that finishes 15T tokens of a 70B model in 90 days.
//!
//! `cargo run --release --example deadline`

#![allow(clippy::print_stdout)]

use flopbill::{Catalog, Error, EstimateRequest, Input};

fn main() -> Result<(), Error> {
    let catalog = Catalog::built_in();
    let mut offers = Vec::new();
    for chip in ["a100", "h800", "h100", "h200", "b200", "mi300x"] {
        let input = Input::new()
            .gpu(chip)
            .params("70B")
            .tokens("15T")
            .mfu("40%") // the same on every chip: an assumption of this script
            .set("run.wall_clock", "90d");
        let reply = EstimateRequest::new(input).ask(&catalog)?;
        if let (Some(chips), Some(cost)) = (reply.run.chips_in_whole_nodes, reply.result.cost_usd) {
            offers.push((chip, chips, cost));
        }
    }
    offers.sort_by(|a, b| a.2.total_cmp(&b.2));
    for (chip, chips, cost) in &offers {
        println!("{chip:>8}: {chips:>7} chips, ${:.2}M", cost / 1e6);
    }
    Ok(())
}
