"""Orders of customers followed for different lengths of time -> their mean number by a time.

The mean cumulative function: each order adds one over the number of customers still followed
then (Nelson, "Graphical analysis of system repair data", J. Quality Technology 20, 1988). Times
are whole steps of the grid. Shapes: N orders, C groups of customers followed equally long.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["MeanCount"]


class MeanCount:
    """Mean number of orders by a time, in a line between orders; from the reach on in proportion.

    Args:
        steps: When each order came, in steps from when its customer was first followed, (N,), >= 1.
        followed: Steps each group was followed for, shape (C,).
        customers: Size of each group, shape (C,).
    """

    def __init__(
        self,
        steps: npt.NDArray[np.int64],
        followed: npt.NDArray[np.int64],
        customers: npt.NDArray[np.int64],
    ) -> None:
        """Add up the orders."""
        times, orders = np.unique(steps, return_counts=True)
        at_risk = ((followed >= times[:, None]) * customers).sum(axis=1)
        self._times = np.append(0, times)
        self._mean = np.append(0.0, np.cumsum(orders / at_risk))
        self._reach = followed[customers > 0].max(initial=1)

    def by(self, steps: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Mean number of orders by `steps`, of any shape."""
        whole = np.floor(steps + 1e-6)
        within = np.interp(whole, self._times, self._mean)
        count: npt.NDArray[np.float64] = within * np.maximum(whole / self._reach, 1.0)
        return count
