"""``gw.refine``: what it makes, what its run directory holds, how it is resumed and how it refuses."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.lj import LennardJones

import glasswright as gw
from glasswright import InputError
from glasswright.composition import Composition
from glasswright.experiment import Experiment
from glasswright.io.run_writer import read_checkpoint

Q = np.arange(1.0, 14.0, 0.1)
SHORT: dict[str, Any] = {"n_atoms": 192, "moves": 300, "block": 15, "anneal": 0.5, "report": False}
WIDE = SHORT | {"n_atoms": 300}
"""Enough for a cutoff of 8 Å."""


def network() -> Atoms:
    """A shaken cristobalite-like network of 192 atoms: the glass that the curves below were measured on."""
    a = 7.16
    fcc = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    bridges = np.vstack([fcc + np.array(d) / 8 for d in ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))])
    atoms = Atoms(["Si"] * 8 + ["O"] * 16, scaled_positions=np.vstack([fcc, fcc + 0.25, bridges]) % 1, cell=[a] * 3, pbc=True).repeat(2)
    atoms.positions += np.random.default_rng(1).normal(0, 0.12, atoms.positions.shape)
    return atoms


@pytest.fixture(scope="module")
def neutrons() -> Experiment:
    curve = gw.analysis.structure_factor(network(), Q, radiation="neutron")
    return Experiment(curve, "neutron", Composition("SiO2"), 2.17, name="neutrons")


@pytest.fixture(scope="module")
def xrays() -> Experiment:
    curve = gw.analysis.structure_factor(network(), Q, radiation="xray")
    return Experiment(curve, "xray", Composition("SiO2"), 2.17, name="xrays")


@pytest.fixture(scope="module")
def rmc(neutrons: Experiment, xrays: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Any:
    out = tmp_path_factory.mktemp("rmc") / "run"
    return gw.refine("rmc", [neutrons, xrays], "SiO2", out=out, sample_frames=2, **SHORT)


def test_reverse_monte_carlo_comes_near_the_data(rmc: Any) -> None:
    assert rmc.history["r_chi"][0] > 2 * rmc.r_chi  # of a shaken crystal, in 300 moves for each atom
    assert rmc.energy is None and "energy" not in rmc.history
    assert len(rmc.atoms) == 192 and sorted(set(rmc.atoms.symbols)) == ["O", "Si"]
    for name, score in rmc.scores.items():
        simulated, residual = score.curves["simulated"].y - 1, score.curves["residual"].y
        measured, scale = simulated + residual, rmc.history[f"scale {name}"][-1]
        r_chi = np.linalg.norm(scale * simulated - measured) / np.linalg.norm(measured)
        # The scores are those of two samples together, and count pairs to half the box in shells of their own.
        assert r_chi == pytest.approx(rmc.history[f"r_chi {name}"][-1], abs=0.02)


def test_the_run_directory_is_complete_in_itself(rmc: Any) -> None:
    document = tomllib.loads((rmc.path / "run.toml").read_text())
    assert document["kind"] == "refinement" and document["outcome"] == "done"
    assert document["settings"]["method"] == "rmc" and [d["name"] for d in document["data"]] == ["neutrons", "xrays"]
    assert document["results"]["moves"] >= 300 * 192 and document["results"]["ended"]
    assert any("McGreevy" in c["text"] for c in document["citations"])
    for name in ("start.extxyz", "glass.extxyz", "history.csv", "checkpoint.json", "experiments/neutrons.csv"):
        assert (rmc.path / name).exists(), name
    run = gw.read_run(rmc.path)
    assert len(run.frames) == 2
    np.testing.assert_allclose(run.frames[-1].get_distance(0, 1, mic=True), run.atoms.get_distance(0, 1, mic=True), atol=1e-4)


def test_the_history_has_its_stages(rmc: Any) -> None:
    stage = rmc.history["stage"]
    assert list(stage[-2:]) == ["sample", "sample"] and stage[0] == "anneal" and "equilibrate" in stage
    assert rmc.history["chi_temperature"][0] == 0.05 and rmc.history["chi_temperature"][-1] == pytest.approx(1e-3)
    moves = rmc.history["moves"]
    assert moves[0] == 0 and set(np.diff(moves)) == {15 * 192}


def test_the_same_seed_gives_the_same_structure(rmc: Any, neutrons: Experiment, xrays: Experiment) -> None:
    again = gw.refine("rmc", [neutrons, xrays], "SiO2", sample_frames=2, **SHORT)
    np.testing.assert_array_equal(again.atoms.positions, rmc.atoms.positions)
    other = gw.refine("rmc", [neutrons, xrays], "SiO2", seed=2, sample_frames=2, **SHORT)
    assert np.abs(other.atoms.positions - rmc.atoms.positions).max() > 0.1
    path = again.path
    del again
    gc.collect()
    assert not path.exists(), "a temporary run goes with its result"


def test_no_two_atoms_are_too_close(rmc: Any) -> None:
    distances = rmc.atoms.get_all_distances(mic=True)
    si = rmc.atoms.symbols == "Si"
    np.fill_diagonal(distances, np.inf)
    assert distances[np.ix_(si, ~si)].min() > 1.32 and distances[np.ix_(~si, ~si)].min() > 2.0


def test_a_structure_is_a_start_and_stays_as_it_is(neutrons: Experiment, tmp_path: Path) -> None:
    atoms = network()
    before = atoms.copy()
    found = gw.refine("rmc", neutrons, atoms, out=tmp_path / "from-atoms", forcefield="bks/dsf", **WIDE)
    assert atoms == before
    start = gw.calculator("bks/dsf").get_potential_energy(before)
    assert found.history["energy"][0] == pytest.approx(start / 192, abs=1e-4)
    assert found.history["r_chi"][0] < 0.02, "the curve was made from this very structure"
    assert found.energy == pytest.approx(gw.calculator("bks/dsf").get_potential_energy(found.atoms), rel=1e-5)
    onward = gw.refine("rmc", neutrons, tmp_path / "from-atoms", **SHORT)
    np.testing.assert_allclose(gw.read_run(onward.path).settings["density"]["value"], 2.17, atol=0.01)


def test_hybrid_hears_data_and_energy(neutrons: Experiment) -> None:
    short = WIDE | {"moves": 200}
    data_alone = gw.refine("rmc", neutrons, "SiO2", "bks/dsf", **short)
    both = gw.refine("hybrid", neutrons, "SiO2", "bks/dsf", **short)
    assert both.energy is not None and data_alone.energy is not None
    assert both.energy < data_alone.energy - 300 * 0.5
    assert both.r_chi < 0.5 * both.history["r_chi"][0]
    assert len(set(both.history["chi_temperature"])) > 3 and set(both.history["energy_weight"]) == {1.0}, "T_chi is balanced after every block"
    fixed = gw.refine("hybrid", neutrons, "SiO2", "bks/dsf", energy_weight=0.5, **WIDE)
    assert set(fixed.history["energy_weight"]) == {0.5} and fixed.history["chi_temperature"][-1] == pytest.approx(1e-3)


def test_energy_alone_needs_no_data() -> None:
    found = gw.refine("monte_carlo", start="SiO2", forcefield="bks/dsf", sample_frames=3, **WIDE)
    assert found.r_chi is None and found.scores == {} and "r_chi" not in found.history
    stage, step = found.history["stage"], found.history["step"]
    assert len(set(step[stage == "sample"])) == 1, "the step is frozen in the samples"
    assert len(set(step[stage == "equilibrate"])) > 3, "and adapted before"
    assert found.energy is not None and found.energy / 300 < found.history["energy"][0] - 1
    assert found.energy == pytest.approx(gw.calculator("bks/dsf").get_potential_energy(found.atoms), rel=1e-5)


def test_a_calculator_gives_the_energy_of_rmc(neutrons: Experiment) -> None:
    lennard_jones = LennardJones(sigma=2.0, epsilon=0.01, rc=5.0)
    found = gw.refine("rmc", neutrons, network(), lennard_jones, **SHORT)
    atoms = found.atoms.copy()
    atoms.calc = lennard_jones
    assert found.energy == pytest.approx(atoms.get_potential_energy(), rel=1e-6)


def test_a_killed_run_resumes_exactly(neutrons: Experiment, tmp_path: Path) -> None:
    settings = WIDE | {"moves": 400, "sample_frames": 2, "checkpoint_seconds": 0.0}
    whole = gw.refine("hybrid", neutrons, "SiO2", "bks/dsf", out=tmp_path / "whole", **settings)
    killed = tmp_path / "killed"
    script = f"""
import glasswright as gw
from glasswright.io.experiments import read_data_sets
from pathlib import Path
experiment = read_data_sets(Path({str(tmp_path / "whole")!r}))[0].experiment
gw.refine("hybrid", experiment, "SiO2", "bks/dsf", out={str(killed)!r}, **{settings!r})
"""
    process = subprocess.Popen([sys.executable, "-c", script])
    _kill_once(process, killed, blocks=4)
    rows = (killed / "history.csv").read_text().count("\n")
    assert not (killed / "glass.extxyz").exists() and gw.read_run(killed).outcome == "running"
    gw.resume(killed, report=False)
    run = gw.read_run(killed)
    assert run.outcome == "done" and rows < len(run.history["moves"])
    np.testing.assert_array_equal(run.atoms.positions, whole.atoms.positions)
    for name in set(whole.history) - {"time"}:
        np.testing.assert_array_equal(run.history[name], whole.history[name], err_msg=name)
    assert len(run.frames) == 2


def _kill_once(process: subprocess.Popen[bytes], path: Path, blocks: int, how: int = signal.SIGKILL) -> None:
    """Stop a process once a checkpoint of at least so many blocks is there."""
    for _ in range(600):
        if (path / "checkpoint.json").is_file() and (read_checkpoint(path) or {})["files"]["restart"] >= f"checkpoint-{blocks}":
            break
        assert process.poll() is None, "it ended too early"
        time.sleep(0.05)
    os.kill(process.pid, how)
    process.wait()


def test_replicas_differ_and_the_first_is_the_single_run(rmc: Any, neutrons: Experiment, xrays: Experiment, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        both = gw.refine("rmc", [neutrons, xrays], "SiO2", out=tmp_path / "set", replicas=2, executor=pool, sample_frames=2, **SHORT)
    first, second = (run.atoms for run in gw.read_run(tmp_path / "set").replicas)
    np.testing.assert_array_equal(first.positions, rmc.atoms.positions)
    assert np.abs(second.positions - first.positions).max() > 0.1
    assert both.scores["neutrons"].r_chi_error is not None
    shutil.rmtree(tmp_path / "set" / "replica-02")  # as if its machine had been lost
    with ThreadPoolExecutor(1) as pool:
        gw.resume(tmp_path / "set", executor=pool, report=False)
    np.testing.assert_array_equal(gw.read_run(tmp_path / "set").replicas[1].atoms.positions, second.positions)


def test_paths_in_a_data_file_are_relative_to_it(neutrons: Experiment, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    np.savetxt(tmp_path / "data" / "s_of_q.dat", np.column_stack([neutrons.curve.x, neutrons.curve.y]))
    network().write(tmp_path / "data" / "start.extxyz")
    text = '[sample]\ncomposition = "SiO2"\n[[data]]\nfile = "s_of_q.dat"\nkind = "S(Q)"\nradiation = "neutron"\n[refine]\nstart = "start.extxyz"\n'
    (tmp_path / "data" / "exp.toml").write_text(text)
    found = gw.refine("rmc", tmp_path / "data" / "exp.toml", moves=10, block=5, report=False)
    assert found.history["r_chi"][0] < 0.02, "it starts from the structure that the curve is of"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "rmcc"}, "Did you mean rmc"),
        ({"method": "rmc", "experiments": ()}, "needs measured data"),
        ({"method": "hybrid", "experiments": ()}, "needs measured data"),
        ({"method": "rmc", "start": "GeO2"}, "different glasses"),
        ({"method": "rmc", "start": "SiO3"}, "SiO3"),
        ({"method": "rmc", "start": "no/such/file.xyz"}, "no/such/file"),
        ({"method": "rmc", "start": "SiO2" * 200}, "SiO2"),
        ({"method": "rmc", "r_max": 40.0}, "Half the shortest height"),
        ({"method": "rmc", "moevs": 3}, "Did you mean 'moves'"),
        ({"method": "rmc", "minimum_distances": {"Na-O": 2.0}}, "Na-O"),
        ({"method": "rmc", "forcefield": "bsk"}, "bsk"),
        ({"method": "hybrid", "forcefield": LennardJones()}, "single moves"),
        ({"method": "rmc", "types": "Si,O"}, "no structure file"),
        ({"method": "rmc", "density": 90}, "between 0 and 30"),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(neutrons: Experiment, tmp_path: Path, arguments: dict[str, Any], message: str) -> None:
    asked = {"experiments": neutrons, "start": "SiO2", **SHORT, **arguments}
    with pytest.raises(InputError, match=message):
        gw.refine(out=tmp_path / "run", **asked)
    assert not (tmp_path / "run").exists()


def test_a_run_directory_is_not_overwritten_unasked(rmc: Any, neutrons: Experiment) -> None:
    with pytest.raises(InputError, match="exists already"):
        gw.refine("rmc", neutrons, "SiO2", out=rmc.path, **SHORT)
