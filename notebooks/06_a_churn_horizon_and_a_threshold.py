# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---

# %% [markdown]
# # Choosing a churn horizon and a threshold by profit
#
# "Who has churned?" has no answer until somebody says after how many weeks without an order. "Whom do
# we call?" has none until somebody says what a call costs and what a kept customer is worth. Once the
# model gives a whole distribution both become questions of money, and can be answered.

# %%
import os

import polars as pl

import seqchurn as sc
from seqchurn import plots
from seqchurn.inspection import CHURN_LEVEL
from seqchurn.metrics import gain_curve, profit_curve

CONFIG = os.environ.get("SEQCHURN_CONFIG", "../configs/demo.yaml")
config = sc.load_config(CONFIG)
store = sc.prepare(config)
sc.train(config)
evaluation = sc.evaluate(config)
network = evaluation.network

# %% [markdown]
# ## A horizon
#
# Of the gaps between orders, how many are over after so many days? A horizon that many gaps exceed
# calls people lost who are only on holiday. One that none exceeds tells it when it is too late to act.
# `inspect` suggests where 90 % of all gaps are over, and that is drawn here.

# %%
contents = store.contents()
step_days = contents.mapped.clock.step_days
plots.gap_chart(contents.gaps, level=CHURN_LEVEL, step_days=step_days)

# %% [markdown]
# The horizons that were evaluated, and how many of the customers did not order within each:

# %%
horizons = evaluation.outcomes.horizons_days.tolist()
pl.DataFrame(
    {
        "horizon_days": horizons,
        "lost": [int((~evaluation.customers(days)["ordered"]).sum()) for days in horizons],
        "expected": [float((1 - evaluation.customers(days)[network]).sum()) for days in horizons],
    }
)

# %% [markdown]
# ## How many of them can be found?
#
# Take the riskiest tenth: which share of those who were then lost is in it? On the dashed diagonal one
# would draw lots.

# %%
HORIZON = horizons[min(2, len(horizons) - 1)]
customers = evaluation.customers(HORIZON)
lost = ~customers["ordered"]
models = [name for name in evaluation.within if customers[name].null_count() == 0]
shown = [network, *[name for name in ("recency", "lightgbm", "bgnbd") if name in models]]
plots.gain_chart({name: gain_curve(1 - customers[name], lost) for name in shown})

# %% [markdown]
# ## Does it pay?
#
# A voucher costs 2. A customer who would have been lost brings 15 if kept, and the voucher keeps one
# in three: a value of 5. These two numbers are yours to change, and the second is a guess as long as
# nobody has tried: leave a group without vouchers, and measure.

# %%
COST, VALUE = 2.0, 5.0
curves = {name: profit_curve(1 - customers[name], lost, cost=COST, value=VALUE) for name in shown}
plots.profit_chart(curves)

# %% [markdown]
# With probabilities that can be taken at their word the threshold needs no curve: act where the
# expected value is above the cost, that is where the risk is above cost/value. The best place of the
# curve should be near, and the band says how much of the profit is luck.

# %%
curve = curves[network]
best = curve.filter(pl.col("profit") == pl.col("profit").max())[:1].row(0, named=True)
threshold = COST / VALUE
acted = customers.filter(1 - pl.col(network) > threshold)
earned = (VALUE * (~acted["ordered"]).sum() - COST * acted.height) / customers.height
print(f"best: the riskiest {best['share']:.0%}, {best['profit']:.4f} per customer")
print(f"95 % of draws: {best['lower']:.4f} to {best['upper']:.4f}")
print(f"risk above {threshold:g}: {acted.height} customers, {earned:.4f} per customer")
