"""Champion + sequences store -> published score tables."""

from __future__ import annotations

from seqchurn.scoring.publish import publish_scores

__all__ = ["publish_scores"]
