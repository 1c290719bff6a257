"""Settings of a refinement, frozen at construction; every field is a key of ``[refine]`` in a data file and of run.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches
from math import inf, isfinite, nan
from typing import Any

from .. import units
from ..errors import InputError, check_keys

METHODS = ("rmc", "hybrid", "monte_carlo", "epsr", "fear", "gradient")
SAMPLERS = ("monte_carlo", "md")
MINIMISERS = ("lbfgs", "adam", "langevin")
_WHOLE = {"n_atoms": 1, "seed": 0, "replicas": 1, "threads": 1, "sample_frames": 0, "moves": 1, "block": 1, "window": 3}
_WHOLE |= {"epsr_average": 1, "fear_steps": 1, "fear_dynamics": 0, "md_steps": 1, "gradient_steps": 1}
_TEXTS = ("method", "start", "forcefield", "coulomb", "types", "engine", "epsr_basis", "gradient_by")

_UNSAID = (nan, nan)
"""Stands for a value that depends on the method."""


@dataclass(frozen=True)
class RefineSettings:
    """Everything that decides a refinement besides its data and constraints. Numbers are in the unit system; strings with units are accepted too."""

    method: str
    """``rmc``, ``hybrid``, ``monte_carlo``, ``epsr``, ``fear`` or ``gradient``."""
    start: str | None = None
    """A composition, which is packed at random, or the path of a structure file or run directory; None: the sample of the data, packed."""
    types: str | None = None
    """Elements of LAMMPS types 1, 2, ... of a structure file, ``"Si,O,Na"``."""
    n_atoms: int = 3000
    """Of a packing; the nearest neutral count is taken."""
    density: float | None = None
    """Of a packing [g/cm³]; None: that of the data, else measured, modelled or estimated."""
    forcefield: str | None = None
    """Library name or TOML path; None: no energy, or in methods that need one the force field whose range fits best."""
    coulomb: str | None = None
    """None: as the authors of the force field published it."""
    moves: int = 3000
    """Trial moves for each atom after which a run ends at the latest, its samples apart."""
    block: int = 20
    """Trial moves for each atom between two looks: data scales are fitted, steps adapted, a row of history.csv is written."""
    anneal: float = 0.6
    """Share of ``moves`` over which temperatures fall from their first to their last value."""
    chi_temperature: tuple[float, float] = _UNSAID
    """T_chi per atom at the beginning and from the end of the annealing on; one number: constant. Unless given 0.05 to 0.001, in ``gradient`` 2 to 0.005."""
    temperature: tuple[float, float] = (3000.0, 300.0)
    """The same for the temperature of the energy [K]."""
    energy_weight: float | None = None
    """w_E of ``hybrid``; None: w_E is 1, and T_chi is balanced so that neither data nor energy dominates, from its first value on and down to its last."""
    balance: float = 1.0
    """How much moves change the data term over how much they change the energy term, which a balanced T_chi holds; hybrid only."""
    step: float = 0.3
    """First largest displacement along each axis [Å]."""
    step_range: tuple[float, float] = (0.02, 1.0)
    """Where the step may go [Å]."""
    acceptance: float = 0.25
    """Share of accepted steps that the step is adapted to."""
    jumps: float | None = None
    """Share of moves that are jumps, far beyond a step, which change who neighbours whom; None: half of them where only data decide, else none."""
    jump: float = 3.0
    """Largest displacement of a jump along each axis [Å]."""
    swaps: float = 0.0
    """Share of moves in which two atoms of different elements exchange their places."""
    clusters: float = 0.0
    """Share of moves in which a group of atoms is shifted and turned as a rigid body."""
    groups: tuple[str, str, float] | None = None
    """Those groups: each atom of an element with its neighbours of another within a distance [Å] in the start, ``("Si", "O", 2.2)``."""
    r_max: float | None = None
    """Reach of the pair histograms [Å]; None: as the data need, at most half the box."""
    minimum_distances: Mapping[str, float] | None = None
    """Pair → distance [Å] no two atoms may be closer than: ``{"O-Si": 1.4}``; pairs left out keep a default from radii."""
    window: int = 20
    """Blocks over which R_chi and U must be flat for a run to end."""
    flat_r_chi: float = 1e-3
    """Change of R_chi over these blocks that passes for none."""
    flat_energy: float = 2e-3
    """The same for the energy [eV/atom]."""
    sample_frames: int = 0
    """Configurations sampled at the end, one after each block, with step and scales frozen."""
    checkpoint_seconds: float = 30.0
    """Time between two checkpoints [s]."""
    seed: int = 1
    replicas: int = 1
    engine: str = "auto"
    """Evaluates energies for the record and in FEAR; the Monte Carlo kernel has its own tables."""
    threads: int = 1
    """Of the engine that evaluates energies; a Monte Carlo walk runs on one."""
    sampler: str = "monte_carlo"
    """What moves the atoms of ``epsr``: ``monte_carlo`` or ``md``, molecular dynamics at constant volume and temperature."""
    md_steps: int = 10
    """Steps of 1.6 fs that then stand for one trial move for each atom, and cost about as much."""
    epsr_basis: str = "poisson"
    """Functions of the empirical potential: ``poisson`` or ``gaussian``."""
    epsr_spacing: float = 0.1
    """Distance between their centres [Å]."""
    epsr_cutoff: float = 10.0
    """Where the empirical potential ends [Å]; at most the reach of the pair histograms."""
    epsr_feedback: float = 0.8
    """f: how far the data are trusted against the partials of the simulation."""
    epsr_average: int = 5
    """Blocks over which pairs are averaged before the empirical potential changes."""
    epsr_limit: float = 0.5
    """Largest amplitude of the empirical potential [eV/atom]."""
    fear_moves: float = 5.0
    """Trial moves for each atom between two looks at the forces."""
    fear_steps: int = 3
    """Steps of minimisation then."""
    fear_dynamics: int = 100
    """Steps of dynamics in their place, at the temperature of the annealing, while it lasts; 0: minimisation from the beginning."""
    fear_rise: float = 0.1
    """By how much the moves of a cycle may raise the energy [eV/atom], in the mean; thermal motion at 300 K does by 0.039."""
    gradient_by: str = "lbfgs"
    """Once temperatures no longer fall: ``lbfgs``, ``adam``, or ``langevin``, which takes the samples of the others too."""
    gradient_steps: int = 10
    """Steps by the gradient for each of ``moves``."""
    gradient_rate: float = 0.01
    """First step of Adam along every axis [Å]."""

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            near = get_close_matches(str(self.method), METHODS, 1)
            raise InputError(f"There is no method {self.method!r}.", mend=f"Did you mean {near[0]}?" if near else f"Use one of {', '.join(METHODS)}.")
        if self.sampler not in SAMPLERS:
            raise InputError(f"There is no sampler {self.sampler!r}.", mend=f"Use {' or '.join(SAMPLERS)}.")
        for name in _TEXTS:
            value = getattr(self, name)
            if value is not None and not (isinstance(value, str) and value.strip()):
                raise InputError(f"{name} = {value!r} is not a text.", mend=f"Give {name} in quotes.")
        for name, least in _WHOLE.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**31:
                raise InputError(f"{name} = {value!r} is not possible.", f"It must be a whole number of at least {least}, below 2^31.")
        self._set("density", _number("density", self.density, 0, 30, "density", optional=True))
        if self.chi_temperature is _UNSAID:
            self._set("chi_temperature", (2.0, 5e-3) if self.method == "gradient" else (0.05, 1e-3))
        self._set("chi_temperature", _programme("chi_temperature", self.chi_temperature, None))
        self._set("temperature", _programme("temperature", self.temperature, "temperature"))
        self._set("energy_weight", _number("energy_weight", self.energy_weight, 0, inf, optional=True, closed=True))
        self._set("balance", _number("balance", self.balance, 0, inf))
        self._set("acceptance", _number("acceptance", self.acceptance, 0, 1))
        self._set("r_max", _number("r_max", self.r_max, 0, inf, "length", optional=True))
        self._set("flat_r_chi", _number("flat_r_chi", self.flat_r_chi, 0, inf))
        self._set("flat_energy", _number("flat_energy", self.flat_energy, 0, inf, "energy"))
        self._set("checkpoint_seconds", _number("checkpoint_seconds", self.checkpoint_seconds, 0, inf, closed=True))
        self._set("anneal", _number("anneal", self.anneal, 0, 1, closed=True))
        self._set("swaps", _number("swaps", self.swaps, 0, 1, closed=True))
        self._set("clusters", _number("clusters", self.clusters, 0, 1, closed=True))
        self._set("groups", _groups(self.groups))
        if self.clusters and self.groups is None:
            raise InputError(
                "Clusters are to be moved, but no groups are given.", mend='Add groups = ["Si", "O", 2.2]: atoms with their neighbours within 2.2 Å.'
            )
        self._set("jumps", _number("jumps", self.jumps, 0, 1, optional=True, closed=True))
        self._set("jump", _number("jump", self.jump, 0, inf, "length"))
        for name, most, dimension in (
            ("epsr_spacing", inf, "length"),
            ("epsr_cutoff", inf, "length"),
            ("epsr_feedback", 1, None),
            ("epsr_limit", inf, "energy"),
        ):
            self._set(name, _number(name, getattr(self, name), 0, most, dimension))
        self._set("fear_moves", _number("fear_moves", self.fear_moves, 0, inf))
        self._set("fear_rise", _number("fear_rise", self.fear_rise, 0, inf, "energy"))
        self._set("gradient_rate", _number("gradient_rate", self.gradient_rate, 0, inf, "length"))
        if self.gradient_by not in MINIMISERS:
            raise InputError(f"gradient_by = {self.gradient_by!r} is not possible.", mend=f"Use one of {', '.join(MINIMISERS)}.")
        self._set("step_range", _span("step_range", self.step_range))
        self._set("step", min(max(_number("step", self.step, 0, inf, "length") or 0.0, self.step_range[0]), self.step_range[1]))
        self._set("minimum_distances", _distances(self.minimum_distances))

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> RefineSettings:
        """Settings from the keys of a file.

        Raises
        ------
        InputError
            If a key is unknown, with the nearest known one, or a value is not possible.
        """
        check_keys(values, [f.name for f in fields(cls)], "a refinement")
        if "method" not in values:
            raise InputError("No method is given.", mend=f"Use one of {', '.join(METHODS)}.")
        return cls(**dict(values))

    def to_dict(self) -> dict[str, Any]:
        """Settings that are not None, ready for TOML."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items() if value is not None}


def _number(name: str, value: Any, least: float, most: float, dimension: str | None = None, *, optional: bool = False, closed: bool = False) -> float | None:
    """A number between two bounds, which it may reach where they are ``closed``; text with a unit where there is a dimension."""
    if value is None and optional:
        return None
    number = units.parse(value, dimension, name.replace("_", " ")) if dimension else value
    if isinstance(number, bool) or not isinstance(number, int | float) or not isfinite(number):
        raise InputError(f"{name} = {value!r} is no number.")
    if not (least <= number <= most if closed else least < number < most):
        bound = f"between {least:g} and {most:g}" if isfinite(most) else f"above {least:g}"
        raise InputError(f"{name} = {value!r} is not possible.", f"It must lie {bound}.")
    return float(number)


def _programme(name: str, value: Any, dimension: str | None) -> tuple[float, float]:
    """First and last value of a temperature; zero: downhill only."""
    pair = tuple(value) if isinstance(value, list | tuple) else (value, value)
    if len(pair) != 2:
        raise InputError(f"{name} = {value!r} is not possible.", mend=f"Give the first and the last value, {name} = [1.0, 0.1], or one number.")
    numbers = [units.parse(v, dimension, name.replace("_", " ")) if dimension else v for v in pair]
    if any(isinstance(v, bool) or not isinstance(v, int | float) or not 0 <= v < inf for v in numbers):
        raise InputError(f"{name} = {value!r} is not possible.", "Temperatures are numbers from 0 up.")
    if (numbers[0] == 0) != (numbers[1] == 0):
        raise InputError(
            f"{name} = {value!r} is not possible.", "A temperature falls by equal factors and so never reaches 0.", "End above 0, or give 0 alone."
        )
    return float(numbers[0]), float(numbers[1])


def _span(name: str, value: Any) -> tuple[float, float]:
    pair = tuple(value) if isinstance(value, list | tuple) else ()
    if len(pair) != 2:
        raise InputError(f"{name} = {value!r} is not possible.", mend=f"Give the least and the largest value, {name} = [0.02, 1.0].")
    low, high = (units.parse(v, "length", name.replace("_", " ")) for v in pair)
    if not 0 < low <= high:
        raise InputError(f"{name} = {value!r} is not possible.", "Steps are positive, the least first.")
    return low, high


def _groups(value: Any) -> tuple[str, str, float] | None:
    """Centre, neighbour and cutoff [Å] of rigid groups."""
    if value is None:
        return None
    parts = tuple(value) if isinstance(value, list | tuple) else ()
    if len(parts) != 3 or not all(isinstance(part, str) for part in parts[:2]):
        raise InputError(f"groups = {value!r} is not possible.", mend='Give centre, neighbour and cutoff, groups = ["Si", "O", 2.2].')
    return parts[0], parts[1], _number("cutoff of groups", parts[2], 0, 20, "length") or 0.0


def _distances(value: Any) -> dict[str, float] | None:
    """Pair → distance with the elements of a pair in alphabetical order."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise InputError("minimum_distances is no table.", mend='Write minimum_distances = { "O-Si" = 1.4 }.')
    result = {}
    for key, distance in value.items():
        pair = sorted(str(key).split("-") if isinstance(key, str) else key)
        if len(pair) != 2:
            raise InputError(f"{key!r} is not a pair of elements.", mend='Write pairs like "O-Si".')
        result["-".join(pair)] = _number(f"minimum distance of {'-'.join(pair)}", distance, 0, 20, "length") or 0.0
    return result
