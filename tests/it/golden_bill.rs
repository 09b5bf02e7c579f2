//! Golden values of the methods: failures, economics, energy.
//!
//! Each value was computed apart from this code, in numpy and scipy, or is printed in the source that is named.

use flopbill::internals::cost::carbon::{self, Embodied, Grid, Water};
use flopbill::internals::cost::duty::{self, BorderCharge};
use flopbill::internals::cost::energy::{self, Power};
use flopbill::internals::cost::epoch::{self, Amortisation};
use flopbill::internals::cost::invest::{internal_rate_of_return, net_present_value, recovery_factor};
use flopbill::internals::cost::own::{self, Hosting, Ownership};
use flopbill::internals::cost::people;
use flopbill::internals::hardware::region::GridBasis;
use flopbill::internals::reliability::availability::spares;
use flopbill::internals::reliability::checkpoint::{Save, pause, size};
use flopbill::internals::reliability::interval::{daly, optimum, young};
use flopbill::internals::reliability::rate::{FailureRate, mtbf};
use flopbill::internals::reliability::spot::{Comeback, Market, left};
use flopbill::internals::reliability::{Stops, expected_segment, goodput};
use flopbill::internals::uncertainty::dist::Dist;
use flopbill::internals::units::*;

use crate::close::close;
use crate::failures::spread;

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
    let llama = |events: f64| 1000.0 * events / (2048.0 * 54.0);
    close(llama(419.0), 3.788701, 1e-6);
    close(llama(466.0), 4.213686, 1e-6);
    close(hours(16_384.0, llama(419.0)), 3.093079, 1e-6);
    close(hours(16_384.0, llama(466.0)), 2.781116, 1e-6);
    close(hours(16_384.0, llama(419.0)) * 16_384.0, 50_677.00, 1e-7);
}

#[test]
fn what_is_believed_about_the_rate() {
    let belief = Dist::gamma(2.0, 2.2).unwrap();
    for (p, rate) in [(0.05, 0.78179532), (0.5, 3.69236338), (0.95, 10.436501940459)] {
        close(belief.quantile(p), rate, 1e-8);
    }
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
    close(1.0 / at(best.get()), 1.034471345, 1e-9);
    let b = stops(54.0 * 86_400.0 / 419.0, 10.0, 600.0, 120.0);
    close(b.mtbf.get(), 11_135.083_53, 1e-9);
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
    let belief = Dist::gamma(2.0, 2.2).unwrap();
    for (p, days) in [(0.05, 30.39868752), (0.5, 30.98449069), (0.95, 31.9155694)] {
        let per_1000 = belief.quantile(p);
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
    let spot = stops(6.0 * 3600.0, 30.0, 300.0, 120.0);
    let eta = goodput(&spot, optimum(spot.checkpoint, spot.mtbf).unwrap()).unwrap();
    close(eta.get(), 0.9299720423, 1e-9);
    close(1.2 / eta.get(), 1.290361371, 1e-9); // dollars of an hour that trains
    // A market without a notice is a failure every six hours.
    let market = Market { between: s(6.0 * 3600.0), notice: s(0.0), wait: s(120.0) };
    let interval = optimum(spot.checkpoint, spot.mtbf).unwrap();
    let job = Comeback { save: s(30.0), restart: s(300.0), pause: s(30.0), interval };
    close(left(&market, &job).unwrap().share.get(), 0.9299720423, 1e-9);
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
        software: Usd::ZERO,
        utilisation: share(0.85),
    }
}

#[test]
fn owning_an_h200() {
    let year = own::annual(&h200()).unwrap().unwrap();
    close(year.capital().get(), 14_182.138_97, 1e-9);
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
    // The golden values charge a duty of 25 % on the network too: on chips and servers alone that is 25 % / 0.81.
    let terms = Ownership {
        border: BorderCharge::Duty { rate: share(0.25 / 0.81), passed_on: share(1.0) },
        hosting: Hosting::Facility { usd_per_kw_month: 60.0, electricity: EnergyPrice::from_usd_per_kwh(0.08) },
        power: Some(Power::Server { rated: Watts::from_kw(1.275), load: share(0.76), fabric: share(0.0), pue: 1.25 }),
        ..h200()
    };
    let year = own::annual(&terms).unwrap().unwrap();
    close(year.capital().get(), 17_987.591_23, 1e-9);
    close(year.hosting.get(), 918.0, 1e-12);
    close(year.electricity.get(), 848.844, 1e-12);
    close((year.staff + year.maintenance).get(), 1706.27716, 1e-8);
    close(own::per_used_hour(year.total(), share(0.85)).usd_per_hour(), 2.88218, 1e-6);
}

/// A fleet and its owner pay the same at the border: a duty on the chips, and none on the network.
#[test]
fn the_border_takes_its_part_of_chips_in_bills_and_fleets_alike() {
    let border = BorderCharge::Duty { rate: share(0.25), passed_on: share(1.0) };
    let terms = Ownership { chip: Some(Usd::new(27_000.0)), border, ..h200() };
    let year = own::annual(&terms).unwrap().unwrap();
    let catalog = flopbill::Catalog::built_in();
    let fleet = flopbill::internals::fleet::load::fleet("400k", &catalog).unwrap().fleet;
    let all = flopbill::internals::fleet::capacity::capacity(&fleet).unwrap();
    close(year.border.get() * 4.0, 6750.0, 1e-12); // by hand: 27,000 * 25 %, over four years
    close(all.border.unwrap().get() / all.chips.get(), 6750.0, 1e-12);
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
    close(print.water_m3, 25_146.569_87, 1e-9);
    close(print.embodied.get(), 2.788e6 / (5.0 * 8760.0) * 200.0, 1e-12);
    let used = energy::energy(held, &power(1.2)).unwrap();
    let microsoft = Water { on_site_l_per_kwh: 0.569, off_site_l_per_kwh: 3.1321 };
    close(carbon::water(&used, &microsoft).unwrap(), 11_691.106_86, 1e-9);
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
        Watts::new(joules * 0.54 * peak.get() / flop.get()).kw() // energy over time, per token
    };
    close(implied(3.63, 175e9, 96.0, 12_288.0, 2048.0), 1.797440226, 1e-9);
    close(implied(8.8, 405e9, 126.0, 16_384.0, 8192.0), 1.785697278, 1e-9);
    let epoch = Power::Server { rated: Watts::from_kw(1.275), load: share(0.75), fabric: share(0.0), pue: 1.1 };
    close(energy::meter_power(&epoch).kw(), 1.051875, 1e-12);
    let ours = Power::Server { rated: Watts::from_kw(1.275), load: share(0.78), fabric: share(0.07), pue: 1.25 };
    close(energy::meter_power(&ours).kw(), 1.33, 1e-3);
}
