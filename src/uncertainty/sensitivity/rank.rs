//! Rank correlation.

use super::{Block, Draws, Sampler};

/// Spearman's rank correlation of two lists, pair by pair; ties share their mean rank. Zero where one of them does not vary.
///
/// # Formula
/// Pearson's correlation of the ranks
pub fn spearman(first: &[f64], second: &[f64]) -> f64 {
    let (a, b) = (ranked(first), ranked(second));
    let middle = (first.len() as f64 - 1.0) / 2.0;
    let (mut both, mut own, mut other) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(&b) {
        both += (a - middle) * (b - middle);
        own += (a - middle) * (a - middle);
        other += (b - middle) * (b - middle);
    }
    let scale = (own * other).sqrt();
    if scale > 0.0 { both / scale } else { 0.0 }
}

/// The rank of each value, counted from zero.
fn ranked(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    let value = |index: &usize| values.get(*index).copied().unwrap_or(f64::NAN);
    order.sort_by(|a, b| value(a).total_cmp(&value(b)));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for tied in order.chunk_by(|a, b| value(a) == value(b)) {
        let rank = before as f64 + (tied.len() as f64 - 1.0) / 2.0;
        for &index in tied {
            if let Some(place) = ranks.get_mut(index) {
                *place = rank;
            }
        }
        before += tied.len();
    }
    ranks
}

/// Spearman's rank correlation of every input with one of the answers. An answer that never comes ranks above all others; draws
/// without an answer are left out.
pub fn ranks<const K: usize>(draws: &Draws<K>, answer: usize) -> Vec<f64> {
    let answers: Vec<f64> = draws.answers(answer).collect();
    let kept: Vec<f64> = answers.iter().copied().filter(|value| !value.is_nan()).collect();
    let sampler: &Sampler = draws.sampler();
    let mut block = Block::new(sampler.inputs());
    let mut columns = vec![Vec::with_capacity(kept.len()); sampler.inputs()];
    for (chunk, answers) in answers.chunks(draws.chunk()).enumerate() {
        sampler.fill(chunk, answers.len(), &mut block);
        let rows = block.rows(answers.len()).zip(answers).filter(|(_, answer)| !answer.is_nan());
        for (row, _) in rows {
            columns.iter_mut().zip(row).for_each(|(column, &value)| column.push(value));
        }
    }
    columns.iter().map(|column| spearman(column, &kept)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_by_hand() {
        assert_eq!(spearman(&[1.0, 2.0, 3.0], &[10.0, 100.0, 1e9]), 1.0);
        assert_eq!(spearman(&[1.0, 2.0, 3.0], &[9.0, 8.0, f64::NEG_INFINITY]), -1.0);
        // By hand: ranks 0, 1.5, 1.5, 3 against 0, 1, 2, 3.
        assert!((spearman(&[1.0, 2.0, 2.0, 3.0], &[1.0, 2.0, 3.0, 4.0]) - 4.5 / 22.5f64.sqrt()).abs() < 1e-12);
        assert_eq!(spearman(&[1.0, 1.0], &[1.0, 2.0]), 0.0);
        assert_eq!(spearman(&[], &[]), 0.0);
    }
}
