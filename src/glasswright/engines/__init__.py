"""Engines: programs that evaluate force fields and integrate equations of motion."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError, MissingDependency
from ..forcefield import ForceField
from ..library.forcefields import load_forcefield
from .base import Engine, EngineOptions, Simulation, State
from .jax import without_jax

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

    from .jax.potential import Potential

__all__ = ["Engine", "EngineOptions", "Simulation", "State", "calculator", "engine_names", "get_engine", "potential"]


def engine_names() -> list[str]:
    """Names that ``get_engine`` takes besides ``auto``, the fastest on a CPU first."""
    return ["native", "lammps", "jax"]


def get_engine(name: str, forcefield: ForceField, atoms: Atoms | None = None, **options: Any) -> tuple[Engine, str]:
    """The engine of that name and the reason for it; ``auto`` takes the fastest that can run the force field.

    Parameters
    ----------
    name
        ``auto`` or one of ``engine_names()``.
    forcefield
        What it will have to run.
    atoms
        What will move, where that is known: a cell may be too small for an engine.
    options
        Fields of ``EngineOptions``: ``command``, ``accuracy``, ``threads``...

    Raises
    ------
    InputError
        If there is no such engine, or it cannot run the force field.
    MissingDependency
        If the engine is not installed.
    """
    from .jax.engine import JaxEngine
    from .lammps import LammpsEngine
    from .native import NativeEngine

    if name not in ("auto", *engine_names()):
        raise InputError(f"There is no engine {name!r}.", mend=f"Use auto or one of {', '.join(engine_names())}.")
    asked = EngineOptions(**options)
    native = NativeEngine(asked.accuracy, asked.threads, asked.precision)
    lammps = LammpsEngine(asked.command, asked.accuracy, asked.threads, asked.kspace)
    jax = JaxEngine(asked.accuracy, asked.precision)
    engines: dict[str, Engine] = {"native": native, "lammps": lammps, "jax": jax}
    refusals = {engine: None if engine == "lammps" else _for_lammps(asked) for engine in engines}
    refusals = {engine: refusal or engines[engine].supports(forcefield, atoms) for engine, refusal in refusals.items()}
    reason = "asked for"
    if name == "auto":
        name, reason = _fastest(engines, refusals)
    if refusal := refusals[name]:
        raise InputError(f"Engine {name!r} cannot run force field {forcefield.name!r}.", refusal)
    if missing := engines[name].available():
        raise MissingDependency(missing)
    return engines[name], reason


def _fastest(engines: dict[str, Engine], refusals: dict[str, str | None]) -> tuple[str, str]:
    """The first engine that runs the force field on this machine, and why; where there is none, LAMMPS, which says how to get it."""
    passed: list[str] = []
    for name, engine in engines.items():
        why_not = refusals[name] or engine.available()
        if not why_not:
            return name, "; ".join(passed) or "the fastest that runs this force field"
        passed.append(f"not {name}: {why_not}")
    return "lammps", "; ".join(passed)


def _for_lammps(asked: EngineOptions) -> str | None:
    """Why a request is one for LAMMPS, if it is."""
    if asked.command:
        return "The command starts an external LAMMPS."
    return "The plain Ewald sum is one of LAMMPS." if asked.kspace == "ewald" else None


def calculator(forcefield: str | Path | ForceField, engine: str = "auto") -> Calculator:
    """An ASE calculator of a force field (library name, TOML path or ForceField): energy [eV], forces [eV/Å], stress [eV/Å³].

    The native engine evaluates it in double precision, so that energies may be differentiated by finite differences.
    """
    known = forcefield if isinstance(forcefield, ForceField) else load_forcefield(forcefield)
    return get_engine(engine, known, precision="double")[0].calculator(known)


def potential(forcefield: str | Path | ForceField, atoms: Atoms, **options: Any) -> Potential:
    """A force field as pure functions for JAX: energy, forces, stress and every derivative of them.

    Parameters
    ----------
    forcefield
        Library name, TOML path or ForceField.
    atoms
        What it acts on.
    options
        ``precision``, ``skin`` and ``accuracy`` of ``engines.jax.potential.potential``.

    Raises
    ------
    MissingDependency
        If JAX is not installed.
    """
    if missing := without_jax():
        raise MissingDependency(missing)
    from .jax.potential import potential as of_jax

    return of_jax(forcefield if isinstance(forcefield, ForceField) else load_forcefield(forcefield), atoms, **options)
