"""What every method is: init → block → done, with a state that is plain data."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .history import Block, History
from .stopping import Outcome

if TYPE_CHECKING:
    from ..forcefield import Source
    from .problem import Problem

Need = Literal["data", "energy", "energy of moves"]
Memory = Mapping[str, float | NDArray[np.float64]]


@dataclass(frozen=True)
class Conditions:
    """Under which moves are accepted."""

    temperature: float
    """Of the energy [K]; infinite: the energy does not count."""
    chi_temperature: float
    """Of the data, per atom."""
    energy_weight: float
    """w_E; 0: the energy does not count."""
    step: float
    """Largest displacement along each axis [Å]."""
    scales: tuple[float, ...] = ()
    """Factor of each data set."""
    backgrounds: tuple[tuple[float, ...], ...] = ()
    """Coefficients of 1, Q, Q², ... that are added to each data set's prediction."""


@dataclass(frozen=True, eq=False)
class State:
    """What one block leaves for the next: everything, so that a walk goes on from it exactly."""

    kernel: bytes
    """Positions and random numbers, ``MonteCarlo.state()``."""
    moves: int
    """Trial moves since the start."""
    stage: str
    """``anneal``, ``equilibrate``, ``sample``, or a word of the method. The driver sets ``sample`` once a method is done."""
    conditions: Conditions
    memory: Memory = field(default_factory=dict)
    """The method's own numbers and arrays."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "memory", MappingProxyType(dict(self.memory)))

    def remember(self, **values: float | NDArray[np.float64]) -> State:
        """The state with more in its memory."""
        return replace(self, memory={**self.memory, **values})

    def save(self, path: Path) -> None:
        """Write the state; ``load`` gives the same back, bit for bit."""
        numbers = {name: value for name, value in self.memory.items() if not isinstance(value, np.ndarray)}
        arrays = {f"memory {name}": value for name, value in self.memory.items() if isinstance(value, np.ndarray)}
        plain = json.dumps({"moves": self.moves, "stage": self.stage, "conditions": asdict(self.conditions), "memory": numbers})
        with open(path, "wb") as handle:
            np.savez(handle, allow_pickle=False, kernel=np.frombuffer(self.kernel, dtype=np.uint8), plain=np.array(plain), **arrays)

    @classmethod
    def load(cls, path: Path) -> State:
        """Read what ``save`` wrote.

        Raises
        ------
        InputError
            If the file is damaged.
        """
        try:
            with open(path, "rb") as handle, np.load(handle, allow_pickle=False) as found:
                plain: dict[str, Any] = json.loads(str(found["plain"]))
                arrays = {name.removeprefix("memory "): found[name] for name in found.files if name.startswith("memory ")}
                kernel = found["kernel"].tobytes()
            said = plain["conditions"]
            said |= {"scales": tuple(said["scales"]), "backgrounds": tuple(tuple(b) for b in said["backgrounds"])}
            return cls(kernel, plain["moves"], plain["stage"], Conditions(**said), {**plain["memory"], **arrays})
        except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
            raise InputError(f"{path} is damaged.", str(error), "Start again with --overwrite.") from error


class Method(ABC):
    """A way to refine. Its settings are those of the problem; what it learns goes into the State."""

    name: str
    needs: frozenset[Need]
    """What a problem must have: data, an energy, or an energy that is known move by move."""
    sources: tuple[Source, ...] = ()
    """What to cite."""

    def check(self, problem: Problem) -> None:
        """Refuse a problem that lacks what the method needs.

        Raises
        ------
        InputError
            With what to add.
        """
        if "data" in self.needs and not problem.targets:
            raise InputError(f"The method {self.name} needs measured data.", mend="Add --data exp.toml (experiments=... in Python).")
        if self.needs & {"energy", "energy of moves"} and problem.energy is None:
            raise InputError(f"The method {self.name} needs an energy.", mend="Add --forcefield NAME; `glasswright forcefields list` shows them.")
        if "energy of moves" in self.needs and problem.energy is not None and (why := problem.energy.refusal):
            raise InputError(f"The method {self.name} needs the energy of single moves.", why)

    @abstractmethod
    def init(self, problem: Problem) -> tuple[State, Block]:
        """The state before the first move, and what is reported of it."""

    @abstractmethod
    def block(self, problem: Problem, state: State) -> tuple[State, Block]:
        """A block of moves. In the stage ``sample`` step, scales and potentials stay as they are."""

    @abstractmethod
    def done(self, problem: Problem, state: State, history: History) -> Outcome | None:
        """Why to end here, if so."""
