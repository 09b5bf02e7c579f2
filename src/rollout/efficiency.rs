//! What software and chips reach when they write: assumed shares, each with a range.

macro_rules! shares {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        /// What is assumed of the engine that writes.
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct Efficiency {
            $($(#[$doc])* pub $name: f64,)*
        }

        /// The names of the values, in the order of [`Efficiency::of`].
        pub const NAMES: [&str; COUNT] = [$(stringify!($name),)*];

        impl Efficiency {
            /// From values in the order of [`NAMES`].
            pub fn of(values: &[f64; COUNT]) -> Self {
                let [$($name,)*] = *values;
                Self { $($name,)* }
            }
        }
    };
}

/// How many values there are.
pub const COUNT: usize = 8;

shares! {
    /// Share of the memory bandwidth at which weights and caches are read.
    bandwidth;
    /// Share of the peak that the products of a large decode batch reach.
    products;
    /// Share of the 16-bit peak that attention over a cache reaches.
    attention;
    /// Share of the peak that a forward pass over whole texts reaches.
    forward;
    /// The least time of one kernel in a captured graph, in seconds.
    kernel;
    /// Time of a decode step with scheduling and sampling over that of its kernels and traffic.
    engine;
    /// Share of expert traffic that shows.
    exposed;
    /// Bytes a second of one chip to and from its host's memory.
    host;
}
