"""The compiled core as a function of JAX: the numbers of the core, their derivatives, compiled loops, batches and threads."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from contracts.cases import model, silica
from glasswright.engines.jax import without_jax
from glasswright.engines.native import NativeEngine
from glasswright.errors import InputError
from glasswright.native import core

jax = pytest.importorskip("jax", reason=str(without_jax()))


@pytest.fixture(autouse=True, scope="module")
def double() -> Iterator[None]:
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


@pytest.fixture(scope="module")
def forcefield() -> Any:
    return model("bks").with_coulomb("dsf", cutoff=5.5)


@pytest.fixture(scope="module")
def atoms() -> Atoms:
    return silica("triclinic")


@pytest.fixture(scope="module")
def ready(forcefield: Any, atoms: Atoms) -> Any:
    from glasswright.engines.jax.potential import potential

    return potential(forcefield, atoms, precision="double", kernel="native")


@pytest.fixture(scope="module")
def evaluate(ready: Any) -> Any:
    """Compiled once for all tests."""
    return jax.jit(lambda positions, cell: ready.energy_forces_virial(positions, cell, None))


def shaken(atoms: Atoms, n: int) -> np.ndarray:
    """Positions of as many systems ``(n, n_atoms, 3)``."""
    return atoms.positions + np.random.default_rng(3).normal(0, 0.1, (n, len(atoms), 3))


def of_the_core(forcefield: Any, atoms: Atoms, positions: np.ndarray) -> dict[str, Any]:
    interactions = NativeEngine(precision="double").interactions(forcefield, atoms)
    found: dict[str, Any] = interactions.forces(None).evaluate(np.ascontiguousarray(positions), atoms.cell.array)
    found["virial"] = found["virial"][np.array([[0, 5, 4], [5, 1, 3], [4, 3, 2]])]
    return found


def assert_same(found: Any, expected: dict[str, Any], rounding: float = 1e-12) -> None:
    for value, name in zip(found, ("energy", "forces", "virial"), strict=True):
        np.testing.assert_allclose(value, expected[name], atol=rounding * np.abs(expected[name]).max())


def test_numbers_are_those_of_the_core(evaluate: Any, ready: Any, forcefield: Any, atoms: Atoms) -> None:
    expected = of_the_core(forcefield, atoms, atoms.positions)
    assert_same(evaluate(atoms.positions, atoms.cell.array), expected)
    np.testing.assert_allclose(jax.jit(ready.forces, static_argnums=2)(atoms.positions, atoms.cell.array, None), expected["forces"], atol=1e-12)


def test_a_cell_may_be_turned_any_way(evaluate: Any, forcefield: Any, atoms: Atoms) -> None:
    q = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
    expected = of_the_core(forcefield, atoms, atoms.positions)
    turned = {"energy": expected["energy"], "forces": expected["forces"] @ q.T, "virial": q @ expected["virial"] @ q.T}
    for mirror in (1, -1):
        sign = {"energy": 1, "forces": mirror, "virial": 1}
        assert_same(evaluate(mirror * atoms.positions @ q.T, mirror * atoms.cell.array @ q.T), {k: sign[k] * v for k, v in turned.items()}, 1e-11)


def test_derivatives_are_those_of_the_same_force_field_in_jax(ready: Any, forcefield: Any, atoms: Atoms) -> None:
    from glasswright.engines.jax.potential import potential

    in_jax = potential(forcefield, atoms, precision="double")
    neighbours = in_jax.neighbours(atoms.positions, atoms.cell.array)
    random, h = np.random.default_rng(7), 1e-4
    along = (random.normal(size=atoms.positions.shape), 0.1 * random.normal(size=(3, 3)))

    def first(of: Any, listed: Any) -> Any:
        return jax.jit(jax.grad(lambda p, c: of.energy(p, c, listed), argnums=(0, 1)))

    without_neighbours, other = first(ready, None), first(in_jax, neighbours)(atoms.positions, atoms.cell.array)
    for found, expected in zip(without_neighbours(atoms.positions, atoms.cell.array), other, strict=True):
        # The tables of the core in double precision are exact to about 1e-9 of a force.
        np.testing.assert_allclose(found, expected, atol=1e-8 * np.abs(expected).max())
    second = jax.jit(lambda p, c: jax.jvp(first(ready, neighbours), (p, c), along)[1])(atoms.positions, atoms.cell.array)
    low, high = (without_neighbours(atoms.positions + s * along[0], atoms.cell.array + s * along[1]) for s in (-h, h))
    for found, above, below in zip(second, high, low, strict=True):
        # h² times a fourth derivative, of distances of which the shortest is 1.5 Å.
        np.testing.assert_allclose(found, (above - below) / (2 * h), atol=1e-4 * np.abs(found).max())


def test_the_gradient_is_the_slope_of_the_energy(evaluate: Any, ready: Any, atoms: Atoms) -> None:
    random, h = np.random.default_rng(8), 1e-4
    move, strain = random.normal(size=atoms.positions.shape), random.normal(size=(3, 3)) * 0.1
    low, high = (float(evaluate(atoms.positions + s * h * move, atoms.cell.array + s * h * strain)[0]) for s in (-1, 1))
    slope = jax.grad(lambda p, c: ready.energy(p, c, None), argnums=(0, 1))(atoms.positions, atoms.cell.array)
    # h² times the third derivative.
    assert float(np.sum(slope[0] * move) + np.sum(slope[1] * strain)) == pytest.approx((high - low) / (2 * h), rel=1e-5)


def test_parameters_and_what_needs_neighbours(ready: Any, atoms: Atoms) -> None:
    with pytest.raises(InputError, match="need neighbours"):
        ready.energy(atoms.positions, atoms.cell.array, None, ready.parameters)
    neighbours = ready.neighbours(atoms.positions, atoms.cell.array)
    slope = jax.jit(jax.grad(lambda theta: ready.energy(atoms.positions, atoms.cell.array, neighbours, theta)))(ready.parameters)
    assert set(slope) == set(ready.parameters) and all(np.isfinite(v) for v in slope.values())
    assert abs(slope["O-Si.A"]) > 0


def test_a_whole_run_is_one_compiled_loop(ready: Any, forcefield: Any, atoms: Atoms) -> None:
    """Steepest descent: steps under while_loop and fori_loop are those outside."""

    def step(positions: Any) -> Any:
        return positions + 0.002 * jax.numpy.clip(ready.forces(positions, atoms.cell.array, None), -10, 10)

    start = jax.numpy.asarray(atoms.positions)
    counted = jax.jit(lambda p: jax.lax.fori_loop(0, 12, lambda _, p: step(p), p))(start)
    watched = jax.jit(lambda p: jax.lax.while_loop(lambda s: s[0] < 12, lambda s: (s[0] + 1, step(s[1])), (0, p)))(start)[1]
    positions = atoms.positions.copy()
    core_forces = NativeEngine(precision="double").interactions(forcefield, atoms).forces(None)
    for _ in range(12):
        positions += 0.002 * np.clip(core_forces.evaluate(positions, atoms.cell.array)["forces"], -10, 10)
    np.testing.assert_allclose(counted, positions, atol=1e-10)
    np.testing.assert_array_equal(counted, watched)


def test_every_system_of_a_batch_is_its_own(evaluate: Any, forcefield: Any, atoms: Atoms) -> None:
    systems = shaken(atoms, 6).reshape(2, 3, -1, 3)
    found = jax.vmap(jax.vmap(evaluate, in_axes=(0, None)), in_axes=(0, None))(systems, atoms.cell.array)
    for k in np.ndindex(2, 3):
        assert_same([part[k] for part in found], of_the_core(forcefield, atoms, systems[k]))


def test_threads_do_not_disturb_each_other(evaluate: Any, atoms: Atoms) -> None:
    systems = shaken(atoms, 4)
    expected = [np.asarray(evaluate(p, atoms.cell.array)[1]) for p in systems]

    def many(k: int) -> bool:
        return all(np.allclose(evaluate(systems[k], atoms.cell.array)[1], expected[k], atol=1e-11) for _ in range(20))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(many, range(4)))


def test_single_precision_outside(forcefield: Any, atoms: Atoms) -> None:
    from glasswright.engines.jax.potential import potential

    with jax.enable_x64(False):
        ready = potential(forcefield, atoms, kernel="native")
        energy, forces, _ = jax.jit(lambda p, h: ready.energy_forces_virial(p, h, None))(atoms.positions, atoms.cell.array)
        assert energy.dtype == forces.dtype == np.float32
    expected = of_the_core(forcefield, atoms, atoms.positions)
    # Positions in single precision are wrong by up to 5e-7 Å, and forces change by 50 eV/Å².
    np.testing.assert_allclose(forces, expected["forces"], atol=1e-4)
    assert float(energy) == pytest.approx(expected["energy"], rel=1e-6)


def test_wrong_input_gives_sentences(evaluate: Any, ready: Any, forcefield: Any, atoms: Atoms) -> None:
    from glasswright.engines.jax.potential import potential

    with pytest.raises(InputError, match=r"\(143, 3\)"):
        ready.energy(atoms.positions[:143], atoms.cell.array, None)
    with pytest.raises(InputError, match="the cell is"):
        ready.energy(atoms.positions, np.eye(2), None)
    with pytest.raises(InputError, match="kernel"):
        potential(forcefield, atoms, kernel="cuda")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="wide"):
        potential(model("bks"), silica("small"), kernel="native")
    for bad, why in ((atoms.positions * np.nan, "[Pp]osition"), (atoms.positions, "half the narrowest")):
        with pytest.raises(Exception, match=why):
            jax.block_until_ready(evaluate(bad, atoms.cell.array * (0.3 if why.startswith("half") else 1)))
    # And goes on.
    assert np.isfinite(evaluate(atoms.positions, atoms.cell.array)[0])


def test_a_compiled_function_outlives_its_force_field_without_harm(forcefield: Any, atoms: Atoms) -> None:
    from glasswright.engines.jax.native_kernel import native_kernel

    kernel = native_kernel(forcefield, atoms)
    compiled = jax.jit(kernel.forces).lower(atoms.positions, atoms.cell.array).compile()
    number = kernel.kernel.number
    assert np.isfinite(compiled(atoms.positions, atoms.cell.array)).all()
    del kernel
    jax.clear_caches()
    gc.collect()
    assert core().Kernel(NativeEngine().interactions(forcefield, atoms).forces(None)).number > number
    with pytest.raises(Exception, match="no longer exists"):
        jax.block_until_ready(compiled(atoms.positions, atoms.cell.array))


def test_nothing_leaks(evaluate: Any, forcefield: Any, atoms: Atoms) -> None:
    import resource

    forces = NativeEngine().interactions(forcefield, atoms).forces(None)

    def most_memory() -> int:
        """After 3000 calls, whose results are 10 MB, and 60 kernels of 0.3 MB or more each [kB]."""
        for _ in range(3000):
            jax.block_until_ready(evaluate(atoms.positions, atoms.cell.array))
        for _ in range(60):
            core().Kernel(forces).evaluate(atoms.positions, atoms.cell.array)
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "linux" else 0)

    most_memory()
    before = most_memory()
    assert most_memory() - before < 4000


FALLBACK = """
import warnings, numpy as np, jax
jax.config.update("jax_enable_x64", True)
from contracts.cases import model, silica
from glasswright.engines.jax.native_kernel import native_kernel
atoms, forcefield = silica("triclinic"), model("bks").with_coulomb("dsf", cutoff=5.5)
kernel = native_kernel(forcefield, atoms, precision="double")
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    f = jax.jit(lambda p, h: kernel.energy_forces_virial(None, p, h, None))
    found = f(atoms.positions, atoms.cell.array)
    many = jax.vmap(f, in_axes=(0, None))(np.stack([atoms.positions] * 2), atoms.cell.array)
print([str(w.message) for w in told])
print(repr(float(found[0])), repr(float(many[0][1])), many[2].shape)
"""


def test_without_a_compiler_python_stands_in_between(forcefield: Any, atoms: Atoms, tmp_path: Path) -> None:
    tests = str(Path(__file__).parents[1])
    environment = os.environ | {"CXX": str(tmp_path / "no-compiler"), "GLASSWRIGHT_CACHE": str(tmp_path), "PYTHONPATH": os.pathsep.join([tests, *sys.path])}
    done = subprocess.run([sys.executable, "-c", FALLBACK], env=environment, capture_output=True, text=True, check=True, timeout=300)
    told, numbers = done.stdout.strip().splitlines()
    assert told.count("cannot be built") == 1 and "no-compiler" in told and "Install a C++ compiler" in told
    expected = of_the_core(forcefield, atoms, atoms.positions)["energy"]
    one, two, shape = numbers.split(maxsplit=2)
    assert float(one) == float(two) == pytest.approx(expected, rel=1e-12)
    assert shape == "(2, 3, 3)"


def test_the_handler_is_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from glasswright.engines.jax import native_kernel

    monkeypatch.setenv("GLASSWRIGHT_CACHE", str(tmp_path / "cache"))
    native_kernel._library()
    kept = list((tmp_path / "cache").iterdir())
    assert len(kept) == 1 and kept[0].suffix == ".so"
    monkeypatch.setenv("CXX", "no-compiler")
    native_kernel._library()
    # A folder that cannot be made does no harm.
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GLASSWRIGHT_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.delenv("CXX")
    native_kernel._library()
