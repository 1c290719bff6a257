"""Molecular dynamics in LAMMPS, stage by stage and chunk by chunk."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ... import units
from ...errors import InputError
from ...forcefield import BoundForceField
from ...forms.coulomb import self_energy
from ...stage import Minimization, Stage
from ..base import Simulation, State
from .input import Settings, header, interactions, write_tables
from .program import Program

_PS = units.parse("1 ps", "time")
_BAR = units.parse("1 bar", "pressure")
CELL_ROUNDS = 30
"""Most rounds of a minimisation that relaxes the cell."""
CELL_PRESSURE = 0.005
"""Pressure at which the cell is at rest [GPa]: a few parts in 10⁴ of the bulk modulus of a glass, in the volume 1e-4."""


class LammpsSimulation(Simulation):
    """A simulation driven through a ``Program``; commands are kept in lammps.in.

    Two rules make an interrupted run repeat an uninterrupted one bit for bit. The first run after ``start`` and ``save`` sets
    LAMMPS up anew, exactly as a restored one must, and later chunks go on without. The fix that moves the atoms is named after
    the step at which its stage began, so that LAMMPS hands the state of its thermostat on when that stage goes on, and only then.
    """

    def __init__(self, program: Program, bound: BoundForceField, settings: Settings) -> None:
        self._program, self._bound, self._settings = program, bound, settings
        self._self_energy = self_energy(bound.charges[bound.types], bound.coulomb)
        self._stage: tuple[int, Stage] | None = None
        """First step and content of the current stage."""
        self._fixes: list[str] = []
        self._fresh = True
        """The next run must set LAMMPS up."""
        self._restart: str | None = None
        """Command that restored this simulation, until something else has been done to it."""
        self._points: tuple[int, ...] = ()
        self._state: State | None = None

    def begin(self, atoms_file: str) -> None:
        """Start from a data file in the run directory."""
        self._program.record_path.write_text("", encoding="utf-8")
        self._load(f"read_data <{atoms_file}>", record=True)

    def restore(self, restart: Path) -> None:
        """Go on from a file written by ``save``."""
        self._restart = f'read_restart "{restart.resolve()}"'
        self._load(self._restart, record=False)
        self._fixes = _rewind(self._program.record_path, self._step())
        if not self._program.record_path.exists():
            shutil.copyfile(restart, self._program.directory / "start.restart")
            self._program.note([*header(self._settings), "read_restart <start.restart>", *self._interactions()])

    def _load(self, read: str, record: bool) -> None:
        write_tables(self._program.directory, self._bound, self._settings)
        self._program.run(["clear", *header(self._settings), read], record)
        self._program.run(self._interactions(), record)
        self._fresh = True

    def _interactions(self) -> list[str]:
        cell = self._program.cell()
        self._points = self._settings.mesh.points(cell) if self._settings.mesh else ()
        return interactions(self._bound, self._settings, cell)

    def _step(self) -> int:
        return int(self._program.thermo(["step"])["step"])

    def set_velocities(self, temperature: float, seed: int) -> None:
        if temperature <= 0:
            raise InputError(f"Velocities cannot be drawn at {temperature:g} K.", mend="Give a positive temperature in K.")
        self._program.run([f"velocity all create {temperature:.12g} {seed % 900_000_000 + 1} mom yes rot no dist gaussian loop all"])
        self._fresh, self._state, self._restart = True, None, None

    def start(self, stage: Stage, done: int = 0) -> None:
        begin = self._step() - done
        name = f"motion_{begin}"
        lines = [f"timestep {stage.timestep / _PS:.12g}", *_motion(stage, name)]
        goes_on = name in self._fixes
        if not goes_on:
            self._program.run(self._release())
        # Where the stage was interrupted and goes on, lammps.in has these lines.
        self._program.run(lines, record=not goes_on)
        self._fixes = [line.split()[1] for line in lines if line.startswith("fix ")]
        self._stage, self._fresh, self._restart = (begin, stage), True, None

    def _release(self) -> list[str]:
        """Commands that take the present fixes away; a restored LAMMPS has none of those that lammps.in names."""
        lines = [f'if "$(is_defined(fix,{name}))" then "unfix {name}"' for name in self._fixes]
        self._fixes = []
        return lines

    def advance(self, n_steps: int) -> State:
        if self._stage is None:
            raise InputError("No stage is installed.", mend="Call start(stage) first.")
        begin, stage = self._stage
        self._fit_mesh()
        setup = "" if self._fresh else "pre no "
        # Forgotten first: Ctrl-C raises when the chunk has ended.
        self._state = self._restart = None
        self._program.run([f"run {n_steps} {setup}post no start {begin} stop {begin + stage.n_steps}"])
        self._fresh = False
        return self.state()

    def _fit_mesh(self) -> None:
        """Fit the mesh to the present cell: always before LAMMPS sets up, otherwise only if it has become too coarse."""
        mesh = self._settings.mesh
        if mesh is None or mesh.solver == "ewald":
            return
        cell = self._program.cell()
        points = mesh.points(cell)
        if points != self._points and (self._fresh or any(new > old for new, old in zip(points, self._points, strict=True))):
            self._program.run([mesh.resize(cell)])
            self._points, self._fresh = points, True

    def minimize(self, settings: Minimization) -> State:
        step = self._step()
        search = f"minimize 0.0 {settings.force_tolerance:.6g} {settings.max_steps} {20 * settings.max_steps}"
        # Where energy differences are below rounding, conjugate gradients stall; FIRE needs forces alone.
        search_and_settle = [search, "min_style fire", search, "min_style cg"] if settings.method == "cg" or settings.cell else [search]
        relax = ["fix relax all box/relax iso 0.0 vmax 0.002 fixedpoint 0 0 0", search, "unfix relax"]
        # LAMMPS moves the cell with conjugate gradients only.
        method = "cg" if settings.cell else settings.method
        self._program.run([*self._release(), "timestep 0.001", f"min_style {method}", "min_modify norm inf"])
        for _ in range(CELL_ROUNDS if settings.cell else 1):
            # The cell stalls before its pressure is gone, and the positions have the last word: round after round until both are at rest.
            self._fit_mesh()
            self._program.run([*(relax if settings.cell else ()), *search_and_settle])
            self._fresh, self._state, self._restart = True, None, None
            if abs(self.state().pressure) < CELL_PRESSURE:
                break
        self._program.run(["velocity all set 0.0 0.0 0.0", f"reset_timestep {step}"])
        self._stage, self._fresh, self._state = None, True, None
        return replace(self.state(), largest_force=float(np.abs(self.forces()).max()))

    def state(self) -> State:
        if self._state is None:
            if self._fresh:
                self._fit_mesh()
                self._program.run(["run 0 post no"], record=False)
                self._state = self._read()
                if self._restart:
                    # LAMMPS forgets the state of the thermostats on its first run.
                    self._load(self._restart, record=False)
            else:
                self._state = self._read()
        return self._state

    def _read(self) -> State:
        t = self._program.thermo()
        positions, velocities, _ = self._program.atoms()
        return State(
            step=int(t["step"]),
            positions=positions,
            velocities=velocities / _PS,
            cell=self._program.cell(),
            temperature=t["temp"],
            pressure=t["press"] * _BAR,
            stress=-np.array([t[k] for k in ("pxx", "pyy", "pzz", "pyz", "pxz", "pxy")]) * _BAR,
            potential_energy=t["pe"] + self._self_energy,
            kinetic_energy=t["ke"],
            conserved_energy=t["econserve"] + self._self_energy,
        )

    def replace_positions(self, snapshot: str) -> None:
        """Take cell and positions from a dump in the run directory."""
        self._program.run([f"read_dump <{snapshot}> 0 x y z box yes replace yes format native"])
        self._fresh, self._state = True, None

    def forces(self) -> NDArray[np.float64]:
        """Forces of the present state ``(n_atoms, 3)`` [eV/Å]."""
        self.state()
        return self._program.atoms()[2]

    def save(self, path: Path) -> None:
        step = self._step()
        self._program.run([f'write_restart "{path.resolve()}"'], record=False)
        self._program.note([_checkpoint(step)])
        self._fresh = True

    def close(self) -> None:
        self._program.close()


def _motion(stage: Stage, name: str) -> list[str]:
    """Fixes that integrate a stage."""
    (t0, t1), (p0, p1) = stage.temperature, (p / _BAR for p in stage.pressure)
    heat = f"{t0:.12g} {t1:.12g} {stage.thermostat_damping / _PS:.12g}"
    if stage.max_displacement is not None:
        lines = [f"fix {name} all nve/limit {stage.max_displacement:.12g}"]
        return lines if stage.ensemble == "nve" else [*lines, f"fix {name}_heat all temp/berendsen {heat}"]
    if stage.ensemble == "nve":
        return [f"fix {name} all nve"]
    if stage.ensemble == "nvt":
        return [f"fix {name} all nvt temp {heat}"]
    # The box stays at the origin; about its centre LAMMPS would round differently after a restart. The barostat has no chain of its own:
    # with one, LAMMPS samples the same volumes but miscounts the conserved energy.
    cell = "iso" if stage.cell == "isotropic" else "aniso"
    return [f"fix {name} all npt temp {heat} {cell} {p0:.12g} {p1:.12g} {stage.barostat_damping / _PS:.12g} fixedpoint 0 0 0 pchain 0"]


def _checkpoint(step: int) -> str:
    return f"# checkpoint at step {step}: a restored run goes on from here"


def _rewind(record: Path, step: int) -> list[str]:
    """Cut lammps.in after its last checkpoint at ``step``, so that it tells what led to the present; return the fixes it leaves.

    Where there is no such line, lammps.in tells of something else and is removed.
    """
    if not record.exists():
        return []
    lines = record.read_text(encoding="utf-8").splitlines()
    marks = [i for i, line in enumerate(lines) if line == _checkpoint(step)]
    if not marks:
        record.unlink()
        return []
    lines = lines[: marks[-1] + 1]
    record.write_text("\n".join(lines) + "\n", encoding="utf-8")
    fixes: list[str] = []
    for line in lines:
        if found := re.match(r"fix (\S+)", line):
            fixes.append(found[1])
        elif found := re.search(r'"unfix (\S+)"$', line):
            fixes = [f for f in fixes if f != found[1]]
        elif line.startswith("unfix "):
            fixes = [f for f in fixes if f != line.split()[1]]
    return fixes
