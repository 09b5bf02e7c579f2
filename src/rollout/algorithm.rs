//! How a policy learns from its responses, and which models that takes.

/// The algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// The mean of a group of responses stands in for a critic (Shao et al. 2024, arXiv:2402.03300).
    Grpo,
    /// A critic as large as the policy learns beside it (Schulman et al. 2017, arXiv:1707.06347).
    Ppo,
}

/// The algorithms and how a user writes them.
pub const ALGORITHMS: [(&str, Algorithm); 2] = [("grpo", Algorithm::Grpo), ("ppo", Algorithm::Ppo)];

impl Algorithm {
    /// Models of the policy's size that learn.
    pub const fn learners(self) -> u32 {
        match self {
            Self::Grpo => 1,
            Self::Ppo => 2,
        }
    }

    /// Forward passes over the responses where nobody says: the reference, and the critic where there is one.
    pub const fn passes(self) -> u32 {
        self.learners()
    }

    /// How a user writes it.
    pub fn name(self) -> &'static str {
        ALGORITHMS.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }
}
