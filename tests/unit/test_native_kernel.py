"""What compiled programs call of the core: several systems, several threads, cells turned any way."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from contracts.cases import model, sample
from glasswright.engines.native import NativeEngine
from glasswright.native import core


@pytest.fixture(params=["bks", "sw-si"])
def made(request: pytest.FixtureRequest) -> tuple[Any, Any, np.ndarray, np.ndarray]:
    """Forces, a kernel of them, positions of four systems and the cell."""
    atoms, forcefield = sample(request.param, "cubic"), model(request.param)
    interactions = NativeEngine(precision="double").interactions(forcefield, atoms)
    forces = interactions.forces(interactions.far_field(atoms.cell.array))
    positions = atoms.positions + np.random.default_rng(3).normal(0, 0.1, (4, len(atoms), 3))
    return forces, core().Kernel(forces), positions, atoms.cell.array


def test_systems_and_threads_are_apart(made: Any) -> None:
    forces, kernel, positions, cell = made
    expected = [forces.evaluate(p, cell) for p in positions]

    def right(k: int) -> bool:
        # Threads that come at once for one system take turns with slots of others; each has a list of its own all the same.
        for system in (k, 0, k):
            energy, push, virial = kernel.evaluate(positions[k], cell, system)
            np.testing.assert_allclose(push, expected[k]["forces"], atol=1e-10)
            np.testing.assert_allclose(virial[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]], expected[k]["virial"], atol=1e-8)
            assert energy == pytest.approx(expected[k]["energy"], rel=1e-12)
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(right, [0, 1, 2, 3] * 3))


def test_less_is_computed_where_less_is_asked(made: Any) -> None:
    forces, kernel, positions, cell = made
    energy, push, virial = kernel.evaluate(positions[0], cell, everything=False)
    assert energy == 0 and not virial.any()
    np.testing.assert_allclose(push, forces.evaluate(positions[0], cell)["forces"], atol=1e-10)


def test_a_turned_cell_gives_turned_forces(made: Any) -> None:
    _, kernel, positions, cell = made
    energy, push, virial = kernel.evaluate(positions[0], cell)
    q = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
    for turn in (q, -q):
        other = kernel.evaluate(positions[0] @ turn.T, cell @ turn.T)
        assert other[0] == pytest.approx(energy, rel=1e-12)
        np.testing.assert_allclose(other[1], push @ turn.T, atol=1e-9)
        np.testing.assert_allclose(other[2], turn @ virial @ turn.T, atol=1e-9 * np.abs(virial).max())


def test_bad_input_is_refused_and_harms_nothing(made: Any) -> None:
    _, kernel, positions, cell = made
    good = kernel.evaluate(positions[0], cell)[0]
    for bad, match in (
        ((positions[0][:-1], cell), "positions"),
        ((positions[0] * np.nan, cell), "[Pp]osition"),
        ((positions[0], cell * np.nan), "finite"),
        ((positions[0], np.zeros((3, 3))), "volume"),
        ((positions[0], np.full((3, 3), 40.0)), "volume"),
        ((positions[0], cell, -1), "from 0"),
    ):
        with pytest.raises(ValueError, match=match):
            kernel.evaluate(*bad)
    assert kernel.evaluate(positions[0], cell)[0] == pytest.approx(good, rel=1e-12)
