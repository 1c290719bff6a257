"""Structure as differentiable functions of positions and cell: partial and total g(r), S(Q) by transform and by direct sum, coordination.

Each function here takes what its namesake in ``glasswright.analysis`` takes, with one configuration in place of the sample, and returns a
pure function ``(positions, cell) → values`` for ``jax.jit``, ``grad`` and ``vmap``. Values are those of the analysis, but that g(r) is smooth:
convolved with the cubic B-spline of its bins (``smooth_pairs``), of which S(Q) has been freed again. Where the cell changes, give the
configuration with the smallest one: in a smaller one pairs would be missed, and values are not a number. The potential energy is such a
function too: ``Potential.energy``. Precision is that of the positions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError
from ...experiment import Window
from ...experiment.transform import sine_transform, window_values
from ...library.scattering import Radiation, weights
from ..cell import widths
from .direct_sum import DirectSum, direct_sum
from .smooth_pairs import SmoothPairs, images_within, neighbour_counts

if TYPE_CHECKING:
    from ase import Atoms

Array = Any
Pair = tuple[str, str]
FINEST = 0.01
"""Width of the bins under a transform to S(Q) at low Q [Å]."""
PHASE = 0.4
"""The same at high Q, times Q: what the spline damps is undone, and what is left of its aliases is below 1e-4."""
Q_MIN, Q_STEP = 0.3, 0.02
"""Where S(Q) under the integral of an X-ray g(r) begins, and its spacing [1/Å]; as in the analysis."""


class Partials(Protocol):
    """Partial g(r) or S(Q)."""

    @property
    def x(self) -> NDArray[np.float64]:
        """r [Å] or Q [1/Å] ``(n_x,)``."""

    @property
    def fractions(self) -> Mapping[str, float]:
        """Element → atom fraction."""

    def __call__(self, positions: Array, cell: Array) -> dict[Pair, Array]:
        """Pair of elements, alphabetical → values ``(n_x,)``."""


@dataclass(frozen=True, eq=False)
class ShellRdf:
    """Partial g(r) on bins."""

    pairs: SmoothPairs

    @property
    def x(self) -> NDArray[np.float64]:
        return self.pairs.r

    @property
    def fractions(self) -> Mapping[str, float]:
        return self.pairs.fractions

    def __call__(self, positions: Array, cell: Array) -> dict[Pair, Array]:
        found = self.pairs.histogram(positions, cell)
        volume = jnp.abs(jnp.linalg.det(jnp.asarray(cell)))
        even = jnp.asarray(self.pairs.numbers[:, None] * self.pairs.volumes, found.dtype)
        return dict(zip(self.pairs.pairs, volume * found / even, strict=True))


@dataclass(frozen=True, eq=False)
class ShellStructureFactors:
    """Partial S(Q) as the transform of g(r)."""

    pairs: SmoothPairs
    x: NDArray[np.float64]
    kernel: NDArray[np.float64]
    """``(n_bins, n_q)``"""

    @property
    def fractions(self) -> Mapping[str, float]:
        return self.pairs.fractions

    def __call__(self, positions: Array, cell: Array) -> dict[Pair, Array]:
        excess = self.pairs.excess(positions, cell)
        return dict(zip(self.pairs.pairs, 1 + excess @ jnp.asarray(self.kernel, excess.dtype), strict=True))


@dataclass(frozen=True, eq=False)
class Total:
    """1 + Σ w_ab (y_ab - 1) of partial g(r) or S(Q)."""

    partials: Partials
    weights: Mapping[Pair, NDArray[np.float64]]
    """Faber-Ziman weights ``(n_x,)``."""

    @property
    def x(self) -> NDArray[np.float64]:
        return self.partials.x

    def __call__(self, positions: Array, cell: Array) -> Array:
        """``(n_x,)``"""
        return 1 + sum(jnp.asarray(self.weights[p], y.dtype) * (y - 1) for p, y in self.partials(positions, cell).items())


@dataclass(frozen=True, eq=False)
class TransformedRdf:
    """g(r) = 1 + ∫ Q [S(Q) - 1] M(Q) sin(Qr) dQ / (2π² ρ r)."""

    total: Total
    x: NDArray[np.float64]
    transform: NDArray[np.float64]
    """From S - 1 to (g - 1)/V ``(n_q, n_x)`` [1/Å³]."""

    def __call__(self, positions: Array, cell: Array) -> Array:
        """``(n_x,)``"""
        s = self.total(positions, cell)
        return 1 + jnp.abs(jnp.linalg.det(jnp.asarray(cell))) * ((s - 1) @ jnp.asarray(self.transform, s.dtype))


@dataclass(frozen=True, eq=False)
class Coordination:
    """Smooth numbers of neighbours."""

    elements: tuple[str, ...]
    types: NDArray[np.int64]
    cutoffs: NDArray[np.float64]
    """Symmetric ``(n_types, n_types)`` [Å]; 0 where a pair is not counted."""
    width: float
    images: NDArray[np.int64]

    def __call__(self, positions: Array, cell: Array) -> dict[Pair, Array]:
        """``(centre, neighbour)`` → neighbours of each atom of the centre's element ``(n_centres,)``."""
        found = neighbour_counts(positions, cell, self.types, self.cutoffs, self.width, self.images)
        return {
            (self.elements[a], self.elements[b]): found[np.flatnonzero(self.types == a), b]
            for a, b in zip(*(i.tolist() for i in np.nonzero(self.cutoffs)), strict=True)
        }


def partial_rdf(atoms: Atoms, r_max: float = 10.0, bin_width: float = 0.05) -> ShellRdf:
    """Partial g(r), as ``glasswright.analysis.partial_rdf`` counts it, convolved with the cubic B-spline of ``bin_width`` [Å].

    Periodic images count as far as ``r_max`` [Å] asks for.
    """
    if not 0 < bin_width <= r_max / 4:
        raise InputError(f"Bins of {bin_width!r} Å up to {r_max!r} Å are not possible.", mend="Give 0 < 4 bin_width <= r_max, in Å.")
    n_bins = int(np.ceil(r_max / bin_width - 1e-9))
    return ShellRdf(SmoothPairs.of(atoms, n_bins * bin_width, n_bins))


def total_rdf(
    atoms: Atoms,
    radiation: Radiation = "neutron",
    r_max: float = 10.0,
    bin_width: float = 0.05,
    q_max: float = 20.0,
    isotopes: Mapping[str, str] | None = None,
) -> Total | TransformedRdf:
    """The total g(r) that neutrons or X-rays see; arguments as of ``glasswright.analysis.total_rdf``."""
    if radiation != "xray":
        partials = partial_rdf(atoms, r_max, bin_width)
        constant = weights(partials.fractions, radiation, np.zeros(1), isotopes)
        return Total(partials, {pair: np.full(partials.x.shape, w[0]) for pair, w in constant.items()})
    total = structure_factor(atoms, np.arange(Q_MIN, q_max + Q_STEP / 2, Q_STEP), "xray")
    r = np.arange(bin_width, r_max + bin_width / 2, bin_width) - bin_width / 2
    transform = sine_transform(total.x, np.eye(len(total.x)), r, "lorch", float(total.x[-1])) / (4 * np.pi * len(atoms) * r)
    return TransformedRdf(total, r, transform)


def partial_structure_factors(
    atoms: Atoms, q: ArrayLike, method: str = "transform", q_width: float | None = None, window: Window = "none"
) -> ShellStructureFactors | DirectSum:
    """Partial Faber-Ziman S_ab(Q); arguments as of ``glasswright.analysis.partial_structure_factors``.

    ``transform``: of g(r) up to one and a half bins before half the box. ``direct``: over the reciprocal-lattice vectors that lie in each
    bin in the cell of ``atoms``; in another cell the same vectors count, at the Q that they have moved to.
    """
    wanted = np.atleast_1d(np.asarray(q, dtype=float))
    if wanted.ndim != 1 or wanted.size == 0 or not np.isfinite(wanted).all() or wanted[0] <= 0 or np.any(np.diff(wanted) <= 0):
        raise InputError("The wave numbers q must be positive and increasing.", mend="Try numpy.arange(0.4, 20, 0.05), in 1/Å.")
    if method == "direct":
        return direct_sum(atoms, wanted, q_width)
    if method != "transform":
        raise InputError(f"The method {method!r} is unknown here.", mend="Use transform or direct.")
    half = float(widths(np.asarray(atoms.cell)).min()) / 2
    n_bins = int(np.ceil(half / min(FINEST, PHASE / wanted[-1])))
    r_max = half * (1 - 1e-6) * n_bins / (n_bins + 1.5)
    pairs = SmoothPairs.of(atoms, r_max, n_bins)
    # np.sinc has π in it: the spline damps a wave by (sin x/x)⁴ of x = Q w/2.
    damping = np.sinc(wanted * pairs.width / (2 * np.pi)) ** 4
    kernel = window_values(window, pairs.r, r_max)[:, None] * np.sinc(np.outer(pairs.r, wanted) / np.pi) / damping
    return ShellStructureFactors(pairs, wanted, kernel)


def structure_factor(  # noqa: PLR0913 (a public call)
    atoms: Atoms,
    q: ArrayLike,
    radiation: Radiation = "neutron",
    method: str = "transform",
    q_width: float | None = None,
    window: Window = "none",
    isotopes: Mapping[str, str] | None = None,
    form_factors: Mapping[str, str] | None = None,
) -> Total:
    """Total S(Q) = 1 + Σ w_ab(Q) [S_ab(Q) - 1]; arguments as of ``glasswright.analysis.structure_factor``."""
    partials = partial_structure_factors(atoms, q, method, q_width, window)
    return Total(partials, weights(partials.fractions, radiation, partials.x, isotopes, form_factors))


def coordination(atoms: Atoms, cutoffs: Mapping[Pair, float], width: float = 0.2) -> Coordination:
    """Number of neighbours of every atom within cutoffs [Å], as ``glasswright.analysis.coordination`` counts them, but smooth.

    Parameters
    ----------
    cutoffs
        Pair of elements (either order) → distance [Å].
    width
        Range around the cutoff over which a neighbour fades [Å].
    """
    names, types = np.unique(atoms.get_chemical_symbols(), return_inverse=True)
    elements = tuple(names.tolist())
    table = np.zeros((len(elements), len(elements)))
    for (a, b), cutoff in cutoffs.items():
        if not np.isfinite(cutoff) or not cutoff > width / 2 > 0:
            raise InputError(f"The cutoff {cutoff!r} of {a}-{b} is not possible.", mend=f"Give more than half the width of {width!r} Å.")
        if {a, b} <= set(elements):
            i, j = elements.index(a), elements.index(b)
            table[i, j] = table[j, i] = cutoff
    return Coordination(elements, types, table, float(width), images_within(np.asarray(atoms.cell), float(table.max()) + width / 2))
