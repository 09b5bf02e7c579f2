//! `flopbill calibrate`: the fitted factors, from what comes with flopbill or from measurements of one's own.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::backtest::skipped;
use super::{Reply, output, today};
use flopbill::Error;
use flopbill::internals::calibration::microbench::settle;
use flopbill::internals::calibration::refit::{Generated, refit, reproduce};
use flopbill::internals::catalog::{Catalog, measurement, steps, table};
use flopbill::internals::report::calibrate::{measured_view, refitted_view, reproduced_view};
use flopbill::internals::step::efficiency::{Factors, NAMES};
use flopbill::internals::step::machine::Machine;

/// The factor that is refitted where none is named: the share of the peak that large products reach.
const USUAL: &str = "gemm";

/// What is refitted.
#[derive(Debug, Args)]
pub struct CalibrateArgs {
    /// Your measurements: a CSV of steps with the columns of profiles/measurements/steps.csv, or the TOML that
    /// profiles/measure/measure_gpu.py writes; without it, the shipped rows, against the values in the profiles
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// A factor to refit (repeatable, one to three from steps): gemm, memory, fabric; the others stay
    #[arg(long, value_name = "NAME", requires = "from")]
    factor: Vec<String>,
    /// Write the profiles with the new values to DIR/factors, for `--profiles DIR`
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
}

/// Answers `flopbill calibrate`.
pub fn run(args: &CalibrateArgs, catalog: &Catalog) -> Result<Reply, Error> {
    match &args.from {
        None => args.shipped(catalog),
        Some(path) if path.extension().is_some_and(|extension| extension == "toml") => args.operations(path, catalog),
        Some(path) => args.steps(path, catalog),
    }
}

impl CalibrateArgs {
    fn shipped(&self, catalog: &Catalog) -> Result<Reply, Error> {
        let (report, all) = reproduce(&steps::shipped()?, catalog)?;
        let texts =
            all.iter().map(|one| Ok((one.name.as_str(), catalog.factors_with(&one.name, &one.factors, &NAMES, None)?)));
        let written = self.written(texts)?;
        let mut reply = Reply::new(reproduced_view(&report, &all, &written));
        let sentences = all.iter().flat_map(differences);
        if self.write.is_some() {
            reply.warnings.extend(sentences)
        } else {
            reply.failed.extend(sentences)
        }
        Ok(reply)
    }

    fn steps(&self, path: &Path, catalog: &Catalog) -> Result<Reply, Error> {
        let rows = table::file::<steps::StepRow>(path)?;
        let mut warnings = Vec::new();
        let mut names = self.factor.clone();
        if names.is_empty() {
            names.push(USUAL.to_owned());
            warnings.push(format!("no --factor: `{USUAL}` alone is refitted"));
        }
        let (all, mut unread) = refit(&rows.read, catalog, &names)?;
        unread.splice(0..0, skipped(rows.unreadable));
        let texts = all
            .iter()
            .map(|one| Ok((one.name.as_str(), self.new_text(catalog, &one.name, &one.factors, &names, path)?)));
        let written = self.written(texts)?;
        let mut reply = Reply::new(refitted_view(&all, &unread, &written));
        reply.warnings = warnings;
        let parked = all.iter().flat_map(|one| &one.changed).filter(|(_, _, _, on_bound)| *on_bound);
        reply.warnings.extend(parked.map(|(factor, ..)| on_bound(factor)));
        Ok(reply)
    }

    fn operations(&self, path: &Path, catalog: &Catalog) -> Result<Reply, Error> {
        let measured = measurement::measurement(path)?;
        let chip = catalog.accelerator(&measured.gpu)?.chip;
        let (machine, family) = (Machine::of(&chip), chip.factors.as_str());
        let base = catalog.factors(family)?.calibration;
        let (factors, settled) = settle(&measured, &machine, &base, &self.factor)?;
        let names: Vec<String> = settled.iter().map(|one| one.factor.to_owned()).collect();
        let text = || Ok((family, self.new_text(catalog, family, &factors, &names, path)?));
        let written = self.written(std::iter::once_with(text))?;
        let mut reply = Reply::new(measured_view(&measured, family, &settled, &written));
        reply.warnings = settled.iter().filter(|one| one.on_bound).map(|one| on_bound(one.factor)).collect();
        Ok(reply)
    }

    /// A profile with new values, each with the file it is from.
    fn new_text(
        &self,
        catalog: &Catalog,
        name: &str,
        factors: &Factors,
        names: &[String],
        from: &Path,
    ) -> Result<String, Error> {
        let file = from.file_name().map(|name| name.to_string_lossy().replace(['"', '\\'], "_")).unwrap_or_default();
        let file: String = file.chars().filter(|c| !c.is_control()).collect();
        let day = today().map(|day| day.to_string()).unwrap_or_default();
        let month = day.get(..7).unwrap_or("2026-11");
        let source = format!(
            "{{ title = \"Refitted to {file} by flopbill calibrate\", as_of = \"{month}\", kind = \"measured\" }}"
        );
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        catalog.factors_with(name, factors, &names, Some(&source))
    }

    /// Writes the profiles, if that was asked, once all of them have been made.
    fn written<'a>(&self, texts: impl Iterator<Item = Result<(&'a str, String), Error>>) -> Result<Vec<String>, Error> {
        let Some(folder) = &self.write else { return Ok(Vec::new()) };
        let texts: Vec<(&str, String)> = texts.collect::<Result<_, _>>()?;
        let folder = folder.join("factors");
        fs::create_dir_all(&folder)
            .map_err(|trouble| Error::bad_file(format!("--write: cannot make {}: {trouble}", folder.display())))?;
        let write = |(name, text): &(&str, String)| {
            let path = folder.join(format!("{name}.toml"));
            output::to_file(&path, text.as_bytes()).map(|()| path.display().to_string())
        };
        texts.iter().map(write).collect()
    }
}

fn on_bound(factor: &str) -> String {
    format!(
        "`{factor}` lies on a bound of what is physical: the model lacks a term, or the measurement is of something else"
    )
}

/// The factors of a generation that the refit does not reproduce.
fn differences(one: &Generated) -> Vec<String> {
    let differing = one.compared.iter().filter(|compared| !compared.same);
    differing
        .map(|compared| {
            let (name, factor) = (&one.name, compared.factor);
            format!(
                "{name}: {factor} is {:.4e} in the profile and {:.4e} refitted",
                compared.committed, compared.refitted
            )
        })
        .collect()
}
