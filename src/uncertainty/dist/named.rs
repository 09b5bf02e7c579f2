//! Distributions by name: what a spec writes as `{ dist = "pert", low = .., mode = .., high = .. }`.

use super::Dist;
use crate::error::Error;

/// How a parameter is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// In the unit of the field: `"$1.80/h"`, `"30%"`.
    Value,
    /// A pure number: a shape, a probability, the spread of a logarithm.
    Number,
}

/// One way to write one distribution: a name may have several.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// What `dist` says.
    pub name: &'static str,
    /// The parameters it needs.
    pub needs: &'static [&'static str],
    /// A further parameter that may be left out.
    pub may: Option<(&'static str, f64)>,
    build: fn(&[f64]) -> Result<Dist, Error>,
}

/// All ways to write a distribution, besides `empirical` (a list `samples`) and `mixture` (a list `parts`), which are not made of single numbers.
pub const FORMS: [Form; 14] = [
    Form { name: "point", needs: &["value"], may: None, build: |p| with1(p, Dist::point) },
    Form { name: "uniform", needs: &["low", "high"], may: None, build: |p| with2(p, Dist::uniform) },
    Form { name: "triangular", needs: &["low", "mode", "high"], may: None, build: |p| with3(p, Dist::triangular) },
    Form {
        name: "pert",
        needs: &["low", "mode", "high"],
        may: Some(("lambda", 4.0)),
        build: |p| with4(p, Dist::pert_with),
    },
    Form { name: "normal", needs: &["mean", "sd"], may: None, build: |p| with2(p, Dist::normal) },
    Form {
        name: "normal",
        needs: &["p5", "p95"],
        may: None,
        build: |p| with2(p, |a, b| Dist::normal_interval(0.9, a, b)),
    },
    Form {
        name: "normal",
        needs: &["p10", "p90"],
        may: None,
        build: |p| with2(p, |a, b| Dist::normal_interval(0.8, a, b)),
    },
    Form {
        name: "lognormal",
        needs: &["p5", "p95"],
        may: None,
        build: |p| with2(p, |a, b| Dist::lognormal_interval(0.9, a, b)),
    },
    Form {
        name: "lognormal",
        needs: &["p10", "p90"],
        may: None,
        build: |p| with2(p, |a, b| Dist::lognormal_interval(0.8, a, b)),
    },
    Form { name: "lognormal", needs: &["median", "sigma"], may: None, build: |p| with2(p, Dist::lognormal) },
    Form { name: "lognormal", needs: &["mean", "sd"], may: None, build: |p| with2(p, Dist::lognormal_mean_sd) },
    Form { name: "beta", needs: &["alpha", "beta"], may: None, build: |p| with2(p, |a, b| Dist::beta(a, b, 0.0, 1.0)) },
    Form { name: "beta", needs: &["alpha", "beta", "low", "high"], may: None, build: |p| with4(p, Dist::beta) },
    Form { name: "gamma", needs: &["shape", "scale"], may: None, build: |p| with2(p, Dist::gamma) },
];

/// Parameters that every distribution may have: limits outside of which nothing comes, and the probability of never.
const COMMON: [&str; 3] = ["min", "max", "never"];

/// How the parameter of this name is read; none for a name that no distribution has.
pub fn role_of(parameter: &str) -> Option<Role> {
    match parameter {
        "alpha" | "beta" | "shape" | "sigma" | "lambda" | "never" => Some(Role::Number),
        "min" | "max" => Some(Role::Value),
        _ => FORMS.iter().any(|form| form.needs.contains(&parameter)).then_some(Role::Value),
    }
}

fn with1(p: &[f64], make: impl Fn(f64) -> Result<Dist, Error>) -> Result<Dist, Error> {
    if let [a] = *p { make(a) } else { Err(wrong_count(p)) }
}

fn with2(p: &[f64], make: impl Fn(f64, f64) -> Result<Dist, Error>) -> Result<Dist, Error> {
    if let [a, b] = *p { make(a, b) } else { Err(wrong_count(p)) }
}

fn with3(p: &[f64], make: impl Fn(f64, f64, f64) -> Result<Dist, Error>) -> Result<Dist, Error> {
    if let [a, b, c] = *p { make(a, b, c) } else { Err(wrong_count(p)) }
}

fn with4(p: &[f64], make: impl Fn(f64, f64, f64, f64) -> Result<Dist, Error>) -> Result<Dist, Error> {
    if let [a, b, c, d] = *p { make(a, b, c, d) } else { Err(wrong_count(p)) }
}

fn wrong_count(p: &[f64]) -> Error {
    Error::bad_input(format!("{} parameters for a distribution that takes another number", p.len()))
}

impl Form {
    fn knows(&self, parameter: &str) -> bool {
        self.needs.contains(&parameter) || self.may.is_some_and(|(name, _)| name == parameter)
    }
}

impl Dist {
    /// The distribution of this name with these parameters, values in base units.
    ///
    /// ```
    /// use flopbill::internals::uncertainty::dist::Dist;
    /// let mfu = Dist::from_named("pert", &[("low", 0.25), ("mode", 0.38), ("high", 0.52)])?;
    /// assert!((mfu.mean() - 2.29 / 6.0).abs() < 1e-12); // by hand: (0.25 + 4 * 0.38 + 0.52) / 6
    /// let wrong = Dist::from_named("pert", &[("low", 0.25), ("mod", 0.38), ("high", 0.52)]).unwrap_err();
    /// assert_eq!(wrong.hint(), Some("did you mean `mode`?"));
    /// # Ok::<(), flopbill::Error>(())
    /// ```
    pub fn from_named(name: &str, parameters: &[(&str, f64)]) -> Result<Self, Error> {
        let own: Vec<(&str, f64)> = parameters.iter().copied().filter(|(key, _)| !COMMON.contains(key)).collect();
        let common = |key: &str| parameters.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
        let mut dist = form_of(name, &own)?;
        if common("min").or(common("max")).is_some() {
            dist =
                dist.truncated(common("min").unwrap_or(f64::NEG_INFINITY), common("max").unwrap_or(f64::INFINITY))?;
        }
        match common("never") {
            Some(never) => dist.with_never(never),
            None => Ok(dist),
        }
    }
}

/// Finds the way of writing that these parameters fit, and builds it.
fn form_of(name: &str, parameters: &[(&str, f64)]) -> Result<Dist, Error> {
    if let Some(twice) =
        parameters.iter().enumerate().find(|(i, (key, _))| parameters.iter().skip(i + 1).any(|(other, _)| other == key))
    {
        return Err(Error::bad_input(format!("`{}` is given twice", twice.1.0)));
    }
    let forms: Vec<&Form> = FORMS.iter().filter(|form| form.name == name).collect();
    if forms.is_empty() {
        return Err(unknown_form(name));
    }
    let fits = |form: &&&Form| {
        form.needs.iter().all(|need| parameters.iter().any(|(key, _)| key == need))
            && parameters.iter().all(|(key, _)| form.knows(key))
    };
    let Some(form) = forms.iter().find(fits) else {
        return Err(misfit(name, &forms, parameters));
    };
    let given = |wanted: &str| parameters.iter().find(|(key, _)| *key == wanted).map(|(_, value)| *value);
    let mut values: Vec<f64> = form.needs.iter().filter_map(|need| given(need)).collect();
    values.extend(form.may.map(|(key, default)| given(key).unwrap_or(default)));
    (form.build)(&values)
}

fn unknown_form(name: &str) -> Error {
    match name {
        "empirical" => Error::bad_input("an empirical distribution is made of `samples`, a list of values"),
        "mixture" => Error::bad_input("a mixture is made of `parts`, a list of distributions, each with its `weight`"),
        _ => {
            let mut names: Vec<&str> = FORMS.iter().map(|form| form.name).chain(["empirical", "mixture"]).collect();
            names.dedup();
            Error::unknown_of("distribution", name, names)
        }
    }
}

/// Says which parameter is unknown, or which are missing.
fn misfit(name: &str, forms: &[&Form], parameters: &[(&str, f64)]) -> Error {
    let ways: Vec<String> = forms.iter().map(|form| form.needs.join(", ")).collect();
    let ways = format!("`{name}` takes {}", ways.join("; or "));
    if let Some((key, _)) = parameters.iter().find(|(key, _)| !forms.iter().any(|form| form.knows(key))) {
        let known = forms
            .iter()
            .flat_map(|form| form.needs.iter().copied().chain(form.may.map(|(name, _)| name)))
            .chain(COMMON);
        let error = Error::unknown_name("parameter", key, known);
        return if error.hint().is_some() { error } else { error.with_hint(ways) };
    }
    let given: Vec<&str> = parameters.iter().map(|(key, _)| *key).collect();
    let message = if given.is_empty() {
        format!("`{name}` without its parameters")
    } else {
        format!("`{name}` cannot be made of {} alone", given.join(", "))
    };
    Error::bad_input(message).with_hint(ways)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_builds_and_says_what_it_lacks() {
        for form in FORMS {
            let values = [0.1, 0.4, 0.8, 0.9];
            let all: Vec<(&str, f64)> = form.needs.iter().copied().zip(values).collect();
            assert!(Dist::from_named(form.name, &all).is_ok(), "{form:?}");
            assert!(form.needs.iter().all(|need| role_of(need).is_some()));
            let one_less: Vec<(&str, f64)> = all.iter().copied().take(form.needs.len() - 1).collect();
            if form.needs.len() < 4 {
                let error = Dist::from_named(form.name, &one_less).unwrap_err();
                assert!(error.hint().is_some_and(|hint| hint.contains(&form.needs.join(", "))), "{error}");
            }
        }
    }

    #[test]
    fn names_are_checked() {
        let hint = |name: &str, parameters: &[(&str, f64)]| Dist::from_named(name, parameters).unwrap_err().to_string();
        assert!(hint("lognormel", &[]).contains("did you mean `lognormal`?"));
        assert!(hint("wibble", &[]).contains("one of: point, uniform"));
        assert!(hint("normal", &[("mean", 1.0), ("mean", 2.0)]).contains("twice"));
        assert!(hint("normal", &[("p5", 1.0), ("p90", 2.0)]).contains("cannot be made of p5, p90 alone"));
        assert!(hint("gamma", &[("shape", 1.0), ("scal", 2.0)]).contains("did you mean `scale`?"));
        assert!(hint("empirical", &[]).contains("samples"));
    }

    #[test]
    fn limits_and_never_come_with_any() {
        let dist =
            Dist::from_named("normal", &[("mean", 0.4), ("sd", 0.06), ("min", 0.2), ("max", 0.55), ("never", 0.25)]);
        let dist = dist.unwrap();
        assert_eq!((dist.never(), dist.support()), (0.25, (0.2, 0.55)));
        assert_eq!(dist.quantile(0.8), f64::INFINITY);
    }
}
