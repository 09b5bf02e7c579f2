//! A model term by term: what each part holds, and what it computes for one token.

use super::architecture::Architecture;
use super::flops::{Causality, Counting, FlopPerToken, adapters, forward};
use super::params::{ParamCount, count};
use super::tower::TowerWork;
use crate::units::{Flop, Params};

/// One part of a model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Term {
    /// Its key in machine formats.
    pub key: &'static str,
    /// What it is.
    pub label: &'static str,
    /// Parameters.
    pub params: Params,
    /// Of these, at work for one token.
    pub active: Params,
    /// FLOPs of one token, forward.
    pub forward: Flop,
    /// FLOPs of one token in training, forward and backward.
    pub trained: Flop,
}

/// The parts of a model in the order in which a token meets them; those that a model does not have are left out.
///
/// FLOPs are those of the causal half of the square; a training step takes three times a forward pass, and twice that of
/// weights that are frozen.
///
/// # Formula
/// two FLOPs for each weight a token meets, and [`forward`]'s cores; a lookup and norms multiply nothing
/// # Source
/// as [`count`] and [`forward`]; Hu et al. 2021, arXiv:2106.09685 (frozen weights)
/// ```
/// use flopbill::Catalog;
/// use flopbill::internals::model::terms::terms;
///
/// let llama = Catalog::built_in().model("llama-3-8b")?;
/// let core = terms(&llama.shape, 8192).into_iter().find(|term| term.key == "attention_core").unwrap();
/// // by hand: 32 layers, 32 heads, 2 * (128 + 128) FLOPs for each of 4,096 keys in the mean
/// assert_eq!(core.forward.get(), 32.0 * 32.0 * 512.0 * 4096.0);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn terms(shape: &Architecture, seq_len: u32) -> Vec<Term> {
    let (counted, flop) = (count(shape), forward(shape, seq_len, Causality::Causal));
    let all = [ends(shape, &counted, &flop), mixers(&counted, &flop), mlps(&counted, &flop), last(&counted, &flop)];
    let frozen = shape.tuning.is_frozen();
    let trained = |term: Term| {
        // A frozen weight has no gradient; a core has no weight.
        let passes = if frozen && !term.key.ends_with("core") && term.key != "indexer" { 2.0 } else { 3.0 };
        Term { trained: term.forward * passes, ..term }
    };
    let adapters = Params::new(adapters(shape));
    let beside = trained(whole("adapters", "adapters", adapters, met(adapters)));
    let beside = Term { trained: beside.forward * 3.0, ..beside };
    all.concat()
        .into_iter()
        .map(trained)
        .chain([beside])
        .chain(shape.towers.each().map(tower))
        .filter(|term| term.params > Params::ZERO || term.forward > Flop::ZERO)
        .collect()
}

/// A tower, with the patches that go with one token.
fn tower(part: &TowerWork) -> Term {
    let ((key, label), params) = (part.tower.key_and_label(), Params::new(part.tower.params as f64));
    let forward = part.forward().into_iter().fold(Flop::ZERO, |sum, one| sum + one);
    let active = if part.share > 0.0 { params } else { Params::ZERO };
    Term { key, label, params, active, forward, trained: part.flop(Counting::Model) }
}

/// A part whose weights every token meets.
fn whole(key: &'static str, label: &'static str, params: Params, forward: Flop) -> Term {
    Term { key, label, params, active: params, forward, trained: Flop::ZERO }
}

/// FLOPs of a token that meets so many weights.
fn met(params: Params) -> Flop {
    Flop::new(2.0 * params.get())
}

fn ends(shape: &Architecture, counted: &ParamCount, flop: &FlopPerToken) -> Vec<Term> {
    let label = if shape.tied_embeddings { "embedding, and head" } else { "embedding" };
    let head = flop.head - met(counted.ends);
    vec![
        whole("embedding", label, counted.embedding, if counted.tied { head } else { Flop::ZERO }),
        whole("positions", "learned positions", counted.positions, Flop::ZERO),
    ]
}

fn mixers(counted: &ParamCount, flop: &FlopPerToken) -> Vec<Term> {
    vec![
        whole("attention_projections", "attention projections", counted.attention, met(counted.attention)),
        whole("attention_core", "attention core", Params::ZERO, flop.attention_core),
        whole("indexer", "indexer's scores", Params::ZERO, flop.indexer),
        whole("linear_projections", "projections of states", counted.linear_attention, met(counted.linear_attention)),
        whole("linear_core", "states and convolutions", Params::ZERO, flop.linear_core),
    ]
}

fn mlps(counted: &ParamCount, flop: &FlopPerToken) -> Vec<Term> {
    let (params, active) = (counted.routed_experts, counted.active_experts);
    vec![
        whole("mlp", "dense MLP", counted.dense_mlp, flop.mlp),
        whole("router", "router", counted.router, flop.router),
        Term { key: "experts", label: "routed experts", params, active, forward: flop.experts, trained: Flop::ZERO },
        whole("shared_experts", "shared experts", counted.shared_experts, flop.shared),
        whole("beside", "other matrices", counted.beside + counted.ends, flop.beside + met(counted.ends)),
    ]
}

fn last(counted: &ParamCount, flop: &FlopPerToken) -> Vec<Term> {
    let head = if counted.tied { Flop::ZERO } else { flop.head - met(counted.ends) };
    let (params, active) = (counted.mtp, counted.active_mtp);
    vec![
        whole("norms", "norms and biases", counted.norms, Flop::ZERO),
        whole("head", "head", counted.head, head),
        Term { key: "mtp", label: "multi-token prediction", params, active, forward: flop.mtp, trained: Flop::ZERO },
    ]
}
