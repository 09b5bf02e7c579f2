//! A budget table: what DeepSeek-V3's run takes and costs on different numbers of chips.
//!
//! `cargo run --release --example budget_table`

#![allow(clippy::print_stdout)]

use flopbill::{Catalog, Error, EstimateRequest, Input};

fn main() -> Result<(), Error> {
    let catalog = Catalog::built_in();
    println!("{:>8} {:>10} {:>12}", "chips", "days", "cost");
    for chips in [512, 1024, 2048, 4096, 8192] {
        let request = EstimateRequest::new(Input::about("deepseek-v3").chips(chips));
        let result = request.ask(&catalog)?.result;
        let days = result.wall_clock_days.map_or_else(String::new, |days| format!("{days:.2}"));
        let cost = result.cost_usd.map_or_else(|| "not priced".into(), |cost| format!("${:.3}M", cost / 1e6));
        println!("{chips:>8} {days:>10} {cost:>12}");
    }
    Ok(())
}
