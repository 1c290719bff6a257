"""Stage: one piece of a simulation programme, engine-independent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .errors import InputError

Ensemble = Literal["nve", "nvt", "npt"]
Thermostat = Literal["nose-hoover", "langevin", "csvr"]


@dataclass(frozen=True)
class Stage:
    """Molecular dynamics in one ensemble with linear temperature and pressure programmes.

    Temperature and pressure run linearly from their first to their second value over ``n_steps``.
    """

    name: str
    """Word that appears in thermo.csv and in reports: ``push-off``, ``melt``, ``quench``, ``relax``, ``sample``."""
    ensemble: Ensemble
    n_steps: int
    timestep: float
    """[fs]"""
    temperature: tuple[float, float] = (300.0, 300.0)
    """Thermostat target at start and end [K]; not used in NVE."""
    pressure: tuple[float, float] = (0.0, 0.0)
    """Barostat target at start and end [GPa]; used in NPT only."""
    cell: Literal["isotropic", "anisotropic"] = "isotropic"
    """How the barostat moves the cell."""
    thermostat_damping: float = 100.0
    """Relaxation time of the thermostat [fs]."""
    barostat_damping: float = 1000.0
    """Relaxation time of the barostat [fs] (doi 10.1063/1.467468)."""
    max_displacement: float | None = None
    """Cap on the distance an atom moves in one step [Å]: the push-off of a random packing. NVE or NVT only."""
    thermostat: Thermostat = "nose-hoover"
    """Nosé-Hoover chains (doi 10.1063/1.463940), Langevin dynamics (doi 10.1093/amrx/abs010), or stochastic velocity rescaling (doi 10.1063/1.2408420)."""
    seed: int = 1
    """Of the random numbers of ``langevin`` and ``csvr``."""

    def __post_init__(self) -> None:
        if self.ensemble not in ("nve", "nvt", "npt"):
            raise InputError(f"Ensemble {self.ensemble!r} is unknown.", mend="Use nve, nvt or npt.")
        if self.thermostat not in ("nose-hoover", "langevin", "csvr"):
            raise InputError(f"Thermostat {self.thermostat!r} is unknown.", mend="Use nose-hoover, langevin or csvr.")
        if self.timestep <= 0 or self.n_steps < 0:
            raise InputError(f"Stage {self.name!r} needs a positive time step and no negative number of steps.")
        if self.ensemble != "nve" and min(self.temperature) <= 0:
            raise InputError(f"Stage {self.name!r} has the temperature {min(self.temperature):g} K.", mend="Temperatures must be positive, in K.")
        if self.max_displacement is not None and self.ensemble == "npt":
            raise InputError("A capped displacement works at constant volume only.", mend="Use ensemble nvt.")

    @property
    def duration(self) -> float:
        """[fs]"""
        return self.n_steps * self.timestep


@dataclass(frozen=True)
class Minimization:
    """Energy minimisation, of positions or of positions and cell."""

    method: Literal["cg", "fire"] = "cg"
    force_tolerance: float = 1e-3
    """Largest force component allowed at the end [eV/Å]."""
    max_steps: int = 5000
    cell: bool = False
    """Relax the cell to zero pressure as well (isotropic)."""
