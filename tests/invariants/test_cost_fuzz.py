"""Energies and constraints of the Monte Carlo, given anything: they refuse it with a sentence, or the kernel goes on with finite numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from glasswright.native import core
from glasswright.native.monte_carlo import MonteCarlo, Moves
from invariants.test_core_fuzz import REFUSALS, strange

N_ATOMS = 60
POSITIONS = np.random.default_rng(1).random((N_ATOMS, 3))
CELLS = [np.diag([9.0, 10.0, 11.0]), np.array([[9.0, 0, 0], [4.0, 9.0, 0], [-3.0, 4.0, 9.0]]), np.array([[9.0, 0, 0], [27.0, 9.0, 0], [-18.0, 18.0, 9.0]])]
small = st.integers(-2, 9)
sound_or_strange = st.sampled_from([0.5, 1.0, 2.0, 3.0]) | strange
flags = st.lists(st.integers(-1, 2), max_size=3).map(lambda v: np.array(v, dtype=np.int64))
two = st.sampled_from([np.array([1, 0]), np.array([0, 1]), np.array([1, 1])]) | flags
polynomials = st.lists(sound_or_strange, max_size=30).map(np.array)


def lives(make: Callable[[], Any], cell: np.ndarray) -> None:
    monte_carlo = MonteCarlo(POSITIONS @ cell, cell, np.arange(N_ATOMS) % 2, 2, r_max=0.5, n_bins=4)
    monte_carlo.set_groups([[0, 1, 2, 3], [4, 9]])
    try:
        monte_carlo.add(make())
    except REFUSALS:
        return
    counts = monte_carlo.run(30, temperature=1.0, moves=Moves(step=0.5, swaps=0.2, clusters=0.3))
    assert counts.tried == 30
    assert np.isfinite([monte_carlo.energy, monte_carlo.penalty, counts.drift]).all()


@given(
    st.lists(sound_or_strange, max_size=3) | sound_or_strange.map(lambda q: [q, -q]), sound_or_strange, polynomials, sound_or_strange, st.sampled_from(CELLS)
)
@settings(max_examples=150, deadline=None)
def test_far_fields(charges: list[float], largest_k: float, psi: np.ndarray, at_zero: float, cell: np.ndarray) -> None:
    lives(lambda: core().reciprocal_energy(np.array(charges, dtype=float), largest_k, psi.astype(float), at_zero), cell)


@given(two, two, sound_or_strange, sound_or_strange, small, small, sound_or_strange, sound_or_strange, sound_or_strange, st.booleans(), st.sampled_from(CELLS))
@settings(max_examples=150, deadline=None)
def test_coordination(
    centre: np.ndarray,
    neighbour: np.ndarray,
    shortest: float,
    longest: float,
    least: int,
    most: int,
    share: float,
    tolerance: float,
    weight: float,
    hard: bool,
    cell: np.ndarray,
) -> None:
    lives(lambda: core().coordination_constraint(centre, neighbour, shortest, longest, least, most, share, tolerance, weight, hard), cell)


@given(two, two, two, sound_or_strange, sound_or_strange, sound_or_strange, sound_or_strange, sound_or_strange, st.booleans(), st.sampled_from(CELLS))
@settings(max_examples=150, deadline=None)
def test_angles(
    centre: np.ndarray,
    end: np.ndarray,
    other: np.ndarray,
    cutoff: float,
    other_cutoff: float,
    least: float,
    most: float,
    weight: float,
    hard: bool,
    cell: np.ndarray,
) -> None:
    lives(lambda: core().angle_constraint(centre, end, other, cutoff, other_cutoff, least, most, weight, hard), cell)


@given(
    st.lists(st.tuples(st.integers(-1, N_ATOMS), st.integers(-1, N_ATOMS)), max_size=8),
    sound_or_strange,
    sound_or_strange,
    sound_or_strange,
    st.booleans(),
    st.sampled_from(CELLS),
)
@settings(max_examples=100, deadline=None)
def test_bonds(pairs: list[tuple[int, int]], shortest: float, longest: float, weight: float, hard: bool, cell: np.ndarray) -> None:
    lives(lambda: core().bond_constraint(np.array(pairs, dtype=np.int64).reshape(-1, 2), shortest, longest, weight, hard), cell)


@given(st.integers(0, 3), st.lists(sound_or_strange, min_size=7, max_size=7), sound_or_strange, sound_or_strange, st.sampled_from(CELLS))
@settings(max_examples=100, deadline=None)
def test_stillinger_weber(types: int, bond: list[float], strength: float, cosine: float, cell: np.ndarray) -> None:
    pairs, triplets = np.tile(np.array(bond), (types, types, 1)), np.tile(np.array([strength, cosine]), (types, types, types, 1))
    lives(lambda: core().triplet_energy(pairs, triplets), cell)
