"""Constraints in the Monte Carlo kernel: what moves add up is what plain NumPy finds afterwards; hard ones never give way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from glasswright.errors import InputError
from glasswright.native import core
from glasswright.native.monte_carlo import MonteCarlo, Moves
from glasswright.targets.constraints import BondAngle, Bonds, Constraint, Coordination, Neighbours, rigid_groups
from reference.make_melts import read_melt

MOVES = Moves(step=0.3, swaps=0.1, clusters=0.2, cluster_step=0.2, cluster_angle=10.0)
CONSTRAINTS: dict[str, Constraint] = {
    "coordination": Coordination("Si", "O", (1.2, 2.1), 4, weight=0.3),
    "range": Coordination("O", "Si", 2.3, (1, 2), weight=0.3),
    "one element": Coordination("O", "O", 3.0, (4, 6), weight=0.1),
    "fraction": Coordination("Si", "O", 2.1, 4, fraction=0.8, tolerance=0.05, weight=1.0),
    "angle": BondAngle("O", "Si", "O", 2.2, (95.0, 125.0), weight=0.01),
    "unlike ends": BondAngle("O", "Si", "Si", (2.2, 3.2), (20.0, 60.0), weight=0.01),
    "neighbours": Neighbours("Si", "O", 2.1, (1.5, 1.8), weight=3.0),
    "bonds": Bonds(np.array([[0, 1], [5, 17], [40, 100], [0, 17]]), (2.0, 3.0), weight=3.0),
}


def kernel(atoms: Atoms, seed: int = 1) -> MonteCarlo:
    """Types O, Si and, for the tests, a second kind of O."""
    types = np.where(atoms.numbers == 14, 1, 2 * (np.arange(len(atoms)) % 2))
    monte_carlo = MonteCarlo(atoms.positions, atoms.cell.array, types, 3, r_max=5.0, n_bins=50, minimum_distances=np.full((3, 3), 0.8), seed=seed)
    monte_carlo.set_groups([group.tolist() for group in rigid_groups(atoms, "Si", "O", 2.1)])
    return monte_carlo


ELEMENTS = ("O", "Si", "O")


def present(atoms: Atoms, monte_carlo: MonteCarlo) -> Atoms:
    now = atoms.copy()
    now.positions = monte_carlo.positions
    return now


def violation(constraint: Constraint, start: Atoms, now: Atoms) -> float:
    return (constraint.bonds(start) if isinstance(constraint, Neighbours) else constraint).violation(now)


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_moves_add_up_to_the_violation(name: str) -> None:
    atoms, constraint = read_melt("silica"), CONSTRAINTS[name]
    monte_carlo, cost = kernel(atoms), constraint.cost(ELEMENTS, atoms)
    monte_carlo.add(cost)
    assert cost.violation == pytest.approx(violation(constraint, atoms, atoms), rel=1e-6, abs=1e-6)
    for _ in range(3):
        counts = monte_carlo.run(2000, moves=MOVES)
        assert counts.displacements.accepted > 20 and counts.clusters.accepted > 5
        assert counts.drift < 1e-11
        # Distances to 1e-8 Å, over some thousand angles.
        assert cost.violation == pytest.approx(violation(constraint, atoms, present(atoms, monte_carlo)), rel=1e-6, abs=1e-6)
        assert monte_carlo.penalty == pytest.approx(constraint.weight * cost.violation)


def hard(constraint: Constraint) -> Constraint:
    return replace(constraint, hard=True)


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_hard_constraints_never_give_way(name: str) -> None:
    atoms, constraint = read_melt("silica"), hard(CONSTRAINTS[name])
    monte_carlo, cost = kernel(atoms), constraint.cost(ELEMENTS, atoms)
    monte_carlo.add(cost)
    worst, refused = cost.violation, 0
    for _ in range(5):
        refused += monte_carlo.run(500, moves=MOVES).displacements.refused
        assert cost.violation <= worst + 1e-7
        assert violation(constraint, atoms, present(atoms, monte_carlo)) <= worst + 1e-6
        assert monte_carlo.penalty == 0
        worst = cost.violation
    assert refused > 0


def test_soft_constraints_order_random_atoms() -> None:
    atoms = read_melt("silica")
    atoms.positions = np.random.default_rng(1).random((len(atoms), 3)) @ atoms.cell.array
    monte_carlo = kernel(atoms)
    costs: list[Any] = [Coordination("Si", "O", 2.1, 4, weight=5.0).cost(ELEMENTS, atoms), Coordination("O", "Si", 2.1, 2, weight=5.0).cost(ELEMENTS, atoms)]
    for cost in costs:
        monte_carlo.add(cost)
    before = [cost.violation for cost in costs]
    monte_carlo.run(50_000, moves=Moves(step=0.5))
    assert all(b > 50 for b in before) and all(cost.violation < 0.2 * b for cost, b in zip(costs, before, strict=True))


def test_violations_weigh_as_in_the_exponent() -> None:
    """Of two places of an atom, one costs w: it is taken exp(-w) times as often."""
    atoms = Atoms("HHe", positions=[[5, 5, 5], [6, 5, 5]], cell=[10.0] * 3, pbc=True)
    weight, samples = 1.0, 20_000
    monte_carlo = MonteCarlo(atoms.positions, atoms.cell.array, np.array([0, 1]), 2, r_max=5.0, n_bins=10, seed=3)
    cost = Coordination("H", "He", 4.0, 1, weight=weight).cost(("H", "He"), atoms)
    monte_carlo.add(cost)
    met = 0.0
    for _ in range(samples):
        monte_carlo.run(4, moves=Moves(step=5.0))
        met += cost.violation == 0
    share = 4 / 3 * np.pi * 4.0**3 / 1000
    expected = share / (share + (1 - share) * np.exp(-weight))
    # Five standard errors of samples that four moves through the whole cell make all but independent.
    assert abs(met / samples - expected) < 5 * np.sqrt(expected * (1 - expected) / samples * 1.5)


def test_rigid_groups_move_without_strain() -> None:
    atoms = read_melt("silica")
    groups = rigid_groups(atoms, "Si", "O", 1.9)
    taken: set[int] = set()
    apart = [g.tolist() for g in groups if not taken & set(g.tolist()) and not taken.update(g.tolist())]  # type: ignore[func-returns-value]
    pairs = np.array([[g[0], j] for g in apart for j in g[1:]])
    lengths = atoms.get_all_distances(mic=True)[pairs[:, 0], pairs[:, 1]]
    monte_carlo = MonteCarlo(atoms.positions, atoms.cell.array, (atoms.numbers == 14).astype(int), 2, r_max=5.0, n_bins=50)
    monte_carlo.set_groups(apart)
    costs = [Bonds(pairs[[k]], (length - 1e-6, length + 1e-6), hard=True).cost(("O", "Si"), atoms) for k, length in enumerate(lengths)]
    for cost in costs:
        monte_carlo.add(cost)
    counts = monte_carlo.run(300, moves=Moves(clusters=1.0))
    assert counts.clusters.accepted == 300


def test_unsound_constraints_are_refused() -> None:
    atoms = read_melt("silica")
    with pytest.raises(InputError, match="half the narrowest width"):
        kernel(atoms).add(Coordination("Si", "O", 9.0, 4).cost(ELEMENTS, atoms))
    with pytest.raises(InputError, match="types of the atoms"):
        kernel(atoms).add(Coordination("Si", "O", 2.0, 4).cost(("O", "Si"), atoms))
    with pytest.raises(InputError, match="speaks of Na"):
        Coordination("Na", "O", 2.0, 4).cost(ELEMENTS, atoms)
    with pytest.raises(InputError, match="not there"):
        kernel(atoms[:80]).add(core().bond_constraint(np.array([[0, 100]]), 1.0, 2.0, 1.0, False))
    one, two = np.array([1, 0]), np.array([0, 1, 0])
    for bad in (
        lambda: core().coordination_constraint(one, two, 0.0, 2.0, 4, 4, -1.0, 0.0, 1.0, False),
        lambda: core().coordination_constraint(one, one, 0.0, np.nan, 4, 4, -1.0, 0.0, 1.0, False),
        lambda: core().coordination_constraint(one, one, 0.0, 2.0, 5, 4, -1.0, 0.0, 1.0, False),
        lambda: core().coordination_constraint(one, one, 0.0, 2.0, 4, 4, 2.0, 0.0, 1.0, False),
        lambda: core().coordination_constraint(one, one, 0.0, 2.0, 4, 4, -1.0, 0.0, np.nan, False),
        lambda: core().angle_constraint(one, one, one, 2.0, 2.0, 100.0, 200.0, 1.0, False),
        lambda: core().angle_constraint(one, one, one, 2.0, -2.0, 100.0, 120.0, 1.0, False),
        lambda: core().bond_constraint(np.array([[3, 3]]), 1.0, 2.0, 1.0, False),
        lambda: core().bond_constraint(np.array([[-1, 3]]), 1.0, 2.0, 1.0, False),
    ):
        with pytest.raises(ValueError, match="must"):
            bad()
