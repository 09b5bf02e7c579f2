//! All integration tests, in one binary.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // a test ends where something is wrong

mod as_asked;
mod as_of;
mod asks;
mod assume;
mod backtest;
mod brief;
mod calibrate;
mod cards;
mod chips;
#[cfg(feature = "cli")]
mod cli;
#[cfg(feature = "cli")]
mod cli_checks;
#[cfg(feature = "cli")]
mod cli_views;
mod close;
#[cfg(feature = "cli")]
mod compare;
#[cfg(feature = "cli")]
mod compare_steps;
mod configs;
mod doors;
mod examples;
mod failure_rates;
mod failures;
mod fuzz;
mod golden;
mod golden_bill;
mod golden_fleet;
mod golden_policy;
mod golden_scaling;
mod golden_uncertainty;
mod init;
mod input;
mod invariants;
mod layout_search;
mod layouts;
mod measured;
mod memory;
mod metamorphic;
mod model_flops;
mod models;
#[cfg(feature = "cli")]
mod money;
#[cfg(feature = "cli")]
mod plan;
mod plan_limits;
#[cfg(feature = "cli")]
mod planned_rows;
mod planner;
#[cfg(feature = "cli")]
mod plausible;
mod policy_to;
mod prices;
mod profiles;
mod programme;
mod properties_uncertainty;
#[cfg(feature = "cli")]
mod provenance;
mod published_runs;
mod ranges;
mod regions;
mod remarks;
mod rl;
mod shell;
mod smooth;
mod stages;
mod steps;
#[cfg(feature = "cli")]
mod sweep;
#[cfg(feature = "cli")]
mod sweep_grid;
#[cfg(feature = "cli")]
mod sweep_parquet;
#[cfg(feature = "cli")]
mod sweep_rows;
#[cfg(feature = "cli")]
mod terms;
mod tidy;
mod towers;
mod tuning;
mod whole_bill;
