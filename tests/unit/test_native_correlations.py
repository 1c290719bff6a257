"""Kernels of displacements against NumPy."""

import numpy as np
import pytest

from glasswright.errors import InputError
from glasswright.native import displacements, instruction_sets, mean_cosines, mean_phases

CELL = np.array([[14.0, 0, 0], [3.0, 13.0, 0], [-2.0, 4.0, 15.0]])


@pytest.fixture(params=instruction_sets())
def build(request, monkeypatch):
    """The core for one instruction set, in place of the best one."""
    module = pytest.importorskip(f"glasswright.native._core_{request.param}", reason="not built for this instruction set")
    monkeypatch.setattr("glasswright.native.correlations.core", lambda: module)


@pytest.mark.usefixtures("build")
@pytest.mark.parametrize("n", [1, 7, 64, 1001])
def test_displacements_and_phases(n):
    rng = np.random.default_rng(n)
    start, now = rng.normal(size=(2, n, 3))
    rows = displacements(start, now, CELL)
    moved = (now - start) @ CELL
    assert np.allclose(rows[:3], moved.T, atol=1e-12)
    assert np.allclose(rows[3], (moved**2).sum(axis=1), rtol=1e-12)
    distance = np.sqrt(rows[3])
    for q in (1e-3, 1.5, 60.0):
        assert np.allclose(mean_phases(rows[3], q), np.sinc(q * distance / np.pi), atol=1e-14)
    waves = rng.normal(size=(5, 3)) * 8
    assert np.allclose(mean_cosines(rows[:3], waves), np.cos(moved @ waves.T).mean(axis=1), atol=1e-12)


def test_an_atom_that_has_not_moved_has_its_phase():
    assert mean_phases(np.zeros(3), 2.0).tolist() == [1.0, 1.0, 1.0]
    assert mean_cosines(np.zeros((3, 2)), np.ones((4, 3))).tolist() == [1.0, 1.0]


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError):
        displacements(np.zeros((3, 3)), np.zeros((4, 3)), CELL)
    with pytest.raises(InputError):
        displacements(np.zeros((3, 2)), np.zeros((3, 2)), CELL)
    for q in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(InputError):
            mean_phases(np.zeros(3), q)
    with pytest.raises(InputError):
        mean_cosines(np.zeros((3, 4)), np.zeros((0, 3)))
    with pytest.raises(InputError):
        mean_cosines(np.zeros((3, 4)), np.zeros((2, 2)))
    assert np.isnan(mean_phases(np.array([np.nan, 1.0]), 1.0)[0])
