//! How each quantity is written: its units, its suffixes, and the largest value accepted.

use super::parse::{Grammar, Unit};
use super::*;

const fn unit(symbol: &'static str, ten: i32, factor: f64) -> Unit {
    Unit { symbol, ten, factor, prefixed: false }
}
const fn prefixed(symbol: &'static str, ten: i32, factor: f64) -> Unit {
    Unit { symbol, ten, factor, prefixed: true }
}

const KIB: f64 = 1024.0;

impl Grammar for Seconds {
    const UNITS: &'static [Unit] = &[
        unit("s", 0, 1.0),
        unit("d", 0, DAY),
        unit("h", 0, HOUR),
        unit("min", 0, 60.0),
        unit("ms", -3, 1.0),
        unit("us", -6, 1.0),
        unit("sec", 0, 1.0),
        unit("day", 0, DAY),
        unit("days", 0, DAY),
        unit("hour", 0, HOUR),
        unit("hours", 0, HOUR),
        unit("w", 0, 7.0 * DAY),
        unit("weeks", 0, 7.0 * DAY),
        unit("y", 0, YEAR),
        unit("years", 0, YEAR),
        unit("year", 0, YEAR),
        unit("yr", 0, YEAR),
        unit("week", 0, 7.0 * DAY),
        unit("wk", 0, 7.0 * DAY),
        unit("mo", 0, MEAN_MONTH),
        unit("month", 0, MEAN_MONTH),
        unit("months", 0, MEAN_MONTH),
        unit("hr", 0, HOUR),
        unit("hrs", 0, HOUR),
        unit("minutes", 0, 60.0),
        unit("minute", 0, 60.0),
        unit("seconds", 0, 1.0),
        unit("second", 0, 1.0),
    ];
    const SHORT_SCALE: bool = false;
    const MONEY: bool = false;
    const MAX: f64 = 1e4 * YEAR;
}

impl Grammar for Flop {
    const UNITS: &'static [Unit] = &[unit("", 0, 1.0), prefixed("FLOP", 0, 1.0), prefixed("FLOPs", 0, 1.0)];
    const SHORT_SCALE: bool = false;
    const MONEY: bool = false;
    const MAX: f64 = 1e34;
}

impl Grammar for FlopPerSecond {
    const UNITS: &'static [Unit] = &[
        prefixed("FLOP/s", 0, 1.0),
        prefixed("FLOPs/s", 0, 1.0),
        prefixed("FLOPS", 0, 1.0),
        prefixed("OP/s", 0, 1.0),
        prefixed("OPS", 0, 1.0),
    ];
    const SHORT_SCALE: bool = false;
    const MONEY: bool = false;
    const MAX: f64 = 1e20;
}

impl Grammar for Bytes {
    const UNITS: &'static [Unit] = &[
        prefixed("B", 0, 1.0),
        unit("KiB", 0, KIB),
        unit("MiB", 0, KIB * KIB),
        unit("GiB", 0, KIB * KIB * KIB),
        unit("TiB", 0, KIB * KIB * KIB * KIB),
    ];
    const SHORT_SCALE: bool = false;
    const MONEY: bool = false;
    const MAX: f64 = 1e21;
}

impl Grammar for BytesPerSecond {
    const UNITS: &'static [Unit] =
        &[prefixed("B/s", 0, 1.0), prefixed("b/s", 0, 0.125), prefixed("bit/s", 0, 0.125), prefixed("bps", 0, 0.125)];
    const SHORT_SCALE: bool = false;
    const MONEY: bool = false;
    const MAX: f64 = 1e17;
}

impl Grammar for Chips {
    const UNITS: &'static [Unit] = &[
        unit("", 0, 1.0),
        unit("chips", 0, 1.0),
        unit("GPUs", 0, 1.0),
        unit("gpus", 0, 1.0),
        unit("GPU", 0, 1.0),
        unit("chip", 0, 1.0),
    ];
    const SHORT_SCALE: bool = true;
    const MONEY: bool = false;
    const MAX: f64 = 1e8;
}

impl Grammar for ChipSeconds {
    const UNITS: &'static [Unit] = &[
        unit("", 0, HOUR),
        unit("GPU-s", 0, 1.0),
        unit("h", 0, HOUR),
        unit("hours", 0, HOUR),
        unit("GPU-h", 0, HOUR),
        unit("GPUh", 0, HOUR),
        unit("GPU-hours", 0, HOUR),
        unit("chip-hours", 0, HOUR),
        unit("GPU-days", 0, DAY),
    ];
    const SHORT_SCALE: bool = true;
    const MONEY: bool = false;
    const MAX: f64 = 1e15 * HOUR;
}

impl Grammar for Tokens {
    const UNITS: &'static [Unit] = &[unit("", 0, 1.0), unit("tokens", 0, 1.0), unit("tok", 0, 1.0)];
    const SHORT_SCALE: bool = true;
    const MONEY: bool = false;
    const MAX: f64 = 1e17;
}

impl Grammar for Params {
    const UNITS: &'static [Unit] = &[unit("", 0, 1.0), unit("params", 0, 1.0), unit("parameters", 0, 1.0)];
    const SHORT_SCALE: bool = true;
    const MONEY: bool = false;
    const MAX: f64 = 1e16;
}

impl Grammar for Usd {
    const UNITS: &'static [Unit] = &[unit("", 0, 1.0)];
    const SHORT_SCALE: bool = true;
    const MONEY: bool = true;
    const MAX: f64 = 1e16;
}

impl Grammar for Price {
    const UNITS: &'static [Unit] = &[
        unit("/h", 0, 1.0 / HOUR),
        unit("/s", 0, 1.0),
        unit("/hour", 0, 1.0 / HOUR),
        unit("/hr", 0, 1.0 / HOUR),
        unit("/GPU-h", 0, 1.0 / HOUR),
        unit("/GPU-hour", 0, 1.0 / HOUR),
        unit("/GPUh", 0, 1.0 / HOUR),
        unit("/d", 0, 1.0 / DAY),
    ];
    const SHORT_SCALE: bool = false;
    const MONEY: bool = true;
    const MAX: f64 = 1e5 / HOUR;
    const PER_CHIP: bool = true;
}

impl Grammar for Fraction {
    const UNITS: &'static [Unit] = &[unit("", 0, 1.0), unit("%", -2, 1.0)];
    const SHORT_SCALE: bool = false;
    const MONEY: bool = false;
    const MAX: f64 = 1e3;
    const ZERO_ALLOWED: bool = true;
}

impl Grammar for Watts {
    const UNITS: &'static [Unit] = &[prefixed("W", 0, 1.0)];
    const SHORT_SCALE: bool = false;
    const MONEY: bool = false;
    const MAX: f64 = 1e12;
}

impl Grammar for Joules {
    const UNITS: &'static [Unit] = &[prefixed("J", 0, 1.0), prefixed("Wh", 0, HOUR)];
    const SHORT_SCALE: bool = false;
    const MONEY: bool = false;
    const MAX: f64 = 1e22;
}

impl Grammar for EnergyPrice {
    const UNITS: &'static [Unit] = &[unit("/J", 0, 1.0), unit("/kWh", 0, 1.0 / KWH), unit("/MWh", -3, 1.0 / KWH)];
    const SHORT_SCALE: bool = false;
    const MONEY: bool = true;
    const MAX: f64 = 1e3 / KWH;
    const ZERO_ALLOWED: bool = true;
}

impl Grammar for KgCo2e {
    const UNITS: &'static [Unit] =
        &[unit("kg", 0, 1.0), unit("tCO2e", 3, 1.0), unit("t", 3, 1.0), unit("kgCO2e", 0, 1.0), unit("g", -3, 1.0)];
    const SHORT_SCALE: bool = false;
    const MONEY: bool = false;
    const MAX: f64 = 1e14;
    const ZERO_ALLOWED: bool = true;
}

impl Grammar for CarbonIntensity {
    const UNITS: &'static [Unit] = &[
        unit("kg/J", 0, 1.0),
        unit("gCO2e/kWh", -3, 1.0 / KWH),
        unit("g/kWh", -3, 1.0 / KWH),
        unit("kg/kWh", 0, 1.0 / KWH),
    ];
    const SHORT_SCALE: bool = false;
    const MONEY: bool = false;
    const MAX: f64 = 10.0 / KWH;
    const ZERO_ALLOWED: bool = true;
}

impl Grammar for SquareMm {
    const UNITS: &'static [Unit] = &[unit("mm2", 0, 1.0), unit("mm²", 0, 1.0), unit("cm2", 2, 1.0)];
    const SHORT_SCALE: bool = false;
    const MONEY: bool = false;
    const MAX: f64 = 1e6;
}
