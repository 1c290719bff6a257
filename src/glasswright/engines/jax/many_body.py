"""The part of a force field beyond pairs: the whole energy of Stillinger-Weber, Tersoff and embedded-atom force fields.

Atoms are taken a chunk at a time, so that what is computed for every two bonds of an atom stays in the cache.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from ...forcefield import BoundForceField
from ...forms.parameters import with_parameters
from .bond_energies import LOCAL_ENERGIES, BondsOfAtoms
from .neighbours import Bonds, Neighbours
from .parts import EnergyForcesVirial, Parameters

LANES = 128
"""Atoms of a chunk."""


def many_body_reach(bound: BoundForceField) -> NDArray[np.float64]:
    """How far each pair of species reaches ``(n_species, n_species)`` [Å]."""
    n = len(bound.species)
    if bound.forcefield.embedded is not None:
        return np.full((n, n), bound.forcefield.embedded.cutoff)
    terms = [[bound.pair_term(a, b) for b in bound.species] for a in bound.species]
    return np.array([[0.0 if term is None else term.cutoff for term in row] for row in terms])


@dataclass(frozen=True, eq=False)
class ManyBodyPart:
    """A force field beyond pairs; an ``engines.jax.parts.Part``."""

    bound: BoundForceField
    double: bool
    """In double precision; else bonds and energies of atoms in single, sums in the widest type JAX may use."""

    @property
    def dtype(self) -> Any:
        """Of bonds."""
        return jnp.float64 if self.double else jnp.float32

    def energy(self, theta: Parameters | None, positions: Array, cell: Array, neighbours: Neighbours) -> Array:
        """[eV]"""
        bonds = neighbours.bonds(positions, cell, self.dtype)
        return self._mapped(lambda *at: self._energies(theta, *at), bonds)[0]

    def energy_forces_virial(self, theta: Parameters | None, positions: Array, cell: Array, neighbours: Neighbours) -> EnergyForcesVirial:
        """By derivatives with respect to the vectors of the bonds: [eV], [eV/Å], [eV]."""
        wide, n = jnp.result_type(float), len(self.bound.types)
        bonds = neighbours.bonds(positions, cell, self.dtype)

        def slopes(vectors: Array, *rest: Array) -> tuple[Array, Array]:
            energies, back = jax.vjp(lambda v: self._energies(theta, v, *rest), vectors)
            return energies, back(jnp.ones_like(energies))[0]

        energy, slope = self._mapped(slopes, bonds)
        d = jnp.moveaxis(bonds.vectors, 2, 0).swapaxes(1, 2)
        virial = -jnp.einsum("irl,jrl->ij", d, slope).astype(wide)
        pulled = jnp.sum(slope, axis=1)
        pushed = jnp.stack([jnp.zeros(n, slope.dtype).at[bonds.index.T].add(s) for s in slope])
        return energy, (pulled - pushed).T.astype(wide), 0.5 * (virial + virial.T)

    def _energies(self, theta: Parameters | None, vectors: Array, present: Array, centre: Array, end: Array) -> Array:
        """Of atoms ``(lanes,)`` [eV] with bonds ``(3, rows, lanes)`` [Å]."""
        bound = self.bound
        if theta is not None:
            bound = with_parameters(bound, {name: jnp.asarray(value).astype(self.dtype) for name, value in theta.items()})
        reach = many_body_reach(self.bound)
        limit = reach.max() if (reach == reach.max()).all() else jnp.asarray(reach, self.dtype)[centre, end]
        r2 = jnp.sum(vectors * vectors, axis=0)
        inside = present & (r2 < limit**2)
        r = jnp.sqrt(jnp.where(inside, r2, 1.0))
        return LOCAL_ENERGIES[bound.forcefield.many_body](bound, BondsOfAtoms(jnp.where(inside, vectors, 0.0) / r, r, inside, centre, end))

    def _mapped(self, of: Callable[..., Any], bonds: Bonds) -> Any:
        """A function of the bonds of a chunk, for every chunk: the sum of the energies [eV], and what else it returns ``(..., n_atoms)``."""
        n = len(self.bound.types)
        lanes = min(LANES, n)
        chunks = math.ceil(n / lanes)
        types = jnp.asarray(self.bound.types, jnp.int32)
        arrays = (jnp.moveaxis(bonds.vectors, 2, 0).swapaxes(1, 2), bonds.present.T, types, types[bonds.index.T])
        if chunks == 1:
            found = of(*arrays)
        else:
            padded = [jnp.pad(a, [(0, 0)] * (a.ndim - 1) + [(0, chunks * lanes - n)]) for a in arrays]
            blocks = [jnp.moveaxis(a.reshape(*a.shape[:-1], chunks, lanes), -2, 0) for a in padded]
            mapped = jax.lax.map(jax.checkpoint(lambda block: of(*block)), blocks)
            found = jax.tree.map(lambda a: jnp.moveaxis(a, 0, -2).reshape(*a.shape[1:-1], chunks * lanes)[..., :n], mapped)
        energies, *rest = found if isinstance(found, tuple) else (found,)
        return jnp.sum(energies.astype(jnp.result_type(float))), *rest
