"""Force fields beyond pairs as the parameter files of LAMMPS' own pair styles."""

from __future__ import annotations

from itertools import product

import numpy as np

from ...forcefield import BoundForceField, pair_key, triplet_key
from ...forms import SECOND_MOMENT, STILLINGER_WEBER, TERSOFF
from ...forms.pair import derivative
from ...forms.second_moment import density, embedding
from ...forms.setfl import EMBEDDED_ATOM, chosen, read_setfl, sampled, setfl
from ...forms.tabulate import short_range

STYLES = {
    STILLINGER_WEBER: ("sw", "stillinger-weber.sw"),
    TERSOFF: ("tersoff", "tersoff.tersoff"),
    SECOND_MOMENT: ("eam/fs", "second-moment.eam.fs"),
    EMBEDDED_ATOM: ("eam/fs", "embedded-atom.eam.fs"),
}
"""Pair style of each potential, and what its file is called."""
CLOSEST = 1.0
"""Closest pair that the tables of closed forms know [Å]; below it the functions are constant."""
MOST_DENSE = 4.0
"""How much denser than a crystal at rest the densest surroundings are that the tables of closed forms know; beyond, the energy is linear."""


def many_body_file(bound: BoundForceField) -> str:
    """The file of ``STYLES`` for a force field."""
    writers = {STILLINGER_WEBER: _stillinger_weber, TERSOFF: _tersoff, SECOND_MOMENT: _second_moment, EMBEDDED_ATOM: _embedded_atom}
    return writers[bound.forcefield.many_body](bound)


def _stillinger_weber(bound: BoundForceField) -> str:
    """A row for every centre and ordered pair of ends.

    LAMMPS has one epsilon for the pair and the triplet of a row, we have two: here it is 1 eV, and A and lambda carry them.
    """
    rows = ["# centre end end epsilon sigma a lambda gamma cos_theta0 A B p q tol"]
    for centre, end, other in product(bound.species, repeat=3):
        pair, three = bound.pairs[pair_key(centre, end)].parameters, bound.triplets[triplet_key(end, centre, other)].parameters
        strength, bend = pair["epsilon"] * pair["A"], three["epsilon"] * three["lambda"]
        numbers = (1.0, pair["sigma"], pair["a"], bend, pair["gamma"], three["cos_theta0"], strength, pair["B"], pair["p"], pair["q"], 0.0)
        rows.append(" ".join([centre, end, other, *map(repr, numbers)]))
    return "\n".join(rows) + "\n"


def _tersoff(bound: BoundForceField) -> str:
    """A row for every centre, bonded and third atom: the pair of the first two, the cutoff of first and third."""
    rows = ["# centre bonded third m gamma lambda3 c d cos_theta0 n beta lambda2 B R D lambda1 A"]
    for centre, bonded, third in product(bound.species, repeat=3):
        pair, cut = bound.pairs[pair_key(centre, bonded)].parameters, bound.pairs[pair_key(centre, third)].parameters
        p = bound.bond_order(bonded, centre, third).parameters
        numbers = [p[k] for k in ("gamma", "lambda3", "c", "d", "cos_theta0", "n", "beta")]
        numbers += [pair["lambda2"], pair["B"], cut["R"], cut["D"], pair["lambda1"], pair["A"]]
        rows.append(" ".join([centre, bonded, third, f"{p['m']:.1f}", *map(repr, numbers)]))
    return "\n".join(rows) + "\n"


def _second_moment(bound: BoundForceField) -> str:
    """Its functions in tables, as exact as sixty thousand rows make them."""
    terms = {pair: density(term.parameters) for pair, term in bound.pairs.items()}

    def at(a: str, b: str, r: np.ndarray) -> np.ndarray:
        values: np.ndarray = derivative((terms[pair_key(a, b)],), np.maximum(r, CLOSEST), 0)
        return values

    def repulsion(a: str, b: str, r: np.ndarray) -> np.ndarray:
        values: np.ndarray = short_range(bound.pairs[pair_key(a, b)], np.maximum(r, CLOSEST))[0]
        return values

    crystal = max(12 * term.parameters["xi"] ** 2 for term in bound.pairs.values())
    functions = sampled(bound.species, bound.cutoff, MOST_DENSE * crystal, lambda _, rho: embedding(rho), at, repulsion, n=60_000)
    return setfl(functions, bound.masses.tolist(), f"{bound.forcefield.name}: {' '.join(bound.species)}")


def _embedded_atom(bound: BoundForceField) -> str:
    """The functions as they were given, of the species present."""
    term = bound.forcefield.embedded
    functions = chosen(read_setfl("" if term is None else term.text), bound.species)
    return setfl(functions, bound.masses.tolist(), f"{bound.forcefield.name}: {' '.join(bound.species)}")
