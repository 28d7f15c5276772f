"""Predictions and outcomes -> numbers: discrimination, calibration, likelihood, counts."""

from __future__ import annotations

from seqchurn.metrics.binary import accuracy, auc, base_rate, brier, log_loss
from seqchurn.metrics.bootstrap import (
    Difference,
    ResampledScore,
    Resamples,
    draw_resamples,
    resampled_auc,
    resampled_log_loss,
)
from seqchurn.metrics.calibration import (
    NORMAL_95,
    calibration_error_by_chance,
    expected_calibration_error,
    reliability_curve,
)
from seqchurn.metrics.concordance import Concordance, antolini_concordance, order_times
from seqchurn.metrics.counts import (
    aggregate_bias,
    mean_absolute_error,
    root_mean_squared_error,
    spread_of_sum,
)
from seqchurn.metrics.coverage import Coverage, interval_coverage
from seqchurn.metrics.d_calibration import DCalibration, d_calibration
from seqchurn.metrics.gain import gain_curve, profit_curve
from seqchurn.metrics.integrated_brier import brier_curve, integrated_brier
from seqchurn.metrics.pit import kolmogorov_smirnov, randomised_pit
from seqchurn.metrics.waits import LogLikelihood, censored_log_likelihood

__all__ = [
    "NORMAL_95",
    "Concordance",
    "Coverage",
    "DCalibration",
    "Difference",
    "LogLikelihood",
    "ResampledScore",
    "Resamples",
    "accuracy",
    "aggregate_bias",
    "antolini_concordance",
    "auc",
    "base_rate",
    "brier",
    "brier_curve",
    "calibration_error_by_chance",
    "censored_log_likelihood",
    "d_calibration",
    "draw_resamples",
    "expected_calibration_error",
    "gain_curve",
    "integrated_brier",
    "interval_coverage",
    "kolmogorov_smirnov",
    "log_loss",
    "mean_absolute_error",
    "order_times",
    "profit_curve",
    "randomised_pit",
    "reliability_curve",
    "resampled_auc",
    "resampled_log_loss",
    "root_mean_squared_error",
    "spread_of_sum",
]
