//! From an answer to text. No formula stands here: views pick, label and round what was computed.

pub mod backtest;
pub mod bill;
pub mod calibrate;
pub mod compare;
pub mod convert;
pub mod digits;
pub mod drivers;
pub mod estimate;
pub mod explain;
pub mod fleet;
pub mod json;
pub mod layout;
pub mod listed;
pub mod plan;
pub mod policy;
pub mod profile;
pub mod ranges;
#[cfg(feature = "cli")]
mod render;
pub mod resolved;
pub mod step;
pub mod sweep;
#[cfg(feature = "parquet")]
pub mod sweep_parquet;
pub mod thresholds;
pub mod tranches;
pub mod view;

pub use view::View;

/// One output format.
pub struct Format {
    /// What `--format` calls it.
    pub name: &'static str,
    /// The file extension that means it.
    pub extension: &'static str,
    /// The view as text, with a newline at its end.
    pub render: fn(&View) -> String,
}

/// Every output format, the default first.
#[cfg(feature = "cli")]
pub static FORMATS: &[Format] = &[
    Format { name: "table", extension: "txt", render: render::table },
    Format { name: "markdown", extension: "md", render: render::markdown },
    Format { name: "json", extension: "json", render: json::text },
    Format { name: "csv", extension: "csv", render: render::csv },
    Format { name: "plain", extension: "tsv", render: render::plain },
];
