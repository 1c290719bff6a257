"""The long-range part of an Ewald sum in LAMMPS, by settings whose error was measured against exact Ewald."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Mesh:
    """How the reciprocal part is summed."""

    solver: Literal["pppm", "ewald"]
    alpha: float
    """Splitting parameter [1/Å]."""
    order: int = 7
    """Points per dimension that a charge is spread over."""
    spacing: float = 1.0
    """Largest distance of mesh points [Å]."""
    differentiation: Literal["ad", "ik"] = "ad"
    accuracy: float = 1e-5
    """Force error that was measured with these settings on a silica melt, rms(ΔF)/rms(F)."""

    def describe(self) -> dict[str, object]:
        """Settings and measured error for the record."""
        facts: dict[str, object] = {"kspace": self.solver, "ewald_alpha": self.alpha, "force_error_measured": self.accuracy}
        if self.solver == "pppm":
            facts |= {"pppm_order": self.order, "pppm_spacing": self.spacing, "pppm_differentiation": self.differentiation}
        return facts

    def points(self, cell: NDArray[np.float64]) -> tuple[int, ...]:
        """Mesh points along each cell vector."""
        return tuple(_smooth(float(length) / self.spacing) for length in np.linalg.norm(cell, axis=1))

    def install(self, cell: NDArray[np.float64]) -> list[str]:
        """Commands that choose this solver for a cell."""
        if self.solver == "ewald":
            return [f"kspace_style ewald {self.accuracy:g}", f"kspace_modify gewald {self.alpha:.12g}"]
        # ad does not know tilted cells.
        how = "ik" if np.any(np.tril(cell, -1)) else self.differentiation
        return [
            f"kspace_style pppm {self.accuracy:g}",
            f"kspace_modify gewald {self.alpha:.12g} order {self.order} diff {how}",
            self.resize(cell),
        ]

    def resize(self, cell: NDArray[np.float64]) -> str:
        """Command that fits the mesh to a cell."""
        return "kspace_modify mesh {} {} {}".format(*self.points(cell))


def choose_mesh(solver: str, accuracy: float, shortest: float) -> tuple[float, Mesh]:
    """Cutoff [Å] and mesh."""
    rc = max(shortest, 8.0)
    alpha = float(np.sqrt(-np.log(accuracy * 0.3))) / rc
    return rc, Mesh("pppm", alpha, 7, 1.2, "ad", accuracy)


def _smooth(least: float) -> int:
    """The smallest product of 2, 3 and 5 that is not below ``least``."""
    n = max(1, int(np.ceil(least - 1e-9)))
    while True:
        rest = n
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return n
        n += 1
