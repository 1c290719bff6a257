"""Pair tables of the compiled core: piecewise polynomials in r², fitted to a force field until they are as exact as asked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from ...errors import InputError
from ...forcefield import BoundForceField
from ...forms.coulomb import Split, self_energy
from ...forms.prolate import ProlateSplit
from ...forms.sampled_pairs import SampledPairs
from ...forms.tabulate import pair_energy_force, virial_trace
from ...native import core

OCTAVES = 8
"""Powers of two in r² that a table spans: down to a sixteenth of the cutoff. No atom of a sound run comes that close."""
TYPICAL_FORCE = 3.0
"""Root mean square force on an atom of an oxide melt or glass [eV/Å], 5 at 3000 K and 2 at 300 K: what relative errors refer to."""
DENSITY = 0.07
"""Atoms of an oxide melt per volume [1/Å³]."""
PEAKS = 3.0
"""Neighbours stand in peaks, where a fit may be at its worst: on melts the error is 2.4 to 3 times that at an even density."""
PRESSING = 4.0
"""Force with which its surroundings press a pair of atoms together that repel each other [eV/Å]."""
ADDED = 2e-5
"""Force error at which a pair function that is added to the force field is followed well enough; none is known that exactly."""
THERMAL = 0.517
"""kT at 6000 K [eV]."""


@dataclass(frozen=True, eq=False)
class PairTables:
    """Merged pairs of a force field as the core reads them; see ``native/pair_table.hpp``."""

    cutoff: NDArray[np.float64]
    """``(types, types)`` [Å]"""
    scale: NDArray[np.float64]
    """u = scale r² ``(types, types)`` [1/Å²]"""
    self_energy: NDArray[np.float64]
    """Of an atom of each type ``(types,)`` [eV]."""
    force: NDArray[np.float64]
    """F/r: coefficients of t⁰, t¹, ... ``(types, types, segments, degree + 1)`` [eV/Å²]; t runs from -1 to 1 in a segment."""
    energy: NDArray[np.float64]
    """The same for the energy [eV]."""
    trace: NDArray[np.float64] | None
    """The same for what a pair adds to the trace of the virial [eV], where that is not r² F/r."""
    per_octave: int
    """Segments per factor of two in r²."""
    double_precision: bool
    error: float
    """Root mean square error of the force on an atom that the fit leaves, relative to ``TYPICAL_FORCE``."""

    @property
    def degree(self) -> int:
        """Of the polynomials."""
        return int(self.force.shape[-1]) - 1

    def term(self) -> Any:
        """The term for ``Forces`` of the compiled core."""
        return core().pair_term(self.cutoff, self.scale, self.self_energy, self.force, self.energy, self.trace, self.per_octave, self.double_precision)


def pair_tables(
    bound: BoundForceField, force_error: float = 3e-6, double_precision: bool = False, split: Split | None = None, added: SampledPairs | None = None
) -> PairTables:
    """Tables of all pairs of species, exact to the force error asked for.

    With AVX-512 a table of 32 segments lies in registers, and its degree is what is chosen; elsewhere cubic segments are gathered from
    memory, and their number is. In double precision both are generous.

    Parameters
    ----------
    bound
        The force field resolved for given atoms.
    force_error
        Root mean square error of a force that the tables may leave, relative to ``TYPICAL_FORCE``.
    double_precision
        Tables, positions and sums in double precision.
    split
        How the Ewald sum divides 1/r; required where the Coulomb method is ``ewald``.
    added
        What acts between the species besides the force field, such as an empirical potential.

    Raises
    ------
    InputError
        If no table is exact enough.
    """
    choices = (
        [(64, 7)]
        if double_precision
        else [(4, d) for d in (5, 6, 7) if core().tables_in_registers] + [(n, 3) for n in (16, 32, 64, 128, 256, 512, 1024)[: 5 if added is None else 7]]
    )
    for per_octave, degree in choices:
        tables = fit(bound, per_octave, degree, double_precision, split, added)
        if tables.error <= (force_error if added is None else max(force_error, ADDED)):
            return tables
    raise InputError(f"No pair table is exact to {force_error:g}.", f"The best leaves {tables.error:.1e}.", "Ask for a larger force error.")


def fit(bound: BoundForceField, per_octave: int, degree: int, double_precision: bool, split: Split | None, added: SampledPairs | None = None) -> PairTables:
    """Tables with so many segments per octave and polynomials of this degree; beside triplets they hold what is added alone."""
    species = bound.species
    n, shape = len(species), (OCTAVES * per_octave, degree + 1)
    cutoff, scale = np.zeros((n, n)), np.ones((n, n))
    force, energy, trace = (np.zeros((n, n, *shape)) for _ in range(3))
    worst = 0.0
    for a in range(n):
        for b in range(a, n):
            radii = _cutoffs(bound, species[a], species[b], split, added)
            if not radii:
                continue
            pair = _Pair(bound, species[a], species[b], radii[-1], _scale(radii, per_octave), split, added)
            force[a, b], energy[a, b], trace[a, b] = _fitted(pair, per_octave, degree)
            cutoff[a, b], scale[a, b] = pair.cutoff, pair.scale
            worst = max(worst, _error(pair, force[a, b], per_octave))
    for table in (cutoff, scale, force, energy, trace):
        lower = np.tril_indices(n, -1)
        table[lower] = table.swapaxes(0, 1)[lower]
    selves = np.array([self_energy([q], bound.coulomb) for q in bound.charges])
    return PairTables(cutoff, scale, selves, force, energy, trace if bound.coulomb.method == "ewald" else None, per_octave, double_precision, worst)


@dataclass(frozen=True)
class _Pair:
    bound: BoundForceField
    a: str
    b: str
    cutoff: float
    scale: float
    split: Split | None
    added: SampledPairs | None

    def values(self, u: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """F/r, energy and trace of the virial at u = scale r²."""
        r = np.sqrt(u / self.scale)
        energy, force, trace = np.zeros_like(r), np.zeros_like(r), np.zeros_like(r)
        if not self.bound.triplets:
            energy, force = pair_energy_force(self.bound, self.a, self.b, r, self.split)
            trace = virial_trace(self.bound, self.a, self.b, r, self.split)
        if self.added is not None:
            more, push = self.added.energy_force(self.a, self.b, r)
            energy, force, trace = energy + more, force + push, trace + r * push
        return force / r, energy, trace


def _cutoffs(bound: BoundForceField, a: str, b: str, split: Split | None, added: SampledPairs | None) -> list[float]:
    """Where the interaction of a pair ends, or jumps on its way there [Å], ascending."""
    term = None if bound.triplets else bound.pair_term(a, b)
    beyond = 0.0 if added is None else added.cutoff
    charged = bound.coulomb.method != "none" and bound.charge(a) * bound.charge(b) != 0
    end = split.cutoff if isinstance(split, ProlateSplit) and bound.coulomb.method == "ewald" else bound.coulomb.cutoff
    return sorted({r for r in ((term.cutoff if term else 0.0), (end if charged else 0.0), beyond) if r > 0})


def _scale(radii: list[float], per_octave: int) -> float:
    """1/r² of the cutoff, or a little less, such that a jump inside falls on the edge of a segment."""
    highest = (radii[0] / radii[-1]) ** 2
    octave = 2.0 ** math.floor(math.log2(highest))
    return octave * (1 + math.floor((highest / octave - 1) * per_octave) / per_octave) / radii[0] ** 2


def _edges(per_octave: int) -> NDArray[np.float64]:
    """Edges of the segments in u ``(segments + 1,)``."""
    octaves = 2.0 ** np.arange(-OCTAVES, 0)
    return np.append(np.outer(octaves, 1 + np.arange(per_octave) / per_octave).ravel(), 1.0)


def _fitted(pair: _Pair, per_octave: int, degree: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    edges = _edges(per_octave)
    low, high = edges[:-1, None], edges[1:, None]
    # The segment of the cutoff is fitted below it only, and goes on smoothly: the kernels mask what lies beyond.
    end = pair.cutoff**2 * pair.scale
    top = np.where(low < end, np.minimum(high, end), high)
    nodes = chebyshev.chebpts1(degree + 1)
    u = low + (top - low) * (nodes + 1) / 2
    t = 2 * (u - low) / (high - low) - 1
    powers = t[..., None] ** np.arange(degree + 1)
    force, energy, trace = (np.asarray(np.linalg.solve(powers, v.reshape(u.shape)[..., None])[..., 0], dtype=float) for v in pair.values(u.ravel()))
    return force, energy, trace


def _error(pair: _Pair, force: NDArray[np.float64], per_octave: int) -> float:
    """Root mean square error of the force on an atom of a melt, relative to ``TYPICAL_FORCE``."""
    edges = _edges(per_octave)
    t = np.linspace(-1, 1, 9)[1:-1]
    u = edges[:-1, None] + (edges[1:] - edges[:-1])[:, None] * (t + 1) / 2
    fitted = np.einsum("sk,tk->st", force, t[:, None] ** np.arange(force.shape[1]))
    exact = pair.values(u.ravel())[0].reshape(u.shape)
    r = np.sqrt(u / pair.scale)
    # Neighbours in the shell that a sample stands for (du = 2 scale r dr), and how many of them get this close.
    dr = (edges[1:] - edges[:-1])[:, None] / t.size / (2 * pair.scale * r)
    # Closer it comes by work against what the pair force exceeds that of its surroundings by: they pull atoms that attract each other
    # apart with about half the strongest attraction (in silica g(r) of Si-O and O-O then rise where those of a hot melt do).
    attraction = np.min((exact * r)[r > 1.2])
    work = np.cumsum((np.maximum(exact * r - (attraction / 2 if attraction < -1 else PRESSING), 0) * dr).ravel()[::-1])[::-1].reshape(r.shape)
    neighbours = np.where(r < pair.cutoff, 4 * np.pi * DENSITY * r**2 * dr * np.exp(-work / THERMAL), 0.0)
    return float(PEAKS * np.sqrt(np.sum(neighbours * ((fitted - exact) * r) ** 2)) / TYPICAL_FORCE)
