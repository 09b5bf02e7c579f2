"""What a planner would write for `flopbill estimate deepseek-v3 --mfu 30%..42% --draws 1000000`. Needs numpy.

A lognormal MFU with 90 % between its ends, a million draws, the range of hours, days, cost and MFU.
"""

import numpy as np

DRAWS = 1_000_000
Z90 = 1.6448536269514722  # 90 % of a normal lie within so many standard deviations

rng = np.random.default_rng(1)
mfu = rng.lognormal(np.log(0.30 * 0.42) / 2, np.log(0.42 / 0.30) / (2 * Z90), DRAWS)
hours = 6 * 37e9 * 14.8e12 / (989.5e12 * mfu) / 3600 + 124_000
days = hours / 2048 / 24
cost = hours * 2.0
for name, values in (("GPU-hours", hours), ("days", days), ("cost", cost), ("MFU", mfu)):
    print(name, values.mean(), values.std(), np.percentile(values, [10, 50, 90]))
