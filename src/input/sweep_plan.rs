//! Which scenarios a sweep runs: `--vary key=a..b:step`, `key=a..b:x2`, `key=v1,v2`, always their product.
//!
//! Nothing is listed out: any point follows from its number in a few divisions, so that a sweep of 10^8 points takes no
//! more memory than one of ten, can start anywhere, and can be resumed. Values stay texts in the user's unit and go through the
//! grammar of the field they are for. Steps are counted in whole decimal digits: `0.1..0.3:0.1` ends at `0.3`.
//!
//! ```
//! use flopbill::internals::input::sweep_plan::{Axis, Plan};
//! let plan = Plan::new(vec![Axis::parse("run.tokens=10T..20T:5T")?, Axis::parse("chips.type=h800,h200")?])?;
//! assert_eq!(plan.points(), 6);
//! let mut places = [0; 2];
//! plan.place(5, &mut places).unwrap();
//! let shown = [0, 1].map(|axis| plan.axes()[axis].value(places[axis]));
//! assert_eq!(shown, ["20T", "h200"]);
//! # Ok::<(), flopbill::Error>(())
//! ```

mod axis;
mod decimal;

pub use axis::Axis;

use crate::error::Error;

/// The most points that are swept without being asked twice.
pub const MOST_POINTS: u64 = 1_000_000_000;

/// The product of some axes; the last one runs fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    axes: Vec<Axis>,
    points: u64,
}

impl Plan {
    /// The product of the axes, refused above [`MOST_POINTS`].
    pub fn new(axes: Vec<Axis>) -> Result<Self, Error> {
        if let Some(twice) =
            axes.iter().enumerate().find(|(i, axis)| axes.iter().skip(i + 1).any(|b| b.key() == axis.key()))
        {
            return Err(Error::bad_input(format!("`{}` is varied twice", twice.1.key()))
                .with_hint("write its values into one --vary, separated by commas"));
        }
        let points = axes.iter().try_fold(1u64, |points, axis| points.checked_mul(axis.values()));
        match points {
            Some(points) if points <= MOST_POINTS => Ok(Self { axes, points }),
            _ => Err(too_many(&axes)),
        }
    }

    /// How many points there are.
    pub fn points(&self) -> u64 {
        self.points
    }

    /// The axes, in the order they were given.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// Which value of each axis the point of this number has: `None` beyond the last point. As many places are written as there are axes.
    pub fn place(&self, point: u64, places: &mut [u64]) -> Option<()> {
        if point >= self.points {
            return None;
        }
        let mut rest = point;
        for (place, axis) in places.iter_mut().zip(&self.axes).rev() {
            *place = rest % axis.values();
            rest /= axis.values();
        }
        Some(())
    }

    /// Moves from the places of one point to those of the next, and says from which axis on they have changed; `None` after the last.
    pub fn advance(&self, places: &mut [u64]) -> Option<usize> {
        for (index, (place, axis)) in places.iter_mut().zip(&self.axes).enumerate().rev() {
            *place += 1;
            if *place < axis.values() {
                return Some(index);
            }
            *place = 0;
        }
        None
    }
}

/// Names the count, as far as it can be counted, and the axis that is easiest to thin out.
fn too_many(axes: &[Axis]) -> Error {
    let product: f64 = axes.iter().map(|axis| axis.values() as f64).product();
    let factors: Vec<String> = axes.iter().map(|axis| format!("{} {}", axis.values(), axis.key())).collect();
    let message =
        format!("a sweep of {product:.3e} points ({}), but at most {MOST_POINTS:e} are run", factors.join(" x "));
    let longest = axes.iter().max_by_key(|axis| axis.values()).map_or("", Axis::key);
    Error::bad_input(message).with_hint(format!("take a larger step or fewer values, first of `{longest}`"))
}
