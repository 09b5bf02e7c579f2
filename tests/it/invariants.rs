//! What must hold whatever the numbers are: the relations run backwards, texts that read back, one arithmetic.

use flopbill::internals::error;
use flopbill::internals::estimate::{account, estimate, perform};
use flopbill::internals::scenario::{Phase, Scenario, Terms, Work};
use flopbill::internals::solve::{Knowns, NAMES, Rank, Var, solve};
use flopbill::internals::units::parse::{Grammar, check, parse};
use flopbill::internals::units::{
    Bytes, BytesPerSecond, CarbonIntensity, ChipSeconds, Chips, EnergyPrice, Flop, FlopPerSecond, Fraction, Joules,
    KgCo2e, Params, Price, Seconds, SquareMm, Tokens, Usd, Watts, show::exact,
};
use proptest::prelude::*;
use proptest::sample::select;

const VARS: usize = NAMES.len();

/// Relative distance.
fn off(a: f64, b: f64) -> f64 {
    (a - b).abs() / a.abs().max(b.abs())
}

/// Values of all variables that satisfy every relation, from eight free ones.
#[derive(Debug, Clone, Copy)]
struct Truth([f64; VARS]);

impl Truth {
    fn new([params, tokens, peak, mfu, goodput, share, chips, price]: [f64; 8]) -> Self {
        let flop = 6.0 * params * tokens;
        let phase = flop / (peak * mfu * goodput);
        let held = phase / share;
        Self(std::array::from_fn(|index| match NAMES[index].0 {
            Var::Params => params,
            Var::Tokens => tokens,
            Var::Flop => flop,
            Var::Peak => peak,
            Var::Mfu => mfu,
            Var::Goodput => goodput,
            Var::PhaseHours => phase,
            Var::GpuHours => held,
            Var::Chips => chips,
            Var::WallClock => held / chips,
            Var::Price => price,
            Var::Cost => held * price,
            Var::PhaseShare => share,
            Var::Pace => phase * goodput / tokens,
            Var::Left => 1.0,
        }))
    }

    /// DeepSeek-V3, with numbers that no binary fraction is.
    fn deepseek() -> Self {
        let price = Price::from_usd_per_hour(1.9).get();
        Self::new([36.7e9, 14.8e12, 989.5e12, 0.346, 0.93, 0.9555, 2047.0, price])
    }

    fn given(&self, subset: usize, rank: impl Fn(usize) -> Rank) -> Knowns {
        let mut knowns = Knowns::default();
        for (index, (var, _, _)) in NAMES.iter().enumerate().filter(|(index, _)| subset & (1 << index) != 0) {
            knowns.set(*var, self.0[index], rank(index));
        }
        knowns
    }

    /// The largest relative distance of what is known from the truth.
    fn worst(&self, knowns: &Knowns) -> f64 {
        let distances = NAMES.iter().zip(self.0).filter_map(|((var, _, _), truth)| Some(off(knowns.get(*var)?, truth)));
        distances.fold(0.0, f64::max)
    }
}

fn all_known(knowns: &Knowns) -> usize {
    NAMES.iter().enumerate().filter(|(_, (var, _, _))| knowns.get(*var).is_some()).map(|(index, _)| 1 << index).sum()
}

/// Feeds every solved value back, and leaves the inputs out one at a time.
fn fed_back(truth: &Truth, subset: usize, rank: impl Fn(usize) -> Rank + Copy) {
    let solved = solve(&truth.given(subset, rank)).unwrap();
    assert!(solved.set_aside().next().is_none(), "a consistent value was set aside");
    assert!(truth.worst(&solved.knowns) < 1e-12, "subset {subset:b} is off by {:e}", truth.worst(&solved.knowns));
    let known = all_known(&solved.knowns);
    for (left_out, (input, _, _)) in NAMES.iter().enumerate().filter(|(index, _)| subset & (1 << index) != 0) {
        let mut again = Knowns::default();
        for (index, (var, _, _)) in NAMES.iter().enumerate().filter(|(index, _)| *index != left_out) {
            if let Some(value) = solved.knowns.get(*var) {
                again.set(*var, value, rank(index));
            }
        }
        let back = solve(&again).unwrap();
        if let Some(value) = back.knowns.get(*input) {
            let truth = truth.0[left_out];
            assert!(off(value, truth) < 1e-12, "{input:?} from {known:b} comes back as {value:e}, not {truth:e}");
        } else {
            // Nothing that follows from an input may fail to lead back to it.
            assert_eq!(all_known(&back.knowns), known & !(1 << left_out), "{input:?} is lost in {subset:b}");
        }
    }
}

#[test]
fn every_subset_of_the_variables_solves_to_the_truth_and_back() {
    let truth = Truth::deepseek();
    let mut solvable = 0;
    for subset in 0..1 << VARS {
        fed_back(&truth, subset, |_| Rank::Flag);
        let known = all_known(&solve(&truth.given(subset, |_| Rank::Flag)).unwrap().knowns);
        solvable += usize::from(known != subset);
    }
    assert!(solvable > 4000, "only {solvable} subsets led to anything new");
}

prop_compose! {
    fn truths()(
        params in 1e6..1e13_f64,
        tokens in 1e8..1e14_f64,
        peak in 1e12..1e16_f64,
        shares in [0.01..1.0_f64, 0.01..1.0_f64, 0.01..1.0_f64],
        chips in 1.0..1e6_f64,
        price in 0.01..100.0_f64,
    ) -> Truth {
        let [mfu, goodput, share] = shares;
        Truth::new([params, tokens, peak, mfu, goodput, share, chips, Price::from_usd_per_hour(price).get()])
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn any_numbers_solve_to_the_truth_and_back(truth in truths(), subset in 0..1_usize << VARS, flags in any::<u16>()) {
        // Runs of more than ten thousand years are refused, which another test shows.
        prop_assume!(NAMES.iter().zip(truth.0).all(|((var, _, _), value)| sensible(*var, value)));
        fed_back(&truth, subset, |index| if flags & (1 << index) != 0 { Rank::Flag } else { Rank::File });
    }

    #[test]
    fn values_of_one_rank_that_disagree_are_refused(truth in truths(), wrong in 0..VARS, factor in 1.02..50.0_f64) {
        prop_assume!(NAMES.iter().zip(truth.0).all(|((var, _, _), value)| sensible(*var, value)));
        let mut given = truth.given((1 << VARS) - 1, |_| Rank::Flag);
        given.set(NAMES[wrong].0, truth.0[wrong] / factor, Rank::Flag);
        let error = solve(&given).unwrap_err();
        prop_assert_eq!(error.kind(), error::Kind::NoSolution);
        prop_assert!(error.message().contains("imply"), "{}", error);
        prop_assert!(error.hint().is_some());
    }

    #[test]
    fn a_flag_outranks_the_file(truth in truths(), factor in 1.02..50.0_f64, var in select(vec![Var::Chips, Var::Price, Var::Cost])) {
        prop_assume!(NAMES.iter().zip(truth.0).all(|((var, _, _), value)| sensible(*var, 50.0 * value)));
        let index = NAMES.iter().position(|(name, _, _)| *name == var).unwrap();
        let mut given = truth.given((1 << VARS) - 1, |_| Rank::File);
        given.set(var, truth.0[index] / factor, Rank::Flag);
        let solved = solve(&given).unwrap();
        prop_assert_eq!(solved.knowns.get(var), Some(truth.0[index] / factor));
        prop_assert_eq!(solved.set_aside().count(), 1);
    }

    #[test]
    fn the_estimate_and_the_solver_are_one_arithmetic(truth in truths()) {
        prop_assume!(NAMES.iter().zip(truth.0).all(|((var, _, _), value)| sensible(*var, value)));
        let [params, tokens, flop, peak, mfu, goodput, _, _, chips, _, price, ..] = truth.0;
        let mut given = Knowns::default();
        for (var, value) in [(Var::Params, params), (Var::Tokens, tokens), (Var::Peak, peak), (Var::Mfu, mfu)] {
            given.set(var, value, Rank::Flag);
        }
        for (var, value) in [(Var::Goodput, goodput), (Var::Chips, chips), (Var::Price, price), (Var::PhaseShare, 1.0)] {
            given.set(var, value, Rank::Flag);
        }
        let solved = solve(&given).unwrap().knowns;
        let terms = Terms { goodput: Fraction::new(goodput), chips: Some(Chips::new(chips)), price: Some(Price::new(price)) };
        let phase = Phase { name: "all".into(), work: Work::Flop { flop: Flop::new(flop), mfu: Fraction::new(mfu) } };
        let performance = perform(&phase, FlopPerSecond::new(peak));
        let one = account(&performance, &terms);
        let get = |var| solved.get(var).unwrap();
        prop_assert!(off(one.held.get(), get(Var::GpuHours)) < 1e-12);
        prop_assert!(off(one.wall_clock.unwrap().get(), get(Var::WallClock)) < 1e-12);
        prop_assert!(off(one.cost.unwrap().get(), get(Var::Cost)) < 1e-12);
        let scenario = Scenario { name: "all".into(), peak: FlopPerSecond::new(peak), node_chips: 8, phases: vec![phase], terms };
        let whole = estimate(&scenario).unwrap();
        prop_assert_eq!(whole.total, one);
        prop_assert!(whole.chips_in_whole_nodes.unwrap().get() >= chips * (1.0 - 1e-8));
    }

    #[test]
    fn phases_add_up(hours in prop::collection::vec(1.0..1e6_f64, 1..20), chips in 1.0..1e5_f64, price in 0.01..100.0_f64) {
        let phase = |hours: &f64| Phase { name: "part".into(), work: Work::Busy(ChipSeconds::from_gpu_hours(*hours)) };
        let scenario = Scenario {
            name: "parts".into(),
            peak: FlopPerSecond::from_tflops(989.5),
            node_chips: 8,
            phases: hours.iter().map(phase).collect(),
            terms: Terms {
                goodput: Fraction::new(0.9),
                chips: Some(Chips::new(chips)),
                price: Some(Price::from_usd_per_hour(price)),
            },
        };
        let answer = estimate(&scenario).unwrap();
        prop_assert!(off(answer.total.held.gpu_hours(), hours.iter().sum::<f64>() / 0.9) < 1e-12);
        let parts = || answer.phases.iter().map(|(_, account)| account);
        prop_assert!(off(answer.total.wall_clock.unwrap().get(), parts().map(|a| a.wall_clock.unwrap().get()).sum()) < 1e-12);
        prop_assert!(off(answer.total.cost.unwrap().get(), parts().map(|a| a.cost.unwrap().get()).sum()) < 1e-12);
    }
}

/// Whether a value is one that its quantity may have.
fn sensible(var: Var, value: f64) -> bool {
    match var {
        Var::Params => check(Params::new(value)).is_ok(),
        Var::Tokens => check(Tokens::new(value)).is_ok(),
        Var::Flop => check(Flop::new(value)).is_ok(),
        Var::Peak => check(FlopPerSecond::new(value)).is_ok(),
        Var::PhaseHours | Var::GpuHours => check(ChipSeconds::new(value)).is_ok(),
        Var::Chips => check(Chips::new(value)).is_ok(),
        Var::WallClock => check(Seconds::new(value)).is_ok(),
        Var::Price => check(Price::new(value)).is_ok(),
        Var::Cost => check(Usd::new(value)).is_ok(),
        Var::Mfu | Var::Goodput | Var::PhaseShare | Var::Left => check(Fraction::new(value)).is_ok(),
        Var::Pace => check(Seconds::new(value)).is_ok(),
    }
}

/// A 64-bit xorshift: the same numbers on every machine and run.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.roll() % end as u64) as usize }
    }
}

/// Every value of a quantity reads back as the same float: 3,000 over all sizes, and the ends of the range.
fn reads_back<Q: Grammar>() {
    let back = |value: f64| {
        let quantity = Q::from_base(value);
        let text = exact(quantity);
        let read = parse::<Q>(&text).unwrap_or_else(|error| panic!("{value:e} is written `{text}`: {error}"));
        assert_eq!(
            read.base().to_bits(),
            value.to_bits(),
            "{value:e} is written `{text}`, which reads {:e}",
            read.base()
        );
    };
    [Q::MAX, Q::MAX / 3.0, 1.0_f64.min(Q::MAX), f64::MIN_POSITIVE, 5e-324].into_iter().for_each(back);
    if Q::ZERO_ALLOWED {
        back(0.0);
    }
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for _ in 0..2000 {
        // All bit patterns of positive floats up to the largest allowed: as many tiny ones as large ones.
        back(f64::from_bits(dice.roll() % (Q::MAX.to_bits() + 1)).max(5e-324));
    }
    for _ in 0..1000 {
        // What people write: few digits, near the sizes they mean.
        let digits = (1 + dice.below(9999)) as f64;
        back((digits * 10f64.powi(dice.below(24) as i32 - 12)).min(Q::MAX));
    }
}

#[test]
fn every_quantity_reads_back_exactly() {
    let all: [fn(); 18] = [
        reads_back::<Seconds>,
        reads_back::<Flop>,
        reads_back::<FlopPerSecond>,
        reads_back::<Bytes>,
        reads_back::<BytesPerSecond>,
        reads_back::<Chips>,
        reads_back::<ChipSeconds>,
        reads_back::<Tokens>,
        reads_back::<Params>,
        reads_back::<Usd>,
        reads_back::<Price>,
        reads_back::<Fraction>,
        reads_back::<Watts>,
        reads_back::<Joules>,
        reads_back::<EnergyPrice>,
        reads_back::<KgCo2e>,
        reads_back::<CarbonIntensity>,
        reads_back::<SquareMm>,
    ];
    all.into_iter().for_each(|reads_back| reads_back());
}

/// The form that an error message offers must itself be understood.
fn understands_its_own_example<Q: Grammar>() {
    assert!(parse::<Q>(Q::EXAMPLE).is_ok(), "{}: `{}`", Q::DIMENSION, Q::EXAMPLE);
    for bad in ["", "-1", "0", "nan", "inf", "-inf", "1e999", "14.8X", "1..2", "1e", "--1", "$", "%"] {
        if let Ok(read) = parse::<Q>(bad) {
            assert!(read.base() == 0.0 && Q::ZERO_ALLOWED, "{}: `{bad}` is read as {:e}", Q::DIMENSION, read.base());
        }
    }
    for unit in Q::UNITS {
        let dollar = if Q::MONEY { "$" } else { "" };
        let text = format!("{dollar}0.000001{}", unit.symbol);
        assert!(parse::<Q>(&text).is_ok(), "{}: `{text}`", Q::DIMENSION);
    }
}

#[test]
fn every_quantity_understands_its_example_and_units_and_refuses_nonsense() {
    understands_its_own_example::<Seconds>();
    understands_its_own_example::<Flop>();
    understands_its_own_example::<FlopPerSecond>();
    understands_its_own_example::<Bytes>();
    understands_its_own_example::<BytesPerSecond>();
    understands_its_own_example::<Chips>();
    understands_its_own_example::<ChipSeconds>();
    understands_its_own_example::<Tokens>();
    understands_its_own_example::<Params>();
    understands_its_own_example::<Usd>();
    understands_its_own_example::<Price>();
    understands_its_own_example::<Fraction>();
    understands_its_own_example::<Watts>();
    understands_its_own_example::<Joules>();
    understands_its_own_example::<EnergyPrice>();
    understands_its_own_example::<KgCo2e>();
    understands_its_own_example::<CarbonIntensity>();
    understands_its_own_example::<SquareMm>();
}
