"""The Monte Carlo kernel draws states with their exact probabilities, in systems so small that these can be summed.

Every kind of move, with energy, data and minimum distances, alone and together: P ∝ exp(-w U/kT - N R²/T_chi). A move whose reverse has another
probability, a factor forgotten or a cost that is not that of the state shows here, whatever the code looks like.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import combinations

import numpy as np
import pytest

from glasswright.engines.native.tables import PairTables, pair_tables
from glasswright.forms.tabulate import pair_energy_force
from glasswright.library.forcefield_reader import parse_forcefield
from glasswright.native.monte_carlo import MonteCarlo, Moves
from glasswright.targets import Binwise

KT = 0.1
"""[eV]"""
CHI_TEMPERATURE = {3: 1.0, 8: 10.0}
"""For so many atoms."""
LIMIT = 5.0
"""Standard errors, of some hundred comparisons in all."""

TOY = """
name = "toy"
title = "Two kinds that attract each other a little"
units = "eV, angstrom, e"
every_species_with = []
species = { Ar = { charge = 0.0 }, Kr = { charge = 0.0 } }
coulomb = { method = "none" }
melt_quench = { melt_temperature = 200.0 }
[pairs]
"Ar-Ar" = { form = "morse12", D = 0.08, a = 1.6, r0 = 2.1, C = 1.0, cutoff = 3.5, smoothing = 0.5 }
"Ar-Kr" = { form = "morse12", D = 0.16, a = 1.8, r0 = 1.8, C = 1.0, cutoff = 3.5, smoothing = 0.5 }
"Kr-Kr" = { form = "morse12", D = 0.05, a = 1.5, r0 = 2.4, C = 1.0, cutoff = 3.5, smoothing = 0.5 }
"""
ELEMENTS = ("Ar", "Kr")
EDGE, REACH, BINS = 8.0, 4.0, 5
"""A box [Å], how far pairs are counted [Å], and in how many bins."""


@cache
def forcefield() -> tuple[object, PairTables]:
    from ase import Atoms

    bound = parse_forcefield(TOY.encode(), "toy.toml").bind(Atoms("ArKr", cell=[EDGE] * 3, pbc=True))
    return bound, pair_tables(bound)


def data(n_atoms: int) -> Binwise:
    """A curve of pair counts with strong opinions."""
    weight = np.random.default_rng(3).normal(size=(2, 2, BINS))
    return Binwise((weight + weight.transpose(1, 0, 2)) / n_atoms, np.linspace(-0.5, 0.5, BINS), 0.0)


def separations(positions: np.ndarray) -> np.ndarray:
    """Of all pairs i < j, nearest images ``(..., n_pairs)`` [Å]."""
    i, j = np.triu_indices(positions.shape[-2], 1)
    d = positions[..., i, :] - positions[..., j, :]
    return np.linalg.norm(d - EDGE * np.round(d / EDGE), axis=-1)


def exponents(r: np.ndarray, types: np.ndarray, energy: bool, fit: bool, minimum: float) -> np.ndarray:
    """-ln P of configurations up to a constant, from distances ``(n, n_pairs)`` and types ``(n_atoms,)`` or ``(n, n_atoms)``: term by term, in NumPy."""
    n_atoms = types.shape[-1]
    i, j = np.triu_indices(n_atoms, 1)
    first, second = np.sort([types[..., i], types[..., j]], axis=0)
    first, second = np.broadcast_to(first, r.shape), np.broadcast_to(second, r.shape)
    total = np.where(r < minimum, np.inf, 0.0).sum(axis=-1)
    if energy:
        bound, _ = forcefield()
        for a, b in ((0, 0), (0, 1), (1, 1)):
            u, _ = pair_energy_force(bound, ELEMENTS[a], ELEMENTS[b], np.clip(r, 0.5, 3.5).ravel())
            total = total + np.where((first == a) & (second == b) & (r < 3.5), u.reshape(r.shape), 0.0).sum(axis=-1) / KT
    if fit:
        curve = data(n_atoms)
        y = np.zeros((len(r), BINS))
        for k in range(BINS):
            inside = np.floor(r / (REACH / BINS)) == k
            y[:, k] = np.where(inside, np.asarray(curve.weight)[first, second, k], 0.0).sum(axis=-1) - np.asarray(curve.target)[k]
        total = total + n_atoms * (y**2).sum(axis=-1) / CHI_TEMPERATURE[n_atoms]
    return total


def chain(start: np.ndarray, types: np.ndarray, moves: Moves, energy: bool, fit: bool, minimum: float, n: int, every: int) -> np.ndarray:
    """Positions of ``n`` states of the kernel ``(n, n_atoms, 3)``; its first two atoms are the group that moves as one."""
    kernel = MonteCarlo(start, EDGE * np.eye(3), types, 2, r_max=REACH, n_bins=BINS, minimum_distances=np.full((2, 2), minimum), seed=5)
    kernel.set_groups([[0, 1]])
    if fit:
        kernel.set_data([data(len(types))])
    tables = forcefield()[1]
    if energy:
        kernel.set_pairs(tables)
    if moves.biased:  # along the energy, whether or not it counts
        kernel.set_bias(replace(tables, energy=tables.energy / KT, force=tables.force / KT))
    found = np.empty((n + 100, *start.shape))
    for state in found:
        kernel.run(every, temperature=KT, chi_temperature=CHI_TEMPERATURE[len(types)], moves=moves)
        state[:] = kernel.positions
    return found[100:]


def agree(found: np.ndarray, expected: np.ndarray, n_blocks: int = 25) -> None:
    """Means of samples ``(n, n_quantities)`` within block errors of what is expected ``(n_quantities,)``."""
    means = np.array([block.mean(axis=0) for block in np.array_split(found, n_blocks)])
    errors = means.std(axis=0, ddof=1) / np.sqrt(n_blocks)
    scores = np.abs(found.mean(axis=0) - expected) / errors
    assert scores.max() < LIMIT, (scores.argmax(), found.mean(axis=0)[scores.argmax()], expected[scores.argmax()])
    # Nor may all be off a little: squared scores of 24 degrees of freedom have mean 1.09; correlated ones scatter.
    assert len(expected) < 10 or np.mean(scores**2) < 2.5


TERMS = {"energy": (True, False), "data": (False, True), "both": (True, True)}


@pytest.mark.parametrize("terms", TERMS)
@pytest.mark.parametrize("kind", ["displacement", "displacement and swap", "cluster", "along a force"])
def test_three_atoms_in_a_box(kind: str, terms: str) -> None:
    """Bins of their three distances, against an integral over uniform places: moves that change places in continuous space."""
    energy, fit = TERMS[terms]
    minimum, types = 1.2, np.array([0, 0, 1])
    start = np.array([[0.0, 0, 0], [1.9, 0, 0], [0, 2.5, 2.5]]) + 0.3
    rng = np.random.default_rng(1)
    places = rng.uniform(0, EDGE, (400_000, 3, 3))
    if kind == "cluster":  # the first two are a rigid body
        axis = rng.normal(size=(len(places), 3))
        places[:, 1] = places[:, 0] + 1.9 * axis / np.linalg.norm(axis, axis=1)[:, None]
    moves = {
        "displacement": Moves(step=1.0),
        "displacement and swap": Moves(step=1.0, swaps=0.3),
        "cluster": Moves(clusters=1.0, cluster_step=1.0, cluster_angle=60.0),
        "along a force": Moves(step=1.5, biased=0.7, biased_step=0.4),
    }[kind]
    r = separations(places)
    exponent = exponents(r, types, energy, fit, minimum)
    weight = np.exp(exponent.min() - exponent)
    state, expected = states(r), np.zeros((BINS + 1) ** 3)
    np.add.at(expected, state, weight / weight.sum())
    walk = chain(start, types, moves, energy, fit, minimum, n=20_000, every=24)
    found = separations(walk)
    assert found.min() > minimum - 1e-5
    common = np.flatnonzero(expected > 5e-3)
    assert len(common) >= 8
    observed = states(found)[:, None] == common
    agree(observed.astype(float), expected[common])
    # And the mean of what it feels, which takes in all states.
    if energy:
        agree(exponents(found, types, True, False, 0.0)[:, None], np.array([np.average(exponents(r, types, True, False, 0.0), weights=weight)]))


def states(r: np.ndarray) -> np.ndarray:
    """One number for the bins of three distances; what is beyond the last bin is one more bin."""
    bins = np.minimum(np.floor(r / (REACH / BINS)).astype(int), BINS)
    return bins @ np.array([(BINS + 1) ** 2, BINS + 1, 1])


@pytest.mark.parametrize("terms", TERMS)
def test_two_kinds_on_eight_sites(terms: str) -> None:
    """All 70 ways to occupy sites, by swaps alone."""
    energy, fit = TERMS[terms]
    sites = np.random.default_rng(2).uniform(-0.35, 0.35, (8, 3)) + 2.1 * np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)])
    ways = np.array([[int(k in chosen) for k in range(8)] for chosen in combinations(range(8), 4)])
    r = np.broadcast_to(separations(sites), (len(ways), 28))
    exponent = exponents(r, ways, energy, fit, 0.0)
    expected = np.exp(exponent.min() - exponent)
    expected /= expected.sum()
    common = np.flatnonzero(expected > 2e-3)
    assert len(common) > 20 and expected.max() > 3 / len(ways)
    types = ways[0]
    walk = chain(sites, types, Moves(swaps=1.0), energy, fit, 0.0, n=30_000, every=12)
    # Which site each atom sits on, then who sits on each site.
    seat = np.argmin(np.linalg.norm(wrapped(walk[:, :, None] - sites), axis=-1), axis=-1)
    occupied = np.zeros((len(walk), 8), dtype=int)
    np.put_along_axis(occupied, seat, np.broadcast_to(types, seat.shape), axis=1)
    observed = (occupied[:, None] == ways).all(axis=-1)
    assert observed.any(axis=1).all()
    agree(observed[:, common].astype(float), expected[common])


def wrapped(d: np.ndarray) -> np.ndarray:
    return np.asarray(d - EDGE * np.round(d / EDGE))
