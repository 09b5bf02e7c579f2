//! The best layouts of a model on a number of chips, with what each one's step is made of; and where none fits, by how
//! much, and what would help.

use crate::error::Error;
use crate::error::Kind;
use crate::layout::fit::{Fit, Reserve, fit};
use crate::layout::fixed::Fixed;
use crate::layout::parallelism::{Layout, Schedule};
use crate::layout::remedies::{Remedy, remedies};
use crate::layout::search::{Found, Ranked, Space, Timing, search};
use crate::layout::stages::Cut;
use crate::model::flops::Recompute;
use crate::predict::headroom::Headroom;
use crate::predict::{Prediction, Setting};
pub use crate::step::Part;
use crate::step::StepTime;
use crate::units::{Bytes, ChipSeconds, Chips, FlopPerSecond, Fraction, Seconds, show};

/// Multiples of the chips that are tried where none fits.
const MOST_DOUBLINGS: u32 = 6;

/// What is searched: a setting on a number of chips.
struct Asked<'a> {
    space: Space<'a>,
    fixed: Fixed,
    /// The spread of predicted memory.
    spread: f64,
}

/// A layout that fits, with its figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The layout, its step and its memory.
    pub prediction: Prediction,
    /// What the step is made of, on the software that the factors were fitted to; the parts add up to it.
    pub parts: Vec<Part>,
    /// Model FLOPs as shares of the dense peak of the chips held: by 6ND, and with causal attention.
    pub mfu: [Fraction; 2],
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Layouts {
    /// The fastest first.
    pub best: Vec<Candidate>,
    /// Legal layouts there are.
    pub considered: u64,
    /// Those that were found to fit.
    pub fit: u64,
    /// Those that were timed.
    pub timed: u64,
}

/// Searches, and takes the best apart.
///
/// # Errors
/// No legal layout: which of the settled degrees is at fault. None that fits: by how much, and what would help.
pub fn layouts(setting: &Setting, chips: Chips, peak: FlopPerSecond, keep: usize) -> Result<Layouts, Error> {
    let sequences = setting.batch.sequences();
    let space = setting.space(chips, sequences)?;
    let model = setting.workload();
    let found = setting.ranked(&model, chips, sequences, keep).map_err(|error| diagnosis(setting, chips, error))?;
    let Found { best, considered, fit, timed } = found;
    let candidate = |ranked: Ranked| {
        let prediction = setting.predicted(&model, &ranked, space.chips);
        Candidate { parts: parts(&prediction.step), mfu: prediction.mfu(setting, peak), prediction }
    };
    Ok(Layouts { best: best.into_iter().map(candidate).collect(), considered, fit, timed })
}

/// The refusal of a search for a layout, with what is at fault and what would help: the same at every door.
pub fn diagnosis(setting: &Setting, chips: Chips, error: Error) -> Error {
    let Ok(space) = setting.space(chips, setting.batch.sequences()) else { return error };
    let asked = Asked { space, fixed: setting.given, spread: setting.memory_spread };
    match error.kind() {
        Kind::DoesNotFit => too_big(&asked).unwrap_or(error),
        Kind::NoSolution if !asked.fixed.is_empty() => illegal(&asked, error),
        _ => error,
    }
}

/// The parts of a step; what takes no time at all is left out.
pub fn parts(time: &StepTime) -> Vec<Part> {
    time.parts().into_iter().filter(|part| part.shown > Seconds::ZERO || part.hidden > Seconds::ZERO).collect()
}

impl Candidate {
    /// The two largest parts, which limit the step, with their shares of it.
    pub fn limits(&self) -> Vec<(Part, f64)> {
        let mut parts = self.parts.clone();
        parts.sort_by(|a, b| b.shown.get().total_cmp(&a.shown.get()));
        let step = self.prediction.step.total();
        parts.into_iter().take(2).map(|part| (part, part.shown / step)).collect()
    }
}

/// What the settled degrees break, each with its field's name; the first error where they break nothing by themselves.
fn illegal(asked: &Asked<'_>, error: Error) -> Error {
    let (space, fixed) = (&asked.space, &asked.fixed);
    let degree = |settled: Option<u32>| settled.unwrap_or(1);
    let (tp, pp, cp) = (degree(fixed.tp), degree(fixed.pp), degree(fixed.cp));
    let product = u64::from(tp) * u64::from(pp) * u64::from(cp);
    let rest = u64::from(space.chips) / product.max(1);
    let open = fixed.dp.is_none() || fixed.tp.is_none() || fixed.pp.is_none() || fixed.cp.is_none();
    if product.saturating_mul(u64::from(degree(fixed.dp))) > u64::from(space.chips) {
        let given = [("TP", fixed.tp), ("PP", fixed.pp), ("CP", fixed.cp), ("DP", fixed.dp)];
        let given = given.into_iter().filter_map(|(name, degree)| degree.map(|degree| format!("{name} {degree}")));
        let given = given.collect::<Vec<_>>().join(" x ");
        let message = format!("{given} needs more than {}", show::counted(space.chips, "chip"));
        return Error::no_solution(message).with_hint("TP x PP x CP x DP is at most the number of chips");
    }
    let usual = if degree(fixed.vpp) > 1 { Schedule::Interleaved } else { Schedule::OneFOneB };
    let shared = space.global_batch / degree(fixed.micro_batch).max(1);
    let dp = fixed.dp.unwrap_or(u32::try_from(rest).unwrap_or(u32::MAX).min(shared).max(1));
    let layout = Layout {
        tp,
        pp,
        cp,
        dp,
        ep: degree(fixed.ep),
        vpp: degree(fixed.vpp),
        micro_batch: degree(fixed.micro_batch),
        global_batch: space.global_batch,
        schedule: fixed.schedule.unwrap_or(usual),
        sequence_parallel: tp > 1,
        ..Layout::single(space.seq_len)
    };
    match layout.check(space.shape, u64::from(space.chips)) {
        Err(broken) => {
            // What a degree that was left open could still put right is not held against the others.
            let certain = |one: &&Error| !open || fixed_names(fixed).iter().any(|name| one.message().starts_with(name));
            let said: Vec<Error> = broken.each().filter(certain).map(as_refusal).collect();
            Error::all(said).unwrap_or(error)
        }
        Ok(()) => error.with_hint("settle fewer degrees"),
    }
}

fn as_refusal(one: &Error) -> Error {
    Error::no_solution(one.message().to_owned()).with_hint("settle another degree, or leave it to the search")
}

fn fixed_names(fixed: &Fixed) -> Vec<&'static str> {
    let names = [
        (fixed.tp, "layout.tp:"),
        (fixed.pp, "layout.pp:"),
        (fixed.vpp, "layout.vpp:"),
        (fixed.dp, "layout.global_batch:"),
        (fixed.cp, "layout.cp:"),
        (fixed.ep, "layout.ep:"),
        (fixed.micro_batch, "layout.global_batch:"),
    ];
    names.into_iter().filter_map(|(settled, name)| settled.map(|_| name)).collect()
}

/// The refusal of a model that no layout fits: the leanest layout, what it lacks, and what would help.
fn too_big(asked: &Asked<'_>) -> Option<Error> {
    let space = &asked.space;
    let lean = leanest(space, &asked.fixed)?;
    let (holds, has) = (lean.fit.total.gb(), space.memory.gb());
    let chance = 100.0 * Headroom::of(&lean.fit, asked.spread).probability;
    let still =
        if chance < 1.0 { String::new() } else { format!("; the chance that it runs all the same is {chance:.0} %") };
    let message = format!(
        "no layout on {} fits: the leanest ({}) holds {holds:.1} GB a chip, {:.1} GB more than the {has:.1} GB there are{still}",
        show::counted(space.chips, "chip"),
        words(&lean.layout),
        lean.fit.over().gb(),
    );
    let advice = advice(asked, &lean);
    Some(Error::does_not_fit(message).with_hint(if advice.is_empty() {
        "no change of layout or number of chips that was tried makes it fit".to_owned()
    } else {
        advice.join("; or ")
    }))
}

/// Bytes in place of seconds, so that the search ranks by them; fewer replicas never hold less.
struct Held<'a>(&'a Space<'a>);

impl Timing for Held<'_> {
    fn least(&mut self, _: &Layout) -> ChipSeconds {
        ChipSeconds::ZERO
    }

    fn bound(&mut self, layout: &Layout) -> Seconds {
        Seconds::new(fit(self.0.shape, layout, self.0.memory, &self.0.reserve).total.get())
    }

    fn time(&mut self, layout: &Layout) -> Seconds {
        self.bound(layout)
    }
}

/// The legal layout that holds least.
fn leanest(space: &Space<'_>, fixed: &Fixed) -> Option<Ranked> {
    let set_aside = space.memory * space.reserve.share.get() + space.reserve.workspace;
    let reserve = Reserve { share: Fraction::new(0.0), workspace: set_aside };
    let boundless = Space { memory: Bytes::new(f64::MAX), reserve, ..*space };
    let lean = Fixed { recompute: fixed.recompute.or(Some(Recompute::Full)), ..*fixed };
    let found = search(&boundless, &lean, 1, Held(space)).ok()?;
    let best = found.best.first()?;
    Some(Ranked { fit: fit(space.shape, &best.layout, space.memory, &space.reserve), ..*best })
}

/// Changes to the layout, where something was settled; more chips; chips with more memory.
fn advice(asked: &Asked<'_>, lean: &Ranked) -> Vec<String> {
    let space = &asked.space;
    let ways = remedies(space.shape, &lean.layout, space.memory, &space.reserve);
    let mut advice: Vec<String> = in_words(&ways).into_iter().collect();
    if let Some(chips) = enough(space, &asked.fixed) {
        advice.push(format!("{chips} chips fit, {} times as many", chips / space.chips.max(1)));
    }
    let needed = lean.fit.total.gb();
    advice.push(format!("chips with {needed:.0} GB or more, or --states of fewer bytes a parameter"));
    advice
}

fn in_words(ways: &[Remedy]) -> Option<String> {
    let last = ways.last()?;
    let fitting: Vec<String> = ways.iter().filter(|way| way.fit.fits()).map(|way| way.change.to_string()).collect();
    match (fitting.len(), last.fit.fits()) {
        (_, false) => None,
        (n, true) if n == ways.len() => Some(format!("{} makes it fit", fitting.join(", or "))),
        _ => {
            // Of several steps on one way only the last is told.
            let kind = |way: &Remedy| std::mem::discriminant(&way.change);
            let again = |index: usize, way: &Remedy| ways.iter().skip(index + 1).any(|later| kind(later) == kind(way));
            let told = ways.iter().enumerate().filter(|(index, way)| !again(*index, way));
            let told: Vec<String> = told.map(|(_, way)| way.change.to_string()).collect();
            let ending = if told.len() == 1 { "makes it fit" } else { "together make it fit" };
            Some(format!("{} {ending}", told.join(" and ")))
        }
    }
}

/// The smallest power of two times the chips, and the batch with them where it is too small to share, that fits.
fn enough(space: &Space<'_>, fixed: &Fixed) -> Option<u32> {
    let fits = |chips: &u32| {
        let more = Space { chips: *chips, ..*space };
        let relaxed = Fixed { dp: None, ..*fixed };
        leanest(&more, &relaxed).is_some_and(|lean| lean.fit.fits())
    };
    (1..=MOST_DOUBLINGS).filter_map(|k| space.chips.checked_mul(1 << k)).find(fits)
}

/// A layout in a few words: the degrees above one, the micro-batch, what is split and recomputed.
pub fn words(layout: &Layout) -> String {
    let degrees = [
        ("TP", layout.tp),
        ("PP", layout.pp),
        ("VPP", layout.vpp),
        ("CP", layout.cp),
        ("EP", layout.ep),
        ("DP", layout.dp),
    ];
    let mut text: Vec<String> = degrees.iter().filter(|(_, n)| *n > 1).map(|(name, n)| format!("{name} {n}")).collect();
    if layout.pp > 1 && layout.cut != Cut::Even {
        text.push("uneven stages".into());
    }
    text.push(format!("micro-batch {}", layout.micro_batch));
    let zero = layout.zero as u8;
    if zero > 0 && layout.replicas() > 1 {
        text.push(format!("ZeRO-{zero}"));
    }
    match layout.recompute {
        Recompute::None => {}
        Recompute::Selective => text.push("selective recompute".into()),
        Recompute::Full => text.push("full recompute".into()),
    }
    text.join(", ")
}

/// Where the memory of the fullest chip goes, in bytes.
pub fn memory(fit: &Fit) -> [(&'static str, Bytes); 6] {
    [
        ("weights", fit.weights),
        ("gradients", fit.gradients),
        ("optimizer", fit.optimizer),
        ("activations", fit.activations),
        ("logits", fit.logits),
        ("reserve", fit.reserve),
    ]
}
