"""Engines: programs that evaluate force fields and integrate equations of motion."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError, MissingDependency
from ..forcefield import ForceField
from ..library.forcefields import load_forcefield
from .base import Engine, Simulation, State

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator

__all__ = ["Engine", "Simulation", "State", "calculator", "engine_names", "get_engine"]


def engine_names() -> list[str]:
    """Names that ``get_engine`` takes besides ``auto``."""
    return ["lammps"]


def get_engine(name: str, forcefield: ForceField, *, command: str | None = None, accuracy: float = 1e-5, threads: int = 1, kspace: str = "pppm"
) -> tuple[Engine, str]:
    """The engine of that name and the reason for it; ``auto`` takes the fastest that can run the force field.

    Parameters
    ----------
    name
        ``auto`` or one of ``engine_names()``.
    forcefield
        What it will have to run.
    command
        Starts an external LAMMPS, such as ``mpirun -n 4 lmp``.
    accuracy
        Relative force error asked of the long-range solver.
    threads
        Threads per process.
    kspace
        ``pppm``, or ``ewald`` for the plain sum, slow, to check against.

    Raises
    ------
    InputError
        If there is no such engine, or it cannot run the force field.
    MissingDependency
        If the engine is not installed.
    """
    from .lammps import LammpsEngine

    if name not in ("auto", *engine_names()):
        raise InputError(f"There is no engine {name!r}.", mend=f"Use auto or one of {', '.join(engine_names())}.")
    if kspace not in ("pppm", "ewald"):
        raise InputError(f"There is no long-range solver {kspace!r}.", mend="Use pppm or ewald.")
    engine = LammpsEngine(command, accuracy, threads, kspace)  # type: ignore[arg-type]
    if reason := engine.supports(forcefield):
        raise InputError(f"Engine {engine.name!r} cannot run force field {forcefield.name!r}.", reason)
    if missing := engine.available():
        raise MissingDependency(missing)
    if name != "auto":
        return engine, "asked for"
    return engine, "command given for an external LAMMPS" if command else "the only engine that runs this force field here"


def calculator(forcefield: str | Path | ForceField, engine: str = "auto") -> Calculator:
    """An ASE calculator of a force field (library name, TOML path or ForceField): energy [eV], forces [eV/Å], stress [eV/Å³]."""
    known = forcefield if isinstance(forcefield, ForceField) else load_forcefield(forcefield)
    return get_engine(engine, known)[0].calculator(known)
