"""Measured curves in a run directory: experiments/NAME.csv, a curve with everything that an Experiment says of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ..composition import Composition
from ..errors import InputError
from ..experiment import Experiment
from .curves import read_curve, write_curve

FOLDER = "experiments"
_KEY = "experiment"
_SAID = tuple(f.name for f in fields(Experiment) if f.name not in ("curve", "composition"))
"""Fields that are plain values."""


@dataclass(frozen=True, eq=False)
class DataSet:
    """A measured curve and how it is used."""

    name: str
    """Unique among the data sets of a run, fit for a file name."""
    experiment: Experiment
    treatment: Mapping[str, Any] = field(default_factory=dict)
    """Plain values such as ``weight``, ``scale`` and ``background``."""


def names_of(experiments: Sequence[Experiment]) -> list[str]:
    """A name for each data set, fit for a file and a column: that of the experiment or its radiation and kind, numbered where one occurs again."""
    names: list[str] = []
    for number, experiment in enumerate(experiments, 1):
        word = re.sub(r"[^\w.+-]+", "_", experiment.name or f"{experiment.radiation} {experiment.kind.name}").strip("_.") or "data"
        names.append(word if word not in names else f"{word}-{number}")
    return names


def write_data_set(path: Path, data: DataSet) -> Path:
    """Write experiments/NAME.csv of a run directory, atomically, and return its path; ``read_data_sets`` gives the same back."""
    one = data.experiment
    said = {key: dict(value) if isinstance(value, Mapping) else value for key in _SAID if (value := getattr(one, key)) not in (None, "", {})}
    about = {**one.curve.metadata, _KEY: {**said, "composition": str(one.composition), "treatment": dict(data.treatment)}}
    file = path / FOLDER / f"{data.name}.csv"
    write_curve(file, replace(one.curve, metadata=about))
    return file


def read_data_sets(path: Path) -> list[DataSet]:
    """The data sets of a run directory, by name; empty where it has none.

    Raises
    ------
    InputError
        If a file is damaged.
    """
    return [_read(file) for file in sorted((path / FOLDER).glob("*.csv"))]


def _read(file: Path) -> DataSet:
    curve = read_curve(file)
    about = dict(curve.metadata)
    said = about.pop(_KEY, None)
    if not isinstance(said, dict) or "composition" not in said:
        raise InputError(f"{file} does not say what was measured.", mend="Restore it, or start again with --overwrite.")
    values = dict(said)
    treatment, composition = values.pop("treatment", {}), Composition(values.pop("composition"))
    return DataSet(file.stem, Experiment(replace(curve, metadata=about), composition=composition, **values), treatment)
