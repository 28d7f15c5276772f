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
# # How long does a model last?
#
# A model that was good at its cutoff grows old: customers, seasons and the shop change. How often
# does it have to be trained again? A backtest asks: the network is fitted once, at the first of
# several cutoffs, and then judged at each of them, beside baselines that are fitted anew every time.

# %%
import os

import polars as pl

import seqchurn as sc
from seqchurn import plots

CONFIG = os.environ.get("SEQCHURN_CONFIG", "../configs/demo.yaml")
config = sc.load_config(CONFIG, {"training.networks": 1})  # one network is enough to see it age
sc.prepare(config)
backtest = sc.backtest(config)

# %%
backtest

# %% [markdown]
# Where all lines go up or down together it was an easy or a hard month, and no age of the model. Age
# is what the frozen network loses against baselines that are always fresh.

# %%
plots.staleness_chart(backtest.comparison)

# %% [markdown]
# In one number per horizon: by how much the log-loss of the network is below that of the best fresh
# baseline, at the first cutoff, when both are new, and at the last.

# %%
frozen = backtest.comparison.filter(pl.col("role").cast(pl.String) == "frozen")
lead = (
    frozen.sort("age_days")
    .group_by("horizon_days", maintain_order=True)
    .agg(
        new=pl.col("gap").first(),
        old=pl.col("gap").last(),
        age_days=pl.col("age_days").last(),
    )
    .sort("horizon_days")
)
lead

# %%
for row in lead.iter_rows(named=True):
    print(f"within {row['horizon_days']:g}d: {row['new']:+.4f} new, {row['old']:+.4f} old")
