//! A model's `config.json`, read by a description of the class that its library builds from it.
//!
//! A description is data: the values that the class assumes, and small expressions that say how many heads, experts,
//! norms and biases a layer has. The kinds of layers are known here; the names of models are not.

pub mod assemble;
pub mod build;
pub mod class;
pub mod eval;
pub mod expr;
mod layer;
mod parse;
pub mod scope;
pub mod tower;
pub mod unknown;
pub mod value;
