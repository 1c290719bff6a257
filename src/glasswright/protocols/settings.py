"""Settings of a melt-quench, frozen at construction; every field is a key of the config file and of run.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from .. import units
from ..errors import InputError, check_keys

_DIMENSIONS = {
    "density": "density",
    "rate": "cooling_rate",
    "temperature_step": "temperature",
    "melt_temperature": "temperature",
    "final_temperature": "temperature",
    "melt_pressure": "pressure",
    "final_pressure": "pressure",
    "push_off_time": "time",
    "melt_time": "time",
    "melt_time_max": "time",
    "relax_time": "time",
    "relax_time_max": "time",
    "sample_time": "time",
    "timestep": "time",
    "thermostat_damping": "time",
    "barostat_damping": "time",
    "drift_time": "time",
}
_WORDS: dict[str, tuple[str | None, ...]] = {
    "ensemble": ("npt", "nvt"),
    "cell": ("isotropic", "anisotropic"),
    "coulomb": (None, "ewald", "dsf", "wolf"),
    "kspace": ("pppm", "ewald"),
    "precision": ("mixed", "double"),
    "thermostat": ("nose-hoover", "langevin", "csvr"),
}
_AT_LEAST_ZERO = {"melt_pressure", "final_pressure", "drift_time"}


@dataclass(frozen=True)
class QuenchSettings:
    """Everything that decides a melt-quench. Numbers are in the unit system; strings with units are accepted too."""

    composition: str
    """``"30Na2O-70SiO2"``, or the path of a structure file to melt."""
    types: str | None = None
    """Elements of LAMMPS types 1, 2, ... of a structure file, ``"Si,O,Na"``."""
    n_atoms: int = 3000
    """Atoms asked for; the nearest neutral count is taken."""
    forcefield: str | None = None
    """Library name or TOML path; None: the one whose range covers the composition best."""
    coulomb: Literal["ewald", "dsf", "wolf"] | None = None
    """None: as the authors of the force field published it."""
    density: float | None = None
    """Starting density [g/cm³] (kept throughout in NVT); None: measured, modelled or estimated."""
    ensemble: Literal["npt", "nvt"] = "npt"
    cell: Literal["isotropic", "anisotropic"] = "isotropic"
    rate: float = 0.01
    """Cooling rate [K/fs]; ``"10 K/ps"``."""
    temperature_step: float | None = None
    """Quench in steps of this height [K] at the same mean rate; None: linearly."""
    program: tuple[tuple[float, float], ...] | None = None
    """Free cooling programme: ``((temperature [K], time to reach it [fs]), ...)`` from the melt on; replaces ``rate`` and ``final_temperature``."""
    melt_temperature: float | None = None
    """[K]; None: the force field's."""
    melt_pressure: float | None = None
    """[GPa], ramped to ``final_pressure`` along the quench; None: the force field's."""
    final_temperature: float = 300.0
    """[K]"""
    final_pressure: float = 0.0
    """[GPa]"""
    push_off_time: float = 1000.0
    """Capped-displacement dynamics after packing [fs]."""
    melt_time: float = 20e3
    """Shortest melt [fs]; it is extended until memory is lost."""
    melt_time_max: float = 200e3
    """Longest melt [fs]."""
    relax_time: float = 5e3
    """Length of one relaxation block after the quench [fs]; repeated until energy and volume are flat."""
    relax_time_max: float = 50e3
    """[fs]"""
    sample_time: float = 5e3
    """Sampling at the end, over which structure is averaged [fs]."""
    sample_frames: int = 20
    """Configurations saved while sampling."""
    path_frames: int = 100
    """Configurations saved along melt and quench."""
    timestep: float | None = None
    """[fs]; None: the force field's."""
    thermostat: Literal["nose-hoover", "langevin", "csvr"] = "nose-hoover"
    thermostat_damping: float = 100.0
    """[fs]"""
    barostat_damping: float = 1000.0
    """[fs]"""
    drift_time: float = 1000.0
    """Length of the NVE check of the time step in the melt [fs]; 0 skips it, and the report says so."""
    drift_bound: float = 1e-3
    """Largest accepted NVE energy drift [eV/atom/ps]."""
    checkpoint_steps: int | None = None
    """Steps between checkpoints; None: about two minutes' worth for this number of atoms."""
    seed: int = 1
    replicas: int = 1
    engine: str = "auto"
    command: str | None = None
    """External LAMMPS, such as ``"mpirun -n 4 lmp"``."""
    accuracy: float = 1e-5
    """Relative force error asked of the long-range solver."""
    kspace: Literal["pppm", "ewald"] = "pppm"
    """Long-range solver of LAMMPS; ``ewald``: the plain sum, slow, to check against."""
    precision: Literal["mixed", "double"] = "mixed"
    """Of the native engine: ``mixed`` evaluates forces in single precision and sums and integrates in double."""
    threads: int = 1

    def __post_init__(self) -> None:
        for name, dimension in _DIMENSIONS.items():
            value = getattr(self, name)
            if value is None:
                continue
            number = units.parse(value, dimension, name.replace("_", " "))
            lowest_ok = number >= 0 or name.endswith("pressure") if name in _AT_LEAST_ZERO else number > 0
            if not lowest_ok:
                raise InputError(f"{name} = {value!r} is not possible.", "It must be positive.", f"Give {name} in {units.inner_unit(dimension)}.")
            object.__setattr__(self, name, number)
        for name in ("n_atoms", "sample_frames", "path_frames", "replicas", "threads", "seed", "checkpoint_steps"):
            value = getattr(self, name)
            if name == "checkpoint_steps" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or not (0 if name in ("seed", "path_frames") else 1) <= value < 2**31:
                raise InputError(f"{name} = {value!r} is not possible.", "It must be a positive whole number below 2^31.")
        for name in ("accuracy", "drift_bound"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1:
                raise InputError(f"{name} = {value!r} is not possible.", "It must lie between 0 and 1.")
        for name, allowed in _WORDS.items():
            if getattr(self, name) not in allowed:
                raise InputError(f"{name} = {getattr(self, name)!r} is unknown.", mend=f"Use one of {', '.join(str(a) for a in allowed if a)}.")
        for name in ("composition", "engine", "forcefield", "command", "types"):
            value = getattr(self, name)
            if not (value is None and name in ("forcefield", "command", "types")) and not (isinstance(value, str) and value.strip()):
                raise InputError(f"{name} = {value!r} is not a text.", mend=f"Give {name} in quotes.")
        if self.program is not None:
            object.__setattr__(self, "program", _program(self.program))
            object.__setattr__(self, "final_temperature", self.program[-1][0])

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> QuenchSettings:
        """Settings from a config file's keys.

        Raises
        ------
        InputError
            If a key is unknown, with the nearest known one, or a value is not possible.
        """
        check_keys(values, [f.name for f in fields(cls)], "a quench")
        if "composition" not in values:
            raise InputError("No composition is given.", mend='Add composition = "SiO2".')
        return cls(**dict(values))

    def to_dict(self) -> dict[str, Any]:
        """Settings that are not None, ready for TOML."""
        plain = {k: v for k, v in asdict(self).items() if v is not None}
        if self.program is not None:
            plain["program"] = [list(p) for p in self.program]
        return plain


def _program(points: Any) -> tuple[tuple[float, float], ...]:
    try:
        pairs = [(temperature, time) for temperature, time in points]
    except (TypeError, ValueError):
        raise InputError("program must be a list of [temperature, time].", mend='Write program = [["2000 K", "10 ps"], ["300 K", "50 ps"]].') from None
    if not pairs:
        raise InputError("program is empty.", mend="Leave it out to quench at a constant rate.")
    parsed = tuple((units.parse(T, "temperature", "program temperature"), units.parse(t, "time", "program time")) for T, t in pairs)
    for temperature, time in parsed:
        if temperature <= 0 or time <= 0:
            raise InputError(f"program holds {temperature:g} K in {time:g} fs.", "Temperatures and times must be positive.")
    return parsed
