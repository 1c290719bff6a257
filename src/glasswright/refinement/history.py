"""What a refinement reported of every block: the rows of history.csv."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

if TYPE_CHECKING:
    from .problem import Problem


@dataclass(frozen=True)
class Block:
    """What a method reports after a block of moves."""

    stage: str
    """``anneal``, ``equilibrate``, ``sample``, or a word of the method."""
    moves: int
    """Trial moves since the start."""
    r_chi: tuple[float, ...] = ()
    """Of each data set, with its scale and background."""
    scales: tuple[float, ...] = ()
    """Fitted or given factor of each data set."""
    energy: float | None = None
    """[eV/atom]; None where no energy is known."""
    penalty: float | None = None
    """Of soft constraints; None where there are none."""
    acceptance: float | None = None
    """Share of the block's moves that were accepted."""
    step: float | None = None
    """Largest displacement along each axis [Å]."""
    temperature: float | None = None
    """Of the energy [K]."""
    chi_temperature: float | None = None
    """Of the data, per atom."""
    energy_weight: float | None = None
    extra: Mapping[str, float] = field(default_factory=dict)
    """Further columns of the method: name, with its unit in brackets, → value; the same names in every block."""


_CONDITIONS = {"acceptance": "", "step": "Å", "temperature": "K", "chi_temperature": "", "energy_weight": ""}


def columns(problem: Problem, first: Block) -> dict[str, str]:
    """Columns of history.csv and their units, for what this problem has and the method reports at its start."""
    names = {"moves": "", "time": "s", "stage": ""}
    if problem.targets:
        names |= {"r_chi": ""} | {f"{what} {t.name}": "" for what in ("r_chi", "scale") for t in problem.targets}
    names |= {"energy": "eV/atom"} if first.energy is not None else {}
    names |= {"penalty": ""} if first.penalty is not None else {}
    extra = {name: unit for name, _, unit in (word.removesuffix("]").partition(" [") for word in first.extra)}
    return names | _CONDITIONS | extra


def row(problem: Problem, block: Block, seconds: float) -> dict[str, float | str]:
    """Values of ``columns`` for one block."""
    values: dict[str, float | str] = {"moves": block.moves, "time": seconds, "stage": block.stage}
    if problem.targets:
        values["r_chi"] = joint(block.r_chi, problem.weights)
        for target, r_chi, scale in zip(problem.targets, block.r_chi, block.scales, strict=True):
            values |= {f"r_chi {target.name}": r_chi, f"scale {target.name}": scale}
    for name in ("energy", "penalty", *_CONDITIONS):
        value = getattr(block, name)
        values[name] = nan if value is None else value
    return values | {word.split(" [")[0]: value for word, value in block.extra.items()}


def joint(r_chi: Sequence[float], weights: Sequence[float]) -> float:
    """Root of the weighted mean square of R_chi over data sets."""
    w, r = np.asarray(weights), np.asarray(r_chi)
    return float(np.sqrt(w @ r**2 / w.sum()))


class History:
    """The rows of history.csv so far, with numbers as they are written: a resumed run reads what an uninterrupted one remembers."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        """An empty history of these columns, with their units."""
        self.columns = dict(columns)
        self._values: dict[str, list[float | str]] = {name: [] for name in columns}

    @classmethod
    def read(cls, path: Path, length: int) -> History:
        """The history in the first ``length`` bytes of a file.

        Raises
        ------
        InputError
            If it is damaged.
        """
        try:
            rows = list(csv.reader(path.read_bytes()[:length].decode("utf-8").splitlines()))
            headings = [heading.removesuffix("]").partition(" [") for heading in rows[0]]
            history = cls({name: unit for name, _, unit in headings})
            for values in rows[1:]:
                history.append({name: text if name == "stage" else float(text) for name, text in zip(history.columns, values, strict=True)})
        except (OSError, ValueError, IndexError) as error:
            raise InputError(f"{path} is damaged.", str(error), "Restore it, or start again with --overwrite.") from error
        return history

    def append(self, values: Mapping[str, float | str]) -> Mapping[str, float | str]:
        """Add one row, and give it back."""
        for name in self.columns:
            value = values[name]
            self._values[name].append(value if isinstance(value, str) else float(f"{value:.9g}"))
        return values

    def __len__(self) -> int:
        return len(self._values["moves"])

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """A column of numbers ``(n_blocks + 1,)``; the first is that of the start."""
        return np.array(self._values[name], dtype=float)

    @property
    def stages(self) -> list[str]:
        """The column ``stage``."""
        return [str(word) for word in self._values["stage"]]
