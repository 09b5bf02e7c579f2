//! A budget table: what DeepSeek-V3's run takes and costs on different numbers of chips.
//!
//! `cargo run --release --example budget_table`

#![allow(clippy::print_stdout)]

use flopbill::internals::units::show;
use flopbill::{Catalog, Error, Question, answer};

fn main() -> Result<(), Error> {
    let catalog = Catalog::built_in();
    let question = Question::about("deepseek-v3", &catalog)?;
    println!("{:>8} {:>10} {:>12}", "chips", "days", "cost");
    for chips in [512, 1024, 2048, 4096, 8192] {
        let estimate = answer(&question.clone().with("run.chips", chips.to_string()), &catalog)?.estimate;
        let days = estimate.total.wall_clock.map_or_else(String::new, |wall| show::number(wall.days(), 4));
        let cost = estimate.total.cost.map_or_else(|| "not priced".into(), show::usd);
        println!("{chips:>8} {days:>10} {cost:>12}");
    }
    Ok(())
}
