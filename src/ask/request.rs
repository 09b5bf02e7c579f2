//! What a request is about.

use crate::catalog::Catalog;
use crate::error::Error;
use crate::input::question::{Input, Question};

/// A run by its name with values laid over it, or a question that was read already.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum About {
    /// Not looked up yet.
    Input(Input),
    /// Read.
    Question(Box<Question>),
}

impl About {
    /// The question, with its run looked up.
    ///
    /// # Errors
    /// An unknown name, a file that cannot be read or is wrong.
    pub fn question(&self, catalog: &Catalog) -> Result<Question, Error> {
        match self {
            Self::Input(input) => input.clone().question(catalog),
            Self::Question(question) => Ok((**question).clone()),
        }
    }
}

impl From<Input> for About {
    fn from(input: Input) -> Self {
        Self::Input(input)
    }
}

impl From<Question> for About {
    fn from(question: Question) -> Self {
        Self::Question(Box::new(question))
    }
}

impl From<&str> for About {
    fn from(run: &str) -> Self {
        Self::Input(Input::about(run))
    }
}
