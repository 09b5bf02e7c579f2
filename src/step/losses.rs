//! What more servers lose beyond the time of a step: part of what decides which layout is done first.

/// A loss that grows with each doubling of the servers, up to a number of doublings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loss {
    /// What one doubling takes, in logarithm; half of what it brings, all losses together, at most.
    pub per_doubling: f64,
    /// Doublings after which it takes no more.
    pub doublings: f64,
}

impl Loss {
    /// No loss.
    pub const NONE: Self = Self { per_doubling: 0.0, doublings: 0.0 };

    /// The logarithm of the factor on the time.
    ///
    /// # Formula
    /// `d min(log2 servers, D)`, none on one server
    /// # Source
    /// By construction.
    pub fn log_of(&self, servers: f64) -> f64 {
        self.per_doubling * servers.max(1.0).log2().min(self.doublings)
    }
}

/// All of them, on servers of so many chips.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Losses {
    /// Chips of a server.
    pub node: u32,
    /// Each of them.
    pub all: [Loss; 2],
}

impl Losses {
    /// None at all.
    pub const NONE: Self = Self { node: 1, all: [Loss::NONE; 2] };

    /// The factor on the time that so many chips take.
    ///
    /// # Formula
    /// `e^(sum of the losses' logarithms)`
    /// # Source
    /// By construction.
    pub fn factor(&self, chips: f64) -> f64 {
        if *self == (Self { node: self.node, ..Self::NONE }) {
            return 1.0;
        }
        let servers = chips / f64::from(self.node.max(1));
        self.all.iter().map(|loss| loss.log_of(servers)).sum::<f64>().exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_end_where_they_say() {
        let all = [Loss { per_doubling: 0.05, doublings: 3.0 }, Loss { per_doubling: 0.01, doublings: 6.0 }];
        let losses = Losses { node: 8, all };
        // By hand: 4 servers are two doublings of both; 1,024 are three and six.
        assert!((losses.factor(32.0) - 0.12f64.exp()).abs() < 1e-12);
        assert!((losses.factor(8192.0) - 0.21f64.exp()).abs() < 1e-12);
        assert_eq!((losses.factor(4.0), Losses::NONE.factor(4096.0)), (1.0, 1.0));
    }
}
