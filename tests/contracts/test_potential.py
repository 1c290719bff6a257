"""What every potential in JAX promises: the energy, forces and stress of the force field in any cell, derivatives of them, and maps over batches."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms

import glasswright as gw
from contracts.cases import CELLS, ELECTROSTATICS, model, sample
from glasswright.errors import InputError
from glasswright.units import GPA
from reference.ewald import Evaluation
from reference.pair_sum import evaluate

jax = pytest.importorskip("jax", reason="JAX is not installed")
jnp = jax.numpy

QUICKLY = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
"""How these tests compile: what they compile runs a few times."""
CASES = [
    *(("bks/dsf", cell, "single") for cell in CELLS),
    *((name, cell, "single") for name in ELECTROSTATICS if name != "bks/dsf" for cell in ("triclinic", "small")),
    ("bks", "triclinic", "double"),
    ("bks/wolf", "small", "double"),
    ("shik", "triclinic", "double"),
]
"""Force field, cell, precision."""


@pytest.fixture(autouse=True)
def wide() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def compiled(function: Callable[..., Any], *arguments: Any) -> Any:
    return jax.jit(function).lower(*arguments).compile(compiler_options=QUICKLY)


def placed(atoms: Atoms) -> tuple[Any, Any]:
    return jnp.asarray(atoms.positions), jnp.asarray(atoms.cell.array)


def error(found: Any, exact: Any) -> float:
    """rms(Δ)/rms."""
    return float(np.sqrt(np.mean((np.asarray(found) - exact) ** 2) / np.mean(np.asarray(exact) ** 2)))


@cache
def exact(name: str, cell: str) -> Evaluation:
    return evaluate(sample(name, cell), model(name))


@pytest.mark.parametrize(("name", "cell", "precision"), CASES)
def test_equals_the_plain_numpy_sum(name: str, cell: str, precision: str) -> None:
    atoms, expected = sample(name, cell), exact(name, cell)
    potential, (x, h) = gw.potential(model(name), atoms, precision=precision), placed(atoms)
    near = potential.neighbours(x, h)
    energy, forces, virial = compiled(potential.energy_forces_virial, x, h, near)(x, h, near)
    # In double precision only the split of an Ewald sum is approximate; in single precision tables are, and the last digits of forces.
    same = precision == "double" and name != "bks"
    assert error(forces, expected.forces) < (1e-12 if same else 1e-5)
    assert abs(float(energy) - expected.energy) / len(atoms) < (1e-10 if same else 1e-5)
    assert np.abs(-np.asarray(virial) / atoms.get_volume() - expected.stress).max() * GPA < (1e-8 if same else 5e-3)


@pytest.fixture(scope="module")
def crystal() -> tuple[Any, ...]:
    """A shaken crystal in SHIK, whose energy is smooth; its potential in double precision, and where it is."""
    with jax.enable_x64(True):
        atoms = sample("shik", "small")
        potential = gw.potential("shik", atoms, precision="double")
        x, h = placed(atoms)
        return potential, x, h, potential.neighbours(x, h)


def test_forces_and_virial_are_derivatives_of_the_energy(crystal: tuple[Any, ...]) -> None:
    potential, x, h, near = crystal
    rng = np.random.default_rng(1)
    move, strain = jnp.asarray(rng.normal(size=x.shape)), jnp.asarray(rng.normal(size=(3, 3)))

    def energy(x: Any, h: Any) -> Any:
        return potential.energy(x, h, near)

    def everything(x: Any, h: Any) -> Any:
        slopes = jax.grad(energy, argnums=(0, 1))
        forwards = jax.jvp(lambda x, h: potential.energy_forces_virial(x, h, near), (x, h), (move, h @ strain))
        along = jax.jvp(slopes, (x, h), (move, h @ strain))
        # Rules of derivatives must also hold inside a loop, forwards and backwards.
        looped = jax.jvp(lambda x: jax.lax.scan(lambda at, _: (at - 1e-3 * slopes(at, h)[0], None), x, None, length=2)[0], (x,), (move,))
        back = jax.grad(lambda x: jnp.sum(slopes(x, h)[0] * move))(x)
        return energy(x, h), forwards, along, looped, back, jax.jvp(lambda x: slopes(x, h)[0], (x,), (move,))[1]

    run = compiled(everything, x, h)
    _, ((_, forces, virial), (slope, forces_slope, virial_slope)), ((by_x, by_h), (by_x_slope, by_h_slope)), (_, looped_slope), back, sideways = run(x, h)
    np.testing.assert_allclose(by_x, -forces, atol=1e-10)
    np.testing.assert_allclose(by_x_slope, -forces_slope, atol=1e-8)
    np.testing.assert_allclose(back, sideways, atol=1e-8)  # the Hessian is symmetric
    along = float(jnp.sum(by_x * move) + jnp.sum(by_h * (h @ strain)))
    assert float(slope) == pytest.approx(along, rel=1e-9)
    # A strain of everything: dE = -W:ε.
    strained = float(jnp.sum(by_x * (x @ strain)) + jnp.sum(by_h * (h @ strain)))
    assert strained == pytest.approx(-float(jnp.sum(virial * strain)), rel=1e-9)

    def differences(of: Callable[[Any], Any], strained: bool, step: float = 1e-4) -> Any:
        moved = [of(run(x + s * step * move, h + s * step * h @ strain * strained)) for s in (-2, -1, 1, 2)]
        return (moved[0] - 8 * moved[1] + 8 * moved[2] - moved[3]) / (12 * step)

    # Differences of fourth order: relative errors of 1e-9 by truncation and 1e-10 by rounding.
    assert float(differences(lambda out: out[0], True)) == pytest.approx(along, rel=1e-7)
    for found, of in ((forces_slope, lambda out: out[1][0][1]), (virial_slope, lambda out: out[1][0][2]), (by_h_slope, lambda out: out[2][0][1])):
        np.testing.assert_allclose(found, differences(of, True), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(sideways, differences(lambda out: out[2][0][0], False), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(looped_slope, differences(lambda out: out[3][0], False), rtol=1e-5, atol=1e-5)


def test_gradient_of_a_force_loss_in_every_parameter(crystal: tuple[Any, ...]) -> None:
    potential, x, h, near = crystal
    rng = np.random.default_rng(2)
    wanted = jnp.asarray(rng.normal(size=x.shape))

    def loss(theta: Any) -> Any:
        return jnp.mean((potential.energy_forces(x, h, near, theta)[1] - wanted) ** 2)

    theta = potential.parameters
    run = compiled(jax.value_and_grad(loss), theta)
    _, slopes = run(theta)
    assert {"O-Si.A", "O-O.C", "charge.Si"} <= set(slopes)
    for name in ("O-Si.A", "O-O.C", "charge.Si"):
        step = 1e-4 * float(theta[name])
        values = [float(run(theta | {name: theta[name] + k * step})[0]) for k in (-2, -1, 1, 2)]
        assert float(slopes[name]) == pytest.approx((values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step), rel=1e-6)


def test_maps_over_replicas_and_parameters_give_what_one_at_a_time_gives() -> None:
    atoms = sample("bks/dsf", "small").repeat((2, 1, 1))
    potential = gw.potential(model("bks/dsf"), atoms)
    rng = np.random.default_rng(3)
    x = atoms.positions + rng.normal(scale=0.1, size=(3, len(atoms), 3))
    h = jnp.asarray(atoms.cell.array)
    near, theta = potential.neighbours(x, h), potential.parameters
    charges = theta["charge.Si"] * jnp.array([0.9, 1.0, 1.1])

    def forces(x: Any, near: Any, charge: Any) -> Any:
        return potential.energy_forces(x, h, near, {"charge.Si": charge, "charge.O": -0.5 * charge})

    energies, each = compiled(jax.vmap(forces), jnp.asarray(x), near, charges)(jnp.asarray(x), near, charges)
    alone = compiled(forces, jnp.asarray(x[0]), jax.tree.map(lambda leaf: leaf[0], near), charges[0])
    for k in range(3):
        energy, single = alone(jnp.asarray(x[k]), jax.tree.map(lambda leaf, k=k: leaf[k], near), charges[k])
        assert float(energies[k]) == pytest.approx(float(energy), abs=1e-5)
        np.testing.assert_allclose(each[k], single, atol=2e-5)


def test_large_boxes_cost_no_precision_in_forces() -> None:
    atoms = sample("bks/dsf", "cubic")
    far = atoms.repeat((12, 1, 1))
    here = gw.potential(model("bks/dsf"), atoms).neighbours
    assert here(*placed(atoms)).layout.repeats == (2, 2, 2)
    potential, (x, h) = gw.potential(model("bks/dsf"), far), placed(far)
    near = potential.neighbours(x, h)
    forces = compiled(potential.energy_forces, x, h, near)(x, h, near)[1]
    # In float32 coordinates of a box of 150 Å it would be 3e-5.
    assert error(forces, np.tile(exact("bks/dsf", "cubic").forces, (12, 1))) < 3e-6


def test_without_double_precision_sums_are_as_good_as_their_type() -> None:
    with jax.enable_x64(False):
        atoms = sample("bks/dsf", "triclinic")
        potential, (x, h) = gw.potential(model("bks/dsf"), atoms), placed(atoms)
        near = potential.neighbours(x, h)
        energy, forces, _ = compiled(potential.energy_forces_virial, x, h, near)(x, h, near)
        assert forces.dtype == np.float32
    assert error(forces, exact("bks/dsf", "triclinic").forces) < 1e-5
    assert abs(float(energy) - exact("bks/dsf", "triclinic").energy) / len(atoms) < 1e-5


def test_the_walk_of_the_documentation() -> None:
    found = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "examples" / "potential_walk.py"))
    assert found["forces"].shape == (72, 3)
    assert set(found["slopes"]) == set(found["potential"].parameters)
    # The loss is 0.01 of noise: its slope goes where noise and the change of forces happen to be parallel.
    assert all(np.isfinite(slope) for slope in found["slopes"].values())
    assert any(abs(slope) > 1e-9 for slope in found["slopes"].values())


def test_bad_requests_are_refused_with_the_reason() -> None:
    atoms = sample("bks/dsf", "small")
    forcefield = model("bks/dsf")
    with pytest.raises(InputError, match="'half' is unknown"):
        gw.potential(forcefield, atoms, precision="half")
    with jax.enable_x64(False), pytest.raises(InputError, match="jax_enable_x64"):
        gw.potential(forcefield, atoms, precision="double")
    potential, (x, h) = gw.potential(forcefield, atoms), placed(atoms)
    near = potential.neighbours(x, h)
    with pytest.raises(InputError, match=r"no parameter Si-O\.A"):
        potential.energy(x, h, near, {"Si-O.A": jnp.asarray(1.0)})
    with pytest.raises(InputError, match="not finite"):
        potential.neighbours(x.at[0, 0].set(jnp.nan), h)
