//! One file per question.

pub mod check;
pub mod compare;
pub mod convert;
pub mod decompose;
pub mod drivers;
pub mod layouts;
pub mod pareto;
pub mod reply;
pub mod sweep;
pub mod sweep_plan;
pub mod usual;
