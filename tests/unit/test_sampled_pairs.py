"""Pair functions given by values, alone and on top of a force field."""

from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms

from glasswright.engines.native.engine import NativeEngine
from glasswright.engines.native.relaxation import NativeRelaxation
from glasswright.engines.relaxation import CalculatorRelaxation
from glasswright.errors import InputError
from glasswright.forms.sampled_pairs import SampledPairs
from glasswright.library.forcefields import load_forcefield
from glasswright.packing import pack
from glasswright.workflows.refinement_energy import energy_of

R = np.linspace(0.5, 6.0, 1101)


def ripple(r: np.ndarray) -> np.ndarray:
    """Something with structure, smoothly zero at 6 Å."""
    return 0.4 * np.cos(5 * r) * (1 - (r / 6) ** 2) ** 3 * (r < 6)


def pairs_of(species: tuple[str, ...]) -> SampledPairs:
    n = len(species)
    factor = 1.0 + np.add.outer(np.arange(n), np.arange(n))
    return SampledPairs(species, R, factor[:, :, None] * ripple(R))


def test_energy_and_force_are_those_of_the_samples() -> None:
    pairs, r = pairs_of(("O", "Si")), np.linspace(0.6, 5.9, 333)
    energy, force = pairs.energy_force("Si", "O", r)
    np.testing.assert_allclose(energy, 2 * ripple(r), atol=1e-8)
    np.testing.assert_allclose(force, -2 * (ripple(r + 1e-5) - ripple(r - 1e-5)) / 2e-5, atol=1e-5)
    outside, push = pairs.energy_force("O", "O", np.array([0.2, 6.0001]))
    assert outside[1] == 0 and push[1] == 0
    inner, inner_push = pairs.energy_force("O", "O", np.array([0.5]))
    assert outside[0] == pytest.approx(inner[0] + 0.3 * inner_push[0]) and push[0] == pytest.approx(inner_push[0])


def test_what_is_no_pair_function_is_refused() -> None:
    with pytest.raises(InputError, match="do not fit"):
        SampledPairs(("O",), R, np.zeros((1, 1, 3)))
    with pytest.raises(InputError, match="evenly spaced"):
        SampledPairs(("O",), R**2, np.zeros((1, 1, len(R))))


@pytest.mark.parametrize(("composition", "name"), [("SiO2", "shik"), ("SiO2", "bks"), ("Si", "sw-si")])
def test_the_engine_adds_it_to_a_force_field(composition: str, name: str) -> None:
    atoms, forcefield = pack(composition, n_atoms=648, seed=3), load_forcefield(name)
    interactions = NativeEngine(precision="double").interactions(forcefield, atoms)
    added = pairs_of(interactions.bound.species)
    both = replace(interactions, added=added)
    x, cell = atoms.get_positions(), np.array(atoms.cell)
    far = interactions.far_field(cell)
    alone, whole = (i.forces(far).evaluate(x, cell) for i in (interactions, both))
    distances, vectors = atoms.get_all_distances(mic=True), atoms.get_all_distances(mic=True, vector=True)
    np.fill_diagonal(distances, 9.0)
    energy, forces = 0.0, np.zeros_like(x)
    labels = np.array(atoms.get_chemical_symbols())
    for a in added.species:
        for b in added.species:
            mask = (labels == a)[:, None] & (labels == b) & (distances < 6)
            i, j = np.nonzero(mask)
            u, f = added.energy_force(a, b, distances[mask])
            energy += u.sum() / 2
            np.add.at(forces, i, -(f / distances[mask])[:, None] * vectors[i, j])
    assert whole["energy"] - alone["energy"] == pytest.approx(energy, abs=1e-5 * abs(energy) + 1e-4)
    np.testing.assert_allclose(whole["forces"] - alone["forces"], forces, atol=2e-5 * np.abs(forces).max() + 1e-5 * np.abs(alone["forces"]).max())


def test_a_relaxation_in_a_cell_barely_wide_enough_knows_what_was_added() -> None:
    """Twice the cutoff of 10 Å fits into the cell, the spare room that dynamics ask for does not."""
    atoms, forcefield = pack("SiO2", n_atoms=600, seed=3), load_forcefield("shik")
    atoms.set_cell(np.eye(3) * 20.3, scale_atoms=True)
    assert NativeEngine().supports(forcefield, atoms)
    alone = energy_of(forcefield, atoms, "native", 1, 6.0)
    added = pairs_of(("O", "Si"))
    both, x = alone.added(added), atoms.get_positions()
    distances, labels = atoms.get_all_distances(mic=True), np.array(atoms.get_chemical_symbols())
    np.fill_diagonal(distances, 9.0)
    energy = sum(added.energy_force(a, b, distances[(labels == a)[:, None] & (labels == b)])[0].sum() for a in ("O", "Si") for b in ("O", "Si")) / 2
    assert both.relax(x, 0).energy - alone.relax(x, 0).energy == pytest.approx(energy, rel=1e-4)
    assert np.abs(both.heat(x, 2, 3000.0, 1) - alone.heat(x, 2, 3000.0, 1)).max() > 1e-3


def test_relaxations_go_downhill_and_agree() -> None:
    # A crystal whose atoms were shaken: both minimisers must come back to it.
    atoms = Atoms("Si8", cell=[5.431] * 3, pbc=True, scaled_positions=[(0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0),
                  (0.25, 0.25, 0.25), (0.25, 0.75, 0.75), (0.75, 0.25, 0.75), (0.75, 0.75, 0.25)]).repeat(2)  # fmt: skip
    forcefield, engine = load_forcefield("sw-si"), NativeEngine()
    at_rest = engine.calculator(forcefield).get_potential_energy(atoms)
    shaken = atoms.get_positions() + np.random.default_rng(2).normal(0, 0.1, (64, 3))
    native = NativeRelaxation(engine.interactions(forcefield, atoms), np.array(atoms.cell))
    other = CalculatorRelaxation(atoms, engine.calculator(forcefield))
    few = native.minimised(shaken, 2)
    assert few.energy > at_rest + 0.1
    for relax in (native, other):
        done = relax.minimised(shaken, 500)
        assert done.largest_force <= 1e-3 and done.energy == pytest.approx(at_rest, abs=1e-3)
    again = native.minimised(shaken, 2)
    np.testing.assert_array_equal(again.positions, few.positions)


def test_dynamics_from_given_positions_have_the_temperature() -> None:
    atoms = Atoms("Si8", cell=[5.431] * 3, pbc=True, scaled_positions=[(0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0),
                  (0.25, 0.25, 0.25), (0.25, 0.75, 0.75), (0.75, 0.25, 0.75), (0.75, 0.75, 0.25)]).repeat(2)  # fmt: skip
    forcefield, engine = load_forcefield("sw-si"), NativeEngine()
    calculator = engine.calculator(forcefield)
    at_rest = calculator.get_potential_energy(atoms)
    for relaxation in (NativeRelaxation(engine.interactions(forcefield, atoms), np.array(atoms.cell)), CalculatorRelaxation(atoms, calculator)):
        energies, x = [], atoms.get_positions()
        for seed in range(30):
            x = relaxation.heated(x, 40, 600.0, seed)
            energies.append(relaxation.minimised(x, 0).energy - at_rest)
        # Equipartition, to 4 standard errors: 192 modes with kT/2 each, of which a sample has a share sqrt(2/192) of noise.
        assert np.mean(energies[6:]) / (0.5 * 192 * 8.617333e-5 * 600) == pytest.approx(1, abs=0.1)
        np.testing.assert_array_equal(relaxation.heated(x, 5, 600.0, 3), relaxation.heated(x, 5, 600.0, 3))
