//! The small language in which a class says what follows from a file's values.
//!
//! `$name` is a value of the file, or the class's own where the file has none; `name` is another expression of the
//! class; `scope.name` one of a part of the model beside it. `i` is a layer's depth from zero, `part` which of its
//! parts is asked for. `a ?? b` is b where a is null; the rest reads as in Python, with `c ? a : b`.

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A number, text or truth value as written, or null.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Another number.
    Num(f64),
    /// A text.
    Text(Box<str>),
    /// A value of the file.
    Key(Box<str>),
    /// Another expression of the class.
    Name(Box<str>),
    /// An expression of a part beside it.
    Part(Box<str>, Box<str>),
    /// What the class that this one is like says in its place.
    Super,
    /// A depth, a part or the counter of a sum.
    Var(Var),
    /// Something that is asked of one value.
    Unary(Unary, Box<Expr>),
    /// Something that is asked of two values.
    Binary(Binary, Box<(Expr, Expr)>),
    /// One or the other.
    Choice(Box<(Expr, Expr, Expr)>),
    /// A function of its arguments.
    Call(Function, Vec<Expr>),
    /// A list as written, to look for something in.
    List(Vec<Expr>),
    /// An object's value by name.
    Field(Box<Expr>, Box<str>),
}

/// What changes while an expression is asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Var {
    /// The layer's depth, from zero.
    Depth,
    /// The part of the layer, from zero.
    Part,
    /// The counter of a sum.
    Counter,
}

/// What is asked of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unary {
    /// Its opposite.
    Minus,
    /// Whether it counts as false.
    Not,
}

/// What is asked of two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Binary {
    Else,
    Or,
    And,
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
    In,
    Plus,
    Minus,
    Times,
    Over,
    Floor,
    Modulo,
    Entry,
}

/// The functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Function {
    Min,
    Max,
    Ceil,
    FloorOf,
    Round,
    Int,
    Root,
    Length,
    Count,
    Sum,
    Last,
    At,
    Given,
    IsList,
    IsText,
    Number,
}

/// The functions and how they are written, with the arguments each takes.
pub const FUNCTIONS: [(&str, Function, std::ops::RangeInclusive<usize>); 16] = [
    ("min", Function::Min, 1..=8),
    ("max", Function::Max, 1..=8),
    ("ceil", Function::Ceil, 1..=1),
    ("floor", Function::FloorOf, 1..=1),
    ("round", Function::Round, 1..=1),
    ("int", Function::Int, 1..=1),
    ("sqrt", Function::Root, 1..=1),
    ("len", Function::Length, 1..=1),
    ("count", Function::Count, 2..=3),
    ("sum", Function::Sum, 2..=2),
    ("last", Function::Last, 3..=3),
    ("at", Function::At, 2..=2),
    ("given", Function::Given, 1..=1),
    ("is_list", Function::IsList, 1..=1),
    ("is_text", Function::IsText, 1..=1),
    ("is_number", Function::Number, 1..=1),
];

impl Expr {
    /// Calls this on the expression and on all it is made of.
    pub fn visit<'e>(&'e self, see: &mut impl FnMut(&'e Expr)) {
        see(self);
        match self {
            Self::Unary(_, inner) | Self::Field(inner, _) => inner.visit(see),
            Self::Binary(_, both) => {
                both.0.visit(see);
                both.1.visit(see);
            }
            Self::Choice(three) => {
                three.0.visit(see);
                three.1.visit(see);
                three.2.visit(see);
            }
            Self::Call(_, arguments) | Self::List(arguments) => arguments.iter().for_each(|inner| inner.visit(see)),
            _ => {}
        }
    }

    /// The first value of the file that it names.
    pub fn first_key(&self) -> Option<&str> {
        let mut found = None;
        self.visit(&mut |expr| {
            if let (None, Self::Key(key)) = (found, expr) {
                found = Some(key.as_ref());
            }
        });
        found
    }
}
