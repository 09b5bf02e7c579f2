//! Named conversions: to and from the units people use.

use super::*;

impl Seconds {
    /// From hours.
    pub const fn from_hours(hours: f64) -> Self {
        Self(hours * HOUR)
    }
    /// From days of 24 hours.
    pub const fn from_days(days: f64) -> Self {
        Self(days * DAY)
    }
    /// From years of 8760 hours.
    pub const fn from_years(years: f64) -> Self {
        Self(years * YEAR)
    }
    /// From Julian years of 365.25 days, which some sources count in.
    pub const fn from_julian_years(years: f64) -> Self {
        Self(years * JULIAN_YEAR)
    }
    /// From months of a twelfth of 8760 hours.
    pub const fn from_months(months: f64) -> Self {
        Self(months * MONTH)
    }
    /// In hours.
    pub const fn hours(self) -> f64 {
        self.0 / HOUR
    }
    /// In months of a twelfth of 8760 hours.
    pub const fn months(self) -> f64 {
        self.0 / MONTH
    }
    /// In Julian years of 365.25 days.
    pub const fn julian_years(self) -> f64 {
        self.0 / JULIAN_YEAR
    }
    /// In days of 24 hours.
    pub const fn days(self) -> f64 {
        self.0 / DAY
    }
    /// In years of 8760 hours.
    pub const fn years(self) -> f64 {
        self.0 / YEAR
    }
}

impl ChipSeconds {
    /// From GPU-hours (chip-hours for chips that are not GPUs).
    pub const fn from_gpu_hours(hours: f64) -> Self {
        Self(hours * HOUR)
    }
    /// In GPU-hours.
    pub const fn gpu_hours(self) -> f64 {
        self.0 / HOUR
    }
}

impl Price {
    /// From US dollars per GPU-hour.
    pub const fn from_usd_per_hour(usd: f64) -> Self {
        Self(usd / HOUR)
    }
    /// In US dollars per GPU-hour.
    pub const fn usd_per_hour(self) -> f64 {
        self.0 * HOUR
    }
}

impl FlopPerSecond {
    /// From TFLOP/s (or TOP/s for integer formats).
    pub const fn from_tflops(tflops: f64) -> Self {
        Self(tflops * 1e12)
    }
    /// In TFLOP/s.
    pub const fn tflops(self) -> f64 {
        self.0 / 1e12
    }
}

impl Bytes {
    /// From decimal gigabytes.
    pub const fn from_gb(gb: f64) -> Self {
        Self(gb * 1e9)
    }
    /// In decimal gigabytes.
    pub const fn gb(self) -> f64 {
        self.0 / 1e9
    }
}

impl BytesPerSecond {
    /// From decimal gigabytes per second.
    pub const fn from_gb_per_s(gb: f64) -> Self {
        Self(gb * 1e9)
    }
    /// In decimal gigabytes per second.
    pub const fn gb_per_s(self) -> f64 {
        self.0 / 1e9
    }
}

impl Watts {
    /// From kilowatts.
    pub const fn from_kw(kw: f64) -> Self {
        Self(kw * 1e3)
    }
    /// In kilowatts.
    pub const fn kw(self) -> f64 {
        self.0 / 1e3
    }
    /// From megawatts.
    pub const fn from_mw(mw: f64) -> Self {
        Self(mw * 1e6)
    }
    /// In megawatts.
    pub const fn mw(self) -> f64 {
        self.0 / 1e6
    }
}

impl Joules {
    /// From kilowatt-hours.
    pub const fn from_kwh(kwh: f64) -> Self {
        Self(kwh * KWH)
    }
    /// In kilowatt-hours.
    pub const fn kwh(self) -> f64 {
        self.0 / KWH
    }
    /// In megawatt-hours.
    pub const fn mwh(self) -> f64 {
        self.0 / KWH / 1e3
    }
}

impl EnergyPrice {
    /// From US dollars per kilowatt-hour.
    pub const fn from_usd_per_kwh(usd: f64) -> Self {
        Self(usd / KWH)
    }
    /// In US dollars per kilowatt-hour.
    pub const fn usd_per_kwh(self) -> f64 {
        self.0 * KWH
    }
}

impl KgCo2e {
    /// In tonnes of CO2 equivalent.
    pub const fn tonnes(self) -> f64 {
        self.0 / 1e3
    }
}

impl CarbonIntensity {
    /// From grams of CO2 equivalent per kilowatt-hour.
    pub const fn from_g_per_kwh(grams: f64) -> Self {
        Self(grams / 1e3 / KWH)
    }
    /// In grams of CO2 equivalent per kilowatt-hour.
    pub const fn g_per_kwh(self) -> f64 {
        self.0 * KWH * 1e3
    }
}
