"""Measured tables that ship."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError

_TABLES = ("na2o_sio2_elastic",)


@dataclass(frozen=True, eq=False)
class MeasuredTable:
    """Columns of measured numbers with their source."""

    columns: Mapping[str, NDArray[np.float64]]
    """Name with unit, such as ``C11 [GPa]`` → values; NaN where not measured."""
    source: str


def measured_table(name: str) -> MeasuredTable:
    """A table of the library: ``na2o_sio2_elastic``."""
    if name not in _TABLES:
        raise InputError(f"No measured table {name!r} ships with glasswright.", mend=f"There is {', '.join(_TABLES)}.")
    lines = (files(__package__) / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    source = " ".join(line[1:].strip() for line in lines if line.startswith("#"))
    header, *rows = csv.reader(line for line in lines if not line.startswith("#"))
    values = np.array([[float(v) if v else np.nan for v in row] for row in rows])
    return MeasuredTable(dict(zip(header, values.T, strict=True)), source)
