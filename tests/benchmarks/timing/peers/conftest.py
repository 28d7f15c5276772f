"""Keeps pytest, which looks for doctests, from importing what only peers' environments have."""

collect_ignore = ["easytpp.py", "lifestream.py"]
