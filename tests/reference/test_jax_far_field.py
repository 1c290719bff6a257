"""The far field in JAX with a plain near part is exact Ewald to the accuracy asked for, and every derivative that of its energy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from glasswright.engines.jax import without_jax
from glasswright.errors import InputError
from glasswright.library.forcefields import load_forcefield
from reference.ewald import Evaluation, ewald, gather
from reference.images import image_pairs
from reference.make_melts import read_melt
from reference.test_far_field import COULOMB, SYSTEMS, force_error

jax = pytest.importorskip("jax", reason=str(without_jax()))

# Of the force; what single precision leaves of 3e-7 is in the second.
CASES = [("melt", 1e-3, "single", False), ("skewed", 1e-5, "single", False), ("quartz", 1e-6, "double", False), ("skewed", 1e-6, "double", True)]


@pytest.fixture(autouse=True, scope="module")
def double() -> Iterator[None]:
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def charges_of(bound: Any) -> np.ndarray:
    return np.asarray(bound.charges)[bound.types]


def near(atoms: Atoms, charges: np.ndarray, split: Any) -> Evaluation:
    i, j, vectors, r = image_pairs(atoms, split.cutoff)
    energy, force = split.near(r)
    product = COULOMB * charges[i] * charges[j]
    return gather(atoms, i, vectors, r, product * energy, product * force)


def far(part: Any, atoms: Atoms) -> Evaluation:
    energy, forces, virial = jax.jit(lambda p, h: part.energy_forces_virial(None, p, h, None))(atoms.positions, atoms.cell.array)
    return Evaluation(float(energy), np.asarray(forces), -np.asarray(virial) / atoms.get_volume())


@pytest.mark.parametrize(("name", "accuracy", "precision", "exact"), CASES)
def test_the_accuracy_asked_for_is_reached(name: str, accuracy: float, precision: Any, exact: bool) -> None:
    from glasswright.engines.jax.far_field import far_field

    atoms = SYSTEMS[name]
    bound = load_forcefield("bks").bind(atoms)
    charges = charges_of(bound)
    part = far_field(bound, atoms.cell.array, accuracy=accuracy, precision=precision, cutoff=5.5, exact=exact)
    value, expected = near(atoms, charges, part.split) + far(part, atoms), ewald(atoms, charges)
    assert force_error(value, expected) < accuracy
    # Errors of single atoms cancel in the energy, but for those of the split in a crystal.
    assert value.energy == pytest.approx(expected.energy, rel=accuracy / 3)
    assert np.abs(value.stress - expected.stress).max() < accuracy * abs(expected.energy) / atoms.get_volume()


def test_a_narrow_cell_is_summed_too() -> None:
    from glasswright.engines.jax.far_field import far_field

    atoms = Atoms("SiO2", positions=[[0.1, 0.2, 0.3], [1.7, 0.1, 0.4], [0.2, 1.8, 0.1]], cell=[[4.0, 0, 0], [0.7, 4.4, 0], [-0.5, 0.9, 3.7]], pbc=True)
    bound = load_forcefield("bks").bind(atoms)
    part = far_field(bound, atoms.cell.array, accuracy=1e-5, precision="double")
    assert part.split.cutoff > 3.7
    value, expected = near(atoms, charges_of(bound), part.split) + far(part, atoms), ewald(atoms, charges_of(bound))
    assert force_error(value, expected) < 1e-5


@pytest.fixture(scope="module")
def small() -> tuple[Any, Atoms, dict[str, Any]]:
    """A mesh sum over few atoms of three kinds, with theta."""
    from glasswright.engines.jax.far_field import far_field

    random = np.random.default_rng(5)
    cell = np.array([[9.0, 0, 0], [1.1, 8.5, 0], [-0.7, 0.9, 9.6]])
    atoms = Atoms("Na2Si2O5" * 2, positions=random.random((18, 3)) @ cell, cell=cell, pbc=True)
    bound = load_forcefield("teter").bind(atoms)
    theta = {f"charge.{name}": jax.numpy.asarray(float(q)) for name, q in zip(bound.species, bound.charges, strict=True)}
    return far_field(bound, cell, accuracy=1e-4, precision="double", cutoff=4.0), atoms, theta


def test_every_derivative_is_that_of_the_energy(small: Any) -> None:
    """By central differences along one direction in positions, cell and charges at once; then once more, of the forces."""
    part, atoms, theta = small
    random = np.random.default_rng(1)
    start = ({k: np.asarray(v) for k, v in theta.items()}, atoms.positions, atoms.cell.array)
    along = ({k: np.asarray(random.normal()) for k in theta}, random.normal(size=(18, 3)), 0.3 * random.normal(size=(3, 3)))

    def at(step: float) -> Any:
        return jax.tree.map(lambda x, d: jax.numpy.asarray(x + step * d), start, along)

    energy = jax.jit(part.energy)
    residual = jax.jit(jax.value_and_grad(lambda t, p, h: jax.numpy.sum(jax.grad(part.energy, argnums=1)(t, p, h) ** 2), argnums=(0, 1, 2)))
    slopes = jax.jit(jax.grad(part.energy, argnums=(0, 1, 2)))(*at(0.0))

    def dot(slopes: Any) -> float:
        return float(sum(np.sum(a * b) for a, b in zip(jax.tree.leaves(slopes), jax.tree.leaves(along), strict=True)))

    h = 1e-4
    difference = float(energy(*at(h)) - energy(*at(-h))) / (2 * h)
    # h² times a third derivative, and rounding of 1e-13 of the energy over h; wave vectors cross the sharp end of the spectrum.
    assert dot(slopes) == pytest.approx(difference, rel=1e-5)
    (high, _), (low, _), (_, of_forces) = (residual(*at(step)) for step in (h, -h, 0.0))
    assert dot(of_forces) == pytest.approx(float(high - low) / (2 * h), rel=1e-5)


def test_nothing_depends_on_where_the_atoms_are_as_a_whole(small: Any) -> None:
    part, atoms, _ = small
    one, moved = far(part, atoms), atoms.copy()
    moved.positions += [0.123, -4.1, 7.7]
    other = far(part, moved)
    assert other.energy == pytest.approx(one.energy, rel=1e-12)
    np.testing.assert_allclose(other.forces, one.forces, atol=1e-11 * np.abs(one.forces).max() + 1e-10)
    assert np.abs(one.forces.sum(axis=0)).max() < 1e-10
    # An image of an atom shifts the mesh by a part of a cell: the energy then differs by what the mesh leaves.
    moved.positions[3] += moved.cell.array[1]
    assert far(part, moved).energy == pytest.approx(one.energy, rel=1e-4)


def test_a_cell_that_grows_asks_for_a_new_mesh(small: Any) -> None:
    from glasswright.engines.jax.far_field import far_field

    part, atoms, _ = small
    cell = atoms.cell.array
    exact = far_field(part.bound, cell, cutoff=4.0, exact=True)
    for one in (part, exact):
        assert not one.outgrown(cell) and not one.outgrown(cell * 1.03)
        assert one.outgrown(cell * 1.1)


def test_charged_atoms_stand_on_an_even_background(small: Any) -> None:
    """With the energy of that background nothing depends on how 1/r is split, even where one charge is moved alone."""
    from glasswright.engines.jax.far_field import far_field

    part, atoms, theta = small
    charged = theta | {"charge.Si": theta["charge.Si"] + 0.5}
    charges = np.array([float(charged[f"charge.{s}"]) for s in part.bound.species])[part.bound.types]
    energies = []
    for cutoff in (3.5, 4.2):
        other = far_field(part.bound, atoms.cell.array, accuracy=1e-6, precision="double", cutoff=cutoff, exact=True)
        energies.append(near(atoms, charges, other.split).energy + float(other.energy(charged, atoms.positions, atoms.cell.array)))
    assert energies[0] == pytest.approx(energies[1], rel=1e-6)


def test_what_cannot_be_summed_is_refused(small: Any) -> None:
    from dataclasses import replace

    from glasswright.engines.jax.far_field import far_field

    part, atoms, _ = small
    charged = replace(part.bound, charges=part.bound.charges + 0.1)
    with pytest.raises(InputError, match=r"make \+1.8 e"):
        far_field(charged, atoms.cell.array)
    with pytest.raises(InputError, match="accuracy"):
        far_field(part.bound, atoms.cell.array, accuracy=1e-9)


def test_a_whole_force_field_is_that_of_the_native_engine() -> None:
    from glasswright.engines.jax.potential import potential
    from glasswright.engines.native import NativeEngine

    forcefield, atoms = load_forcefield("bks"), read_melt("silica")
    atoms.calc = NativeEngine(precision="double", accuracy=1e-6).calculator(forcefield)
    ready = potential(forcefield, atoms, precision="single", accuracy=1e-5)
    energy, forces, virial = jax.jit(ready.energy_forces_virial)(atoms.positions, atoms.cell.array, ready.neighbours(atoms.positions, atoms.cell.array))
    expected = atoms.get_forces()
    assert np.sqrt(np.sum((forces - expected) ** 2) / np.sum(expected**2)) < 1e-5
    assert float(energy) == pytest.approx(atoms.get_potential_energy(), rel=1e-6)
    # Errors of the pressure are those of the energy over the volume.
    np.testing.assert_allclose(-virial / atoms.get_volume(), atoms.get_stress(voigt=False), atol=3e-6 * abs(float(energy)) / atoms.get_volume())
