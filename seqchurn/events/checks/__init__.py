"""Mapped records -> those that are refused, each for the first rule that it breaks.

`rules` has those of a source, `column_rules` those among them that the config states; `quarantine`
makes the table of what breaks one.
"""
