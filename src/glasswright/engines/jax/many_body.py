"""The part of a force field beyond pairs: the whole energy of Stillinger-Weber, Tersoff and embedded-atom force fields.

Atoms are taken a chunk at a time, those of one species together, so that what is computed for every two bonds of an atom stays in the cache.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from ...forcefield import BoundForceField
from ...forms.parameters import with_parameters
from .bond_energies import LOCAL_ENERGIES, Bonds, Embedding, embedding_of
from .neighbours import Components, Images, Neighbours
from .pairs import FULL, VOIGT
from .parts import EnergyForcesVirial, Parameters

Chunk = tuple[Components, Components, Array]
"""Points and carriers of the atoms of a chunk ``(lanes,)``, and the slots of their neighbours ``(rows, lanes)``; see ``Images``."""
Columns = tuple[Array, ...]
"""Quantities of atoms, one behind the other in their slots."""


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
        return self.energy_forces_virial(theta, positions, cell, neighbours)[0]

    def energy_forces_virial(self, theta: Parameters | None, positions: Array, cell: Array, neighbours: Neighbours) -> EnergyForcesVirial:
        """[eV], [eV/Å], [eV]"""
        bound = self.bound
        if theta is not None:
            bound = with_parameters(bound, {name: jnp.asarray(value).astype(self.dtype) for name, value in theta.items()})
        sweep = _Sweep(bound, many_body_reach(self.bound), Images.of(positions, cell, neighbours, self.dtype), neighbours)
        embedding = embedding_of(bound)
        energies, forces, strain = sweep.by_bonds() if embedding is None else sweep.embedded(embedding)
        wide = jnp.result_type(float)
        virial = -jnp.stack([jnp.sum(column.astype(wide)) for column in strain])[jnp.array(FULL)]
        energy = jnp.sum(energies[neighbours.slot].astype(wide))
        return energy, jnp.stack(forces, axis=-1)[neighbours.slot].astype(wide), virial


@dataclass(frozen=True, eq=False)
class _Sweep:
    """One pass or two over all atoms."""

    bound: BoundForceField
    reach: NDArray[np.float64]
    images: Images
    neighbours: Neighbours

    def by_bonds(self) -> tuple[Array, Columns, Columns]:
        """Energies, forces and the six components of Σ d ⊗ dE/dd in every slot, by derivatives of the energies of atoms with respect to their bonds d."""
        energy = LOCAL_ENERGIES[self.bound.forcefield.many_body]

        def slopes(a: int, chunk: Chunk) -> tuple[Columns, tuple[Components, Components]]:
            vectors, present = self.vectors(a, chunk)
            energies, back = jax.vjp(lambda d: energy(self.bound, a, [self.bonds(a, b, d[b], present[b]) for b in range(len(d))]), vectors)
            d, s = (tuple(jnp.concatenate(component) for component in zip(*of, strict=True)) for of in (vectors, back(jnp.ones_like(energies))[0]))
            return (energies,), (d, s)

        # Summed after the loop: in it, the compiler would compute the slopes again for every sum.
        energies, kept = self.mapped(slopes)
        pulled = [jnp.concatenate([jnp.sum(s[k], axis=1).reshape(-1) for _, s in kept]) for k in range(3)]
        strain = [jnp.concatenate([jnp.sum(d[i] * s[j], axis=1).reshape(-1) for d, s in kept]) for i, j in VOIGT]
        return energies, tuple(mine - others for mine, others in zip(pulled, self.scattered([s for _, s in kept]), strict=True)), tuple(strain)

    def embedded(self, embedding: Embedding) -> tuple[Array, Columns, Columns]:
        """The same in two passes: densities, and then forces, in which each bond has the slopes of F at both of its ends."""

        def dense(a: int, chunk: Chunk) -> tuple[Columns, None]:
            found = [self.bonds(a, b, *of) for b, of in enumerate(zip(*self.vectors(a, chunk), strict=True))]
            rho = sum(jnp.sum(jnp.where(one.present, embedding.density(a, b, one.r), 0.0), axis=0) for b, one in enumerate(found))
            energies, back = jax.vjp(partial(embedding.embed, a), jnp.asarray(rho))
            return (energies, back(jnp.ones_like(energies))[0]), None

        embedded, slope, _ = self.mapped(dense)

        def pull(a: int, chunk: Chunk, here: Array) -> tuple[Columns, None]:
            total: list[Any] = [0.0] * 10
            at, rows = slope.at[chunk[2] % self.neighbours.layout.slots].get(mode="promise_in_bounds"), np.cumsum((0, *self.neighbours.layout.rows[a]))
            for b, (d, present) in enumerate(zip(*self.vectors(a, chunk), strict=True)):
                one = self.bonds(a, b, d, present)
                there = at[rows[b] : rows[b + 1]]
                ones = (jnp.ones_like(one.r),)
                pair, w = jax.jvp(partial(embedding.pair, a, b), (one.r,), ones)
                w = w + here * jax.jvp(partial(embedding.density, a, b), (one.r,), ones)[1]
                w = w + there * jax.jvp(partial(embedding.density, b, a), (one.r,), ones)[1]
                pulls = [jnp.where(one.present, w, 0.0) * u for u in one.unit]
                terms = [0.5 * jnp.where(one.present, pair, 0.0), *pulls, *(0.5 * d[i] * pulls[j] for i, j in VOIGT)]
                total = [t + jnp.sum(values, axis=0) for t, values in zip(total, terms, strict=True)]
            return tuple(total), None

        pairs, *columns, _ = self.mapped(pull, slope)
        return embedded + pairs, tuple(columns[:3]), tuple(columns[3:])

    def vectors(self, a: int, chunk: Chunk) -> tuple[list[Components], list[Array]]:
        """Vectors of the bonds of atoms of a species to neighbours of each species [Å], and where there are any ``(rows, lanes)``."""
        points, carriers, index = chunk
        blocks = jnp.split(index, np.cumsum(self.neighbours.layout.rows[a])[:-1].tolist())
        return [self.images.vectors(points, carriers, near) for near in blocks], [near < self.neighbours.layout.nobody for near in blocks]

    def bonds(self, a: int, b: int, vectors: Components, present: Array) -> Bonds:
        """Those that are within the cutoff."""
        x, y, z = vectors
        r2 = x * x + y * y + z * z
        inside = present & (r2 < self.reach[a, b].item() ** 2)
        r = jnp.sqrt(jnp.where(inside, r2, 1.0))
        return Bonds((x / r, y / r, z / r), r, inside)

    def mapped(self, of: Callable[..., tuple[Columns, Any]], *more: Array) -> list[Any]:
        """A function of every chunk of every species: the columns that it returns, and the rest by species."""
        layout, columns, rest = self.neighbours.layout, [], []
        for a, index in enumerate(self.neighbours.index):
            here, shape = slice(layout.starts[a], layout.starts[a + 1]), (layout.chunks[a], layout.lanes[a])
            own = [tuple(part[here].reshape(shape) for part in parts) for parts in (self.images.points, self.images.carriers)]
            extra = [values[here].reshape(shape) for values in more]
            # What a chunk needs on the way is computed again rather than kept for a backward pass.
            found, other = jax.lax.map(jax.checkpoint(lambda at, a=a: of(a, at[:3], *at[3:])), (*own, index, *extra))
            columns.append([column.reshape(-1) for column in found])
            rest.append(other)
        return [*(jnp.concatenate(parts) for parts in zip(*columns, strict=True)), rest]

    def scattered(self, pushes: list[Components]) -> Columns:
        """What the bonds of all atoms do to the slots of their ends."""
        layout = self.neighbours.layout
        slots = jnp.concatenate([index.reshape(-1) for index in self.neighbours.index]) % layout.slots
        columns = [jnp.concatenate([of[k].reshape(-1) for of in pushes]) for k in range(3)]
        return tuple(jnp.zeros(layout.slots, column.dtype).at[slots].add(column, mode="promise_in_bounds") for column in columns)
