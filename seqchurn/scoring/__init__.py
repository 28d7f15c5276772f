"""Champion + sequences store -> published score tables; some customers taken out of them again."""

from __future__ import annotations

from seqchurn.scoring.buckets import Scoring
from seqchurn.scoring.forget import forget_scores
from seqchurn.scoring.publish import publish_scores

__all__ = ["Scoring", "forget_scores", "publish_scores"]
