"""The far field of an Ewald sum in JAX: over all wave vectors of a small cell, or over a mesh; self energy included.

Both give one energy, and every derivative is the derivative of that energy: with respect to positions, cell and charges, of any order.
1/r is split with prolates (``forms/prolate.py``); what is left out here, the near part, is a pair interaction that ends at the cutoff of
the split. Atoms that are not neutral, as a derivative with respect to one charge makes them, stand on an even background of the opposite charge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.polynomial import chebyshev, legendre
from numpy.typing import NDArray

from ...errors import InputError
from ...forcefield import BoundForceField
from ...forms.parameters import with_parameters
from ...forms.prolate import Prolate, ProlateSplit, prolate
from ...units import COULOMB
from ..cell import widths
from ..native.far_field import SHORTEST, FarFieldSettings, choose_far_field, window_polynomials, window_transform
from .neighbours import Neighbours, reciprocal
from .parts import EnergyForcesVirial, Parameters, by_gradient

GROWTH = 1.04
"""How much longer than now the cell vectors may become before the wave vectors no longer do."""
SHARE = 0.5
"""Accuracy that the settings are chosen for over the one asked for: they were measured with fields interpolated from the mesh, and the
gradient of an energy on the same mesh leaves up to 1.8 times that error."""
LARGEST_CUTOFF = 7.0
"""Cutoff of the near part [Å] in wide cells, unless the short range needs more: 6 and 9 take longer, by a quarter and a sixth."""
BLOCK = 1 << 18
"""Numbers held at a time while wave vectors are summed: so many atoms times wave vectors."""


def far_field(
    bound: BoundForceField,
    cell: NDArray[np.float64],
    *,
    accuracy: float = 1e-5,
    precision: Literal["single", "double"] = "single",
    cutoff: float | None = None,
    exact: bool = False,
) -> MeshSum | WaveVectorSum:
    """The far field for these atoms in a cell like this one.

    Parameters
    ----------
    bound
        The force field resolved for the atoms.
    cell
        Rows are cell vectors ``(3, 3)`` [Å].
    accuracy
        Largest rms(ΔF)/rms(F) of the whole Coulomb force, 1e-7 to 1e-2; single precision leaves 1e-6.
    precision
        Of the mesh; sums of energies are as wide as the positions.
    cutoff
        Where the near part ends [Å]; None: where near and far part together are fast.
    exact
        Sum over all wave vectors instead: for some hundred atoms, or to compare with.

    Raises
    ------
    InputError
        If the atoms are not neutral, the accuracy cannot be had, or the cell is too narrow.
    """
    charges = np.asarray(bound.charges)[bound.types]
    if abs(charges.sum()) > 1e-6 * max(1, len(charges)):
        raise InputError(
            f"The charges of the atoms make {charges.sum():+.4g} e.",
            "The Coulomb energy of a charged periodic cell is infinite.",
            "Change the atom counts or the charges, so that they add up to zero.",
        )
    shortest = max((term.cutoff for term in bound.pairs.values()), default=0.0)
    if cutoff is None:
        cutoff = max(shortest, min(LARGEST_CUTOFF, max(SHORTEST, float(widths(cell).min()) / 2)))
    # A narrow cell, whose near part sees images, has the mesh that it has as a part of a wide one.
    repeats = np.ceil(2 * cutoff / widths(cell))
    asked, wide = max(SHARE * accuracy, min(accuracy, 1e-7)), cell * repeats[:, None]
    settings = choose_far_field(asked, wide, len(charges), cutoff=cutoff, growth=GROWTH, double_precision=precision == "double").fitted(cell, GROWTH)
    if not exact:
        return MeshSum(bound, settings)
    reach = np.floor(settings.split.largest_k * np.linalg.norm(cell, axis=1) * GROWTH / (2 * math.pi)).astype(int)
    indices = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), axis=-1).reshape(-1, 3)
    # Half of them: k and -k contribute the same.
    indices = indices[len(indices) // 2 + 1 :]
    shortest_k = np.linalg.norm(indices @ np.linalg.inv(cell).T, axis=1) * 2 * math.pi / GROWTH
    return WaveVectorSum(bound, settings.split, indices[shortest_k <= settings.split.largest_k].astype(np.int32), np.array(cell))


@dataclass(frozen=True, eq=False)
class WaveVectorSum:
    """The far field by one structure factor per wave vector."""

    bound: BoundForceField
    split: ProlateSplit
    indices: NDArray[np.int32]
    """Multiples of the reciprocal vectors, one of every two opposite ones ``(n_vectors, 3)``."""
    start: NDArray[np.float64]
    """The cell that they were chosen for ``(3, 3)`` [Å]."""

    def outgrown(self, cell: NDArray[np.float64]) -> bool:
        """Whether a cell has grown beyond what the wave vectors were chosen for."""
        return bool(np.linalg.norm(np.linalg.inv(self.start) @ cell, 2) > GROWTH)

    def energy(self, theta: Parameters | None, positions: Array, cell: Array, neighbours: Neighbours | None = None) -> Array:
        """Far field and self energy [eV] of positions ``(n_atoms, 3)`` in a cell ``(3, 3)`` [Å]."""

        positions, cell = _wide(positions), _wide(cell)
        charges, inverse = _charges(self.bound, theta, positions.dtype), reciprocal(cell)
        fractions, vectors = positions @ inverse, 2 * math.pi * inverse.T
        n = max(1, BLOCK // len(charges))
        blocks = -(-len(self.indices) // n)
        padded = np.zeros((blocks * n, 3), np.int32)
        padded[: len(self.indices)] = self.indices

        def block(total: Array, indices: Array) -> tuple[Array, None]:
            m = indices.astype(positions.dtype)
            phase = 2 * math.pi * (fractions @ m.T)
            power = (charges @ jnp.cos(phase)) ** 2 + (charges @ jnp.sin(phase)) ** 2
            return total + jnp.sum(_spectrum(self.split, jnp.sum((m @ vectors) ** 2, axis=1)) * power), None

        total, _ = lax.scan(jax.checkpoint(block), jnp.zeros((), positions.dtype), jnp.asarray(padded.reshape(blocks, n, 3)))
        volume = jnp.abs(jnp.linalg.det(cell))
        return COULOMB * (total / volume - 0.5 * self.split.far_at_zero * jnp.sum(charges**2)) + _background(self.split, charges, volume)

    def energy_forces_virial(self, theta: Parameters | None, positions: Array, cell: Array, neighbours: Neighbours) -> EnergyForcesVirial:
        """[eV], [eV/Å], [eV]"""
        return by_gradient(self.energy, theta, positions, cell, neighbours)


@dataclass(frozen=True, eq=False)
class MeshSum:
    """The far field by charges spread over a mesh and fast Fourier transforms (doi 10.48550/arXiv.2505.09727).

    The mesh moves with the mean position, so that the energy is the same wherever the atoms are as a whole and the forces add up to zero.
    """

    bound: BoundForceField
    settings: FarFieldSettings

    @property
    def split(self) -> ProlateSplit:
        return self.settings.split

    def outgrown(self, cell: NDArray[np.float64]) -> bool:
        """Whether a cell has grown beyond what the mesh was chosen for."""
        return self.settings.needs_regrid(np.asarray(cell))

    def energy(self, theta: Parameters | None, positions: Array, cell: Array, neighbours: Neighbours | None = None) -> Array:
        """Far field and self energy [eV] of positions ``(n_atoms, 3)`` in a cell ``(3, 3)`` [Å]."""

        positions, cell = _wide(positions), _wide(cell)
        wide, narrow = positions.dtype, jnp.float64 if self.settings.double_precision else jnp.float32
        charges = _charges(self.bound, theta, wide)
        inverse, volume = reciprocal(cell), jnp.abs(jnp.linalg.det(cell))
        places = (positions - jnp.mean(positions, axis=0)) @ inverse * jnp.array(self.settings.points, wide)
        density = self._density(charges.astype(narrow), places, narrow)
        total = _power_sum(density, self._spectrum((2 * math.pi * inverse).astype(narrow)))
        return COULOMB * (total / volume - 0.5 * self.split.far_at_zero * jnp.sum(charges**2)) + _background(self.split, charges, volume)

    def energy_forces_virial(self, theta: Parameters | None, positions: Array, cell: Array, neighbours: Neighbours) -> EnergyForcesVirial:
        """[eV], [eV/Å], [eV]"""
        return by_gradient(self.energy, theta, positions, cell, neighbours)

    def _density(self, charges: Array, places: Array, real: Any) -> Array:
        """Charges spread over the mesh ``points``; ``places`` in mesh cells."""
        width, points = self.settings.width, np.array(self.settings.points, places.dtype)
        shifted = places + (0.5 if width % 2 else 0.0)
        before = jnp.floor(lax.stop_gradient(shifted))
        z = (2 * (shifted - before) - 1).astype(real)[..., None]
        # In a loop, so that XLA computes the weights once and not for every point of the mesh anew.
        coefficients = jnp.asarray(self._window[::-1], real)[:, None, None]
        weights, _ = lax.scan(lambda total, c: (total * z + c, None), jnp.zeros((*places.shape, width), real), coefficients)
        first = before + 1 - (width + 1) // 2
        first = (first - points * jnp.floor(first / points)).astype(jnp.int32)
        # As products of matrices, whose derivatives are fast too.
        x, y, w = (weights[:, axis] for axis in range(3))
        blocks = jnp.einsum("nxy,nz->nxyz", jnp.einsum("nx,ny->nxy", charges[:, None] * x, y), w)
        return _spread(first, blocks, self.settings.points)

    def _spectrum(self, vectors: Array) -> Array:
        """What |ρ|² of every wave vector counts, as ``rfftn`` has them [Å²]; the columns of ``vectors`` are the reciprocal vectors [1/Å]."""
        indices, factors = [], []
        for axis, n in enumerate(self.settings.points):
            index = np.fft.fftfreq(n, 1 / n).round()
            # The index n/2 has no sign: what it stands for is left out. Where half of an axis is kept it stands for the other half too.
            counted = (2 * index != -n) * (np.where(index == 0, 1.0, 2.0) if axis == 2 else 1.0)
            factor = counted / window_transform(prolate(self.settings.window), self.settings.width, n)[0] ** 2
            kept, shape = slice(0, n // 2 + 1 if axis == 2 else n), tuple(-1 if a == axis else 1 for a in range(3))
            indices.append(jnp.asarray(index[kept].reshape(shape), vectors.dtype))
            factors.append(jnp.asarray(factor[kept].reshape(shape), vectors.dtype))
        k2 = sum(sum(m * vectors[a, d] for d, m in enumerate(indices)) ** 2 for a in range(3))
        return 0.5 * _spectrum(self.split, k2) * math.prod(factors)

    @cached_property
    def _window(self) -> NDArray[np.float64]:
        """Polynomials of the weights, lowest power first ``(degree + 1, width)``."""
        return window_polynomials(prolate(self.settings.window), self.settings.width, 14 if self.settings.double_precision else 8)


def _wide(array: Array) -> Array:
    """In the widest type that JAX may use."""
    return jnp.asarray(array, jnp.result_type(float))


def _charges(bound: BoundForceField, theta: Parameters | None, real: Any) -> Array:
    """Of every atom ``(n_atoms,)`` [e]."""
    named = bound if theta is None else with_parameters(bound, theta)
    return jnp.asarray(named.charges, real)[bound.types]


def _background(split: ProlateSplit, charges: Array, volume: Array) -> Array:
    """Energy [eV] of the near part with the even background that makes the atoms neutral."""
    x, weights = legendre.leggauss(100)
    x = (x + 1) / 2
    near = math.pi * split.cutoff**2 * float(np.sum(weights * x**2 * split.psi(x))) / split.psi.half_integral
    return -0.5 * COULOMB * near * jnp.sum(charges) ** 2 / volume


def _spectrum(split: ProlateSplit, k2: Array) -> Array:
    """Fourier transform of the far part [Å²] at squares of wave vectors [1/Å²]; 0 at k = 0."""
    largest = split.largest_k**2
    inside = (k2 > 0) & (k2 <= largest)
    safe = jnp.where(inside, k2, largest)
    series = _in_squares(split.psi, 1e-16 if k2.dtype == jnp.float64 else 1e-9)
    z, later, last = 2 * safe / largest - 1, jnp.zeros_like(k2), jnp.zeros_like(k2)
    for c in series[:0:-1].tolist():
        later, last = last, c + 2 * z * last - later
    return jnp.where(inside, 4 * math.pi / safe * (series[0] + z * last - later), 0.0)


def _in_squares(psi: Prolate, error: float) -> NDArray[np.float64]:
    """ψ(x) as a Chebyshev series in ``2 x² - 1``."""
    z = chebyshev.chebpts1(21 + int(psi.bandwidth))
    series = chebyshev.chebfit(z, psi(np.sqrt((z + 1) / 2)), len(z) - 1)
    return np.asarray(series[: 1 + int(np.flatnonzero(np.abs(series) > error)[-1])])


@jax.custom_jvp  # type: ignore[untyped-decorator]
def _power_sum(density: Array, spectrum: Array) -> Array:
    """The sum of ``spectrum`` times the square of the Fourier transform of a density, over the half of it that ``rfftn`` gives."""
    transform = jnp.fft.rfftn(density)
    return jnp.sum(spectrum * (transform.real**2 + transform.imag**2), dtype=jnp.result_type(float))


@_power_sum.defjvp  # type: ignore[untyped-decorator]
def _power_sum_slope(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    # By the potential on the mesh: the transpose that JAX makes of rfftn transforms the whole of it.
    density, spectrum = primals
    transform = jnp.fft.rfftn(density)
    power = transform.real**2 + transform.imag**2
    once = jnp.where(jnp.arange(spectrum.shape[2]) == 0, 1.0, 0.5).astype(spectrum.dtype)
    potential = jnp.fft.irfftn(2 * density.size * once * spectrum * transform, density.shape)
    value, slope = (jnp.sum(x, dtype=jnp.result_type(float)) for x in (spectrum * power, power * tangents[1]))
    return value, slope + jnp.sum(potential * tangents[0], dtype=value.dtype)


def _spread(first: Array, values: Array, points: tuple[int, int, int]) -> Array:
    """The sum of blocks ``(n, p, p, p)`` put on a periodic mesh, each at its first point ``(n, 3)``."""
    n, p = values.shape[:2]
    _, ly, lz = (m + p for m in points)
    # Rows along z are the longest runs in memory, and as long as a block has them; what goes beyond the mesh is folded back.
    offsets = np.arange(p, dtype=np.int32)
    rows = ((first[:, 0, None, None] + offsets[:, None]) * ly + first[:, 1, None, None] + offsets) * lz + first[:, 2, None, None]
    numbers = lax.ScatterDimensionNumbers(update_window_dims=(1,), inserted_window_dims=(), scatter_dims_to_operand_dims=(0,))
    flat = jnp.zeros(math.prod(m + p for m in points), values.dtype)
    mesh = lax.scatter_add(flat, rows.reshape(-1, 1), values.reshape(n * p * p, p), numbers, mode=lax.GatherScatterMode.PROMISE_IN_BOUNDS)
    mesh = mesh.reshape([m + p for m in points])
    for axis, m in enumerate(points):
        inside, beyond = (lax.slice_in_dim(mesh, *ends, axis=axis) for ends in ((0, m), (m, m + p)))
        mesh = inside + jnp.pad(beyond, [(0, m - p if a == axis else 0) for a in range(3)])
    return mesh
