"""The joint probabilities of three fleets, by numpy alone: `python3 tests/planner/joint.py`.

Hours are lognormal with p5 and p95 at 2.6M and 3.4M, rent at $3 and $4; dates are uniform between their ends. Chips that
join stop the run for a quarter of a day, and join only where that ends it sooner; a chip is rented from its delivery to
the end. `tests/it/planner.rs` holds what this prints.
"""
import time
import numpy as np

Z95 = 1.6448536269514722


def lognormal(rng, low, high, n):
    mu, sigma = (np.log(low) + np.log(high)) / 2, (np.log(high) - np.log(low)) / (2 * Z95)
    return np.exp(mu + sigma * rng.standard_normal(n))


def end(hours, ready, chips, pause):
    """The soonest end with up to two deliveries; one that never comes is ready at infinity."""
    work = hours / 24.0
    order = np.argsort(ready, axis=0, kind="stable")
    t, n = np.take_along_axis(ready, order, 0), np.take_along_axis(chips, order, 0)
    alone = t[0] + work / n[0]
    both = n[0] + n[1]
    with np.errstate(invalid="ignore"):
        joined = t[1] + pause + np.maximum(work - n[0] * (t[1] - t[0]), 0.0) / both
        waited = t[1] + work / both
    found = np.where(np.isfinite(t[1]), np.minimum(np.minimum(alone, joined), waited), alone)
    return np.where(np.isfinite(t[0]), found, np.inf)


def fleet(name, second, due, budget, n=4_000_000, burn=14.0, pause=0.25):
    rng = np.random.default_rng(1)
    hours, rent = lognormal(rng, 2.6e6, 3.4e6, n), lognormal(rng, 3.0, 4.0, n)
    on2 = rng.uniform(*second["on"], n)
    comes = rng.uniform(size=n) < second.get("probability", 1.0)
    count = np.full(n, 2048.0) if "chips" not in second else np.round(lognormal(rng, *second["chips"], n))
    first = np.zeros(n) if "first" not in second else np.where(rng.uniform(size=n) < second["first"], 0.0, np.inf)
    at = np.stack([first, np.where(comes, on2, np.inf)])
    chips = np.stack([np.full(n, 2048.0), count])
    done = end(hours, at + burn, chips, pause)
    with np.errstate(invalid="ignore"):
        held = np.where(np.isfinite(at), chips * np.maximum(done - at, 0.0), 0.0).sum(axis=0) * 24.0
    cost = np.where(np.isfinite(done), held * rent, np.inf)
    by, within = done <= due, cost <= budget
    print(name, f"by {by.mean():.4f} budget {within.mean():.4f} both {(by & within).mean():.4f}",
          f"days p50 {np.quantile(done, 0.5):.3f} cost p50 {np.quantile(cost, 0.5):.5g}")


start = time.perf_counter()
fleet("certain", {"on": (20.0, 20.0)}, 60.0, 15e6)
fleet("uncertain", {"on": (20.0, 40.0), "probability": 0.8}, 62.0, 14e6)
fleet("counted", {"on": (10.0, 30.0), "chips": (1000.0, 3000.0), "first": 0.9}, 64.0, 15e6)
print(f"{(time.perf_counter() - start) / 12:.3f} s a million draws")
