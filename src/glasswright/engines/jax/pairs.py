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

from ...forcefield import BoundForceField
from ...forms.coulomb import Split, self_energy
from ...forms.parameters import with_parameters
from ...forms.prolate import ProlateSplit
from ...forms.tabulate import pair_energy_force
from ..native.tables import PairTables, fit
from .neighbours import Images, Neighbours, reciprocal
from .parts import EnergyForcesVirial, Parameters

FORCE_ERROR = 3e-6
"""Root mean square error that tables leave in a force, relative to a typical one."""


def pair_reach(bound: BoundForceField, split: Split | None) -> NDArray[np.float64]:
    """How far each pair of species reaches in real space ``(n_species, n_species)`` [Å]; 0 where they do not interact."""
    coulomb = split.cutoff if isinstance(split, ProlateSplit) else bound.coulomb.cutoff
    reach = np.zeros((len(bound.species), len(bound.species)))
    for i, a in enumerate(bound.species):
        for j, b in enumerate(bound.species):
            term = bound.pair_term(a, b)
            charged = bound.coulomb.method != "none" and bound.charge(a) * bound.charge(b) != 0
            reach[i, j] = max(0.0 if term is None else term.cutoff, coulomb if charged else 0.0)
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
                break
        return tables

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
        evaluate = self._tabulated if theta is None and not self.double else partial(self._from_forms, bound)
        energy = self._self_energy(bound).astype(wide)
        blocks, virial = [], jnp.zeros((3, 3), wide)
        for a, index in enumerate(neighbours.index):
            shape = (3, layout.chunks[a], layout.lanes[a])
            here = slice(layout.starts[a], layout.starts[a + 1])
            centres = tuple(jnp.moveaxis(part[:, here].reshape(shape), 1, 0) for part in (images.points, images.carriers))

            def chunk(at: tuple[Array, ...], a: int = a) -> tuple[Array, Array, Array]:
                points, carriers, neighbour = at
                d = images.vectors(points, carriers, neighbour)
                r2 = jnp.sum(d * d, axis=0)
                u, w = evaluate(a, layout.rows[a], r2, neighbour < layout.nobody)
                pull = w * d
                strain = jnp.einsum("irl,jrl->ijl", d, pull)
                return jnp.sum(u, axis=0), -jnp.sum(pull, axis=1), strain

            if shape[1] == 1:
                found = [v[None] for v in chunk((centres[0][0], centres[1][0], index[0]))]
            else:
                found = list(jax.lax.map(jax.checkpoint(chunk), (*centres, index)))
            energy = energy + 0.5 * jnp.sum(found[0].astype(wide))
            blocks.append(jnp.moveaxis(found[1], 1, 2).reshape(-1, 3))
            virial = virial + 0.5 * jnp.sum(found[2].astype(wide), axis=(0, 3))
        return energy, jnp.concatenate(blocks)[neighbours.slot].astype(wide), virial

    def _bound(self, theta: Parameters | None) -> BoundForceField:
        return self.bound if theta is None else with_parameters(self.bound, {name: jnp.asarray(v).astype(self.dtype) for name, v in theta.items()})

    def _self_energy(self, bound: BoundForceField) -> Array:
        charges = jnp.asarray(bound.charges)
        counts = np.bincount(self.bound.types, minlength=len(self.bound.species))
        return jnp.asarray(sum(self_energy(charges[i : i + 1], bound.coulomb, jnp) * int(n) for i, n in enumerate(counts)))

    def _from_forms(self, bound: BoundForceField, a: int, rows: tuple[int, ...], r2: Array, present: Array) -> tuple[Array, Array]:
        """Energy [eV] and force over distance [eV/Å²] of the neighbours of atoms of a species."""
        reach, species, found, begin = pair_reach(self.bound, self.split), bound.species, [], 0
        for b, n in enumerate(rows):
            part = slice(begin, begin + n)
            begin += n
            inside = present[part] & (r2[part] < reach[a, b] ** 2)
            r = jnp.sqrt(jnp.where(inside, r2[part], 1.0))
            energy, force = pair_energy_force(bound, species[a], species[b], r, self.split, jnp)
            found.append((jnp.where(inside, energy, 0.0), jnp.where(inside, force / r, 0.0)))
        return jnp.concatenate([e for e, _ in found]), jnp.concatenate([f for _, f in found])

    def _tabulated(self, a: int, rows: tuple[int, ...], r2: Array, present: Array) -> tuple[Array, Array]:
        """The same from the tables."""
        tables = self.tables
        species = np.repeat(np.arange(len(rows)), rows)
        segments = tables.force.shape[2]
        scale = tables.scale[a][species].astype(np.float32)[:, None]
        limit = (tables.cutoff[a][species] ** 2).astype(np.float32)[:, None]
        inside = present & (r2 < limit)
        lowest = np.float32(2.0 ** -(segments // tables.per_octave))
        u = jnp.clip(r2 * scale, lowest, np.float32(1 - 2.0**-24))
        shift = 23 - int(np.log2(tables.per_octave))
        bits = jax.lax.bitcast_convert_type(u, jnp.int32)
        base = int(np.float32(lowest).view(np.int32)) >> shift
        place = (bits >> shift) - (base - species * segments)[:, None].astype(np.int32)
        low = jax.lax.bitcast_convert_type((bits >> shift) << shift, jnp.float32)
        high = jax.lax.bitcast_convert_type(((bits >> shift) + 1) << shift, jnp.float32)
        t = (2 * u - (low + high)) / jax.lax.stop_gradient(high - low)
        energy, force = (self._cubic(values[a], place, t) for values in (tables.energy, tables.force))
        return jnp.where(inside, energy, 0.0), jnp.where(inside, force, 0.0)

    @staticmethod
    def _cubic(coefficients: NDArray[np.float64], place: Array, t: Array) -> Array:
        columns = jnp.asarray(coefficients.reshape(-1, coefficients.shape[-1]).T, jnp.float32)
        value = columns[-1].at[place].get(mode="clip")
        for k in range(len(columns) - 2, -1, -1):
            value = value * t + columns[k].at[place].get(mode="clip")
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
