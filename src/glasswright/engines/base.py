"""The contract of an engine: Atoms + ForceField + Stages → states.

An engine opens a ``Simulation``; a protocol drives it stage by stage and chunk by chunk and looks at every ``State``.
A checkpoint restores a Simulation so that it continues exactly as it would have.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..forcefield import ForceField, Source
from ..stage import Minimization, Stage

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator


@dataclass(frozen=True, eq=False)
class State:
    """What a simulation looks like at one moment."""

    step: int
    """Steps of molecular dynamics since the simulation was opened."""
    positions: NDArray[np.float64]
    """Unwrapped, ``(n_atoms, 3)`` [Å], in the order of the Atoms that were opened."""
    velocities: NDArray[np.float64]
    """``(n_atoms, 3)`` [Å/fs]"""
    cell: NDArray[np.float64]
    """Rows are cell vectors ``(3, 3)`` [Å]; lower triangular."""
    temperature: float
    """[K]"""
    pressure: float
    """[GPa]"""
    stress: NDArray[np.float64]
    """Including the kinetic part; xx, yy, zz, yz, xz, xy; positive in tension (ASE) [GPa]."""
    potential_energy: float
    """[eV]"""
    kinetic_energy: float
    """[eV]"""
    conserved_energy: float
    """Total energy plus that of thermostat and barostat [eV]: constant up to integration error in every ensemble while targets are constant."""
    largest_force: float | None = None
    """Largest force component [eV/Å]; known after a minimisation."""

    @property
    def volume(self) -> float:
        return float(abs(np.linalg.det(self.cell)))


class Simulation(ABC):
    """Molecular dynamics in progress. Use as a context manager; ``close`` frees the engine."""

    @abstractmethod
    def set_velocities(self, temperature: float, seed: int) -> None:
        """Draw Maxwell-Boltzmann velocities [K], remove the total momentum and scale to the exact temperature."""

    @abstractmethod
    def start(self, stage: Stage, done: int = 0) -> None:
        """Install a stage; ``done`` steps of it have run already (its programmes continue from there)."""

    @abstractmethod
    def advance(self, n_steps: int) -> State:
        """Run part of the current stage. Chunks give the same trajectory however the process was interrupted between them."""

    @abstractmethod
    def minimize(self, settings: Minimization) -> State:
        """Minimise the energy from the present positions; velocities are lost."""

    @abstractmethod
    def state(self) -> State:
        """The present state."""

    @abstractmethod
    def save(self, path: Path) -> None:
        """Write a complete restart to ``path`` (not atomically: the caller renames).

        Afterwards the simulation goes on exactly as one restored from the file would.
        """

    @abstractmethod
    def close(self) -> None: ...

    def __enter__(self) -> Simulation:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True)
class EngineOptions:
    """What a caller may ask of engines; each reads what concerns it."""

    command: str | None = None
    """Starts an external LAMMPS, such as ``mpirun -n 4 lmp``."""
    accuracy: float = 1e-5
    """Relative force error asked of the long-range solver, rms(ΔF)/rms(F)."""
    threads: int = 1
    """Threads per process."""
    kspace: Literal["pppm", "ewald"] = "pppm"
    """Long-range solver of LAMMPS; ``ewald``: the plain sum, slow, to check against."""
    precision: Literal["mixed", "double"] = "mixed"
    """Of the native engine and that in JAX: ``mixed`` evaluates forces in single precision and sums and integrates in double."""

    def __post_init__(self) -> None:
        if self.kspace not in ("pppm", "ewald"):
            raise InputError(f"There is no long-range solver {self.kspace!r}.", mend="Use pppm or ewald.")
        if self.precision not in ("mixed", "double"):
            raise InputError(f"precision = {self.precision!r} is unknown.", mend="Use mixed or double.")


class Engine(ABC):
    """A program that evaluates force fields and integrates equations of motion."""

    name: str

    @abstractmethod
    def supports(self, forcefield: ForceField, atoms: Atoms | None = None) -> str | None:
        """None where the force field can run here (for dynamics of these atoms, where they are given), else the reason why not."""

    def refuses(self, stage: Stage) -> str | None:
        """None where a stage can run here, else the reason why not."""
        return None

    @abstractmethod
    def available(self) -> str | None:
        """None where the engine works on this machine, else what is missing and how to get it."""

    @abstractmethod
    def versions(self) -> dict[str, str]:
        """Names and versions of the programs that run, for the record."""

    def sources(self, forcefield: ForceField) -> tuple[Source, ...]:
        """What to cite when this engine ran a force field."""
        return ()

    @abstractmethod
    def describe(self, forcefield: ForceField, atoms: Atoms) -> dict[str, object]:
        """Settings that fix the numerical result (Coulomb solver, its accuracy, tables, skin): for run.toml."""

    @abstractmethod
    def open(self, atoms: Atoms, forcefield: ForceField, directory: Path, restart: Path | None = None) -> Simulation:
        """Begin a simulation that keeps its input in ``directory``.

        ``atoms`` gives order, species and (without ``restart``) positions and velocities; ``restart`` is a file written by ``Simulation.save``.
        """

    @abstractmethod
    def calculator(self, forcefield: ForceField) -> Calculator:
        """An ASE calculator: energy [eV], forces [eV/Å], stress [eV/Å³]."""
