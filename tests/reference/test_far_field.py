"""Near and far field of the compiled core together are exact Ewald to the accuracy asked for: melt, glass and crystal, any cell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal
from scipy.special import erfc

from glasswright.engines.native.far_field import FarFieldSettings, choose_far_field
from glasswright.engines.native.tables import pair_tables
from glasswright.library.forcefields import load_forcefield
from glasswright.native import core, neighbour_pairs
from reference.ewald import COULOMB, Evaluation, ewald, gather, reciprocal_part
from reference.images import image_pairs
from reference.make_melts import read_melt
from reference.pair_sum import evaluate

Pairs = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
GLASSES = Path(__file__).parents[2] / "gallery" / "glasses"


def quartz() -> Atoms:
    """α-quartz at 296 K, Levien, Prewitt and Weidner, Am. Mineral. 65, 920 (1980)."""
    sites = [(0.4697, 0, 2 / 3), (0.4133, 0.2672, 0.1188 + 2 / 3)]
    return crystal(("Si", "O"), sites, spacegroup=154, cellpar=[4.9134, 4.9134, 5.4052, 90, 90, 120])


def lower_triangular(atoms: Atoms) -> Atoms:
    """The same atoms, turned."""
    turned = atoms.copy()
    turned.set_cell(atoms.cell.standard_form()[0], scale_atoms=True)
    return turned


def strained(atoms: Atoms, matrix: np.ndarray) -> Atoms:
    """Cell and positions multiplied by a matrix."""
    result = atoms.copy()
    result.set_cell(atoms.cell.array @ matrix, scale_atoms=True)
    return result


def shaken_silica() -> Atoms:
    atoms = read_melt("silica")
    atoms.rattle(0.05, seed=3)
    return atoms


def systems() -> dict[str, Atoms]:
    """Disordered and ordered, cubic and not."""
    melt = shaken_silica()
    return {
        "melt": melt,
        "many ions": read_melt("pmmcs-1"),
        "quartz": lower_triangular(quartz().repeat((3, 3, 3))),
        "orthorhombic": strained(melt, np.diag([1.15, 0.9, 1.0])),
        "skewed": strained(melt, np.array([[1.1, 0, 0], [0.45, 1.0, 0], [-0.35, 0.4, 1.0]])),
    }


SYSTEMS = systems()


def charges_of(atoms: Atoms) -> np.ndarray:
    if "species" in atoms.arrays:
        bound = load_forcefield("pmmcs").bind(atoms)
        return bound.charges[bound.types]
    return np.where(atoms.numbers == 14, 2.4, -1.2)


def together(atoms: Atoms, charges: np.ndarray, settings: FarFieldSettings, pairs: Callable[[Atoms, float], Pairs] = image_pairs) -> Evaluation:
    """Near part by a plain sum, far field by the core."""
    kinds, types = np.unique(charges, return_inverse=True)
    far = settings.build(kinds.tolist()).evaluate(atoms.positions, atoms.cell.array, types.astype(np.int64))
    i, j, vectors, r = pairs(atoms, settings.split.cutoff)
    product = COULOMB * charges[i] * charges[j]
    energy, force = settings.split.near(r)
    xx, yy, zz, yz, xz, xy = far["virial"]
    stress = -np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]) / atoms.get_volume()
    return gather(atoms, i, vectors, r, product * energy, product * force) + Evaluation(far["energy"], far["forces"], stress)


def force_error(value: Evaluation, exact: Evaluation) -> float:
    return float(np.sqrt(np.sum((value.forces - exact.forces) ** 2) / np.sum(exact.forces**2)))


@pytest.fixture(scope="module")
def exact() -> dict[str, Evaluation]:
    return {name: ewald(atoms, charges_of(atoms)) for name, atoms in SYSTEMS.items()}


@pytest.mark.parametrize("accuracy", [1e-3, 1e-4, 1e-5, 1e-6])
@pytest.mark.parametrize("name", SYSTEMS)
def test_the_accuracy_asked_for_is_reached(name: str, accuracy: float, exact: dict[str, Evaluation]) -> None:
    atoms = SYSTEMS[name]
    for cutoff, growth in ((None, 1.0), (4.5, 1.04)):
        settings = choose_far_field(accuracy, atoms.cell.array, len(atoms), cutoff=cutoff, growth=growth)
        value = together(atoms, charges_of(atoms), settings)
        assert force_error(value, exact[name]) < accuracy
        # Errors of single atoms cancel in the energy, but for those of the split in a crystal.
        assert value.energy == pytest.approx(exact[name].energy, rel=accuracy / 3)


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_stress_is_that_of_exact_ewald(name: str, exact: dict[str, Evaluation]) -> None:
    atoms = SYSTEMS[name]
    value = together(atoms, charges_of(atoms), choose_far_field(1e-6, atoms.cell.array, len(atoms)))
    far_part = abs(exact[name].energy) / atoms.get_volume()
    # The core gives its share of the trace by the energy; the near part here is summed by its forces, and their share of the
    # trace differs by what the other half leaves: only the deviator can be compared term by term.
    deviator = value.stress - exact[name].stress
    deviator -= np.trace(deviator) / 3 * np.eye(3)
    assert np.abs(deviator).max() < 1e-6 * far_part


@pytest.mark.parametrize(("accuracy", "cutoff"), [(1e-3, 5.5), (1e-5, 5.0), (1e-7, 5.6)])
def test_madelung_constants_to_the_digits_asked_for(accuracy: float, cutoff: float) -> None:
    salt = bulk("NaCl", "rocksalt", a=5.64, cubic=True).repeat((2, 2, 2))
    charges = np.where(salt.numbers == 11, 1.0, -1.0)
    value = together(salt, charges, choose_far_field(accuracy, salt.cell.array, len(salt), cutoff=cutoff))
    # Borwein et al., J. Math. Phys. 26, 2999 (1985), doi 10.1063/1.526675.
    assert -value.energy * (5.64 / 2) / COULOMB / 32 == pytest.approx(1.7475645946331822, rel=accuracy)
    silica = SYSTEMS["quartz"]
    exact = ewald(quartz(), charges_of(quartz())).energy * 27
    settings = choose_far_field(accuracy, silica.cell.array, len(silica), cutoff=cutoff)
    assert together(silica, charges_of(silica), settings).energy == pytest.approx(exact, rel=accuracy)


@pytest.mark.parametrize(
    "strain", [np.diag([1, 0, 0]), np.diag([0, 0, 1]), np.array([[0, 0, 0], [1, 0, 0], [0, 0, 0]]), np.array([[0, 0, 0], [0, 0, 0], [1, 1, 0]])]
)
def test_the_virial_is_the_derivative_of_the_energy(strain: np.ndarray) -> None:
    """By finite differences, with one mesh for all cells: nothing but the spectrum follows the cell."""
    atoms, h = SYSTEMS["skewed"], 1e-3
    charges = charges_of(atoms)
    settings = choose_far_field(1e-6, atoms.cell.array, len(atoms), double_precision=True)
    virial = -together(atoms, charges, settings).stress * atoms.get_volume()
    low, high = (together(strained(atoms, np.eye(3) + sign * h * strain), charges, settings).energy for sign in (-1, 1))
    slope, energy = -(high - low) / (2 * h), ewald(atoms, charges).energy
    # The tensor given has as trace the near part's by its forces and the far field's energy; exact as a sum, so the isotropic part
    # that separates them is taken from exact Ewald.
    exact = -ewald(atoms, charges).stress * atoms.get_volume()
    virial += (np.trace(exact) - np.trace(virial)) / 3 * np.eye(3)
    # The scheme's own h² and what crosses the sharp end of the spectrum.
    assert slope == pytest.approx(float(np.sum(virial * strain)), abs=3e-6 * abs(energy))


def test_a_cell_that_changes_needs_no_new_mesh() -> None:
    atoms = SYSTEMS["melt"]
    charges = charges_of(atoms)
    kinds, types = np.unique(charges, return_inverse=True)
    settings = choose_far_field(1e-4, atoms.cell.array, len(atoms))
    kept = settings.build(kinds.tolist())
    for scale in (1.0, 0.97, 1.04, 1.0):
        grown = strained(atoms, scale * np.eye(3))
        fresh, again = (far.evaluate(grown.positions, grown.cell.array, types) for far in (settings.build(kinds.tolist()), kept))
        np.testing.assert_array_equal(fresh["forces"], again["forces"])
        np.testing.assert_array_equal(fresh["virial"], again["virial"])
        assert force_error(together(grown, charges, settings), ewald(grown, charges)) < 1e-4
        assert not settings.needs_regrid(grown.cell.array)
    assert settings.needs_regrid(atoms.cell.array * 1.2)


def fast_pairs(atoms: Atoms, cutoff: float) -> Pairs:
    """What ``image_pairs`` gives, for thousands of atoms."""
    pairs = neighbour_pairs(atoms.positions, atoms.cell.array, np.zeros(len(atoms), dtype=int), np.array([[cutoff]]))
    return pairs.first, pairs.second, pairs.vectors, pairs.distances


@pytest.mark.slow
@pytest.mark.parametrize("name", ["silica-shik-50Kps-1", "sodium-silicate-teter-50Kps-1"])
def test_a_glass_at_room_temperature(name: str) -> None:
    from ase.io import read

    glass = read(GLASSES / f"{name}.extxyz.gz")
    bound = load_forcefield("teter").bind(glass)
    charges, alpha = bound.charges[bound.types], 0.4
    # What either part of the exact sum leaves out is exp(-(0.4 12)²) = 1e-10.
    i, j, vectors, r = fast_pairs(glass, 12.0)
    screened = erfc(alpha * r) / r
    force = screened / r + 2 * alpha / np.sqrt(np.pi) * np.exp(-((alpha * r) ** 2)) / r
    product = COULOMB * charges[i] * charges[j]
    exact = gather(glass, i, vectors, r, product * screened, product * force) + reciprocal_part(glass, charges, alpha, 1e-10)
    for accuracy, cutoff in ((1e-3, None), (1e-4, None), (1e-5, None), (1e-5, 8.0), (1e-6, 8.0)):
        settings = choose_far_field(accuracy, glass.cell.array, len(glass), cutoff=cutoff)
        value = together(glass, charges, settings, fast_pairs)
        assert force_error(value, exact) < accuracy
        assert value.energy == pytest.approx(exact.energy, rel=accuracy / 3)


@pytest.mark.parametrize(("forcefield", "melt", "accuracy"), [("bks", "silica", 1e-4), ("bks", "silica", 1e-5), ("teter", "teter", 1e-5)])
def test_forces_of_a_whole_force_field(forcefield: str, melt: str, accuracy: float) -> None:
    """Tables and far field, as the engine uses them."""
    cell, field = read_melt(melt), load_forcefield(forcefield)
    atoms = cell.repeat(2)
    bound = field.bind(atoms)
    settings = choose_far_field(accuracy, atoms.cell.array, len(atoms), shortest=max(t.cutoff for t in bound.pairs.values()))
    tables = pair_tables(bound, accuracy / 10, split=settings.split)
    forces = core().Forces(bound.types.astype(np.int64), pairs=tables.term(), far_field=settings.build(bound.charges.tolist()))
    value = forces.evaluate(atoms.positions, atoms.cell.array)
    one, coulomb = evaluate(cell, field), ewald(cell, field.bind(cell).charges[field.bind(cell).types])
    energy, forces_one, virial = 8 * one.energy, one.forces, -one.voigt * atoms.get_volume()
    error = np.sqrt(np.mean((value["forces"] - np.tile(forces_one, (8, 1))) ** 2) / np.mean(coulomb.forces**2))
    assert error < accuracy
    assert value["energy"] == pytest.approx(energy, rel=accuracy / 3)
    np.testing.assert_allclose(value["virial"], virial, atol=accuracy * 8 * abs(coulomb.energy))
    # The pressure, by energies, is far more exact than the tensor.
    assert value["virial"][:3].sum() == pytest.approx(virial[:3].sum(), abs=accuracy / 3 * 8 * abs(coulomb.energy))
