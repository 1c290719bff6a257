"""From settings to one stage of molecular dynamics or one minimisation, first asked for or found in a run directory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..protocols.dynamics import SingleTask
from ..stage import Minimization, Stage
from .job import Job, look_every, read_inputs

if TYPE_CHECKING:
    from ase import Atoms


def restore_md(path: Path) -> Job:
    """The molecular dynamics or minimisation of a run directory, as it was prepared."""
    document, atoms, forcefield, engine, reason = read_inputs(path)
    settings = document["settings"]
    protocol = single_task(document["kind"], settings, atoms)
    return Job(document["kind"], document["name"], atoms, forcefield, engine, reason, protocol, settings, {})


def single_task(kind: str, s: Mapping[str, Any], atoms: Atoms) -> SingleTask:
    """The protocol of an ``md`` or ``minimize`` run, from the plain settings of its run.toml."""
    if kind == "minimize":
        work = Minimization(s["method"], s["force_tolerance"], s["max_steps"], s["cell"])
        return SingleTask(kind, work, s["seed"], None, look_every(len(atoms)), 0)
    temperature, pressure = tuple(s["temperature"]), tuple(s["pressure"])
    thermostat = s.get("thermostat", "nose-hoover")
    stage = Stage(kind, s["ensemble"], s["n_steps"], s["timestep"], temperature, pressure, s["cell"], thermostat=thermostat, seed=s["seed"])
    first = None if atoms.has("momenta") else temperature[0]
    looks = min(look_every(len(atoms)), max(1, stage.n_steps // max(1, s["n_frames"])))  # every frame is a look
    return SingleTask(kind, stage, s["seed"], first, looks, min(s["n_frames"], stage.n_steps))
