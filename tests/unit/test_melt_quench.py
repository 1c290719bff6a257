"""The programme of a melt-quench and the decisions between its stages."""

from dataclasses import replace

import numpy as np
import pytest

from glasswright.errors import InputError, RunFailed
from glasswright.protocols.melt_quench import MeltQuench
from glasswright.protocols.memory import Memory
from glasswright.protocols.protocol import Progress
from glasswright.protocols.settings import QuenchSettings
from glasswright.stage import Minimization, Stage

LOST = Memory({"O": 0.01, "Si": 0.05}, {"O": 40.0, "Si": 20.0}, 10.0)
KEPT = Memory({"O": 0.01, "Si": 0.4}, {"O": 40.0, "Si": 3.0}, 10.0)


def protocol(**settings: object) -> MeltQuench:
    values = {"composition": "SiO2", "rate": "50 K/ps", "melt_time": "20 ps", "melt_time_max": "50 ps", **settings}
    return MeltQuench(QuenchSettings(**values), 4000.0, 0.1, 1.6, ("Si",), 100)


def follow(quench: MeltQuench, memories: list[Memory], energies: list[tuple[float, ...]]) -> tuple[list[str], Progress]:
    """Walk through the programme with what would have been seen in melts and in relaxation blocks."""
    progress, seen = quench.init(), []
    while (task := quench.task(progress)) is not None:
        seen.append(progress.phase)
        steps = task.n_steps if isinstance(task, Stage) else 0
        energy = energies.pop(0) if progress.phase == "relax" else (0.0,) * 20
        progress = replace(progress, done=steps, energy=energy, volume=(100.0,) * len(energy))
        progress = quench.finish(progress, task, memories.pop(0) if progress.phase == "melt" else None, -6.0)
        progress = Progress.from_dict(progress.to_dict())  # what a resumed run would know
    return seen, progress


def test_the_plain_course() -> None:
    seen, progress = follow(protocol(), [LOST], [(0.0,) * 20])
    assert seen == ["push-off", "equilibrate", "melt", "drift", "quench", "relax", "sample", "inherent"]
    assert progress.phase == "done"
    assert progress.results["inherent_structure_energy"] == -6.0
    assert progress.results["memory_lost"] is True
    assert not progress.warnings


def test_the_pressure_of_the_packing_is_let_off_gently() -> None:
    quench = protocol()
    progress = Progress("equilibrate", timestep=1.6, pressure=(9.0, 9.0, 6.0, 5.0))
    progress = quench.finish(progress, quench.task(progress), None, 0.0)  # type: ignore[arg-type]
    melt = quench.task(progress)
    assert isinstance(melt, Stage)
    assert melt.pressure == (5.5, 0.1)
    again = quench.task(progress.repeat())
    assert isinstance(again, Stage)
    assert again.pressure == (0.1, 0.1)


def test_a_melt_that_remembers_is_extended() -> None:
    seen, progress = follow(protocol(), [KEPT, KEPT, LOST], [(0.0,) * 20])
    assert seen.count("melt") == 3
    assert progress.results["melt_time"] == pytest.approx(40e3, abs=2)
    assert not progress.warnings


def test_a_melt_is_extended_up_to_its_bound_and_says_so() -> None:
    seen, progress = follow(protocol(), [KEPT] * 9, [(0.0,) * 20])
    assert seen.count("melt") == 4  # 20 + 3 × 10 ps = 50 ps
    assert "kept part of its memory" in progress.warnings[0]
    assert "melt_time_max" in progress.warnings[0]


def test_relaxation_goes_on_until_it_is_flat() -> None:
    falling = tuple(np.linspace(0.1, 0.0, 20))
    seen, progress = follow(protocol(), [LOST], [falling, falling, (0.0,) * 20])
    assert seen.count("relax") == 3
    assert progress.results["relaxed"] is True


def test_relaxation_ends_at_its_bound_and_says_so() -> None:
    seen, progress = follow(protocol(relax_time_max="10 ps"), [LOST], [tuple(np.linspace(0.1, 0.0, 20))] * 9)
    assert seen.count("relax") == 2
    assert "still drifting" in progress.warnings[0]


def test_a_drifting_time_step_is_shortened_and_at_last_refused() -> None:
    quench = protocol()
    progress = Progress("drift", timestep=1.6, energy=tuple(np.linspace(0, 0.01, 50)))
    with pytest.raises(RunFailed, match="Energy is not conserved"):
        while progress.phase == "drift":
            task = quench.task(progress)
            assert isinstance(task, Stage)
            assert task.timestep == progress.timestep
            progress = replace(quench.finish(progress, task, None, 0.0), energy=tuple(np.linspace(0, 0.01, 50)))
    assert progress.timestep == pytest.approx(1.6 * 0.7**3)
    assert len(progress.warnings) == 3


def test_linear_quench_ramps_temperature_and_pressure() -> None:
    ((temperature, pressure, time),) = protocol().segments()
    assert temperature == (4000.0, 300.0)
    assert pressure == (0.1, 0.0)
    assert time == pytest.approx(3700 / 0.05)


def test_steps_have_the_same_mean_rate() -> None:
    segments = protocol(temperature_step="370 K").segments()
    assert len(segments) == 10
    assert [T for (T, same), _, _ in segments if T == same] == pytest.approx([3630 - 370 * k for k in range(10)])
    assert sum(time for _, _, time in segments) == pytest.approx(3700 / 0.05)
    assert segments[-1][1][1] == 0.0


def test_a_free_programme_starts_from_the_melt() -> None:
    segments = protocol(program=[["2000 K", "10 ps"], [300, 5e4]]).segments()
    assert segments[0][0] == (4000.0, 2000.0)
    assert protocol(program=[["2000 K", "10 ps"]]).settings.final_temperature == 2000.0
    assert segments[1] == ((2000.0, 300.0), (pytest.approx(0.1 * 5 / 6), 0.0), 5e4)


def test_the_share_done_rises_to_one() -> None:
    quench, last = protocol(temperature_step=1000), 0.0
    progress = quench.init()
    while (task := quench.task(progress)) is not None:
        if isinstance(task, Stage):
            for done in (0, task.n_steps // 2, task.n_steps):
                share = quench.fraction(replace(progress, done=done))
                assert last <= share <= 1
                last = share
        progress = quench.finish(progress, task, LOST, 0.0)
    assert last == 1.0


def test_a_stage_is_looked_at_often_enough_to_judge_it() -> None:
    quench = replace(protocol(), chunk=500)
    for _, task in quench.plan():
        if isinstance(task, Stage):
            assert 20 <= task.n_steps / quench.look_every(task)
    assert quench.look_every(Stage("quench", "nvt", 100000, 1.0)) == 500


def test_every_planned_task_has_steps_or_minimises() -> None:
    plan = protocol().plan()
    assert isinstance(plan[-1][1], Minimization)
    assert all(task.n_steps > 0 for _, task in plan[:-1] if isinstance(task, Stage))
    assert [p for p, _ in protocol(drift_time=0).plan()].count("drift") == 0


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rate", "-5 K/ps"),
        ("rate", "5 K"),
        ("n_atoms", 0),
        ("n_atoms", 3.5),
        ("ensemble", "nph"),
        ("melt_temperature", -1),
        ("timestep", 0),
        ("program", [[300]]),
        ("program", []),
        ("melt_time", 0),
        ("kspace", "fmm"),
        ("replicas", 0),
        ("density", float("nan")),
        ("accuracy", 2),
        ("composition", 7),
    ],
)
def test_impossible_settings_are_refused(key: str, value: object) -> None:
    with pytest.raises(InputError):
        QuenchSettings.from_mapping({"composition": "SiO2", key: value})


def test_a_misspelt_setting_is_named_with_its_neighbour() -> None:
    with pytest.raises(InputError, match="melt_time"):
        QuenchSettings.from_mapping({"composition": "SiO2", "melt_tine": 3})


def test_settings_survive_toml() -> None:
    settings = QuenchSettings("SiO2", rate="7 K/ps", program=[["2000 K", "10 ps"]], n_atoms=99)
    assert QuenchSettings.from_mapping(settings.to_dict()) == settings
