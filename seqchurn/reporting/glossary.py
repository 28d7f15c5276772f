"""The words of a report, for readers who do not use them every day."""

from __future__ import annotations

__all__ = ["GLOSSARY"]

GLOSSARY = [
    ["cutoff", "The moment from which on nothing was known: all that is judged came later."],
    ["within 28d", "Whether an order comes in the 28 days that begin with the cutoff."],
    ["AUC", "Of a customer who ordered and one who did not, how often the first has the higher "
     "probability. 1 is perfect, .5 is lots."],
    ["log-loss", "How surprised the model was by what happened, in nats. Lower is better; it "
     "punishes certainty that is wrong."],
    ["Brier", "Mean squared distance of probability and outcome. Lower is better."],
    ["ECE", "Expected calibration error: by how much probabilities and frequencies differ, in the "
     "mean over ten groups of equal size. Lower is better; chance alone makes some."],
    ["recency", "A rule on the days since the last order, fitted at an earlier cutoff."],
    ["kaplan_meier", "One curve of waits for all, given the days since the last order."],
    ["bgnbd, pareto_nbd", "Buy-till-you-die models: orders at random at a rate of each customer's "
     "own, until they drop out."],
    ["lightgbm", "Boosted trees on hand-made features, trained anew for every horizon."],
    ["win, tie, loss", "Better, not to be told apart, or worse than the best baseline: the range "
     "is the 95 % interval of a bootstrap over customers."],
]  # fmt: skip
