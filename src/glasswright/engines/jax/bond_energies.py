"""The energy of an atom as a function of its bonds: Stillinger-Weber, Tersoff, and embedded atoms in closed form or from tables.

Each function takes the bonds of some atoms and returns the energy of each atom ``(lanes,)`` [eV]; that of a pair is shared evenly. So forces
follow from derivatives with respect to the vectors of the bonds alone, whatever the potential.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


class BondsOfAtoms(NamedTuple):
    """Atoms side by side, their bonds below each other."""

    unit: Array
    """Directions from the atom ``(3, rows, lanes)``; zero where there is no bond."""
    r: Array
    """Lengths ``(rows, lanes)`` [Å]; 1 where there is no bond."""
    present: Array
    """``(rows, lanes)``"""
    centre: Array
    """Species of the atom ``(lanes,)``."""
    end: Array
    """Species of the neighbour ``(rows, lanes)``."""


def stillinger_weber(bound: BoundForceField, bonds: BondsOfAtoms) -> Array:
    """Pairs, and angles by the moments of the bonds: Σ_jk g g' (u·u' - c)² follows from Σ g u⊗u, Σ g u and Σ g of each species of ends."""
    p = _of_pairs(bound, STILLINGER_WEBER, bonds)
    pairs = jnp.where(bonds.present, derivative(PAIR_FORMS[STILLINGER_WEBER].terms(p), bonds.r, 0, jnp), 0.0)
    g = jnp.where(bonds.present, screen(p, bonds.r, jnp), 0.0)
    n = len(bound.species)
    ends = [g if n == 1 else jnp.where(bonds.end == k, g, 0.0) for k in range(n)]
    moments = [_moments(bonds.unit, one) for one in ends]
    energy = 0.5 * jnp.sum(pairs, axis=0)
    for j in range(n):
        for k in range(j, n):
            strength, c = (_of_centres(bound, name, bonds, (j, k)) for name in ("strength", "cos_theta0"))
            (m2, m1, m0), (w2, w1, w0) = moments[j], moments[k]
            every = jnp.sum(m2 * w2, axis=0) - 2 * c * jnp.sum(m1 * w1, axis=0) + c * c * m0 * w0
            # Each angle is in the sum twice where the ends are of one species, and each bond has one with itself.
            energy = energy + strength * (0.5 * (every - (1 - c) ** 2 * jnp.sum(ends[j] ** 2, axis=0)) if j == k else every)
    return energy


def _moments(u: Array, g: Array) -> tuple[Array, Array, Array]:
    """Σ g u⊗u as six numbers whose squares add up to that of the tensor, Σ g u and Σ g."""
    first = g * u
    x, y, z = u
    root = 2**0.5
    second = [first[0] * x, first[1] * y, first[2] * z, root * first[1] * z, root * first[0] * z, root * first[0] * y]
    return jnp.stack([jnp.sum(s, axis=0) for s in second]), jnp.sum(first, axis=1), jnp.sum(g, axis=0)


def tersoff(bound: BoundForceField, bonds: BondsOfAtoms) -> Array:
    """Bonds weakened by what else is in sight; see ``forms.tersoff``."""
    p = _of_pairs(bound, TERSOFF, bonds)
    start, end = p["R"] - p["D"], p["R"] + p["D"]

    def tapered(*terms: Exponential) -> Array:
        return jnp.where(bonds.present, Tapered(terms, start, end, cosine).derivative(bonds.r, 0, jnp), 0.0)

    cut = tapered(Exponential(1.0, 0.0))
    cosines = jnp.sum(bonds.unit[:, :, None] * bonds.unit[:, None], axis=0)  # (bonded, third, lanes)
    q = _of_bond_orders(bound, bonds)
    seen = cut[None] * sight(q, cosines, bonds.r[:, None] - bonds.r[None], jnp)
    others = ~jnp.eye(bonds.r.shape[0], dtype=bool)[:, :, None]
    zeta = jnp.sum(jnp.where(others, seen, 0.0), axis=1)
    beta, n = (_first_third(q[name]) for name in ("beta", "n"))
    order = bond_order(beta, n, zeta, jnp)
    energy = tapered(Exponential(p["A"], p["lambda1"])) - order * tapered(Exponential(p["B"], p["lambda2"]))
    return 0.5 * jnp.sum(energy, axis=0)


def _first_third(value: Any) -> Any:
    """Of (bonded, third, lanes) what belongs to the bond alone, where third and bonded are of one species."""
    if jnp.ndim(value) != 3:
        return value
    return jnp.moveaxis(jnp.diagonal(value, axis1=0, axis2=1), -1, 0)


def second_moment(bound: BoundForceField, bonds: BondsOfAtoms) -> Array:
    """Repulsion, and the square root of the second moment; see ``forms.second_moment``."""
    p = _of_pairs(bound, SECOND_MOMENT, bonds)
    pairs = jnp.where(bonds.present, derivative(PAIR_FORMS[SECOND_MOMENT].terms(p), bonds.r, 0, jnp), 0.0)
    moment = jnp.sum(jnp.where(bonds.present, density(p).derivative(bonds.r, 0, jnp), 0.0), axis=0)
    return 0.5 * jnp.sum(pairs, axis=0) + embedding(moment, jnp)


def embedded_atom(bound: BoundForceField, bonds: BondsOfAtoms) -> Array:
    """Functions from tables; see ``forms.setfl``. Beyond the last density the energy goes on as a straight line."""
    f, n, dtype = functions(bound), len(bound.species), bonds.r.dtype
    n_r, n_density = f.pair.shape[2], f.embedding.shape[1]
    of_r = jnp.asarray(coefficients(np.stack([f.density, f.pair])), dtype).reshape(-1, 4)
    of_density = jnp.asarray(coefficients(f.embedding), dtype).reshape(-1, 4)
    first = (bonds.centre * n + bonds.end) * n_r
    place = bonds.r / f.spacing
    made = jnp.where(bonds.present, interpolated(of_r, (first, n_r), place, jnp), 0.0)
    pairs = jnp.where(bonds.present, interpolated(of_r, (first + n * n * n_r, n_r), place, jnp) / bonds.r, 0.0)
    rho = jnp.sum(made, axis=0) / f.density_spacing
    last = jnp.asarray(coefficients(f.embedding)[:, -1, 1], dtype)[bonds.centre]
    beyond = jnp.maximum(rho - (n_density - 1), 0.0) * last
    return 0.5 * jnp.sum(pairs, axis=0) + interpolated(of_density, (bonds.centre * n_density, n_density), rho, jnp) + beyond


def functions(bound: BoundForceField) -> Tabulated:
    """The tables of an embedded-atom force field for the species present."""
    term = bound.forcefield.embedded
    return chosen(read_setfl("" if term is None else term.text), bound.species)


LOCAL_ENERGIES: dict[str, Callable[[BoundForceField, BondsOfAtoms], Array]] = {
    STILLINGER_WEBER: stillinger_weber,
    TERSOFF: tersoff,
    SECOND_MOMENT: second_moment,
    EMBEDDED_ATOM: embedded_atom,
}
"""By ``ForceField.many_body``."""


def _table(values: list[Any], place: Array, dtype: Any) -> Any:
    """Values that differ between species at each place; a plain number where they do not."""
    if all(isinstance(v, float) and v == values[0] for v in values):
        return int(values[0]) if values[0].is_integer() else values[0]
    if len(values) == 1:
        return values[0]
    return jnp.stack([jnp.asarray(v, dtype) for v in values])[place]


def _of_pairs(bound: BoundForceField, form: str, bonds: BondsOfAtoms) -> Mapping[str, Any]:
    """Parameters of the pair of every bond: numbers, or ``(rows, lanes)``."""
    names = bound.species
    terms = [bound.pairs[pair_key(a, b)].parameters for a in names for b in names]
    place = bonds.centre * len(names) + bonds.end
    return {name: _table([t[name] for t in terms], place, bonds.r.dtype) for name in PAIR_FORMS[form].parameters}


def _of_centres(bound: BoundForceField, name: str, bonds: BondsOfAtoms, ends: tuple[int, int]) -> Any:
    """A parameter of the triplets with these ends, by the species in the middle: a number or ``(lanes,)``."""
    first, second = (bound.species[k] for k in ends)
    terms = [bound.triplets[triplet_key(first, middle, second)].parameters for middle in bound.species]
    values = [t["epsilon"] * t["lambda"] if name == "strength" else t[name] for t in terms]
    return _table(values, bonds.centre, bonds.r.dtype)


def _of_bond_orders(bound: BoundForceField, bonds: BondsOfAtoms) -> Mapping[str, Any]:
    """Parameters of every bond in sight of every third atom: numbers, ``(lanes,)`` or ``(bonded, third, lanes)``."""
    names, n = bound.species, len(bound.species)
    by_centre = all((centre,) in bound.bond_orders for centre in names) and all(len(key) == 1 for key in bound.bond_orders)
    if by_centre:
        terms, place = [bound.bond_orders[(centre,)].parameters for centre in names], bonds.centre
    else:
        terms = [bound.bond_order(bonded, centre, third).parameters for centre in names for bonded in names for third in names]
        place = (bonds.centre * n + bonds.end[:, None]) * n + bonds.end[None]
    return {name: _table([t[name] for t in terms], place, bonds.r.dtype) for name in terms[0]}
