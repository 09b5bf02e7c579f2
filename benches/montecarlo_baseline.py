"""The script a planner would write: two betas and a lognormal, a million draws, percentiles. Needs numpy."""

import sys
import time

import numpy as np

DRAWS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000


def pert(rng, low, mode, high):
    alpha = 1 + 4 * (mode - low) / (high - low)
    beta = 1 + 4 * (high - mode) / (high - low)
    return low + (high - low) * rng.beta(alpha, beta, DRAWS)


def study(seed):
    rng = np.random.default_rng(seed)
    mfu = pert(rng, 0.25, 0.38, 0.52)
    goodput = pert(rng, 0.80, 0.93, 0.98)
    price = rng.lognormal(np.log(2.4), np.log(3.2 / 1.8) / (2 * 1.6448536269514722), DRAWS)
    cost = 3.3e24 / (989.5e12 * mfu * goodput) / 3600 * price
    return cost.mean(), cost.std(), np.percentile(cost, [5, 10, 50, 90, 95])


times = []
for seed in range(7):
    start = time.perf_counter()
    _, _, quantiles = study(seed)
    times.append(time.perf_counter() - start)
print("seconds", min(times))
print("p50", quantiles[2])
