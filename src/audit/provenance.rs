//! What a file says of where its values are from.
//!
//! # The rule of kinds
//!
//! A kind says what was read, so it has to agree with the address and with what title and note say themselves:
//!
//! - `datasheet`: the address is on a host of the vendor's own ([`VENDORS`], or the domain that bears the name of the file's
//!   `vendor`). Without an address the title names the vendor's paper: a sheet, brief, brochure, guide, white paper,
//!   product page or documentation.
//! - A title or note that names who passes the figure on (`quoted by`, `as quoted`, `read through`, `read in`,
//!   `a scrape of`) is `quoted`, even if the address is the vendor's, or an `assumption`.
//! - A title that says that nobody checked (`not checked`, `assumed`, `a guess`) is an `assumption`.
//! - An address begins with `https://` or `http://`, and where the title names papers on arXiv, an address on arXiv is one
//!   of them.

use super::entries::{Entries, Entry, day};
use crate::catalog::Kind;
use crate::error::{Error, nearest};
use crate::units::date::Date;

/// Hosts of vendors' own, with a folder where the host is not theirs alone. A host below one counts.
pub const VENDORS: [&str; 30] = [
    "alibabacloud.com",
    "amazon.com",
    "amd.com",
    "aws.dev",
    "awsdocs-neuron.readthedocs-hosted.com",
    "azure.com",
    "baidu.com",
    "birentech.com",
    "cambricon.com",
    "cerebras.ai",
    "enflame-tech.com",
    "github.com/AwsDocs",
    "github.com/aws-neuron",
    "google.com",
    "graphcore.ai",
    "groq.com",
    "habana.ai",
    "hiascend.com",
    "huawei.com",
    "huaweicloud.com",
    "hygon.cn",
    "ibm.com",
    "iluvatar.com",
    "intel.com",
    "metax-tech.com",
    "microsoft.com",
    "mthreads.com",
    "nvidia.com",
    "qualcomm.com",
    "tenstorrent.com",
];

/// Words of a title that names a vendor's paper.
const PAPERS: [&str; 8] =
    ["sheet", "brief", "brochure", "guide", "whitepaper", "white paper", "product page", "documentation"];

/// Words that name who passes a figure on.
const PASSED_ON: [&str; 6] = ["quoted by", "quoted in", "as quoted", "read through", "read in ", "a scrape of"];

/// Words of a title for what nobody checked.
const UNCHECKED: [&str; 4] = ["not checked", "assumed", "a guess", "guesses"];

/// What needs no source in a published run: what it is called, by whom, and of which model.
const LABELS: [&str; 5] = ["name", "organisation", "date", "model", "correlation"];

/// Blank titles, values and addresses, sources of no value, and values without a source.
pub fn attribution(kind: Kind, entries: &Entries<'_>) -> Vec<Error> {
    let mut errors = Vec::new();
    for leaf in entries.leaves.iter().filter(|leaf| leaf.text().is_some_and(|text| text.trim().is_empty())) {
        let error = Error::bad_input(format!("`{}` is blank", leaf.path));
        errors.push(entries.at(&leaf.span, error.with_hint("leave the line out: what is not known is not written")));
    }
    for source in &entries.sources {
        let (title, at) = source.get("title");
        if title.trim().is_empty() && at != source.span {
            let error = Error::bad_input(format!("the source of `{}` has a blank title", source.path));
            errors.push(entries.at(&at, error.with_hint("say what was read: title = \"NVIDIA H200 datasheet\"")));
        }
        errors.extend(of_nothing(source, entries));
    }
    if kind == Kind::Runs && !entries.sources.is_empty() {
        let covered = |path: &str| entries.sources.iter().any(|source| covers(source.path, path));
        let missing = |path: &str| !LABELS.contains(&path) && !path.starts_with("correlation.") && !covered(path);
        for leaf in entries.leaves.iter().filter(|leaf| missing(&leaf.path)) {
            let error = Error::bad_input(format!("`{}` has no source, and the others have", leaf.path));
            let hint = format!("add to [sources]: \"{}\" = {{ title, url, as_of, kind }}", leaf.path);
            errors.push(entries.at(&leaf.span, error.with_hint(hint)));
        }
    }
    errors
}

/// A source that speaks of no value.
fn of_nothing(source: &Entry<'_>, entries: &Entries<'_>) -> Option<Error> {
    if entries.leaves.iter().any(|leaf| covers(source.path, &leaf.path)) {
        return None;
    }
    let above = |path: &str| path.match_indices('.').map(|(at, _)| path[..at].to_owned()).collect::<Vec<_>>();
    let known: Vec<String> =
        entries.leaves.iter().flat_map(|leaf| above(&leaf.path).into_iter().chain([leaf.path.clone()])).collect();
    let hint = match nearest(source.path, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "leave the line out, or write the value that it speaks of".to_owned(),
    };
    let error = Error::bad_input(format!("[sources] names `{}`, which is no value of this file", source.path));
    Some(entries.at(&source.span, error.with_hint(hint)))
}

/// Whether an entry of `[sources]` speaks of a value.
fn covers(key: &str, path: &str) -> bool {
    key == "*" || path.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Kinds that do not agree with what the source says of itself.
pub fn kinds(entries: &Entries<'_>) -> Vec<Error> {
    let vendor = entries.top("vendor").unwrap_or_default().to_lowercase();
    let wrong = |source: &Entry<'_>| {
        let (kind, at) = source.get("kind");
        let (url, url_at) = source.get("url");
        if let Some(error) = address(source.get("title").0, url) {
            return Some(entries.at(&url_at, error));
        }
        disagreement(source, kind, url, &vendor).map(|error| entries.at(&at, error))
    };
    entries.sources.iter().filter_map(wrong).collect()
}

/// What is wrong with a kind.
fn disagreement(source: &Entry<'_>, kind: &str, url: &str, vendor: &str) -> Option<Error> {
    let (title, note) = (source.get("title").0.to_lowercase(), source.get("note").0.to_lowercase());
    let said = |words: &[&'static str], text: &str| words.iter().copied().find(|word| text.contains(word));
    if kind == "assumption" {
        return None;
    }
    if let Some(word) = said(&UNCHECKED, &title) {
        let error = Error::bad_input(format!("a source whose title says \"{word}\" is no `{kind}`"));
        return Some(error.with_hint("kind = \"assumption\""));
    }
    if let Some(word) = said(&PASSED_ON, &title).or_else(|| said(&PASSED_ON, &note)).filter(|_| kind != "quoted") {
        let error = Error::bad_input(format!("a source that says \"{}\" was not read itself: `{kind}`", word.trim()));
        return Some(error.with_hint("kind = \"quoted\""));
    }
    if kind != "datasheet" {
        return None;
    }
    let hint = "kind = \"quoted\" where another passes the sheet on, \"published\" where it says it itself";
    if url.is_empty() {
        let named = said(&PAPERS, &title).is_some();
        let error = Error::bad_input("a `datasheet` without an address, whose title names no sheet of the vendor's");
        return (!named).then(|| error.with_hint(hint));
    }
    let host = host(url);
    let error = Error::bad_input(format!("a `datasheet` at {host}, which is no vendor's own host"));
    (!of_vendor(url, vendor)).then(|| error.with_hint(hint))
}

/// What is wrong with an address.
fn address(title: &str, url: &str) -> Option<Error> {
    if url.is_empty() {
        return None;
    }
    if host(url).is_empty() {
        let error = Error::bad_input(format!("`{url}` is no address"));
        return Some(error.with_hint("write it whole, from https:// on, or leave it out"));
    }
    let paper = url.split_once("arxiv.org/").and_then(|(_, path)| path.split('/').nth(1))?;
    let paper = paper.split('v').next().unwrap_or(paper).trim_end_matches(".pdf");
    let named = title.contains("arXiv:") && !paper.is_empty() && !title.contains(paper);
    let error = Error::bad_input(format!("the address is that of arXiv:{paper}, and the title names another paper"));
    named.then(|| error.with_hint("give the address of what was read"))
}

/// The host of an address; empty where it is none.
fn host(url: &str) -> &str {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or_default();
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains('.') && !host.contains(char::is_whitespace) { host } else { "" }
}

/// Whether an address is on a vendor's own host.
fn of_vendor(url: &str, vendor: &str) -> bool {
    let host = host(url).to_lowercase();
    let path = url.split_once("://").map_or("", |(_, rest)| rest);
    let below = |known: &str| host == known || host.ends_with(&format!(".{known}"));
    let folder = |known: &str| known.contains('/') && path.starts_with(&format!("{known}/"));
    let own = !vendor.is_empty() && host.rsplit('.').nth(1) == Some(vendor);
    own || VENDORS.iter().any(|known| below(known) || folder(known))
}

/// Days that have not come.
pub fn dates(kind: Kind, entries: &Entries<'_>, newest: Option<Date>) -> Vec<Error> {
    let Some(newest) = newest else { return Vec::new() };
    let of_values: &[&str] = match kind {
        Kind::Runs => &["date"],
        Kind::Prices => &["quote.date", "purchase.date"],
        Kind::Rules => &["decided"],
        _ => &[],
    };
    let dated = entries.leaves.iter().filter(|leaf| of_values.contains(&leaf.path.as_str()));
    let of_values = dated.filter_map(|leaf| Some((leaf.path.clone(), day(leaf.value)?, leaf.span.clone())));
    let of_sources = entries.sources.iter().filter_map(|source| {
        let (day, at) = source.as_of()?;
        Some((format!("as_of of `{}`", source.path), day, at))
    });
    let late = |(what, text, at): (String, String, std::ops::Range<usize>)| {
        let day: Date = text.parse().ok()?;
        let error = Error::bad_input(format!("{what} is {text}, after {newest}"));
        let hint = "nothing is read before it is written; if today is later, say so: --as-of 2027-01-31";
        (day > newest).then(|| entries.at(&at, error.with_hint(hint)))
    };
    of_values.chain(of_sources).filter_map(late).collect()
}
