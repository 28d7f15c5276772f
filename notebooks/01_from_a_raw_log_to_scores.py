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
# # From a raw log to scores
#
# A shop writes down what its customers do. We want to know *when each of them orders next*. This
# notebook goes the whole way once, from the raw files to a table with a row per customer, and says
# at each step what has happened.
#
# The log is Complete Journey: 2,469 households of a grocery chain in the year 2017. To run it on
# your own log, put the path of your config in the place of `CONFIG`.

# %%
import os

import polars as pl

import seqchurn as sc

CONFIG = os.environ.get("SEQCHURN_CONFIG", "../configs/demo.yaml")
config = sc.load_config(CONFIG)

# %% [markdown]
# ## Reading
#
# The config says which files there are, which column is the customer and which the time, and what
# makes several lines one order. `prepare` reads what is new, sets aside what is damaged, and says
# what became of every record: *read = kept + duplicate + quarantined + filtered*.

# %%
store = sc.prepare(config)

# %% [markdown]
# What comes out is one plain table, whatever the sources looked like: who, when, what, and the
# attributes that were mapped.

# %%
events = store.events()
events.head()

# %% [markdown]
# ## Learning
#
# A recurrent network reads each customer's events in order and says, at any moment, how the time
# to the next order is distributed. Nobody has to say what churn is, or to think of features. Nothing
# at or after `training.cutoff` is looked at.

# %%
model = sc.train(config)
model

# %% [markdown]
# ## Was it worth it?
#
# The same customers, the same cutoff, and models that people use for this today. Lower log-loss and
# higher AUC are better; the best of each column has a star. Notebook 03 looks closer.

# %%
evaluation = sc.evaluate(config)
evaluation

# %% [markdown]
# ## Scoring
#
# A score table says, for every customer who was known before a moment, how probable an order is
# within each horizon, by which dates the next one has come with 10, 50 and 90 %, and how many are
# to be expected. `p_churn` is only one of its readings: no order within `scoring.churn_horizon`.

# %%
cutoff = evaluation.outcomes.cutoff
scores = sc.score(config, cutoff.isoformat(), model_version="challenger")
at_risk = scores.filter(pl.col("last_target_at").is_not_null()).sort("p_churn", descending=True)
at_risk.select("customer_id", "quiet_days", "^p_order_.*$", "p_churn", "next_order_p50").head(10)

# %% [markdown]
# That is what a scheduler writes every night (`seqchurn score`), once a model has been promoted.
# The numbers below are the ones to remember: customers, and the mean probability beside how many
# really came.

# %%
horizon = float(evaluation.outcomes.horizons_days[0])
seen = evaluation.customers(horizon)
print(f"customers {scores.height}")
print(f"ordered within {horizon:g} days: {seen['ordered'].mean():.4f}")
print(f"said: {seen[evaluation.network].mean():.4f}")
