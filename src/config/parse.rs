//! From the text of an expression to [`Expr`].

use super::expr::{Binary, Expr, FUNCTIONS, Function, Unary, Var};

/// Depth of parentheses that is read.
const DEEPEST: usize = 60;

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

/// Levels of operators, the loosest first.
const LEVELS: [&[(&str, Binary)]; 6] = [
    &[("??", Binary::Else)],
    &[("or", Binary::Or)],
    &[("and", Binary::And)],
    &[
        ("==", Binary::Equal),
        ("!=", Binary::Unequal),
        ("<=", Binary::AtMost),
        (">=", Binary::AtLeast),
        ("<", Binary::Less),
        (">", Binary::More),
        ("in", Binary::In),
    ],
    &[("+", Binary::Plus), ("-", Binary::Minus)],
    &[("*", Binary::Times), ("//", Binary::Floor), ("/", Binary::Over), ("%", Binary::Modulo)],
];

/// Reads an expression.
///
/// # Errors
/// What is wrong with it, in words.
pub fn parse(text: &str) -> Result<Expr, String> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    let expr = parser.choice()?;
    parser.space();
    if parser.at < text.len() { Err(parser.wrong("an operator")) } else { Ok(expr) }
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn wrong(&self, expected: &str) -> String {
        let shown: String = self.rest().chars().take(20).collect();
        format!("`{}`: expected {expected} at `{shown}`", self.text)
    }

    /// Takes this symbol or word if it comes next.
    fn takes(&mut self, wanted: &str) -> bool {
        self.space();
        let rest = self.rest();
        let word = wanted.starts_with(|c: char| c.is_ascii_alphabetic());
        let more = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let fits = rest.strip_prefix(wanted).is_some_and(|after| !(word && after.starts_with(more)));
        if fits {
            self.at += wanted.len();
        }
        fits
    }

    fn needs(&mut self, wanted: &str) -> Result<(), String> {
        if self.takes(wanted) { Ok(()) } else { Err(self.wrong(&format!("`{wanted}`"))) }
    }

    fn word(&mut self) -> &str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn choice(&mut self) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("an expression is nested too deeply".into());
        }
        let asked = self.level(0)?;
        self.space();
        let chooses = self.rest().starts_with('?') && !self.rest().starts_with("??") && self.takes("?");
        let whole = if chooses {
            let yes = self.choice()?;
            self.needs(":")?;
            Expr::Choice(Box::new((asked, yes, self.choice()?)))
        } else {
            asked
        };
        self.depth -= 1;
        Ok(whole)
    }

    fn level(&mut self, level: usize) -> Result<Expr, String> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        if level == 3 && self.takes("not") {
            return Ok(Expr::Unary(Unary::Not, Box::new(self.level(level)?)));
        }
        let mut left = self.level(level + 1)?;
        while let Some(operator) = operators.iter().find(|(symbol, _)| self.takes(symbol)).map(|(_, op)| *op) {
            left = Expr::Binary(operator, Box::new((left, self.level(level + 1)?)));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, String> {
        if self.takes("-") {
            return Ok(Expr::Unary(Unary::Minus, Box::new(self.unary()?)));
        }
        let mut inner = self.primary()?;
        loop {
            if self.takes("[") {
                let at = self.choice()?;
                self.needs("]")?;
                inner = Expr::Binary(Binary::Entry, Box::new((inner, at)));
            } else if self.takes(".") {
                let name = self.word().into();
                inner = match inner {
                    Expr::Name(scope) => Expr::Part(scope, name),
                    inner => Expr::Field(Box::new(inner), name),
                };
            } else {
                return Ok(inner);
            }
        }
    }

    fn primary(&mut self) -> Result<Expr, String> {
        self.space();
        match self.rest().chars().next() {
            Some('(') => {
                self.at += 1;
                let inner = self.choice()?;
                self.needs(")")?;
                Ok(inner)
            }
            Some('[') => {
                self.at += 1;
                Ok(Expr::List(self.arguments("]")?))
            }
            Some('$') => {
                self.at += 1;
                Ok(Expr::Key(self.word().into()))
            }
            Some('\'') => {
                self.at += 1;
                let end = self.rest().find('\'').ok_or_else(|| self.wrong("a closing quote"))?;
                let text = self.rest().get(..end).unwrap_or_default().into();
                self.at += end + 1;
                Ok(Expr::Text(text))
            }
            Some(c) if c.is_ascii_digit() => self.number(),
            Some(c) if c.is_ascii_alphabetic() || c == '_' => self.named(),
            _ => Err(self.wrong("a value")),
        }
    }

    fn number(&mut self) -> Result<Expr, String> {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let digits = rest.get(..end).unwrap_or_default();
        let whole = digits.parse().map(Expr::Int);
        let number = whole.or_else(|_| digits.parse().map(Expr::Num)).map_err(|_| self.wrong("a number"))?;
        self.at += end;
        Ok(number)
    }

    fn named(&mut self) -> Result<Expr, String> {
        let word = self.word().to_owned();
        let function = FUNCTIONS.iter().find(|(name, ..)| *name == word);
        if let Some((name, function, takes)) = function.filter(|_| self.rest().starts_with('(')) {
            self.at += 1;
            let arguments = self.arguments(")")?;
            let fits = takes.contains(&arguments.len());
            let keyed = *function != Function::Given || matches!(arguments.as_slice(), [Expr::Key(_)]);
            let call = Expr::Call(*function, arguments);
            return if fits && keyed { Ok(call) } else { Err(format!("{name}() takes other arguments")) };
        }
        Ok(match word.as_str() {
            "null" => Expr::Null,
            "true" => Expr::Bool(true),
            "false" => Expr::Bool(false),
            "super" => Expr::Super,
            "i" => Expr::Var(Var::Depth),
            "part" => Expr::Var(Var::Part),
            "j" => Expr::Var(Var::Counter),
            _ => Expr::Name(word.into()),
        })
    }

    fn arguments(&mut self, closing: &str) -> Result<Vec<Expr>, String> {
        let mut arguments = Vec::new();
        if self.takes(closing) {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.choice()?);
            if self.takes(closing) {
                return Ok(arguments);
            }
            self.needs(",")?;
        }
    }
}
