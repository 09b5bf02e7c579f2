//! Measurements of one chip's single operations, as `profiles/measure/measure_gpu.py` writes them.

use super::read_text;
use crate::error::Error;
use crate::hardware::precision::{PRECISIONS, Precision};
use crate::read::{Document, Reader};
use crate::units::Seconds;

/// What was measured on one chip.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// What the file is called.
    pub name: String,
    /// The chip's profile.
    pub gpu: String,
    /// The day.
    pub date: String,
    /// Driver and libraries, as far as they are stated.
    pub versions: Vec<(String, String)>,
    /// Every operation.
    pub operations: Vec<Operation>,
}

/// One operation with its time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Operation {
    /// What was timed.
    pub kind: Work,
    /// How long it took.
    pub seconds: Seconds,
}

/// What can be timed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Work {
    /// A product of an `m x k` with a `k x n` matrix.
    Gemm {
        /// Rows of the result.
        m: f64,
        /// Columns of the result.
        n: f64,
        /// Inner dimension.
        k: f64,
        /// Its format.
        precision: Precision,
    },
    /// A copy within the chip's memory.
    Copy {
        /// Bytes read and written together.
        bytes: f64,
    },
    /// Fused attention, causal, 16 bits.
    Attention {
        /// Sequences.
        batch: f64,
        /// Heads.
        heads: f64,
        /// Tokens of a sequence.
        seq_len: f64,
        /// Width of a head.
        head_dim: f64,
        /// The direction.
        backward: bool,
    },
    /// Kernels that do nothing, one after another.
    Launch {
        /// How many.
        kernels: f64,
    },
    /// A collective over several chips.
    Collective {
        /// Which.
        kind: Collective,
        /// Bytes of the whole tensor.
        bytes: f64,
        /// Chips.
        ranks: f64,
    },
}

/// Collectives that are timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collective {
    /// Every chip ends with all parts.
    AllGather,
    /// Every chip ends with the sum of its part.
    ReduceScatter,
    /// Every chip ends with the whole sum.
    AllReduce,
}

/// The collectives and how a file writes them.
pub const COLLECTIVES: [(&str, Collective); 3] = [
    ("all-gather", Collective::AllGather),
    ("reduce-scatter", Collective::ReduceScatter),
    ("all-reduce", Collective::AllReduce),
];

/// The two directions and how a file writes them.
const PASSES: [(&str, bool); 2] = [("forward", false), ("backward", true)];

/// Reads a measurement from a file.
///
/// # Errors
/// A file that cannot be read, and everything that is wrong with it, each with its place.
pub fn measurement(path: &std::path::Path) -> Result<Measurement, Error> {
    read(&Document::new(path.display().to_string(), read_text(path)?))
}

/// Reads a measurement.
///
/// # Errors
/// Everything that is wrong with the document, each with its place.
pub fn read(document: &Document) -> Result<Measurement, Error> {
    document.read(|r| {
        let (name, gpu, date) = (r.need("name", r.text("name")), r.need("gpu", r.text("gpu")), r.date("date"));
        let versions = ["driver", "torch", "cuda"].map(|key| (key.to_owned(), r.text(key)));
        let mut operations = r.tables("gemm", gemm);
        operations.extend(r.tables("copy", copy));
        operations.extend(r.tables("attention", attention));
        operations.extend(r.tables("launch", launch));
        operations.extend(r.tables("collective", collective));
        let versions = versions.into_iter().filter_map(|(key, version)| Some((key, version?))).collect();
        Some(Measurement { name: name?, gpu: gpu?, date: r.need("date", date)?, versions, operations })
    })
}

/// A number above zero.
fn positive(r: &Reader<'_>, key: &'static str) -> Option<f64> {
    let value = r.need(key, r.number(key))?;
    if value > 0.0 && value < 1e18 {
        return Some(value);
    }
    r.fail(key, Error::bad_input(format!("`{key}` is a number above zero")));
    None
}

fn timed(r: &Reader<'_>, kind: Option<Work>) -> Option<Operation> {
    let seconds = positive(r, "seconds").map(Seconds::new);
    Some(Operation { kind: kind?, seconds: seconds? })
}

fn gemm(r: &Reader<'_>) -> Option<Operation> {
    let (m, n, k) = (positive(r, "m"), positive(r, "n"), positive(r, "k"));
    let precision = r.need("precision", r.choice("precision", &PRECISIONS));
    let work = || Some(Work::Gemm { m: m?, n: n?, k: k?, precision: precision? });
    timed(r, work())
}

fn copy(r: &Reader<'_>) -> Option<Operation> {
    let bytes = positive(r, "bytes");
    timed(r, bytes.map(|bytes| Work::Copy { bytes }))
}

fn attention(r: &Reader<'_>) -> Option<Operation> {
    let (batch, heads) = (positive(r, "batch"), positive(r, "heads"));
    let (seq_len, head_dim) = (positive(r, "seq_len"), positive(r, "head_dim"));
    let backward = r.need("pass", r.choice("pass", &PASSES));
    let work = || {
        let (batch, heads, seq_len, head_dim) = (batch?, heads?, seq_len?, head_dim?);
        Some(Work::Attention { batch, heads, seq_len, head_dim, backward: backward? })
    };
    timed(r, work())
}

fn launch(r: &Reader<'_>) -> Option<Operation> {
    let kernels = positive(r, "kernels");
    timed(r, kernels.map(|kernels| Work::Launch { kernels }))
}

fn collective(r: &Reader<'_>) -> Option<Operation> {
    let kind = r.need("kind", r.choice("kind", &COLLECTIVES));
    let (bytes, ranks) = (positive(r, "bytes"), positive(r, "ranks"));
    let work = || Some(Work::Collective { kind: kind?, bytes: bytes?, ranks: ranks? });
    timed(r, work())
}
