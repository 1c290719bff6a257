"""The public calls on real engines: quench, replicas, resume, md, minimize."""

import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.spacegroup import crystal

import glasswright as gw
from contracts.cases import WHOLE_RUNS
from glasswright.errors import InputError, RunFailed
from glasswright.workflows.replicas import run_replicas

FAST = {
    "n_atoms": 120,
    "forcefield": "bks",
    "rate": "10000 K/ps",
    "melt_time": "0.3 ps",
    "melt_time_max": "0.3 ps",
    "push_off_time": "0.3 ps",
    "drift_time": 0,
    "relax_time": "0.2 ps",
    "relax_time_max": "0.2 ps",
    "sample_time": "0.2 ps",
    "sample_frames": 4,
}


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> gw.Run:
    return gw.quench("SiO2", replicas=2, seed=7, out=tmp_path_factory.mktemp("runs") / "set", **FAST)


@pytest.fixture(scope="module")
def cristobalite() -> Atoms:
    atoms = crystal(["Si", "O"], [(0, 0, 0), (0.125, 0.125, 0.125)], spacegroup=227, cellpar=[7.16] * 3 + [90] * 3)
    atoms.info = {}
    return atoms


def test_a_set_of_replicas_is_pooled(replicas: gw.Run) -> None:
    assert replicas.outcome == "done"
    assert [run.outcome for run in replicas.replicas] == ["done", "done"]
    first, second = (run.atoms for run in replicas.replicas)
    assert not np.allclose(first.positions, second.positions)
    assert replicas.curves()["rdf_O-Si"].sigma is not None
    assert (replicas.path / "report.html").stat().st_size > 100_000
    assert {row["quantity"] for row in replicas.table("summary")} >= {"density", "Si-O coordination"}


def test_every_replica_keeps_its_own_melt(replicas: gw.Run) -> None:
    melts = [(run.path / "melt.restart").read_bytes() for run in replicas.replicas]
    assert melts[0] != melts[1]


def test_the_same_seed_gives_the_same_glass_alone_and_in_a_set(replicas: gw.Run, tmp_path: Path) -> None:
    alone = gw.quench("SiO2", seed=7, out=tmp_path / "alone", report=False, **FAST)
    assert np.array_equal(alone.atoms.positions, replicas.replicas[0].atoms.positions)


def test_a_lost_replica_is_made_again(tmp_path: Path) -> None:
    """A set whose last replica was never prepared (killed too early) is completed by resume."""
    from shutil import rmtree

    out = tmp_path / "set"
    run = gw.quench("SiO2", replicas=2, seed=3, out=out, report=False, **FAST)
    lost = run.replicas[1].atoms.positions.copy()
    rmtree(out / "replica-02")
    assert np.array_equal(gw.resume(out, report=False).replicas[1].atoms.positions, lost)


def test_replicas_run_on_any_executor(tmp_path: Path) -> None:
    """One thread stands for a scheduler's worker that sees the same files."""
    with ThreadPoolExecutor(1) as pool:
        run = gw.quench("SiO2", replicas=2, seed=9, out=tmp_path / "set", executor=pool, report=False, **FAST)
    assert [r.outcome for r in run.replicas] == ["done", "done"]


def test_a_replica_that_fails_is_named_and_the_others_are_kept(tmp_path: Path) -> None:
    out = tmp_path / "set"
    with pytest.raises(RunFailed, match="1 of 2 replicas"), ThreadPoolExecutor(1) as pool:
        gw.quench("SiO2", replicas=2, seed=4, out=out, executor=_Sabotage(pool, out / "replica-02"), report=False, **FAST)
    first, second = gw.read_run(out).replicas
    assert first.outcome == "done"
    assert second.outcome != "done"
    assert gw.read_run(out).outcome.startswith("replica-02")


class _Sabotage:
    """An executor that spoils a directory before it is run."""

    def __init__(self, pool: ThreadPoolExecutor, spoiled: Path) -> None:
        self.pool, self.spoiled = pool, spoiled

    def submit(self, call: object, path: str) -> object:
        if Path(path) == self.spoiled:
            (self.spoiled / "start.extxyz").write_text("half a fi")
        return self.pool.submit(call, path)  # type: ignore[arg-type]


def test_a_finished_run_is_not_run_again(replicas: gw.Run) -> None:
    before = (replicas.replicas[0].path / "thermo.csv").stat().st_mtime_ns
    run_replicas(replicas.path)
    assert (replicas.replicas[0].path / "thermo.csv").stat().st_mtime_ns == before


def test_a_replica_whose_process_dies_is_named(tmp_path: Path) -> None:
    out = tmp_path / "set"
    with pytest.raises(RunFailed, match="its process died"), ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        gw.quench("SiO2", replicas=2, seed=4, out=out, executor=_Killer(pool), report=False, **FAST)
    assert "its process died" in gw.read_run(out).outcome
    assert gw.resume(out, report=False).outcome == "done"


class _Killer:
    """An executor whose worker dies."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self.pool = pool

    def submit(self, call: object, path: str) -> object:
        return self.pool.submit(os._exit, 9)


def test_a_set_that_is_told_to_stop_stops_and_resumes(tmp_path: Path) -> None:
    """Ctrl-C reaches replicas through a file, so that queued ones and those on other machines stop too."""
    out = tmp_path / "set"
    pool = ThreadPoolExecutor(1)
    with pytest.raises(KeyboardInterrupt):
        gw.quench("SiO2", replicas=3, seed=6, out=out, executor=_Interrupted(pool), report=False, **FAST)
    pool.shutdown()
    assert gw.read_run(out).outcome == "stopped by the user"
    assert "done" not in [run.outcome for run in gw.read_run(out).replicas[1:]]
    assert gw.resume(out, report=False).outcome == "done"


class _Interrupted:
    """An executor whose user types Ctrl-C once everything is submitted."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.pool, self.submitted = pool, 0

    def submit(self, call: object, path: str) -> object:
        self.submitted += 1
        future = self.pool.submit(call, path)  # type: ignore[arg-type]
        if self.submitted == 3:
            import signal
            import threading

            threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
        return future


def test_an_existing_run_is_refused(replicas: gw.Run) -> None:
    with pytest.raises(InputError, match="exists already"):
        gw.quench("SiO2", out=replicas.path, **FAST)


def test_nothing_is_written_for_a_request_that_is_refused(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    (old / "run.toml").write_text("kind = 'md'")
    wrongs = (
        {"composition": "Na2O-CaO"},
        {"forcefield": "nonsense"},
        {"melt_temperature": "200 K"},
        {"composition": "30Na2O-70SiO2", "forcefield": "bks"},
        {"accuracy": 1e-15},
        {"kspace": "fmm"},
        {"precision": "half"},
        {"engine": "native", "forcefield": "shik"},
        {"engine": "lammps", "thermostat": "csvr"},
    )
    for wrong in wrongs:
        with pytest.raises(InputError):
            gw.quench(**{"composition": "SiO2", **FAST, **wrong}, out=tmp_path / "run")
        assert not (tmp_path / "run").exists()
        with pytest.raises(InputError):
            gw.quench(**{"composition": "SiO2", **FAST, **wrong}, out=old, overwrite=True)
        assert (old / "run.toml").exists()


@pytest.mark.parametrize("engine", WHOLE_RUNS)
def test_every_engine_makes_a_glass_and_is_named(tmp_path: Path, engine: str) -> None:
    run = gw.quench("SiO2", engine=engine, out=tmp_path / engine, report=False, **FAST)
    assert run.settings["engine"] == engine
    assert run.settings["engine_reason"] == "asked for"
    assert run.outcome == "done"
    assert (run.path / "lammps.in").exists() == (engine == "lammps")


def test_a_cell_too_small_for_the_native_engine_is_left_to_lammps_with_the_reason(cristobalite: Atoms) -> None:
    run = gw.md(cristobalite, "bks", "nvt", temperature=300, duration="5 fs")
    assert run.settings["engine"] == "lammps"
    assert "Å" in run.settings["engine_reason"]


def test_thermostats_are_cited(cristobalite: Atoms) -> None:
    atoms = cristobalite.repeat(2)
    for thermostat, author in (("langevin", "Leimkuhler"), ("csvr", "Bussi")):
        run = gw.md(atoms, "bks", "nvt", temperature=300, duration="5 fs", thermostat=thermostat)
        assert author in " ".join(entry["text"] for entry in run.settings["citations"])


def test_the_plan_counts_the_steps_that_are_run(tmp_path: Path) -> None:
    plan = gw.plan_quench("SiO2", calibrate=True, **FAST)
    run = gw.quench("SiO2", out=tmp_path / "run", report=False, **FAST)
    assert plan.n_steps == sum(stage.get("steps", 0) for stage in run.settings["stages"])
    assert plan.seconds is not None
    assert plan.seconds > 0


def test_a_run_that_was_not_named_goes_with_its_run() -> None:
    run = gw.quench("SiO2", report=False, **FAST)
    path = run.path
    assert path.exists()
    del run
    assert not path.exists()


def test_a_structure_file_is_melted(cristobalite: Atoms, tmp_path: Path) -> None:
    from ase.io import write

    write(tmp_path / "cristobalite.extxyz", cristobalite.repeat((2, 2, 1)))
    settings = {**FAST, "density": "2.3 g/cm3"}
    run = gw.quench(str(tmp_path / "cristobalite.extxyz"), out=tmp_path / "run", report=False, **settings)
    assert len(run.atoms) == 96
    assert run.settings["engine"] == "lammps"  # 7 Å is too narrow for the native engine
    assert run.settings["density"]["value"] == pytest.approx(2.3)


def test_md_keeps_what_it_was_given_and_uses_its_momenta(cristobalite: Atoms) -> None:
    given = cristobalite.copy()
    first = gw.md(given, "bks", "nvt", temperature=(500, 300), duration="0.1 ps", seed=3, n_frames=10)
    assert given == cristobalite
    assert len(first.frames) == 10
    assert first.thermo["time"][-1] == pytest.approx(100)
    second = gw.md(first.atoms, "bks", "nve", duration="10 fs", n_frames=10)
    # Momenta go on: total energy is that of the last configuration, not of newly drawn velocities.
    energy = first.thermo["potential_energy"][-1] + first.thermo["kinetic_energy"][-1]
    assert second.thermo["potential_energy"][0] + second.thermo["kinetic_energy"][0] == pytest.approx(energy, abs=1e-2)


def test_a_minimisation_that_is_not_at_rest_says_so() -> None:
    run = gw.minimize(gw.pack("SiO2", n_atoms=96, seed=1), "bks", max_steps=2)
    assert "above its tolerance" in run.warnings[0]


def test_citations_name_what_ran(cristobalite: Atoms) -> None:
    def cited(run: gw.Run) -> str:
        return " ".join(entry["text"] for entry in run.settings["citations"])

    relaxed = cited(gw.minimize(cristobalite, "bks", engine="lammps"))
    assert "LAMMPS" in relaxed
    assert "Hockney" in relaxed
    assert "Nosé" not in relaxed
    pressed = cited(gw.md(cristobalite, gw.load_forcefield("bks", coulomb="dsf"), "npt", 300, duration="5 fs", engine="lammps"))
    assert "Tobias" in pressed
    assert "Hockney" not in pressed
    prolate = cited(gw.md(cristobalite.repeat(2), "bks", "nvt", 300, duration="5 fs"))
    assert "prolate" in prolate
    assert "LAMMPS" not in prolate


def test_dynamics_of_a_surface_are_allowed(cristobalite: Atoms) -> None:
    slab = cristobalite.copy()
    slab.center(vacuum=8, axis=2)
    assert gw.md(slab, "bks", "nvt", temperature=300, duration="20 fs").outcome == "done"


def test_minimize_brings_forces_and_pressure_to_zero(cristobalite: Atoms) -> None:
    shaken = cristobalite.copy()
    shaken.rattle(0.05, seed=1)
    relaxed = gw.minimize(shaken, "bks", cell=True, force_tolerance=1e-3).atoms
    relaxed.calc = gw.calculator(gw.load_forcefield("bks"))
    assert np.abs(relaxed.get_forces()).max() < 2e-3
    # GPa; the minimiser stops on forces, and 0.05 GPa is a thousandth of the bulk modulus.
    assert abs(relaxed.get_stress()[:3].mean()) * 160.2 < 0.05


def test_a_force_field_of_ones_own_survives_its_run(cristobalite: Atoms, tmp_path: Path) -> None:
    own = gw.load_forcefield("bks").with_coulomb("wolf", alpha=0.3, cutoff=6.5)
    run = gw.md(cristobalite, own, "nvt", temperature=300, duration="10 fs", out=tmp_path / "run")
    glass = gw.quench("SiO2", replicas=2, out=tmp_path / "glass", report=False, **{**FAST, "forcefield": own, "coulomb": None})
    assert gw.load_forcefield(glass.replicas[1].path / "forcefield.toml").coulomb == own.coulomb
    again = gw.load_forcefield(run.path / "forcefield.toml")
    assert again.coulomb == own.coulomb
    assert dict(again.pairs) == dict(own.pairs)
    assert again.name == own.name == "bks/wolf"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"temperature": -5}, "temperature"),
        ({"duration": "0 ps"}, "duration"),
        ({"timestep": "1 K"}, "unit"),
        ({"ensemble": "nph"}, "Ensemble"),
        ({"temperature": (1, 2, 3)}, "pair"),
    ],
)
def test_impossible_dynamics_are_refused(cristobalite: Atoms, change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        gw.md(cristobalite, "bks", **{"ensemble": "nvt", "temperature": 300, **change})  # type: ignore[arg-type]
