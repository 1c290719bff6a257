"""The long-range part of an Ewald sum in LAMMPS, by settings whose error was measured against exact Ewald."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError

_MEASURED: tuple[tuple[float, float, float, int, float, Literal["ad", "ik"]], ...] = (
    (1e-3, 7.5, 2.75, 6, 0.49, "ad"),
    (3e-4, 7.5, 2.97, 7, 0.46, "ad"),
    (1e-4, 8.5, 3.18, 7, 0.41, "ad"),
    (3e-5, 9.0, 3.36, 7, 0.36, "ad"),
    (1e-5, 10.0, 3.53, 7, 0.325, "ad"),
    (3e-6, 11.0, 3.75, 7, 0.305, "ik"),
    (1e-6, 12.0, 3.95, 7, 0.25, "ik"),
)
"""Force error reached, best real-space cutoff [Å], α times cutoff, order, α times mesh spacing, differentiation.

Measured on 3000 atoms of BKS silica at 3500 K against exact Ewald: cutoffs of 6-12 Å, orders 4-7, ad and ik. The products decide
the error; a longer cutoff means a coarser mesh. Of the settings that reach an error these are the fastest at constant pressure,
where LAMMPS computes its Green's function anew on every step, which costs as much as the rest of the mesh; at constant volume
they are within a tenth of the fastest.
"""
_SLOW = (48, 54, 72, 80, 96)
"""Mesh sizes that take longer than the next larger one, by measurement."""


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
        # Where charges spread over most of a small cell the error is no longer that of the spacing; more points cost nothing there.
        return tuple(_smooth(max(float(length) / self.spacing, 2 * self.order)) for length in np.linalg.norm(cell, axis=1))

    def install(self, cell: NDArray[np.float64]) -> list[str]:
        """Commands that choose this solver for a cell."""
        if self.solver == "ewald":
            return ["kspace_style ewald 1e-9", f"kspace_modify gewald {self.alpha:.12g}"]
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


def choose_mesh(accuracy: float, shortest: float) -> tuple[float, Mesh]:
    """Real-space cutoff [Å] and mesh that reach a force error at the least cost.

    Parameters
    ----------
    accuracy
        Largest rms(ΔF)/rms(F) on a silica melt.
    shortest
        The cutoff of the short range [Å], below which the tables cannot end.

    Raises
    ------
    InputError
        If PPPM does not reach that accuracy.
    """
    for error, cutoff, reach, order, step, differentiation in _MEASURED:
        if error <= accuracy:
            cutoff = _table_end(cutoff, shortest)
            alpha = reach / cutoff
            return cutoff, Mesh("pppm", alpha, order, step / alpha, differentiation, error)
    finest = _MEASURED[-1][0]
    raise InputError(f"PPPM reaches force errors down to {finest:g}, not {accuracy:g}.", mend="Ask for less, or for kspace='ewald'.")


def exact_ewald(shortest: float) -> tuple[float, Mesh]:
    """Real-space cutoff [Å] and settings of the plain Ewald sum, about 1e-7 in the force."""
    cutoff = max(10.0, shortest)
    return cutoff, Mesh("ewald", 4.5 / cutoff, accuracy=1e-6)


def _table_end(best: float, shortest: float) -> float:
    """Where the tables end [Å]; at the end of the short range if that costs little."""
    return shortest if shortest >= 0.8 * best else best


def _smooth(least: float) -> int:
    """The smallest product of 2, 3 and 5 not below ``least`` whose transform is no slower than that of the next one."""
    from scipy.fft import next_fast_len

    n = int(next_fast_len(max(2, math.ceil(least - 1e-9)), real=True))
    while n in _SLOW:
        n = int(next_fast_len(n + 1, real=True))
    return n
