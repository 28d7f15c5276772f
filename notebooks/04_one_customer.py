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
# # One customer
#
# Tables of averages convince nobody who answers the phone. Take one customer, look at what happened,
# and ask the model at several moments when the next order comes.

# %%
import os

import polars as pl

import seqchurn as sc
from seqchurn import plots

CONFIG = os.environ.get("SEQCHURN_CONFIG", "../configs/demo.yaml")
config = sc.load_config(CONFIG)
store = sc.prepare(config)
model = sc.train(config)
cutoff = sc.evaluate(config).outcomes.cutoff

# %% [markdown]
# We take somebody whose rhythm is neither the shortest nor the longest: of those with at least ten
# orders before the cutoff, the one in the middle by the days since the last.

# %%
target = config.waits.target
orders = store.events().filter(pl.col("event_type") == target, pl.col("timestamp") < cutoff)
regulars = (
    orders.group_by("customer_id")
    .agg(n=pl.len(), last=pl.col("timestamp").max())
    .filter(pl.col("n") >= min(10, orders.group_by("customer_id").len()["len"].max()))
    .sort("last", "customer_id")
)
who = regulars["customer_id"][regulars.height // 2]
scores = model.predict(store.events(), as_of=cutoff).filter(customer_id=who)
plots.timeline_chart(store.events([who]), scores)

# %% [markdown]
# The bar is the window in which the next order is expected. The dots behind the dashed line are what
# then happened, which the model had not seen.

# %%
wait = model.wait(who, cutoff)
wait

# %% [markdown]
# ## As quiet days pass
#
# Suppose nothing happens for a week, two, four. Each quiet day tells something: that an order is due,
# and after a while that it may not come. The curves are one distribution, given that the wait is
# already so long. A model that had learned classes such as "orders within four weeks" could not say
# this without being trained anew.

# %%
quiet = {f"after {days} quiet days": wait.given_quiet(days) for days in (0, 7, 14, 28, 56)}
curves = {name: later.curve(120) for name, later in quiet.items()}
plots.survival_chart(curves)

# %% [markdown]
# The hazard is the same from another side: how probable is an order today, if none has come yet?
# Ripples of seven days are weekdays.

# %%
plots.hazard_chart(curves)

# %%
pl.DataFrame(
    {
        "quiet days": [0, 7, 14, 28, 56],
        "order within 28 days": [float(later.probability(28)[0]) for later in quiet.values()],
        "never": [later.p_never for later in quiet.values()],
    }
)

# %% [markdown]
# ## Why did the score move?
#
# From four weeks before the cutoff to the cutoff: what did the time do that passed, and what did each
# event? A minus lowers the risk. The parts add up to the whole change.

# %%
clock = wait.clock
before = clock.moment(clock.at(cutoff) - 28)
explained = model.explain(who, before, cutoff, horizon_days=28)
print(f"risk before {explained.before:.4f}, after {explained.after:.4f}")
explained.parts

# %% [markdown]
# ## Or did everybody move?
#
# The scores of all customers, every four weeks up to the cutoff. Where the whole moves together it is
# the season, or the log, and not this customer.

# %%
moments = [clock.moment(clock.at(cutoff) - days) for days in (84, 56, 28, 0)]
history = [model.predict(store.events(), as_of=moment) for moment in moments]
plots.score_history_chart(pl.concat(history))

# %%
print(f"customer {who}")
print(f"order within 7 days: {wait.probability(7)[0]:.6f}")
print(f"parts add up to {explained.parts['change'].sum():+.6f}")
