"""Constraints of the bonds in plain NumPy, what they refuse, and their tables."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from glasswright.errors import InputError
from glasswright.library.toml_table import Table
from glasswright.targets.constraint_tables import constraint_from_table, constraint_to_table
from glasswright.targets.constraints import BondAngle, Bonds, Constraint, Coordination, Neighbours, check_constraints, rigid_groups


def read(table: dict[str, object]) -> Constraint:
    return constraint_from_table(Table("exp.toml", "constraint", table))


def diamond() -> Atoms:
    return bulk("Si", "diamond", a=5.431, cubic=True) * (3, 3, 3)


def rocksalt() -> Atoms:
    return bulk("NaCl", "rocksalt", a=5.6, cubic=True) * (2, 2, 2)


def test_a_crystal_meets_its_coordination_and_angles() -> None:
    assert Coordination("Si", "Si", 2.6, 4).violation(diamond()) == 0
    assert BondAngle("Si", "Si", "Si", 2.6, (109.4, 109.6)).violation(diamond()) == 0
    assert Coordination("Na", "Cl", 3.0, 6).violation(rocksalt()) == 0
    assert Coordination("Na", "Na", (3.0, 4.5), 12).violation(rocksalt()) == 0


def test_violations_count_what_is_missing() -> None:
    # Every one of 216 atoms lacks or has one too many; every one of 6 angles is 10 degrees off 119.47.
    assert Coordination("Si", "Si", 2.6, 5).violation(diamond()) == 216
    assert Coordination("Si", "Si", 2.6, (1, 3)).violation(diamond()) == 216
    angles = np.degrees(np.arccos(-1 / 3)) + np.array([10.0, 20.0])
    assert BondAngle("Si", "Si", "Si", 2.6, tuple(angles)).violation(diamond()) == pytest.approx(6 * 216 * 10.0)
    # Half of the atoms are to have four; all do.
    assert Coordination("Si", "Si", 2.6, 4, fraction=0.5).violation(diamond()) == 108
    assert Coordination("Si", "Si", 2.6, 4, fraction=0.5, tolerance=0.1).violation(diamond()) == pytest.approx(108 - 21.6)


def test_neighbours_are_those_of_the_start() -> None:
    atoms = diamond()
    kept = Neighbours("Si", "Si", 2.6, (2.2, 2.5))
    bonds = kept.bonds(atoms)
    assert bonds.pairs.shape == (432, 2)
    assert kept.violation(atoms) == 0
    moved = atoms.copy()
    moved.positions[5] += 3.0 * np.array([1, 1, 1]) / np.sqrt(3)
    step = moved.get_distances(5, [j for i, j in np.vstack([bonds.pairs, bonds.pairs[:, ::-1]]) if i == 5], mic=True)
    assert bonds.violation(moved) == pytest.approx(np.maximum(0, np.maximum(2.2 - step, step - 2.5)).sum())


def test_groups_are_centres_with_their_neighbours() -> None:
    groups = rigid_groups(rocksalt(), "Na", "Cl", 3.0)
    symbols = np.array(rocksalt().get_chemical_symbols())
    assert len(groups) == 32
    for group in groups:
        assert symbols[group[0]] == "Na" and (symbols[group[1:]] == "Cl").all() and len(set(group.tolist())) == 7
    assert all(len(group) == 5 for group in rigid_groups(diamond(), "Si", "Si", 2.6))
    with pytest.raises(InputError, match="No Cl is closer"):
        rigid_groups(rocksalt(), "Na", "Cl", 2.0)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: Coordination("Si", "O", 2.0, -1), "number of -1"),
        (lambda: Coordination("Si", "O", (2.0, 1.0), 4), "not possible"),
        (lambda: Coordination("Si", "O", 2.0, (4, 3)), "not possible"),
        (lambda: Coordination("Si", "O", 2.0, 4, fraction=1.5), "between 0 and 1"),
        (lambda: Coordination("Si", "O", 2.0, 4, weight=0.0), "weight"),
        (lambda: BondAngle("O", "Si", "O", 2.0, (120, 100)), "Angles"),
        (lambda: BondAngle("O", "Si", "O", (2.0, 2.1), (100, 120)), "two cutoffs"),
        (lambda: Neighbours("Si", "O", float("nan"), (1.0, 2.0)), "not possible"),
        (lambda: Bonds(np.arange(4), (1.0, 2.0)), "pairs of atoms"),
        (lambda: Bonds(np.array([[0, 999]]), (1.0, 2.0)).violation(diamond()), "not there"),
    ],
)
def test_impossible_constraints_are_refused(make: object, match: str) -> None:
    with pytest.raises(InputError, match=match):
        make()  # type: ignore[operator]


def test_what_no_move_can_meet_is_found_before_the_run() -> None:
    atoms = rocksalt()
    check_constraints([Coordination("Na", "Cl", 3.2, 6)], atoms, {("Cl", "Na"): 2.4})
    with pytest.raises(InputError, match="closer than 3.2 Å, and never closer than 3.3 Å"):
        check_constraints([Coordination("Na", "Cl", 3.2, 6)], atoms, {("Na", "Cl"): 3.3})
    with pytest.raises(InputError, match="speaks of Si"):
        check_constraints([Coordination("Si", "Cl", 3.2, 6)], atoms)
    with pytest.raises(InputError, match="half the narrowest width"):
        check_constraints([Coordination("Na", "Cl", 6.0, 6)], atoms)
    # None may have neighbours so close: that is met.
    check_constraints([Coordination("Na", "Cl", 3.2, 0)], atoms, {("Na", "Cl"): 3.3})


TABLES: list[tuple[Constraint, dict[str, object]]] = [
    (
        Coordination("Si", "O", 2.2, 4, fraction=0.98, weight=3.0),
        {"kind": "coordination", "centre": "Si", "neighbour": "O", "cutoff": 2.2, "number": 4, "fraction": 0.98, "weight": 3.0},
    ),
    (Coordination("Si", "O", (1.2, 2.2), (3, 5)), {"kind": "coordination", "centre": "Si", "neighbour": "O", "cutoff": [1.2, 2.2], "number": [3, 5]}),
    (
        BondAngle("O", "Si", "O", 2.2, (90, 130), hard=True),
        {"kind": "angle", "end": "O", "centre": "Si", "other_end": "O", "cutoff": 2.2, "angle": [90, 130], "hard": True},
    ),
    (Neighbours("Si", "O", 2.0, (1.4, 1.9)), {"kind": "neighbours", "centre": "Si", "neighbour": "O", "cutoff": 2.0, "distance": [1.4, 1.9]}),
    (Bonds(np.array([[0, 1], [2, 3]]), (1.4, 1.9)), {"kind": "bonds", "pairs": [[0, 1], [2, 3]], "distance": [1.4, 1.9]}),
]


@pytest.mark.parametrize(("constraint", "table"), TABLES, ids=[str(t["kind"]) for _, t in TABLES])
def test_tables_say_all_of_a_constraint(constraint: Constraint, table: dict[str, object]) -> None:
    assert read(table) == constraint
    again = constraint_to_table(constraint)
    assert read(again) == constraint
    assert table.items() <= again.items()
    if isinstance(constraint, Bonds):
        np.testing.assert_array_equal(read(again).pairs, constraint.pairs)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("table", "match"),
    [
        ({"kind": "coordinaton"}, "Did you mean 'coordination'"),
        ({}, "exp.toml: constraint.kind is missing"),
        ({"kind": "angle", "end": "O", "centre": "Si", "other_end": "O", "cutof": 2.2, "cutoff": 2, "angle": [1, 2]}, "Did you mean 'cutoff'"),
        ({"kind": "coordination", "centre": "Si", "neighbour": "O", "cutoff": 2.2}, "number is missing"),
        ({"kind": "coordination", "centre": "Si", "neighbour": "O", "cutoff": "2 m", "number": 4}, "cutoff must be a number"),
        ({"kind": "coordination", "centre": "Si", "neighbour": "O", "cutoff": 2.0, "number": 3.5}, "number must be a whole number"),
        ({"kind": "bonds", "pairs": [[0, 1, 2]], "distance": [1, 2]}, "pairs of indices"),
        ({"kind": "neighbours", "centre": "Si", "neighbour": "O", "cutoff": 2.0, "distance": [1.4, 1.9], "hard": 1}, "hard must be true or false"),
    ],
)
def test_unsound_tables_are_refused(table: dict[str, object], match: str) -> None:
    with pytest.raises(InputError, match=match):
        read(table)
