//! A whole model from the expressions of its class.

use super::scope::{Scope, Trouble};
use crate::error::Error;
use crate::model::architecture::{Architecture, Ends};
use crate::model::layers::{Layers, MOST_LAYERS};
use crate::model::tower::Towers;
use crate::model::tuning::Tuning;

/// Parts that one layer may be told in.
const MOST_PARTS: u32 = 8;

/// Which expression a field of a shape rests on, where it is not called the same.
const FIELDS: [(&str, &str); 12] = [
    ("attention.window_tokens", "window"),
    ("attention.kv_heads", "kv_heads"),
    ("attention.v_dim", "v_dim"),
    ("attention.qk_nope", "qk_nope"),
    ("attention.indexer.heads", "index_heads"),
    ("attention.indexer.head_dim", "index_dim"),
    ("experts.count", "experts"),
    ("experts.width", "expert_width"),
    ("experts.zero", "zero_experts"),
    ("experts.latent", "expert_latent"),
    ("learned_positions", "positions"),
    ("mtp_modules", "mtp"),
];

/// The language model that these values describe; `tied` is what a wrapper says of its head.
///
/// # Errors
/// Everything about the values that keeps it from being counted.
pub fn architecture<'a>(scope: &Scope<'a>, outer: Option<&Scope<'a>>) -> Result<Architecture, Vec<Trouble>> {
    let one = |trouble: Trouble| vec![trouble];
    if scope.class().name("mixer").is_none() {
        let message = format!("model_type: `{}` is no language model", scope.class().model_type());
        return Err(one(Trouble::new(Some("model_type"), message)));
    }
    refusals(scope)?;
    let count = scope.width_of("layers").map_err(one)?;
    if !(1..=MOST_LAYERS).contains(&count) {
        let key = scope.key_behind("layers");
        let named = key.clone().unwrap_or_else(|| "layers".into());
        return Err(one(Trouble { key, message: format!("{named}: {count} is not from 1 to {MOST_LAYERS}") }));
    }
    let mut order = Vec::with_capacity(count as usize);
    for depth in 0..count {
        scope.at(i64::from(depth), 0);
        let parts = scope.width_of("parts").map_err(one)?.min(MOST_PARTS);
        for part in 0..parts {
            if part > 0 {
                scope.at(i64::from(depth), i64::from(part));
            }
            order.push(scope.layer().map_err(one)?);
        }
    }
    let shape = ends(scope, outer, Layers::in_order(&order)).map_err(one)?;
    shape.check().map_err(|error| error.each().map(|error| located(scope, error)).collect::<Vec<_>>())?;
    Ok(shape)
}

/// What stands around the layers.
fn ends<'s, 'a>(scope: &'s Scope<'a>, outer: Option<&'s Scope<'a>>, layers: Layers) -> Result<Architecture, Trouble> {
    let says = |name: &str| outer.filter(|outer| outer.class().name(name).is_some()).unwrap_or(scope);
    let hidden = scope.width_of("hidden")?;
    let table_width = scope.width_of("table_width")?;
    Ok(Architecture {
        hidden,
        vocab: scope.width_of("vocab")?,
        layers,
        tied_embeddings: says("tied").flag_of("tied")?,
        learned_positions: scope.width_of("positions")?,
        ends: Ends {
            table_width: if table_width == hidden { 0 } else { table_width },
            tables: scope.count_of("tables")?,
            matrices: scope.count_of("matrices")?,
            norms: scope.count_of("end_norms")?,
            head_biases: says("head_biases").count_of("head_biases")?,
        },
        mtp_modules: scope.width_of("mtp")?,
        document: 0,
        tuning: Tuning::Full,
        towers: Towers::default(),
    })
}

/// What the class says cannot be counted.
///
/// # Errors
/// Each such thing that these values ask for.
pub fn refusals(scope: &Scope<'_>) -> Result<(), Vec<Trouble>> {
    let mut refused = Vec::new();
    for refusal in scope.class().refusals() {
        match scope.evaluate(&refusal.when) {
            Ok(asked) if asked.truth() => {
                refused.push(Trouble::new(Some(&refusal.key), format!("{}: {}", refusal.key, refusal.because)));
            }
            Ok(_) => {}
            Err(trouble) => refused.push(trouble),
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(refused) }
}

/// What is wrong with a field of the shape, at the key that it comes from.
fn located(scope: &Scope<'_>, error: &Error) -> Trouble {
    let field = error.field().unwrap_or_default();
    let known = FIELDS.iter().find(|(name, _)| *name == field).map(|(_, name)| *name);
    let name = known.unwrap_or_else(|| field.rsplit('.').next().unwrap_or_default());
    let key = scope.key_behind(name);
    let message = match &key {
        Some(key) => format!("{key}: {}", error.message()),
        None => error.message().to_owned(),
    };
    Trouble { key, message }
}

/// Parameters of a part that is counted as one number.
///
/// # Errors
/// Values of the file that they cannot be worked out from.
pub fn params(scope: &Scope<'_>) -> Result<u64, Vec<Trouble>> {
    refusals(scope)?;
    scope.count_of("params").map_err(|trouble| vec![trouble])
}
