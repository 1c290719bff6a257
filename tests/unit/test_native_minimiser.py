"""The minimisers of the compiled core against scipy, on a quenched mixture."""

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from glasswright.native import core
from reference.liquid import mixture

METHODS = ("fire", "cg")


def glass(double_precision: bool = True) -> Any:
    """A liquid, 400 K hot, at one moment."""
    simulation = mixture(400.0, rattle=0.5, double_precision=double_precision)
    simulation.set_motion(ensemble="nvt", timestep=2.0, temperature=(400.0, 400.0), thermostat_damping=50.0, n_steps=500)
    simulation.run(500)
    return simulation


def evaluated(simulation: Any, positions: np.ndarray, cell: np.ndarray) -> dict[str, Any]:
    state = simulation.save()
    simulation.load(state | {"positions": positions, "cell": cell})
    found: dict[str, Any] = simulation.state()
    return found


@pytest.mark.parametrize("method", METHODS)
def test_scipy_finds_nothing_lower_nearby(method: str) -> None:
    simulation = glass()
    before = simulation.state()
    result = simulation.minimize(method=method, force_tolerance=1e-5, max_steps=5000)
    state = simulation.state()
    assert result["converged"]
    assert np.abs(state["forces"]).max() < 1.1e-5
    assert result["largest_force"] == pytest.approx(np.abs(state["forces"]).max(), rel=0.1)
    assert state["step"] == before["step"]
    assert state["kinetic"] == 0
    # 0.02 eV per atom of potential energy is what 400 K holds.
    assert state["potential"] < before["potential"] - 1.5

    def energy(x: np.ndarray) -> tuple[float, np.ndarray]:
        s = evaluated(simulation, x.reshape(-1, 3), state["cell"])
        return s["potential"], -s["forces"].ravel()

    other = minimize(energy, state["positions"].ravel(), jac=True, method="L-BFGS-B", options={"gtol": 1e-7, "maxiter": 300})
    # At 1e-5 eV/Å and stiffnesses above 1e-3 eV/Å² the energy left is below N f²/2k.
    assert state["potential"] - other.fun < 108 * 3 * 1e-10 / 2e-3
    assert np.abs(other.x - state["positions"].ravel()).max() < 0.05


@pytest.mark.parametrize("method", METHODS)
def test_cell_and_positions_come_to_rest_together(method: str) -> None:
    simulation = glass()
    result = simulation.minimize(method=method, force_tolerance=1e-4, cell=True, max_steps=5000, pressure_tolerance=1e-6)
    state = simulation.state()
    assert result["converged"]
    assert abs(state["pressure"]) < 1.1e-6
    assert np.abs(state["forces"]).max() < 1.1e-4
    assert np.count_nonzero(state["cell"]) == 3
    assert np.ptp(np.diag(state["cell"])) < 1e-12
    # The energy has its minimum in the volume, too.
    for stretch in (0.999, 1.001):
        moved = evaluated(simulation, stretch * state["positions"], stretch * state["cell"])
        assert moved["potential"] > state["potential"]


@pytest.mark.parametrize("cell", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_single_precision_does_not_stall_the_search(method: str, cell: bool) -> None:
    simulation = glass(double_precision=False)
    assert simulation.minimize(method=method, force_tolerance=1e-5, cell=cell, max_steps=5000)["converged"]


@pytest.mark.parametrize("method", METHODS)
def test_random_atoms_are_pulled_apart(method: str) -> None:
    simulation = mixture()
    saved = simulation.save()
    saved["positions"] = np.random.default_rng(2).random((108, 3)) @ saved["cell"]
    simulation.load(saved)
    assert simulation.minimize(method=method, force_tolerance=1e-3, max_steps=5000)["converged"]


def test_says_where_it_gave_up_and_needs_a_motion_afterwards() -> None:
    simulation = glass()
    result = simulation.minimize(max_steps=3)
    assert result["steps"] == 3
    assert not result["converged"]
    assert result["largest_force"] > 1e-3
    with pytest.raises(ValueError, match="No motion"):
        simulation.run(1)


@pytest.mark.parametrize("method", METHODS)
def test_atoms_on_top_of_each_other_are_refused_or_parted(method: str) -> None:
    simulation = mixture()
    saved = simulation.save()
    saved["positions"][1] = saved["positions"][0]
    simulation.load(saved)
    try:
        assert np.isfinite(simulation.minimize(method=method, max_steps=500)["largest_force"])
    except core().MotionFailed as error:
        assert "on top of each other" in str(error)
