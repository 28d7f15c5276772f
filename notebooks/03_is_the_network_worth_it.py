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
# # Is the network worth it?
#
# A network has to be better than a rule that fits on a napkin, than the models of the marketing
# textbooks, and than boosted trees that somebody has made features for. Here all of them are asked
# the same: at one cutoff, about the same customers, with nothing known that came later.

# %%
import os

import altair as alt
import polars as pl

import seqchurn as sc
from seqchurn import plots

CONFIG = os.environ.get("SEQCHURN_CONFIG", "../configs/demo.yaml")
config = sc.load_config(CONFIG)
sc.prepare(config)
sc.train(config)
evaluation = sc.evaluate(config)

# %% [markdown]
# ## All customers
#
# `recency` looks at the days since the last order alone; `kaplan_meier` too, but with the whole
# curve. BG/NBD and Pareto/NBD assume that customers order at random at a rate of their own until
# they drop out. LightGBM is trained anew for every horizon; the network once for all of them.

# %%
evaluation

# %% [markdown]
# A difference may be luck: another draw of customers would give another. The intervals are what a
# bootstrap over customers leaves. *win* and *loss* are those whose interval does not hold zero.

# %%
differences = pl.DataFrame(evaluation.assessment.differences, infer_schema_length=None)
against = (
    differences.filter(metric="log_loss")
    .with_columns(pl.format("{}d", pl.col("horizon_days").cast(pl.Int64)).alias("within"))
    .select("within", "horizon_days", "baseline", "difference", "low", "high")
)
base = alt.Chart(against).encode(alt.Y("baseline:N", title=None))
bars = base.mark_rule(strokeWidth=2).encode(
    alt.X("low:Q", title="Log-loss, network less baseline"), alt.X2("high:Q")
)
dots = base.mark_point(filled=True, size=50).encode(alt.X("difference:Q"))
horizons = against["within"].unique(maintain_order=True).to_list()
panels = alt.Column("within:N", sort=horizons, title=None)
(bars + dots).properties(width=190, height=120).facet(panels)

# %% [markdown]
# ## Can it be taken at its word?
#
# Of customers for whom the model says 30 %, 30 in 100 should order. On the diagonal they do.

# %%
plots.reliability_chart(evaluation.assessment.reliability)

# %% [markdown]
# ... and what holds of all may be wrong of newcomers. The same for groups of customers:

# %%
plots.reliability_by_cohort_chart(evaluation.assessment.reliability)

# %% [markdown]
# ## Where does it win?
#
# The log-loss of the network less that of the best baseline, by cohort and horizon: below zero it
# is better. Regulars are easy for everybody; what differs are those one knows little about, and long
# horizons.

# %%
scores = pl.DataFrame(evaluation.assessment.scores, infer_schema_length=None)
network = evaluation.network
where = (
    scores.with_columns(own=pl.col("model") == network)
    .group_by("cohort", "horizon_days", maintain_order=True)
    .agg(
        n=pl.col("n").first(),
        gain=pl.col("log_loss").filter("own").first()
        - pl.col("log_loss").filter(~pl.col("own")).min(),
    )
    .pivot("horizon_days", index=["cohort", "n"], values="gain")
)
where

# %%
for row in scores.filter(cohort="all", model=network).iter_rows(named=True):
    print(f"within {row['horizon_days']:g}d AUC {row['auc']:.4f} log-loss {row['log_loss']:.4f}")
