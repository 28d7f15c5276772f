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
# # Exploring event sequences
#
# Before a model is trusted one should have looked at what it will read. What is in the log, what
# rhythm do orders have, who are the customers, and what does the history of one of them look like?

# %%
import os

import polars as pl

import seqchurn as sc
from seqchurn import plots
from seqchurn.inspection import CHURN_LEVEL

CONFIG = os.environ.get("SEQCHURN_CONFIG", "../configs/demo.yaml")
config = sc.load_config(CONFIG)
store = sc.prepare(config)
contents = store.contents()

# %% [markdown]
# ## What is there
#
# Events by month and type. A month that is half empty at the end is usually a delivery that has not
# come yet; one in the middle is a hole in the log, and worth a question to whoever owns it.

# %%
plots.events_chart(contents.months)

# %% [markdown]
# How many orders does a customer have? Where most have one, there is little rhythm to learn, and
# whoever comes back at all is the question; where most have dozens, each has a rhythm of their own.

# %%
plots.orders_chart(contents.customers_by_orders)

# %% [markdown]
# ## Gaps
#
# The days from one order to the next. Peaks at 7, 14 and 21 are weeks: people shop on their weekday.

# %%
step_days = contents.mapped.clock.step_days
plots.gap_histogram(contents.gaps, step_days=step_days)

# %% [markdown]
# The gaps above have ended, and long ones had less time to: the second curve (Kaplan-Meier) counts
# those that are still open as well. Where it reaches 90 % is a gap that one in ten exceeds, or never
# ends. That is the nearest thing to a natural churn horizon, if somebody asks for one; `inspect`
# suggests the same.

# %%
plots.gap_chart(contents.gaps, level=CHURN_LEVEL, step_days=step_days)

# %% [markdown]
# ## Customers
#
# Each row is a customer, each mark an event. The first are those with the most orders, the last
# have ordered a few times only.

# %%
target = config.waits.target
counted = (
    store.events()
    .group_by("customer_id")
    .agg(orders=(pl.col("event_type") == target).sum(), first=pl.col("timestamp").min())
    .sort("orders", "customer_id", descending=[True, False])
)
few = counted.filter(pl.col("orders").is_between(2, 8))
chosen = pl.concat([counted[:6], counted[counted.height // 2 :][:6], few[:6]])["customer_id"]
plots.timeline_chart(store.events(chosen.to_list()))

# %% [markdown]
# ## Cohorts
#
# By the month of their first event: how many came, how many orders each has placed since, and how
# many of them ordered in the last 28 days of the log. Young cohorts have had less time for it.

# %%
last = store.events()["timestamp"].max()
recent = (
    store.events()
    .filter(pl.col("event_type") == target, pl.col("timestamp") >= last - pl.duration(days=28))
    .select("customer_id")
    .unique()
    .with_columns(recent=True)
)
cohorts = (
    counted.join(recent, on="customer_id", how="left")
    .group_by(pl.col("first").dt.truncate("1mo").dt.date().alias("cohort"))
    .agg(customers=pl.len(), orders=pl.col("orders").mean(), recent=pl.col("recent").sum())
    .sort("cohort")
    .with_columns(share_recent=pl.col("recent") / pl.col("customers"))
)
cohorts

# %%
print(f"customers {counted.height}")
print(f"orders {counted['orders'].sum()}")
print(f"events {store.events().height}")
