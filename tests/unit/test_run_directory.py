"""Files of a run: cut back to their checkpoint, locked, never half there."""

import errno
import json
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from glasswright.errors import InputError
from glasswright.io.atomic import write_atomically, write_text
from glasswright.io.run import THERMO_COLUMNS, Run
from glasswright.io.run_writer import RunWriter, claim, locked, read_checkpoint, write_run_toml
from glasswright.io.trajectory import TrajectoryReader, TrajectoryWriter
from glasswright.protocols.driver import _to_next_look
from glasswright.units import MASS_VELOCITY2

ATOMS = bulk("NaCl", "rocksalt", a=5.6, cubic=True)


def row(time: float) -> dict[str, float | str]:
    return {name: "melt" if name == "stage" else time + 0.125 for name in THERMO_COLUMNS}


def fill(writer: RunWriter, times: range) -> None:
    for time in times:
        writer.row(row(time))
        writer.frame(ATOMS.positions + 0.01 * time, ATOMS.cell[:], time, "melt")


def test_a_resumed_run_drops_what_came_after_its_checkpoint(tmp_path: Path) -> None:
    write_run_toml(tmp_path, {"kind": "md", "outcome": "running"})
    writer = RunWriter(tmp_path, ATOMS)
    fill(writer, range(3))
    writer.checkpoint(1, lambda path: path.write_bytes(b"one"), {"phase": "melt"})
    fill(writer, range(3, 6))
    writer.close()
    with open(tmp_path / "thermo.csv", "a") as file:
        file.write("7.5,me")  # killed in mid-write
    assert Run(tmp_path).thermo["time"].tolist() == [0.125, 1.125, 2.125, 3.125, 4.125, 5.125]
    again = RunWriter(tmp_path, ATOMS, read_checkpoint(tmp_path))
    fill(again, range(3, 4))
    again.checkpoint(2, lambda path: path.write_bytes(b"two"), {"phase": "melt"})
    again.close()
    run = Run(tmp_path)
    assert run.thermo["time"].tolist() == [0.125, 1.125, 2.125, 3.125]
    assert run.thermo["stage"].tolist() == ["melt"] * 4
    assert [frame.info["time"] for frame in run.frames] == [0, 1, 2, 3]
    assert sorted(p.name for p in tmp_path.glob("checkpoint*")) == ["checkpoint-2.restart", "checkpoint.json"]


def test_a_checkpoint_that_fails_leaves_the_last_one(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path, ATOMS)
    writer.checkpoint(1, lambda path: path.write_bytes(b"one"), {"phase": "a"})

    def full(path: Path) -> None:
        path.write_bytes(b"ha")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        writer.checkpoint(2, full, {"phase": "b"})
    writer.close()
    checkpoint = json.loads((tmp_path / "checkpoint.json").read_text())
    assert checkpoint["progress"]["phase"] == "a"
    assert (tmp_path / checkpoint["files"]["restart"]).read_bytes() == b"one"
    assert not list(tmp_path.glob(".*.part"))


def test_two_processes_cannot_write_one_run(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    write_run_toml(tmp_path / "run", {"kind": "md"})
    with locked(tmp_path / "run"):
        with pytest.raises(InputError, match="in use"), locked(tmp_path / "run"):
            pass
        with pytest.raises(InputError, match="in use"):
            claim(tmp_path / "run", overwrite=True)
    claim(tmp_path / "run", overwrite=True)
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_what_a_killed_start_left_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".run.toml.part").write_text("half")
    claim(tmp_path / "run", overwrite=True)
    assert not list((tmp_path / "run").iterdir())


def test_a_damaged_record_is_explained(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text("kind = ")
    with pytest.raises(InputError, match="no TOML"):
        _ = Run(tmp_path).settings
    (tmp_path / "run.toml").write_text('kind = "md"')
    with pytest.raises(InputError, match="lacks"):
        _ = Run(tmp_path).settings
    (tmp_path / "checkpoint.json").write_text('{"files": ')
    with pytest.raises(InputError, match="damaged"):
        read_checkpoint(tmp_path)


def test_a_full_disk_is_no_damaged_trajectory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gsd.hoomd

    writer = RunWriter(tmp_path, ATOMS)
    fill(writer, range(3))
    writer.close()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gsd.hoomd.HOOMDTrajectory, "append", full)
    with pytest.raises(OSError, match="No space"):
        TrajectoryWriter(tmp_path / "trajectory.gsd", ATOMS, keep=2)
    monkeypatch.undo()
    assert len(TrajectoryReader(tmp_path / "trajectory.gsd")) == 3
    assert not (tmp_path / "trajectory.part").exists()


def test_a_foreign_directory_is_never_removed(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    for overwrite in (False, True):
        with pytest.raises(InputError):
            claim(tmp_path, overwrite)
    assert (tmp_path / "thesis.tex").exists()
    run = tmp_path / "run"
    claim(run)
    write_run_toml(run, {"kind": "md"})
    with pytest.raises(InputError, match="resume"):
        claim(run)
    claim(run, overwrite=True)
    assert not list(run.iterdir())


def test_an_atomic_write_is_all_or_nothing(tmp_path: Path) -> None:
    target = tmp_path / "glass.extxyz"
    write_text(target, "old")

    def half(path: Path) -> None:
        path.write_text("ne")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_atomically(target, half)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_trajectory_gives_back_unwrapped_positions_in_any_cell(tmp_path: Path) -> None:
    cell = np.array([[11.0, 0, 0], [2.0, 12, 0], [-1.0, 3.0, 13]])
    positions = np.random.default_rng(1).normal(scale=30, size=(len(ATOMS), 3))
    path = tmp_path / "t.gsd"
    writer = TrajectoryWriter(path, ATOMS)
    writer.append(positions, cell, 12.5, "quench")
    writer.close()
    frame = TrajectoryReader(path)[0]
    assert np.allclose(frame.positions, positions, atol=1e-5)
    assert np.allclose(frame.cell, cell, atol=1e-6)
    assert frame.get_chemical_symbols() == ATOMS.get_chemical_symbols()
    assert frame.info == {"time": 12.5, "stage": "quench"}


def test_species_finer_than_elements_survive_a_trajectory(tmp_path: Path) -> None:
    atoms = bulk("FeO", "rocksalt", a=4.3, cubic=True)
    atoms.set_array("species", np.array(["Fe2" if s == "Fe" else "O" for s in atoms.symbols]))
    writer = TrajectoryWriter(tmp_path / "t.gsd", atoms)
    writer.append(atoms.positions, atoms.cell[:], 0.0, "md")
    writer.close()
    frame = TrajectoryReader(tmp_path / "t.gsd")[0]
    assert list(frame.arrays["species"]) == list(atoms.arrays["species"])
    assert frame.get_chemical_symbols() == atoms.get_chemical_symbols()


def test_a_damaged_trajectory_is_explained(tmp_path: Path) -> None:
    (tmp_path / "t.gsd").write_bytes(b"not a trajectory" * 100)
    with pytest.raises(InputError, match="no readable GSD"):
        TrajectoryReader(tmp_path / "t.gsd")


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run directory"):
        Run(tmp_path)


def test_frames_keep_velocities_where_they_have_them(tmp_path: Path) -> None:
    velocities = np.random.default_rng(1).normal(0, 0.01, ATOMS.positions.shape)
    writer = TrajectoryWriter(tmp_path / "t.gsd", ATOMS)
    for k in range(3):
        writer.append(ATOMS.positions, ATOMS.cell[:], float(k), "md", velocities * (k + 1) if k < 2 else None)
    writer.close()
    frames = TrajectoryReader(tmp_path / "t.gsd")
    for k in range(2):
        assert np.allclose(frames[k].get_velocities() / MASS_VELOCITY2**0.5, velocities * (k + 1), rtol=1e-6)
    assert not frames[2].has("momenta")


@pytest.mark.parametrize(("interval", "looks"), [(10, 3), (625, 2), (7, 7), (1, 1), (1000, 20), (333, 50)])
def test_frames_come_at_equal_steps(interval: int, looks: int) -> None:
    # Every interval between frames has its looks, evenly to a step, and ends with one.
    done, seen = 0, []
    while done < 3 * interval:
        step = _to_next_look(done, interval, looks)
        assert interval // looks <= step <= -(-interval // looks)
        done += step
        seen.append(done)
    assert {interval, 2 * interval, 3 * interval} <= set(seen)
    assert len(seen) == 3 * looks


def test_a_trajectory_that_cannot_be_closed_leaves_no_file_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = RunWriter(tmp_path, ATOMS)

    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writer.trajectory, "close", full)
    with pytest.raises(OSError, match="No space"):
        writer.close()
    assert writer._table.closed
