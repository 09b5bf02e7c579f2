//! A model term by term: the table that papers print.

use super::view::{Section, View};
use crate::answer::model_terms::{ActiveParams, ModelCounts, ModelTerms};
use crate::units::show;

/// Adds a model's table, its kinds of layers and its conventions.
pub fn show(view: &mut View, model: &ModelTerms) {
    view.sections.push(terms(model));
    view.sections.push(counts(model));
    view.sections.push(layers(model));
}

/// What an estimate says of its model: exact FLOPs beside 6ND, and parameters by convention.
pub fn facts(section: &mut Section, model: &ModelCounts) {
    if let Some(flop) = model.exact_flop {
        let towers = model
            .flop_of_towers
            .map(|towers| format!("; {} in the towers", show::percent(towers / model.flop_per_token)));
        let counted = "every product, and the causal half of the attention";
        section.fact("exact FLOPs", show::number(flop, 4), format!("{counted}{}", towers.unwrap_or_default()));
    }
    let active = match &model.active_parameters {
        None => "how many work for a token is not known".to_owned(),
        Some(active) if active.counted < model.parameters || active.differ() => {
            let without = active.differ().then(|| format!(", {} without", show::count(active.left_out, 4)));
            let counted = show::count(active.counted, 4);
            format!("at work for a token {counted} with embedding and head{}", without.unwrap_or_default())
        }
        Some(_) => format!("of {}, counted from its shape", model.model),
    };
    section.fact("parameters", show::count(model.parameters, 4), active);
}

fn terms(model: &ModelTerms) -> Section {
    let length = show::whole(f64::from(model.sequence_length));
    let heading = format!("The model, for one token of a sequence of {length}");
    let mut section = Section::new(heading, &["Term", "Parameters", "At work", "FLOPs, trained", "Share"]);
    let or_dash = |value: Option<f64>, text: &dyn Fn(f64) -> String| match value {
        None => "not known".to_owned(),
        Some(value) if value > 0.0 => text(value),
        Some(_) => "-".to_owned(),
    };
    let count = |value: f64| show::count(value, 4);
    for term in &model.terms {
        section.row([
            term.label.to_owned(),
            or_dash(Some(term.parameters), &count),
            or_dash(term.active, &count),
            or_dash(term.flop, &|flop| show::prefixed(flop, "FLOP", 4)),
            or_dash(term.share, &show::percent),
        ]);
    }
    section
}

fn counts(model: &ModelTerms) -> Section {
    let mut section = Section::facts("In all");
    if !model.assumed.is_empty() {
        section.fact("of its class", model.assumed.join(", "), "the file does not say");
    }
    let modules = model.terms.iter().any(|term| term.term == "mtp");
    let of = if modules { "without multi-token prediction" } else { "" };
    section.fact("parameters", show::count(model.parameters, 4), of);
    for tower in &model.towers {
        let does = match tower.trained {
            None => "beside it, in neither FLOPs nor hours".to_owned(),
            Some(trained) => {
                let does = if trained { "trained" } else { "frozen" };
                format!(
                    "beside it, {does}; {} patches or frames a token",
                    show::number(tower.per_token.unwrap_or(0.0), 4)
                )
            }
        };
        section.fact(&tower.name, show::count(tower.parameters, 4), does);
    }
    if !model.towers.is_empty() {
        let towers: f64 = model.towers.iter().map(|tower| tower.parameters).sum();
        section.fact("with them", show::count(model.parameters + towers, 4), "");
    }
    match &model.active_parameters {
        None => section.fact("at work", "not known", "how many experts a token passes through is not said"),
        Some(active) => at_work(&mut section, active),
    }
    let flop = |value: f64| show::prefixed(value, "FLOP", 4);
    let beside = if modules { "; multi-token prediction is in it" } else { "" };
    let causal = format!("a token, forward and backward: all products, and the causal half of the attention{beside}");
    let told = |value: Option<f64>| value.map_or("not known".to_owned(), flop);
    section.fact("exact", told(model.flop_per_token), causal);
    section.fact("full square", told(model.flop_per_token_full_square), "with the whole square of the attention");
    if let Some((six, exact)) = model.six_n.zip(model.flop_per_token) {
        let over = show::percent(six / exact - 1.0);
        section.fact("6N", flop(six), format!("for N parameters at work; {over} beside the exact count"));
    }
    section
}

fn at_work(section: &mut Section, active: &ActiveParams) {
    let shown = |value: f64| show::count(value, 4);
    if !active.differ() {
        section.fact("at work", shown(active.counted), "for one token");
        return;
    }
    section.fact("at work", shown(active.counted), "for one token, with embedding and head");
    section.fact("", shown(active.head_only), "with the head alone: a lookup multiplies nothing");
    section.fact("", shown(active.left_out), "without either");
}

fn layers(model: &ModelTerms) -> Section {
    let mut section = Section::new("Its layers", &["Mixer", "MLP", "Layers", "Parameters of one"]);
    section.numeric = vec![2, 3];
    for layer in &model.layers {
        let (count, one) = (show::whole(f64::from(layer.count)), show::count(layer.parameters, 4));
        section.row([layer.mixer.to_owned(), layer.mlp.to_owned(), count, one]);
    }
    section
}
