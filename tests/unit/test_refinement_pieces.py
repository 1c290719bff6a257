"""Settings, schedule, step, stopping, history and state of a refinement."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import glasswright as gw
from glasswright import InputError, units
from glasswright.native.monte_carlo import Counts, Trials
from glasswright.refinement.balance import balanced
from glasswright.refinement.hard_spheres import separated
from glasswright.refinement.history import History
from glasswright.refinement.method import Conditions, State
from glasswright.refinement.problem import closest
from glasswright.refinement.sampling import Tried
from glasswright.refinement.schedule import annealed
from glasswright.refinement.settings import RefineSettings
from glasswright.refinement.step import adapted
from glasswright.refinement.stopping import flat


def test_settings_parse_units_and_come_back_from_toml() -> None:
    settings = RefineSettings.from_mapping(
        {"method": "hybrid", "temperature": ["4000 K", 300], "density": "2200 kg/m3", "chi_temperature": 0.01, "minimum_distances": {"Si-O": "140 pm"}}
    )
    assert settings.temperature == (4000.0, 300.0) and settings.chi_temperature == (0.01, 0.01)
    assert settings.density == pytest.approx(2.2)
    assert settings.minimum_distances == {"O-Si": pytest.approx(1.4)}
    assert RefineSettings.from_mapping(settings.to_dict()) == settings


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"method": "rmcc"}, "Did you mean rmc"),
        ({}, "No method"),
        ({"method": "rmc", "chi_temprature": 1}, "Did you mean 'chi_temperature'"),
        ({"method": "rmc", "chi_temperature": (0.1, 0)}, "never reaches 0"),
        ({"method": "rmc", "chi_temperature": (1, 2, 3)}, "first and the last"),
        ({"method": "rmc", "temperature": "hot"}, "not a number with a unit"),
        ({"method": "rmc", "temperature": -1}, "from 0 up"),
        ({"method": "rmc", "moves": 0}, "at least 1"),
        ({"method": "rmc", "moves": 2.5}, "whole number"),
        ({"method": "rmc", "seed": True}, "whole number"),
        ({"method": "rmc", "acceptance": 1.0}, "between 0 and 1"),
        ({"method": "rmc", "swaps": -0.1}, "between 0 and 1"),
        ({"method": "rmc", "step_range": (1.0, 0.1)}, "the least first"),
        ({"method": "rmc", "step_range": 0.1}, "least and the largest"),
        ({"method": "rmc", "start": ""}, "is not a text"),
        ({"method": "rmc", "density": "heavy"}, "not a number with a unit"),
        ({"method": "rmc", "clusters": 0.1}, "no groups"),
        ({"method": "rmc", "groups": ["Si", "O"]}, "centre, neighbour and cutoff"),
        ({"method": "rmc", "r_max": -3}, "above 0"),
        ({"method": "rmc", "minimum_distances": 2.0}, "no table"),
        ({"method": "rmc", "minimum_distances": {"Si": 2.0}}, "not a pair"),
        ({"method": "rmc", "minimum_distances": {"Si-O": -2.0}}, "minimum distance of O-Si"),
    ],
)
def test_impossible_settings_are_refused_with_a_sentence(values: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        RefineSettings.from_mapping(values)


def test_a_step_stays_in_its_range() -> None:
    assert RefineSettings("rmc", step=5.0).step == 1.0


def test_annealing_falls_by_equal_factors() -> None:
    values = [annealed((1.0, 0.01), fraction) for fraction in (0.0, 0.5, 1.0, 2.0)]
    np.testing.assert_allclose(values, [1.0, 0.1, 0.01, 0.01])
    assert annealed((0.0, 0.0), 0.3) == 0.0


def test_the_step_finds_the_wanted_acceptance() -> None:
    step = 1.0
    for _ in range(60):  # acceptance falls with the step as in a harmonic well
        step = adapted(step, float(np.exp(-step / 0.2)), 0.25, (0.01, 2.0))
    assert step == pytest.approx(0.2 * np.log(4), rel=1e-3)
    assert adapted(0.02, 0.0, 0.25, (0.02, 1.0)) == 0.02 and adapted(1.0, 1.0, 0.25, (0.02, 1.0)) == 1.0


def history(r_chi: np.ndarray, energy: np.ndarray | None = None) -> History:
    found = History({"moves": "", "stage": "", "r_chi": ""} | ({} if energy is None else {"energy": "eV/atom"}))
    for k, value in enumerate(r_chi):
        found.append({"moves": k, "stage": "equilibrate", "r_chi": float(value)} | ({} if energy is None else {"energy": float(energy[k])}))
    return found


def test_a_walk_ends_when_residual_and_energy_are_flat() -> None:
    noise = np.random.default_rng(1).normal(0, 1e-4, 40)
    level, falling = 0.05 + noise, 0.05 + noise - 1e-3 * np.arange(40)
    tolerances = {"r_chi": 5e-4, "energy": 2e-3}
    assert flat(history(level), 20, tolerances)
    assert not flat(history(falling), 20, tolerances)
    assert not flat(history(level[:10]), 20, tolerances)
    assert not flat(history(level, -18 - 0.01 * np.arange(40)), 20, tolerances)
    assert flat(history(level, np.full(40, -18.0)), 20, tolerances)


def test_the_history_remembers_what_is_written(tmp_path: Path) -> None:
    remembered = history(np.array([1 / 3, 2 / 3]))
    text = "moves,stage,r_chi\n0,equilibrate,0.333333333\n1,equilibrate,0.666666667\n"
    file = tmp_path / "history.csv"
    file.write_text(text + "2,equili")
    again = History.read(file, len(text))
    assert list(again["r_chi"]) == list(remembered["r_chi"]) and again.stages == remembered.stages and len(again) == 2


def test_a_state_comes_back_bit_for_bit(tmp_path: Path) -> None:
    conditions = Conditions(300.0, 0.1, 1 / 3, 0.2, (1.01,), ((0.1, -0.2),))
    state = State(b"\x00\xffkernel", 1234567890123, "anneal", conditions, {"amplitude": 0.1, "coefficients": np.arange(3) / 7})
    state.save(tmp_path / "state")
    again = State.load(tmp_path / "state")
    assert (again.kernel, again.moves, again.stage, again.conditions) == (state.kernel, state.moves, state.stage, state.conditions)
    assert again.memory["amplitude"] == 0.1
    np.testing.assert_array_equal(again.memory["coefficients"], state.memory["coefficients"])
    (tmp_path / "state").write_bytes((tmp_path / "state").read_bytes()[:100])
    with pytest.raises(InputError, match="damaged"):
        State.load(tmp_path / "state")


def tried(energy_change: float, data_change: float) -> Tried:
    none = Trials(0, 0, 0, 0)
    idle = Counts(none, none, none, none, evaluated=0, energy_change=0.0, data_change=(0.0,), drift=0.0)
    return Tried(replace(idle, displacements=Trials(100, 30, 10, 0), energy_change=energy_change, data_change=(data_change,)), idle)


def test_the_balance_ends_where_energy_and_data_change_alike() -> None:
    thermal, balance, weight = units.BOLTZMANN * 1000, 2.0, 0.7
    now = Conditions(1000.0, 0.5, 0.5, 0.1)
    energy = data = 0.0
    for _ in range(40):  # the less the data count, the more they change in the moves that are accepted
        energy, data = 0.5 * thermal, 0.05 / (1 + 0.05 / now.chi_temperature)
        now = replace(now, chi_temperature=balanced((weight,), balance, 1e-4, now, tried(30 * energy, 30 * data)))
    assert weight * data / now.chi_temperature == pytest.approx(balance * now.energy_weight * energy / thermal, rel=1e-2)
    assert now.chi_temperature == pytest.approx(0.02, rel=1e-2)


def test_the_balance_learns_nothing_from_nothing_and_goes_slowly() -> None:
    now = Conditions(1000.0, 0.5, 1.0, 0.1)
    assert balanced((1.0,), 1.0, 1e-3, now, tried(0.0, 0.0)) == 0.5
    assert balanced((1.0,), 1.0, 1e-3, now, tried(1e9, 0.01)) == 0.25, "by a factor of 2 at most"
    assert balanced((1.0,), 1.0, 0.3, now, tried(1e9, 0.01)) == 0.3, "not below the last T_chi"
    assert balanced((1.0,), 1.0, 1e-3, now, tried(1e-9, 0.01)) == 1.0


@pytest.mark.parametrize("given", [{}, {"O-Si": 1.5, "O-O": 2.4, "Si-Si": 2.9}])
def test_a_packing_comes_to_keep_its_minimum_distances(given: dict[str, float]) -> None:
    atoms = gw.pack("SiO2", n_atoms=300)
    types = (atoms.symbols == "Si").astype(np.int64)
    distances = closest(["O", "Si"], True, given)
    apart = separated(atoms, types, distances, seed=3)
    found = apart.get_all_distances(mic=True)
    np.fill_diagonal(found, np.inf)
    assert (found > distances[np.ix_(types, types)] - distances.max() / 1000).all()  # to a bin of the histogram
    with pytest.raises(InputError, match="cannot keep their minimum distances"):
        separated(atoms, types, closest(["O", "Si"], True, {"O-O": 3.5}), seed=3)


def test_minimum_distances_of_kinds() -> None:
    found = closest(["O", "Si", "Si"], True, {"O-Si": 1.4})
    assert found[0, 1] == found[1, 0] == found[0, 2] == 1.4
    assert 1.9 < found[0, 0] < 2.2 and found[1, 1] == found[1, 2] == found[2, 2]
    with pytest.raises(InputError, match="Na-O"):
        closest(["O", "Si"], True, {"Na-O": 2.0})
