"""Epochs of the networks of one fit -> how much of the work is done, in events.

Several networks may be fitted at once. What was done before a fit was cut off counts as neither
done nor to do, and so do the epochs that are spared when a fit stops early.
"""

from __future__ import annotations

from seqchurn.progress import Work

__all__ = ["Fits"]


class Fits:
    """How far the networks of a model have come.

    Args:
        work: Told of it.
        events: That each network sees in an epoch.
        networks: How many there are.
        max_epochs: Of each of them, at most.
    """

    def __init__(self, work: Work, *, events: int, networks: int, max_epochs: int) -> None:
        self.work, self.events, self.max_epochs = work, events, max_epochs
        self.behind = dict.fromkeys(range(1, networks + 1), 0.0)
        self.ends = dict.fromkeys(self.behind, max_epochs)
        self.first: dict[int, float] = {}

    def reach(self, number: int, behind: float, end: int) -> None:
        """Take note of how far a network has come.

        Args:
            number: Of the network, from 1 on.
            behind: Epochs that lie behind it, as 6.25.
            end: The epoch that it ends with, as far as is known.
        """
        self.first.setdefault(number, behind)
        self.behind[number], self.ends[number] = behind, end
        before = sum(self.first.values())
        done, total = sum(self.behind.values()) - before, sum(self.ends.values()) - before
        self.work.say(self._under_way())
        self.work.reach(done * self.events, total * self.events)

    def _under_way(self) -> str:
        busy = [n for n in self.first if self.behind[n] < self.ends[n]] or [max(self.first)]
        numbers = f"networks {min(busy)}-{max(busy)}" if len(busy) > 1 else f"network {busy[0]}"
        epoch = min(int(self.behind[n]) + 1 for n in busy)
        of = max(self.ends[n] for n in busy)
        return f"{numbers} of {len(self.behind)}, epoch {min(epoch, of)} of {of}"
