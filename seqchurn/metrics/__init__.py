"""Probabilities and outcomes -> numbers: discrimination, calibration, likelihood."""

from __future__ import annotations

from seqchurn.metrics.binary import accuracy, auc, base_rate, brier, log_loss
from seqchurn.metrics.calibration import expected_calibration_error, reliability_curve
from seqchurn.metrics.waits import LogLikelihood, censored_log_likelihood

__all__ = [
    "LogLikelihood",
    "accuracy",
    "auc",
    "base_rate",
    "brier",
    "censored_log_likelihood",
    "expected_calibration_error",
    "log_loss",
    "reliability_curve",
]
