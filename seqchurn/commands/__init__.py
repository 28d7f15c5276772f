"""The verbs, one a file: each reads as the paragraph one would say aloud."""
