"""The pair part of a force field: short range and real-space Coulomb of every pair of species, summed.

With the numbers a force field comes with, pairs are evaluated from tables (piecewise cubics in r², those of the compiled core); with
parameters given by the caller, from the forms themselves, so that derivatives with respect to parameters are those of the formulas.
Forces and virial are in closed form, and are what the gradient of the energy is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from ...errors import InputError
from ...forcefield import BoundForceField
from ...forms.coulomb import Split, self_energy
from ...forms.parameters import with_parameters
from ...forms.prolate import ProlateSplit
from ...forms.tabulate import pair_energy_force
from ..native.tables import PairTables, fit
from .neighbours import Components, Images, Neighbours, reciprocal
from .parts import EnergyForcesVirial, Parameters

VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
"""Components of a symmetric tensor."""
FULL = ((0, 5, 4), (5, 1, 3), (4, 3, 2))
"""Which of them stands where in the tensor."""
FORCE_ERROR = 3e-6
"""Root mean square error that tables leave in a force, relative to a typical one."""


def pair_reach(bound: BoundForceField, split: Split | None) -> NDArray[np.float64]:
    """How far each pair of species reaches in real space ``(n_species, n_species)`` [Å]; 0 where they do not interact."""
    coulomb = split.cutoff if isinstance(split, ProlateSplit) else bound.coulomb.cutoff
    reach = np.zeros((len(bound.species), len(bound.species)))
    for i, a in enumerate(bound.species):
        for j, b in enumerate(bound.species):
            term = bound.pair_term(a, b)
            # Charges that are zero too: derivatives with respect to them are not.
            reach[i, j] = max(0.0 if term is None else term.cutoff, coulomb if bound.coulomb.method != "none" else 0.0)
    return reach


@dataclass(frozen=True, eq=False)
class PairPart:
    """Pairs of a force field; an ``engines.jax.parts.Part``."""

    bound: BoundForceField
    split: Split | None
    """How an Ewald sum divides 1/r; None where there is none."""
    double: bool
    """In double precision, and never from tables."""

    @cached_property
    def tables(self) -> PairTables:
        """Of the numbers that the force field comes with."""
        for per_octave in (16, 32, 64, 128):
            tables = fit(self.bound, per_octave, 3, False, self.split)
            if tables.error <= FORCE_ERROR:
                return tables
        raise InputError(f"No pair table is exact to {FORCE_ERROR:g}.", f"The best leaves {tables.error:.1e}.", 'Use precision="double", which needs none.')

    @cached_property
    def reach(self) -> NDArray[np.float64]:
        """Of pairs of species ``(n_species, n_species)`` [Å]."""
        return pair_reach(self.bound, self.split)

    @property
    def dtype(self) -> Any:
        """Of distances."""
        return jnp.float64 if self.double else jnp.float32

    def energy(self, theta: Parameters | None, positions: Array, cell: Array, neighbours: Neighbours) -> Array:
        """[eV]"""
        return _energy(self, theta, positions, cell, neighbours)

    def energy_forces_virial(self, theta: Parameters | None, positions: Array, cell: Array, neighbours: Neighbours) -> EnergyForcesVirial:
        """[eV], [eV/Å], [eV]"""
        energy, forces, virial = self.sums(theta, positions, cell, neighbours)
        return energy, forces, virial

    def sums(self, theta: Parameters | None, positions: Array, cell: Array, neighbours: Neighbours) -> EnergyForcesVirial:
        """Over all pairs, without derivative rules of their own."""
        layout, images = neighbours.layout, Images.of(positions, cell, neighbours, self.dtype)
        wide = jnp.result_type(float)
        bound = self._bound(theta)
        from_tables = theta is None and not self.double

        def chunk(a: int, points: Components, carriers: Components, index: Array) -> list[Array]:
            """Energy, force and the six components of the virial of the atoms of a chunk ``(lanes,)``."""
            total, begin = [jnp.zeros(index.shape[1], self.dtype)] * 10, 0
            rows = layout.rows[a]
            if from_tables:
                groups = [(sum(rows), partial(self._tabulated, a, np.repeat(np.arange(len(rows)), rows)))]
            else:
                groups = [(n, partial(self._from_forms, bound, a, b)) for b, n in enumerate(rows)]
            for n, evaluate in groups:
                near = index[begin : begin + n]
                begin += n
                if n:
                    d = images.vectors(points, carriers, near)
                    u, w = evaluate(d[0] * d[0] + d[1] * d[1] + d[2] * d[2], near < layout.nobody)
                    f = [w * component for component in d]
                    terms = [u, -f[0], -f[1], -f[2], *(d[i] * f[j] for i, j in VOIGT)]
                    total = [t + jnp.sum(values, axis=0) for t, values in zip(total, terms, strict=True)]
            return total

        columns: list[list[Array]] = [[] for _ in range(10)]
        for a, index in enumerate(neighbours.index):
            here, shape = slice(layout.starts[a], layout.starts[a + 1]), (layout.chunks[a], layout.lanes[a])
            centres = [tuple(part[here].reshape(shape) for part in parts) for parts in (images.points, images.carriers)]
            body = jax.checkpoint(partial(chunk, a))  # its arrays are computed again rather than kept for a backward pass
            for column, found in zip(columns, jax.lax.map(lambda at, body=body: body(*at), (*centres, index)), strict=True):
                column.append(found.reshape(-1))
        energy, x, y, z, *strain = [jnp.concatenate(column).astype(wide) for column in columns]
        virial = 0.5 * jnp.stack([jnp.sum(component) for component in strain])[jnp.array(FULL)]
        return 0.5 * jnp.sum(energy) + self._self_energy(bound).astype(wide), jnp.stack([x, y, z], axis=-1)[neighbours.slot], virial

    def _bound(self, theta: Parameters | None) -> BoundForceField:
        return self.bound if theta is None else with_parameters(self.bound, {name: jnp.asarray(v).astype(self.dtype) for name, v in theta.items()})

    def _self_energy(self, bound: BoundForceField) -> Array:
        charges = jnp.asarray(bound.charges)
        counts = np.bincount(self.bound.types, minlength=len(self.bound.species))
        return jnp.asarray(sum(self_energy(charges[i : i + 1], bound.coulomb, jnp) * int(n) for i, n in enumerate(counts)))

    def _from_forms(self, bound: BoundForceField, a: int, b: int, r2: Array, present: Array) -> tuple[Array, Array]:
        """Energy [eV] and force over distance [eV/Å²] of pairs of two species at squared distances."""
        inside = present & (r2 < self.reach[a, b] ** 2)
        r = jnp.sqrt(jnp.where(inside, r2, 1.0))
        energy, force = pair_energy_force(bound, bound.species[a], bound.species[b], r, self.split, jnp)
        return jnp.where(inside, energy, 0.0), jnp.where(inside, force / r, 0.0)

    def _tabulated(self, a: int, species: NDArray[np.int64], r2: Array, present: Array) -> tuple[Array, Array]:
        """The same from the tables, for rows of neighbours of these species."""
        tables, segments = self.tables, self.tables.force.shape[2]
        octaves, shift = segments // tables.per_octave, 23 - int(np.log2(tables.per_octave))
        u = jnp.maximum(r2 * tables.scale[a, species, None].astype(np.float32), np.float32(2.0**-octaves))
        # The exponent of u and the first bits of its fraction m, 1 ≤ m < 2, tell the segment; t is what m lies beyond its middle.
        bits = jax.lax.bitcast_convert_type(u, jnp.int32)
        m = u * jax.lax.bitcast_convert_type(0x7F000000 - (bits & 0x7F800000), jnp.float32)
        t = m - jax.lax.bitcast_convert_type(bits & (0x800000 - (1 << shift)) | 0x3F800000, jnp.float32) - np.float32(0.5 / tables.per_octave)
        place = (bits >> shift) + (species[:, None] * segments - ((127 - octaves) << (23 - shift))).astype(np.int32)
        inside = present & (r2 < (tables.cutoff[a, species, None] ** 2).astype(np.float32))
        energy, force = (jnp.where(inside, _polynomial(values[a], tables.per_octave, place, t), 0.0) for values in (tables.energy, tables.force))
        return energy, force


def _polynomial(coefficients: NDArray[np.float64], per_octave: int, place: Array, t: Array) -> Array:
    """Of tables of some species ``(species, segments, degree + 1)``, whose variable is -1 and 1 where t is -1 and 1 over twice ``per_octave``."""
    powers = coefficients.reshape(-1, coefficients.shape[-1]).T
    columns = [jnp.asarray(c * (2.0 * per_octave) ** k, jnp.float32) for k, c in enumerate(powers)]
    value = columns[-1].at[place].get(mode="promise_in_bounds", wrap_negative_indices=False)
    for column in columns[-2::-1]:
        value = value * t + column.at[place].get(mode="promise_in_bounds", wrap_negative_indices=False)
    return value


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _energy(part: PairPart, theta: Parameters | None, positions: Array, cell: Array, neighbours: Neighbours) -> Array:
    return part.sums(theta, positions, cell, neighbours)[0]


def _energy_jvp(part: PairPart, primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Array, Array]:
    theta, positions, cell, neighbours = primals
    energy, forces, virial = part.sums(theta, positions, cell, neighbours)
    slope = jnp.zeros_like(energy)
    d_theta, d_positions, d_cell, _ = tangents
    if not isinstance(d_positions, jax.custom_derivatives.SymbolicZero):
        slope = slope - jnp.sum(forces * d_positions)
    if not isinstance(d_cell, jax.custom_derivatives.SymbolicZero):
        inverse = reciprocal(cell)
        slope = slope + jnp.sum(((positions @ inverse).T @ forces - inverse.T @ virial) * d_cell)
    moving = {} if theta is None else {k: v for k, v in d_theta.items() if not isinstance(v, jax.custom_derivatives.SymbolicZero)}
    if moving:
        of: Callable[[Parameters], Array] = lambda some: part.sums({**theta, **some}, positions, cell, neighbours)[0]  # noqa: E731
        slope = slope + jax.jvp(of, ({k: theta[k] for k in moving},), (moving,))[1]
    return energy, slope


_energy.defjvp(_energy_jvp, symbolic_zeros=True)
