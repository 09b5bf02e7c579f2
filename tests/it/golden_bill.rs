//! Golden values of the methods: failures, economics, energy, fleets, scaling laws, performance of chips.
//!
//! Each value was computed apart from this code, in numpy and scipy, or is printed in the source that is named.

use flopbill::Catalog;
use flopbill::cost::carbon::{self, Embodied, Grid, Water};
use flopbill::cost::duty::{self, BorderCharge};
use flopbill::cost::energy::{self, Power};
use flopbill::cost::epoch::{self, Amortisation};
use flopbill::cost::invest::{internal_rate_of_return, net_present_value, recovery_factor};
use flopbill::cost::own::{self, Hosting, Ownership};
use flopbill::cost::{people, rent};
use flopbill::hardware::region::GridBasis;
use flopbill::reliability::availability::{Linear, linear_effective_time, spares};
use flopbill::reliability::checkpoint::{Save, pause, size};
use flopbill::reliability::interval::{daly, first_order_loss, optimum, young};
use flopbill::reliability::rate::{FailureRate, mtbf, observed};
use flopbill::reliability::{Stops, expected_segment, goodput};
use flopbill::study::failures::{RateBelief, spread};
use flopbill::study::fleet::approval::Approval;
use flopbill::study::fleet::queue::{Order, finishes};
use flopbill::study::fleet::rate::{Mix, Part, together};
use flopbill::study::fleet::schedule::{Step, done_by, finish};
use flopbill::units::*;

#[track_caller]
fn close(found: f64, expected: f64, relative: f64) {
    let off = (found - expected).abs() / expected.abs();
    assert!(off <= relative, "found {found}, expected {expected}: off by {off:.2e}");
}

fn s(seconds: f64) -> Seconds {
    Seconds::new(seconds)
}

fn share(value: f64) -> Fraction {
    Fraction::new(value)
}

fn stops(mtbf: f64, checkpoint: f64, restart: f64, detect: f64) -> Stops {
    Stops { mtbf: s(mtbf), checkpoint: s(checkpoint), restart: s(restart), detect: s(detect) }
}

const JOB_A: [f64; 4] = [84375.0, 30.0, 300.0, 300.0];

fn job_a() -> Stops {
    let [mtbf, checkpoint, restart, detect] = JOB_A;
    stops(mtbf, checkpoint, restart, detect)
}

// Section 1: failures and goodput.

#[test]
fn job_failure_rates() {
    let rate = |per_1000_node_days| FailureRate { per_1000_node_days, all_cause: 1.0, hbm: 1.0 };
    let hours = |gpus: f64, r: f64| mtbf(Chips::new(gpus), 8, &rate(r)).unwrap().hours();
    close(hours(16_384.0, 6.5), 1.802885, 1e-6);
    close(hours(131_072.0, 6.5), 0.2253606, 1e-6);
    close(hours(16_384.0, 2.34), 5.008013, 1e-6);
    close(hours(1024.0, 6.5), 28.84615385, 1e-9);
    close(mtbf(Chips::new(2048.0), 8, &rate(4.0)).unwrap().get(), 84375.0, 1e-12);
    let llama = |events| observed(events, 2048.0, Seconds::from_days(54.0)).unwrap();
    close(llama(419.0), 3.788701, 1e-6);
    close(llama(466.0), 4.213686, 1e-6);
    close(hours(16_384.0, llama(419.0)), 3.093079, 1e-6);
    close(hours(16_384.0, llama(466.0)), 2.781116, 1e-6);
    close(hours(16_384.0, llama(419.0)) * 16_384.0, 50_677.00, 1e-7);
}

#[test]
fn what_is_believed_about_the_rate() {
    let belief = RateBelief { shape: 2.0, scale: 2.2 };
    for (p, rate) in [(0.05, 0.78179532), (0.5, 3.69236338), (0.95, 10.436501940459)] {
        close(belief.quantile(share(p)).unwrap(), rate, 1e-8);
    }
    let sample = RateBelief::from_sample(&[1.32, 2.34, 2.89, 3.79, 4.29, 6.5, 8.54, 13.4]).unwrap();
    close(sample.mean(), 5.38375, 1e-9);
    close(sample.shape, 1.824551, 1e-6);
    close(sample.scale, 2.950726, 1e-6);
    let seen = belief.after(3.0, 500.0).unwrap();
    close(seen.shape, 5.0, 1e-12);
    close(seen.scale, 1.0 / (1.0 / 2.2 + 0.5), 1e-12);
}

#[test]
fn checkpoint_intervals_of_dalys_paper() {
    let minutes = |m: f64| s(60.0 * m);
    for (mtbf, by_young, by_daly, exact) in [
        (1440.0, 120.0, 116.689815, 116.690073),
        (360.0, 60.0, 56.712963, 56.714002),
        (15.0, 12.247449, 9.140920, 9.166503),
    ] {
        close(young(minutes(5.0), minutes(mtbf)).get() / 60.0, by_young, 1e-7);
        close(daly(minutes(5.0), minutes(mtbf)).get() / 60.0, by_daly, 1e-7);
        close(optimum(minutes(5.0), minutes(mtbf)).unwrap().get() / 60.0, exact, 1e-7);
    }
}

#[test]
fn goodput_of_two_jobs() {
    let a = job_a();
    let best = optimum(a.checkpoint, a.mtbf).unwrap();
    close(young(a.checkpoint, a.mtbf).get(), 2250.0, 1e-12);
    close(daly(a.checkpoint, a.mtbf).get(), 2230.044444, 1e-9);
    close(best.get(), 2230.044603, 1e-9);
    let at = |tau: f64| goodput(&a, s(tau)).unwrap().get();
    close(at(best.get()), 0.9666773318, 1e-9);
    close(at(2250.0), 0.9666763178, 1e-9);
    close(at(1800.0), 0.9660901253, 1e-9);
    close(at(3600.0), 0.9636839998, 1e-9);
    close(1.0 - first_order_loss(&a, s(2250.0)), 0.9662222222, 1e-9);
    close(1.0 / at(best.get()), 1.034471345, 1e-9);
    let b = stops(54.0 * 86_400.0 / 419.0, 10.0, 600.0, 120.0);
    close(b.mtbf.get(), 11_135.08353, 1e-9);
    let best = optimum(b.checkpoint, b.mtbf).unwrap();
    close(best.get(), 465.2697902, 1e-9);
    close(goodput(&b, best).unwrap().get(), 0.8982696009, 1e-9);
    close(goodput(&b, s(3600.0)).unwrap().get(), 0.7914784572, 1e-9);
}

#[test]
fn wall_clock_and_its_spread() {
    let a = job_a();
    let work = Seconds::from_days(30.0);
    let best = optimum(a.checkpoint, a.mtbf).unwrap();
    let wall = expected_segment(&a, best) * (work / best);
    close(wall.days(), 31.03414, 1e-6);
    close(wall / a.mtbf, 31.77896, 1e-6);
    close(spread(&a, best, wall).days(), 0.1206374, 1e-6);
    let belief = RateBelief { shape: 2.0, scale: 2.2 };
    for (p, days) in [(0.05, 30.39868752), (0.5, 30.98449069), (0.95, 31.9155694)] {
        let per_1000 = belief.quantile(share(p)).unwrap();
        let rate = FailureRate { per_1000_node_days: per_1000, all_cause: 1.0, hbm: 1.0 };
        let job = Stops { mtbf: mtbf(Chips::new(2048.0), 8, &rate).unwrap(), ..a };
        let eta = goodput(&job, optimum(job.checkpoint, job.mtbf).unwrap()).unwrap();
        close(30.0 / eta.get(), days, 1e-8);
    }
}

#[test]
fn goodput_tends_to_its_limit_as_checkpoints_become_free() {
    let free = stops(11_135.08, 1e-9, 600.0, 120.0);
    let eta = goodput(&free, optimum(free.checkpoint, free.mtbf).unwrap()).unwrap().get();
    close(eta, 11_135.08 / ((11_135.08 + 120.0) * (600.0f64 / 11_135.08).exp()), 1e-5);
    // Without detection time the formula is Daly's: M e^(R/M) (e^((tau + delta)/M) - 1).
    let daly = 900.0 * (60.0f64 / 900.0).exp() * (330.0f64 / 900.0).exp_m1();
    close(expected_segment(&stops(900.0, 30.0, 60.0, 0.0), s(300.0)).get(), daly, 1e-12);
}

#[test]
fn metas_linear_form() {
    let minutes = |m: f64| s(60.0 * m);
    let at = |nodes: f64, per_node_day: f64, restart: f64, interval: f64, write: f64| {
        let job = Linear {
            mtbf: Seconds::from_days(1.0 / (nodes * per_node_day)),
            restart: minutes(restart),
            interval: minutes(interval),
            write: minutes(write),
            queue: s(0.0),
        };
        linear_effective_time(&job).unwrap()
    };
    close(at(2048.0, 6.5e-3, 5.0, 5.0, 0.0), 0.9306666667, 1e-9);
    close(at(256.0, 6.5e-3, 5.0, 60.0, 0.0), 0.9595555556, 1e-9);
    close(at(512.0, 6.5e-3, 5.0, 60.0, 0.5), 0.9115151515, 1e-9);
    close(at(12_500.0, 2.34e-3, 2.0, 2.0, 0.0), 0.9390625, 1e-9);
}

#[test]
fn checkpoints_and_spares() {
    for (bytes, params, per_param) in [
        (2.3e12, 176e9, 13.06818182),
        (1.6e12, 175e9, 9.142857143),
        (105e9, 8e9, 13.125),
        (912e9, 70e9, 13.02857143),
        (5.29e12, 405e9, 13.0617284),
    ] {
        close(size(Params::new(params), per_param).unwrap().get(), bytes, 1e-9);
    }
    let v3 = size(Params::new(671e9), 14.0).unwrap();
    close(v3.get(), 9.394e12, 1e-12);
    let to_storage = Save::ToStorage { bandwidth: BytesPerSecond::new(2e12) };
    close(pause(v3, Chips::new(2048.0), &to_storage).unwrap().get(), 4.697, 1e-12);
    let to_host = Save::ToHost { per_chip: BytesPerSecond::from_gb_per_s(20.0), overhead: s(0.0) };
    close(pause(v3, Chips::new(2048.0), &to_host).unwrap().get(), 0.2293457031, 1e-9);
    let kept = |nodes, r, days, q| spares(nodes, r, Seconds::from_days(days), share(q)).unwrap();
    assert_eq!(kept(256.0, 4.0, 3.0, 0.99), 8);
    assert_eq!(kept(1024.0, 4.0, 3.0, 0.99), 21);
    assert_eq!(kept(2048.0, 6.5, 2.0, 0.999), 44);
}

// Section 2: economics.

#[test]
fn renting() {
    close(rent::break_even_use(share(0.37)).get(), 0.63, 1e-12);
    close(rent::break_even_use(share(0.64)).get(), 0.36, 1e-12);
    let spot = stops(6.0 * 3600.0, 30.0, 300.0, 120.0);
    let eta = goodput(&spot, optimum(spot.checkpoint, spot.mtbf).unwrap()).unwrap();
    close(eta.get(), 0.9299720423, 1e-9);
    let price = rent::price_per_useful_hour(Price::from_usd_per_hour(1.2), eta);
    close(price.usd_per_hour(), 1.290361371, 1e-9);
    // Without failures of its own the slowdown of a run is what preemption alone does.
    let slowdown = rent::spot_slowdown(&Stops { mtbf: s(1e15), ..spot }, s(6.0 * 3600.0)).unwrap();
    close(slowdown, 1.0 / 0.9299720423, 1e-6);
}

#[test]
fn annuities_and_returns() {
    let factor = |interest, years| recovery_factor(share(interest), Seconds::from_years(years)).unwrap();
    close(factor(0.10, 4.0), 0.3154708037, 1e-9);
    close(factor(0.13, 4.0), 0.3361941974, 1e-9);
    close(factor(0.01, 48.0), 0.02633383543, 1e-9); // 48 months at 1 % a month
    close(factor(0.0, 4.0), 0.25, 1e-12);
    let cash = [-60e3, 20e3, 20e3, 18e3, 14e3].map(Usd::new);
    close(net_present_value(&cash, share(0.10)).get(), -2203.401407, 1e-9);
    close(internal_rate_of_return(&cash).unwrap().get(), 0.081937765, 1e-8);
    let twice = [-1.0, 5.0, -3.0].map(Usd::new);
    assert!(internal_rate_of_return(&twice).unwrap_err().message().contains("change sign 2 times"));
}

/// An H200 on the terms of the methods, with its electricity in the hosting price.
fn h200() -> Ownership {
    Ownership {
        chip: Some(Usd::new(39_083.38)),
        server: 0.0,
        network: share(0.19),
        border: BorderCharge::None,
        residual: share(0.10),
        interest: share(0.10),
        life: Seconds::from_years(4.0),
        hosting: Hosting::AllIn { usd_per_kw_month: 130.0 },
        power: Some(Power::Server { rated: Watts::from_kw(1.275), load: share(0.8), fabric: share(0.0), pue: 1.0 }),
        staff: Usd::new(500.0),
        maintenance: share(0.02),
        utilisation: share(0.85),
    }
}

#[test]
fn owning_an_h200() {
    let year = own::annual(&h200()).unwrap().unwrap();
    close(year.capital().get(), 14_182.13897, 1e-9);
    close(year.hosting.get(), 1989.0, 1e-12);
    assert_eq!(year.electricity, Usd::ZERO);
    close((year.staff + year.maintenance).get(), 1465.021728, 1e-9);
    close(own::per_used_hour(year.total(), share(0.85)).usd_per_hour(), 2.368542, 1e-6);
    close(own::per_used_hour(year.total(), share(1.0)).usd_per_hour(), 2.013260354, 1e-9);
    let rent = Price::from_usd_per_hour(2.5);
    let even = own::break_even_utilisation(year.total(), rent).unwrap();
    close(even, 0.8053041417, 1e-9);
    close(even * rent.usd_per_hour() * 8760.0, year.total().get(), 1e-12);
}

#[test]
fn owning_an_h200_with_duty_and_metered_power() {
    let terms = Ownership {
        border: BorderCharge::Duty { rate: share(0.25), passed_on: share(1.0) },
        hosting: Hosting::Facility { usd_per_kw_month: 60.0, electricity: EnergyPrice::from_usd_per_kwh(0.08) },
        power: Some(Power::Server { rated: Watts::from_kw(1.275), load: share(0.76), fabric: share(0.0), pue: 1.25 }),
        ..h200()
    };
    let year = own::annual(&terms).unwrap().unwrap();
    close(year.capital().get(), 17_987.59123, 1e-9);
    close(year.hosting.get(), 918.0, 1e-12);
    close(year.electricity.get(), 848.844, 1e-12);
    close((year.staff + year.maintenance).get(), 1706.27716, 1e-8);
    close(own::per_used_hour(year.total(), share(0.85)).usd_per_hour(), 2.88218, 1e-6);
}

#[test]
fn owning_an_h100_as_semianalysis_counts() {
    let terms = Ownership {
        chip: Some(Usd::new(31_250.0)),
        network: share(0.0), // all-in price of the server, $250,000 over 8
        utilisation: share(1.0),
        ..h200()
    };
    let year = own::annual(&terms).unwrap().unwrap();
    close(own::per_used_hour(year.total(), share(1.0)).usd_per_hour(), 1.404008716, 1e-9);
}

#[test]
fn duty_and_revenue_share_differ() {
    let (quarter, all) = (share(0.25), share(1.0));
    let duty_alone = duty::multiplier(&BorderCharge::Duty { rate: quarter, passed_on: all }).unwrap();
    let share_alone = duty::multiplier(&BorderCharge::RevenueShare { share: quarter, passed_on: all }).unwrap();
    close(duty_alone, 1.25, 1e-12);
    close(share_alone, 1.333333333, 1e-9);
    let none = duty::multiplier(&BorderCharge::RevenueShare { share: quarter, passed_on: share(0.0) }).unwrap();
    assert_eq!(none, 1.0);
}

fn gpt_4() -> Amortisation {
    Amortisation {
        server: Some(Usd::new(24_875.0)),
        age: Seconds::from_days(638.0),
        decline: 0.14,
        network: share(0.19),
        tdp: Some(Watts::new(400.0)),
        server_power: 6.5 / 8.0 / 0.4,
        load: share(0.75),
        pue: 1.25,
        electricity: EnergyPrice::from_usd_per_kwh(0.0806),
    }
}

#[test]
fn gpt_4_by_epochs_method() {
    let (terms, held) = (gpt_4(), ChipSeconds::from_gpu_hours(57e6));
    close(epoch::replacement_rate(0.14), 0.322361913, 1e-9);
    let value = epoch::value_at_start(Usd::new(24_875.0), terms.decline, terms.age);
    close(value.get(), 14_165.054738, 1e-10);
    let servers = epoch::servers(value, terms.decline, held);
    let network = epoch::interconnect(servers, terms.network).unwrap();
    let electricity = epoch::electricity(held, &terms).unwrap();
    close(servers.get(), 29_691_720.99, 1e-9);
    close(network.get(), 6_964_724.68, 1e-9);
    close(electricity.get(), 3_499_488.28, 2e-9);
    close((servers + network + electricity).get(), 40_155_933.94, 1e-9);
    close((10.2 / 8.0) / 0.7, 1.821428571, 1e-9);
    close(terms.server_power, 2.03125, 1e-12);
}

#[test]
fn experiments_over_the_final_run() {
    let factor = people::experiments(1.2, 4.0).unwrap();
    close(factor.mu, 0.784307959, 1e-8);
    close(factor.sigma, 0.365981746, 1e-8);
    close(factor.median(), 2.19089023, 1e-9);
    close(factor.mean(), 2.342641826, 1e-8);
    let v3 = ChipSeconds::from_gpu_hours(2.788e6) * Price::from_usd_per_hour(2.0);
    close(v3.get(), 5_576_000.0, 1e-12);
}

// Section 3: energy, carbon, water.

#[test]
fn energy_of_v3_on_the_servers_basis() {
    let power = |pue| Power::Server { rated: Watts::from_kw(1.275), load: share(0.76), fabric: share(0.0), pue };
    let held = ChipSeconds::from_gpu_hours(2.788e6);
    close(energy::it_power(&power(1.25)).kw(), 0.969, 1e-12);
    let used = energy::energy(held, &power(1.25)).unwrap();
    close(used.it.mwh(), 2701.572, 1e-9);
    close(used.facility.mwh(), 3376.965, 1e-9);
    let china = Grid {
        intensity: CarbonIntensity::from_g_per_kwh(557.5),
        accounting: carbon::Accounting::Location,
        basis: GridBasis::LifeCycle,
    };
    let hardware = Embodied { per_chip: KgCo2e::new(200.0), life: Seconds::from_years(5.0) };
    let water = Water { on_site_l_per_kwh: 1.8, off_site_l_per_kwh: 6.0065 };
    let print = carbon::footprint(held, used, &china, &hardware, &water).unwrap();
    close(print.operational.tonnes(), 1882.657987, 1e-9);
    close(print.water_m3, 25_146.56987, 1e-9);
    close(print.embodied.get(), 2.788e6 / (5.0 * 8760.0) * 200.0, 1e-12);
    let used = energy::energy(held, &power(1.2)).unwrap();
    let microsoft = Water { on_site_l_per_kwh: 0.569, off_site_l_per_kwh: 3.1321 };
    close(carbon::water(&used, &microsoft).unwrap(), 11_691.10686, 1e-9);
}

#[test]
fn published_energy_is_arithmetic() {
    let card = |watts: f64| Power::Chip { tdp: Watts::new(watts), load: share(1.0) };
    let llama = energy::energy(ChipSeconds::from_gpu_hours(30.84e6), &card(700.0)).unwrap().facility;
    close(llama.mwh(), 21_588.0, 1e-12);
    close(8930e3 / llama.kwh(), 0.4136557347, 1e-9);
    // GPT-3 as LLMCarbon has it: 330 W on 10,000 chips for 14.8 days at a PUE of 1.1.
    let held = Chips::new(10_000.0) * Seconds::from_days(14.8);
    let power = Power::Server { rated: Watts::new(330.0), load: share(1.0), fabric: share(0.0), pue: 1.1 };
    let used = energy::energy(held, &power).unwrap().facility;
    close(used.mwh(), 1289.376, 1e-9);
    let at = |grams| CarbonIntensity::from_g_per_kwh(grams);
    close(carbon::operational(used, at(429.0)).tonnes(), 553.142304, 1e-9);
    let bloom = energy::energy(ChipSeconds::from_gpu_hours(1_082_990.0), &card(400.0)).unwrap().facility;
    close(bloom.kwh(), 433_196.0, 1e-12);
    let dynamic = carbon::operational(bloom, at(57.0)).tonnes();
    let idle = carbon::operational(Joules::from_kwh(256_646.0), at(57.0)).tonnes();
    close(dynamic, 24.692172, 1e-9);
    close(idle, 14.628822, 1e-9);
    assert!((dynamic + idle + 11.2 - 50.5).abs() < 0.03); // as reported, to its last digit
    close(carbon::die(SquareMm::new(814.0), 1.8).get(), 14.652, 1e-12);
}

#[test]
fn powers_that_joules_per_token_imply() {
    let implied = |joules, params: f64, layers: f64, width: f64, sequence: f64| {
        let flop = Flop::new(6.0 * params + 12.0 * layers * width * sequence);
        let peak = FlopPerSecond::from_tflops(989.4);
        energy::implied_power(Joules::new(joules), share(0.54), peak, flop).kw()
    };
    close(implied(3.63, 175e9, 96.0, 12_288.0, 2048.0), 1.797440226, 1e-9);
    close(implied(8.8, 405e9, 126.0, 16_384.0, 8192.0), 1.785697278, 1e-9);
    let epoch = Power::Server { rated: Watts::from_kw(1.275), load: share(0.75), fabric: share(0.0), pue: 1.1 };
    close(energy::meter_power(&epoch).kw(), 1.051875, 1e-12);
    let ours = Power::Server { rated: Watts::from_kw(1.275), load: share(0.78), fabric: share(0.07), pue: 1.25 };
    close(energy::meter_power(&ours).kw(), 1.33, 1e-3);
}

// Section 5: fleets.

#[test]
fn tranches() {
    let rate = |chips: f64| FlopPerSecond::new(989.4e12 * 0.93 * chips);
    let days = Seconds::from_days;
    let steps = [
        Step { from: days(0.0), rate: rate(8192.0 * 0.35) },
        Step { from: days(45.0), rate: rate(8192.0 * 0.75) },
        Step { from: days(60.0), rate: rate(8192.0 * 0.75 + 16_384.0 * 0.40) },
    ];
    let work = Flop::new(3e25);
    close(finish(work, &steps).unwrap().days(), 72.29942782, 1e-9);
    close(finish(work, &steps[..2]).unwrap().days(), 85.41881749, 1e-9);
    close(finish(work, &steps[..1]).unwrap().days(), 131.6117518, 1e-9);
    close(done_by(days(72.29942782), &steps).get(), 3e25, 1e-9);
}

#[test]
fn mixed_fleets() {
    let part = |mfu: f64| Part { chips: Chips::new(4096.0), rate: FlopPerSecond::from_tflops(989.4 * mfu) };
    let parts = [part(0.35), part(0.42)];
    close(together(&parts, &Mix::Equal).get(), 2.83680768e18, 1e-9);
    let proportional = Mix::Proportional { efficiency: share(0.97) };
    close(together(&parts, &proportional).get(), 3.026873795e18, 1e-9);
}

#[test]
fn queues() {
    let rate = FlopPerSecond::from_tflops(8192.0 * 989.4 * 0.4 * 0.93);
    let steps = [Step { from: Seconds::ZERO, rate }];
    let runs = [3e24, 1e24, 5e24].map(Flop::new);
    let days = |order| finishes(&runs, order, &steps).iter().map(|time| time.unwrap().days()).collect::<Vec<_>>();
    for (found, expected) in days(Order::Listed).into_iter().zip([11.516028, 15.354704, 34.548085]) {
        close(found, expected, 1e-7);
    }
    let mean = |order| days(order).iter().sum::<f64>() / 3.0;
    close(mean(Order::Listed), 20.47293916, 1e-9);
    close(mean(Order::Shortest), 17.91382177, 1e-9);
    close(mean(Order::Shared), 24.31161526, 1e-9);
}

#[test]
fn approvals() {
    let licence = Approval {
        name: "licence".into(),
        approved: share(0.75),
        conditional: share(0.0),
        median: Seconds::from_days(60.0),
        spread: 0.6,
        domestic_share: share(0.0),
        usage: share(1.0),
    };
    close(licence.granted_by(Seconds::from_days(30.0)).get(), 0.09299624569, 1e-9);
    close(licence.granted_by(Seconds::from_days(90.0)).get(), 0.5628062268, 1e-9);
    let median = licence.quantile(share(0.5)).unwrap().unwrap();
    close(median.days(), 77.69422589, 1e-9);
    assert_eq!(licence.quantile(share(0.8)).unwrap(), None);
}

// Section 6: scaling laws.

mod scaling {
    use super::*;
    use flopbill::study::scaling::frontier::{Choice, Limit, Limits, Mixture, frontier};
    use flopbill::study::scaling::laws::{ScalingProfile, laws};
    use flopbill::study::scaling::mixture::{best_granularity, efficiency_leverage};
    use flopbill::study::scaling::{
        Binding, Budget, InferenceWeights, Law, affordable, attention_share, serve_work, train_work,
    };

    fn published() -> ScalingProfile {
        laws(&Catalog::built_in()).unwrap()
    }

    #[test]
    fn optima() {
        let profile = published();
        let check = |law: &Law, work: f64, params: f64, tokens: f64, loss: f64| {
            let plan = law.optimum(Flop::new(work)).unwrap();
            close(plan.params.get(), params, 1e-6);
            close(plan.tokens.get(), tokens, 1e-6);
            close(plan.loss, loss, 1e-7);
            close(plan.work.get(), work, 1e-12);
        };
        let epoch = profile.law("epoch").unwrap();
        check(epoch, 5.76e23, 7.235646e10, 1.326765e12, 1.9739626);
        check(epoch, 1e24, 9.600509e10, 1.736019e12, 1.959246);
        check(epoch, 1e25, 3.125604e11, 5.332303e12, 1.9113032);
        check(profile.law("hoffmann").unwrap(), 5.76e23, 4.036094e10, 2.378537e12, 1.918412);
        let rounded = Law { a: 406.4, b: 410.7, e: 1.69, alpha: 0.34, beta: 0.28 };
        let plan = rounded.optimum(Flop::new(5.76e23)).unwrap();
        close(plan.params.get(), 3.218986e10, 1e-6);
        close(plan.tokens.get() / plan.params.get(), 92.64737, 1e-6);
        assert_eq!(profile.default, "epoch");
        assert!(profile.law("epoc").unwrap_err().hint().unwrap().contains("epoch"));
    }

    #[test]
    fn other_sizes_at_equal_loss() {
        let profile = published();
        let epoch = profile.law("epoch").unwrap();
        for (size, compute) in [(0.5, 1.259343311), (0.25, 4.467020428), (2.0, 1.147619529)] {
            close(epoch.overtraining(Flop::new(1e24), size).unwrap().unwrap(), compute, 1e-8);
        }
        let plan = epoch.optimum(Flop::new(1e24)).unwrap();
        let half = plan.params * 0.5;
        close(epoch.tokens_to(plan.loss, half).unwrap().get() / half.get(), 91.08867429, 1e-8);
        assert_eq!(epoch.overtraining(Flop::new(1e24), 0.01).unwrap(), None);
    }

    /// The optimum of a law whose size is 13e9, then training and inference for 2e12 tokens.
    fn sardana(law: &Law) -> (f64, f64, f64) {
        let (mut low, mut high) = (40f64, 70f64);
        for _ in 0..200 {
            let middle = (low + high) / 2.0;
            let size = law.optimum(Flop::new(middle.exp())).unwrap().params.get();
            (low, high) = if size < 13e9 { (middle, high) } else { (low, middle) };
        }
        let dense = law.optimum(Flop::new(low.exp())).unwrap();
        let served = Tokens::new(2e12);
        let weights = InferenceWeights { training: 1.0, inference: 1.0 };
        let plan = law.with_inference(dense.loss, served, weights).unwrap();
        let whole = |params, tokens| (train_work(params, tokens) + serve_work(params, served)).get();
        let saved = 1.0 - whole(plan.params, plan.tokens) / whole(dense.params, dense.tokens);
        (plan.params.get(), plan.tokens.get(), saved)
    }

    #[test]
    fn inference_makes_smaller_models_pay() {
        let profile = published();
        let paper = Law { a: 406.4, b: 410.7, e: 1.69, alpha: 0.336, beta: 0.283 };
        for (law, params, tokens, saved) in [
            (&paper, 6.968595e9, 1.247840e12, 0.174467),
            (profile.law("hoffmann").unwrap(), 7.120312e9, 1.295145e12, 0.163209),
            (profile.law("epoch").unwrap(), 6.094173e9, 7.359149e11, 0.290026),
        ] {
            let found = sardana(law);
            close(found.0, params, 1e-5); // a flat minimum: its place is known to the root of its value
            close(found.1, tokens, 1e-5);
            close(found.2, saved, 1e-5);
        }
    }

    fn budget(chips: f64, days: f64) -> Budget {
        Budget {
            money: Usd::new(10e6),
            price: Price::from_usd_per_hour(2.0),
            chips: Chips::new(chips),
            time: Seconds::from_days(days),
            peak: FlopPerSecond::from_tflops(989.4),
            mfu: share(0.40),
            goodput: share(0.93),
            programme: 1.0,
        }
    }

    #[test]
    fn what_ten_million_dollars_buy() {
        let profile = published();
        let epoch = profile.law("epoch").unwrap();
        let free = affordable(&budget(2048.0, 365.0)).unwrap();
        close(free.work.get(), 6.6250224e24, 1e-9);
        close(free.held.gpu_hours(), 5e6, 1e-12);
        close(free.wall.days(), 101.7252604, 1e-9);
        assert_eq!(free.binding, Binding::Money);
        let plan = epoch.optimum(free.work).unwrap();
        close(plan.params.get(), 2.530856e11, 1e-6);
        close(plan.tokens.get(), 4.362833e12, 1e-6);
        close(plan.loss, 1.9184971, 1e-7);
        let capped = affordable(&budget(2048.0, 60.0)).unwrap();
        close(capped.work.get(), 3.907597212e24, 1e-9);
        close(capped.spent.get(), 5_898_240.0, 1e-12);
        assert_eq!(capped.binding, Binding::Time);
        let plan = epoch.optimum(capped.work).unwrap();
        close(plan.params.get(), 1.930771e11, 1e-6);
        close(plan.tokens.get(), 3.373089e12, 1e-6);
        close(plan.loss, 1.9285287, 1e-7);
    }

    #[test]
    fn mixtures_of_experts() {
        let law = published().leverage;
        close(best_granularity(&law), 11.3372, 1e-5);
        let at = |activation: f64| efficiency_leverage(&law, share(activation), 12.0, Flop::new(1e22)).unwrap();
        close(at(0.031), 7.244898, 1e-6);
        close(at(13.0 / 385.0), 6.98252, 1e-6);
        assert_eq!(at(1.0), 1.0); // 0.989561 before the limit
    }

    #[test]
    fn power_laws_of_other_labs() {
        let profile = published();
        let at = |id: &str, work: f64| profile.power_law(id).unwrap().at(Flop::new(work));
        close(at("deepseek-model", 1e24), 6.568468543e11, 1e-9);
        close(at("deepseek-data", 1e24), 1.522606668e12, 1e-9);
        // The exponent that Llama 3 prints is rounded; its anchor is not.
        close(0.29 * 3.8e25f64.powf(0.53), 10.4636524e12, 1e-8);
        close(at("llama-3-data", 3.8e25), 16.55e12, 1e-9);
    }

    #[test]
    fn attention_beside_the_parameters() {
        let llama = |causal| attention_share(126, 8192, 16_384, Params::new(405e9), causal);
        close(llama(false), 0.08351325298, 1e-9);
        close(llama(true), 0.04175662649, 1e-9);
    }

    #[test]
    fn a_frontier_names_what_binds_each_answer() {
        let profile = published();
        let limits = Limits {
            tokens: Tokens::new(4e12),
            memory: Bytes::from_gb(80.0),
            bytes_per_param: profile.bytes_per_param,
            memory_share: profile.memory_share,
            served: Tokens::new(10e12),
            inference_price: 1.0,
        };
        let law = profile.law("epoch").unwrap();
        let moe = Mixture { law: profile.leverage, activation: share(0.05), granularity: 12.0 };
        let (_, answers) = frontier(&budget(2048.0, 365.0), law, &limits, &[20.0, 100.0], Some(&moe)).unwrap();
        let limit_of = |wanted: Choice| answers.iter().find(|answer| answer.choice == wanted).unwrap().limit;
        assert_eq!(limit_of(Choice::ComputeOptimal), Limit::Data); // 4.36e12 tokens wanted
        assert_eq!(limit_of(Choice::DataLimited), Limit::Data);
        let served = answers.iter().find(|answer| answer.choice == Choice::WithInference).unwrap();
        assert!(served.plan.params < answers[0].plan.params);
        assert!(served.lifetime_work < answers[0].lifetime_work);
        close(answers[1].plan.tokens.get() / answers[1].plan.params.get(), 20.0, 1e-12);
        let mixture = answers.last().unwrap();
        assert!(mixture.plan.loss < answers[0].plan.loss);
        close(mixture.plan.work.get(), train_work(mixture.plan.params, mixture.plan.tokens).get(), 1e-9);
    }
}

// The performance of chips, as export rules count it.

mod chips {
    use super::*;
    use flopbill::policy::rule::{Standing, Verdict, findings, standing};
    use flopbill::policy::{Metric, chip_facts, chips_to_peak, distance, gpu_hours_to};
    use flopbill::units::date::Date;

    /// Id, TPP, performance density and I/O in GB/s, as published tables of chips have them.
    const TABLE: &[(&str, f64, Option<f64>, Option<f64>)] = &[
        ("v100-sxm2", 2000.0, Some(2.45), Some(332.0)),
        ("a100-sxm-40gb", 4992.0, Some(6.04), Some(664.0)),
        ("a100-sxm-80gb", 4992.0, Some(6.04), Some(664.0)),
        ("a100-pcie-80gb", 4992.0, Some(6.04), Some(664.0)),
        ("a800-sxm-80gb", 4992.0, Some(6.04), Some(464.0)),
        ("a800-pcie-80gb", 4992.0, Some(6.04), Some(464.0)),
        ("h100-sxm", 15_832.0, Some(19.45), Some(1028.0)),
        ("h100-pcie", 12_104.0, Some(14.87), Some(728.0)),
        ("h100-nvl", 13_368.0, Some(16.42), Some(728.0)),
        ("h800-sxm", 15_832.0, Some(19.45), Some(528.0)),
        ("h800-pcie", 12_104.0, Some(14.87), Some(528.0)),
        ("h20-sxm", 2368.0, Some(2.91), Some(1028.0)),
        ("h20-sxm-141gb", 2368.0, Some(2.91), Some(1028.0)),
        ("h200-sxm", 15_832.0, Some(19.45), Some(1028.0)),
        ("h200-nvl", 13_368.0, Some(16.42), Some(1028.0)),
        ("gh200", 15_832.0, Some(19.45), Some(1028.0)),
        ("b100", 28_000.0, Some(17.20), Some(1928.0)),
        ("b200", 36_000.0, Some(22.11), Some(1928.0)),
        ("b300", 56_000.0, Some(34.40), Some(1928.0)),
        ("gb200", 40_000.0, Some(24.57), Some(1928.0)),
        ("gb300", 60_000.0, Some(36.86), Some(1928.0)),
        ("rtx-4090", 5285.0, Some(8.68), Some(64.0)),
        ("rtx-pro-6000", 8061.0, Some(10.75), Some(128.0)),
        ("l40s", 5864.0, Some(9.64), Some(64.0)),
        ("mi250x", 6128.0, None, None),
        ("mi300x", 20_919.0, None, Some(1024.0)),
        ("mi325x", 20_919.0, None, Some(1024.0)),
        ("mi355x", 40_266.0, None, None),
        ("gaudi-2", 6920.0, None, Some(664.0)),
        ("gaudi-3", 26_848.0, None, Some(1328.0)),
        ("tpu-v4", 4400.0, None, Some(300.0)),
        ("tpu-v5e", 3152.0, None, None),
        ("tpu-v5p", 7344.0, None, None),
        ("tpu-v6e", 14_688.0, None, None),
        ("tpu-v7x", 36_912.0, None, None),
        ("ascend-910b", 5120.0, Some(7.69), Some(456.0)),
        ("ascend-910c", 12_480.0, Some(9.38), Some(784.0)),
    ];

    #[test]
    fn performance_of_every_chip() {
        let catalog = Catalog::built_in();
        for &(id, tpp, density, io) in TABLE {
            let facts = chip_facts(&catalog.accelerator(id).unwrap().chip);
            let found = facts.get(Metric::Tpp).unwrap();
            assert!((found - tpp).abs() <= 0.5, "{id}: TPP {found}, expected {tpp}");
            if let Some(density) = density {
                let found = facts.get(Metric::PerformanceDensity).unwrap();
                assert!((found - density).abs() <= 0.0051, "{id}: density {found}, expected {density}");
            }
            if let Some(io) = io {
                let found = facts.get(Metric::IoBidirectional).unwrap();
                assert!((found - io).abs() < 1e-9, "{id}: I/O {found}, expected {io}");
            }
        }
        let ids = catalog.ids(flopbill::catalog::Kind::Accelerators);
        let missing: Vec<_> = ids.iter().filter(|id| !TABLE.iter().any(|row| row.0 == **id)).collect();
        assert!(missing.len() <= 1, "{missing:?}"); // a100-pcie-40gb repeats the 80 GB card
    }

    /// What the rules of a day say of a chip: rule and outcome for every test that is met.
    fn outcomes(chip: &str, day: &str) -> Vec<(String, String)> {
        let catalog = Catalog::built_in();
        let day: Date = day.parse().unwrap();
        let facts = chip_facts(&catalog.accelerator(chip).unwrap().chip);
        let mut found = Vec::new();
        for profile in catalog.rules().unwrap() {
            if standing(&profile.rule, day) != Standing::InForce {
                continue;
            }
            for finding in findings(&profile.rule, &facts, &["datacentre"]) {
                if finding.verdict == Verdict::Met {
                    found.push((profile.rule.id.clone(), finding.test.outcome.clone()));
                }
            }
        }
        found
    }

    #[track_caller]
    fn says(chip: &str, day: &str, rule: &str, outcome: &str) {
        let found = outcomes(chip, day);
        assert!(found.iter().any(|(id, what)| id.contains(rule) && what == outcome), "{chip} {day}: {found:?}");
    }

    #[test]
    fn the_rule_of_2022_needs_both_numbers() {
        says("h100-sxm", "2022-10-08", "2022", "3A090");
        says("a100-sxm-80gb", "2022-10-08", "2022", "3A090");
        says("h200-sxm", "2022-10-08", "2022", "3A090");
        assert_eq!(outcomes("h800-sxm", "2022-10-08"), []);
        assert_eq!(outcomes("a800-sxm-80gb", "2022-10-08"), []);
        assert_eq!(outcomes("h100-sxm", "2022-10-06"), []);
    }

    #[test]
    fn the_rule_of_2023_drops_the_interconnect() {
        says("h800-sxm", "2023-11-17", "2023", "3A090.a");
        says("a800-sxm-80gb", "2023-11-17", "2023", "3A090.a");
        says("l40s", "2023-11-17", "2023", "3A090.a");
        assert_eq!(outcomes("h20-sxm", "2024-01-01"), []);
        says("h20-sxm", "2025-04-10", "letter", "licence required");
    }

    #[test]
    fn the_gate_of_2026() {
        says("h200-sxm", "2026-02-01", "2026-01", "case-by-case review");
        says("mi325x", "2026-02-01", "2026-01", "case-by-case review");
        says("gaudi-3", "2026-02-01", "2026-01", "presumption of denial");
        says("b200", "2026-02-01", "2026-01", "presumption of denial");
        says("h200-sxm", "2026-02-01", "2023", "3A090.a");
    }

    #[test]
    fn thresholds_in_hours_and_chips() {
        let (peak, mfu) = (FlopPerSecond::from_tflops(989.5), share(0.4));
        let hours = |flop| gpu_hours_to(Flop::new(flop), peak, mfu).unwrap().gpu_hours();
        close(hours(1e23), 70_182.0, 1e-4);
        close(hours(1e25), 7.0182e6, 1e-4);
        close(hours(1e26), 70.182e6, 1e-4);
        let chips = |tera| chips_to_peak(1e20, FlopPerSecond::from_tflops(tera)).unwrap().get();
        assert_eq!([1979.0, 989.5, 3958.0].map(chips).map(f64::round), [50_531.0, 101_061.0, 25_265.0]);
        let v3 = Flop::new(6.0 * 37e9 * 14.8e12);
        let price = Price::from_usd_per_hour(2.0);
        let far = distance(v3, Flop::new(1e25), (peak, share(0.346)), price).unwrap();
        close(far.reached, 0.32856, 1e-9);
        close(far.remaining_cost.get() + far.whole_cost.get() * far.reached, far.whole_cost.get(), 1e-12);
    }
}

// The fleets that ship.

mod fleets {
    use super::*;
    use flopbill::catalog::Kind;
    use flopbill::study::fleet::capacity::capacity;
    use flopbill::study::fleet::load::fleet;
    use flopbill::study::fleet::outlook::{compare, outlook};

    #[test]
    fn every_shipped_fleet_reads_and_says_what_it_assumes() {
        let catalog = Catalog::built_in();
        let ids = catalog.ids(Kind::Fleets);
        assert!(ids.len() >= 5, "{ids:?}");
        for id in ids {
            let profile = fleet(&id, &catalog).unwrap_or_else(|error| panic!("{id}: {error}"));
            assert!(!profile.fleet.assumptions.is_empty(), "{id}");
            let found = outlook(&profile.fleet).unwrap();
            let sum: f64 = found.outcomes.iter().map(|outcome| outcome.branch.probability).sum();
            close(sum, 1.0, 1e-9);
            assert!(found.never().get() < 1.0, "{id}");
            if !profile.fleet.actions.is_empty() {
                assert_eq!(compare(&profile.fleet).unwrap().0.len(), profile.fleet.actions.len(), "{id}");
            }
        }
    }

    #[test]
    fn four_hundred_thousand_h200s() {
        let profile = fleet("400k", &Catalog::built_in()).unwrap();
        let all = capacity(&profile.fleet).unwrap();
        close(all.per_day.gpu_hours(), 9.6e6, 1e-12);
        close(all.per_day.gpu_hours() / 2.788e6, 3.44, 2e-3); // V3 runs a day, before goodput
        close(all.power.unwrap().kw() / 1e3, 692.0, 1e-12); // MW
        close(all.purchase.unwrap().get(), 10.8e9, 1e-12);
        close((all.purchase.unwrap() + all.border.unwrap()).get(), 13.5e9, 1e-12);
        close(all.runs_per_year * 1000.0, 9.6e6 * 0.93 * 365.0 / 2.788e6, 1e-9);
    }
}
