"""The energy of an atom as a function of its bonds: Stillinger-Weber, Tersoff, and embedded atoms in closed form or from tables.

Stillinger-Weber and Tersoff take the bonds of some atoms and return the energy of each atom ``(lanes,)`` [eV]; that of a pair is shared
evenly. So forces follow from derivatives with respect to the vectors of the bonds alone. Embeddings are functions of distances and densities.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from ...forcefield import BoundForceField, pair_key, triplet_key
from ...forms import PAIR_FORMS, SECOND_MOMENT, STILLINGER_WEBER, TERSOFF
from ...forms.pair import Exponential, derivative
from ...forms.second_moment import density, embedding
from ...forms.setfl import EMBEDDED_ATOM, Tabulated, chosen, coefficients, interpolated, read_setfl
from ...forms.stillinger_weber import screen
from ...forms.taper import Tapered, cosine
from ...forms.tersoff import bond_order, sight


class Bonds(NamedTuple):
    """Bonds of atoms of one species to neighbours of one species: atoms side by side, their bonds below each other."""

    unit: tuple[Array, Array, Array]
    """Directions from the atom, components ``(rows, lanes)``."""
    r: Array
    """Lengths ``(rows, lanes)`` [Å]; 1 where there is no bond."""
    present: Array
    """``(rows, lanes)``"""


Shells = Sequence[Bonds]
"""Bonds of atoms to neighbours of each species."""


def stillinger_weber(bound: BoundForceField, centre: int, shells: Shells) -> Array:
    """Pairs, and angles by the moments of the bonds: Σ_jk g g' (u·u' - c)² follows from Σ g u⊗u, Σ g u and Σ g of each species of ends."""
    energy: Any = 0.0
    moments, selves = [], []
    for end, bonds in enumerate(shells):
        p = _pair(bound, centre, end)
        # Whole powers are far cheaper than others.
        p |= {name: int(p[name]) for name in ("p", "q") if isinstance(p[name], float) and p[name].is_integer()}
        energy = energy + 0.5 * _over_bonds(bonds, derivative(PAIR_FORMS[STILLINGER_WEBER].terms(p), bonds.r, 0, jnp))
        g = jnp.where(bonds.present, screen(p, bonds.r, jnp), 0.0)
        moments.append(_moments(bonds.unit, g))
        selves.append(jnp.sum(g * g, axis=0))
    names = bound.species
    for j, k in combinations_with_replacement(range(len(names)), 2):
        q = bound.triplets[triplet_key(names[j], names[centre], names[k])].parameters
        strength, c = q["epsilon"] * q["lambda"], q["cos_theta0"]
        squares, vectors, sums = (_product(a, b) for a, b in zip(moments[j], moments[k], strict=True))
        every = squares - 2 * c * vectors + c * c * sums
        # Each angle is in the sum twice where the ends are of one species, and each bond has one with itself.
        energy = energy + strength * (0.5 * (every - (1 - c) ** 2 * selves[j]) if j == k else every)
    return jnp.asarray(energy)


def _moments(u: tuple[Array, Array, Array], g: Array) -> tuple[list[Array], list[Array], list[Array]]:
    """Σ g u⊗u as six numbers whose squares add up to that of the tensor, Σ g u as three and Σ g as one, each ``(lanes,)``."""
    x, y, z = u
    first = [g * x, g * y, g * z]
    root = 2**0.5
    second = [first[0] * x, first[1] * y, first[2] * z, root * first[1] * z, root * first[0] * z, root * first[0] * y]
    squares, vectors = ([jnp.sum(one, axis=0) for one in terms] for terms in (second, first))
    return squares, vectors, [jnp.sum(g, axis=0)]


def _product(a: Sequence[Array], b: Sequence[Array]) -> Array:
    """The scalar product, component by component."""
    return sum((x * y for x, y in zip(a[1:], b[1:], strict=True)), start=a[0] * b[0])


def tersoff(bound: BoundForceField, centre: int, shells: Shells) -> Array:
    """Bonds weakened by what else is in sight; see ``forms.tersoff``."""
    pairs = [_pair(bound, centre, end) for end in range(len(shells))]

    def tapered(end: int, term: Exponential) -> Array:
        p, bonds = pairs[end], shells[end]
        return jnp.where(bonds.present, Tapered((term,), p["R"] - p["D"], p["R"] + p["D"], cosine).derivative(bonds.r, 0, jnp), 0.0)

    cuts = [tapered(end, Exponential(1.0, 0.0)) for end in range(len(shells))]
    energy: Any = 0.0
    for j, bonds in enumerate(shells):
        zeta = jnp.zeros_like(bonds.r)
        for k, others in enumerate(shells):
            q = bound.bond_order(bound.species[j], bound.species[centre], bound.species[k]).parameters
            cosines = _product([u[:, None] for u in bonds.unit], [u[None] for u in others.unit])  # (bonded, third, lanes)
            seen = cuts[k][None] * sight(q, cosines, bonds.r[:, None] - others.r[None], jnp)
            if j == k:
                seen = jnp.where(jnp.eye(len(bonds.r), dtype=bool)[:, :, None], 0.0, seen)
            zeta = zeta + jnp.sum(seen, axis=1)
        own = bound.bond_order(bound.species[j], bound.species[centre], bound.species[j]).parameters
        order, p = bond_order(own["beta"], own["n"], zeta, jnp), pairs[j]
        found = tapered(j, Exponential(p["A"], p["lambda1"])) - order * tapered(j, Exponential(p["B"], p["lambda2"]))
        energy = energy + 0.5 * jnp.sum(found, axis=0)
    return jnp.asarray(energy)


LOCAL_ENERGIES: dict[str, Callable[[BoundForceField, int, Shells], Array]] = {STILLINGER_WEBER: stillinger_weber, TERSOFF: tersoff}
"""Of potentials that are no embedding, by ``ForceField.many_body``; the number is the species of the atoms."""


@dataclass(frozen=True)
class Embedding:
    """An embedded-atom potential: E = Σ_i F(Σ_j f(r_ij)) + ½ Σ_ij φ(r_ij). Species by their numbers."""

    pair: Callable[[int, int, Array], Array]
    """φ [eV] of two species at distances [Å]."""
    density: Callable[[int, int, Array], Array]
    """f at an atom of the first due to one of the second."""
    embed: Callable[[int, Array], Array]
    """F [eV] of a species in densities."""


def embedding_of(bound: BoundForceField) -> Embedding | None:
    """The functions of an embedded-atom force field; None where it is something else."""
    make = {SECOND_MOMENT: _second_moment, EMBEDDED_ATOM: _embedded_atom}.get(bound.forcefield.many_body)
    return None if make is None else make(bound)


def _second_moment(bound: BoundForceField) -> Embedding:
    return Embedding(
        lambda a, b, r: derivative(PAIR_FORMS[SECOND_MOMENT].terms(_pair(bound, a, b)), r, 0, jnp),
        lambda a, b, r: density(_pair(bound, a, b)).derivative(r, 0, jnp),
        lambda a, rho: embedding(rho, jnp),
    )


def _embedded_atom(bound: BoundForceField) -> Embedding:
    """From tables; see ``forms.setfl``. Beyond the last density the energy goes on as a straight line."""
    f = functions(bound)
    pairs, densities, embeddings = (coefficients(table) for table in (f.pair, f.density, f.embedding))

    def at(table: np.ndarray, place: Array) -> Array:
        found: Array = interpolated(jnp.asarray(table, place.dtype), place, jnp)
        return found

    def embed(a: int, rho: Array) -> Array:
        place = rho / f.density_spacing
        return at(embeddings[a], place) + jnp.maximum(place - (f.embedding.shape[1] - 1), 0.0) * embeddings[a, 1, -1].item()

    return Embedding(lambda a, b, r: at(pairs[a, b], r / f.spacing) / r, lambda a, b, r: at(densities[a, b], r / f.spacing), embed)


def functions(bound: BoundForceField) -> Tabulated:
    """The tables of an embedded-atom force field for the species present."""
    term = bound.forcefield.embedded
    return chosen(read_setfl("" if term is None else term.text), bound.species)


def _pair(bound: BoundForceField, a: int, b: int) -> dict[str, Any]:
    """Parameters of two species."""
    return dict(bound.pairs[pair_key(bound.species[a], bound.species[b])].parameters)


def _over_bonds(bonds: Bonds, values: Array) -> Array:
    return jnp.sum(jnp.where(bonds.present, values, 0.0), axis=0)
