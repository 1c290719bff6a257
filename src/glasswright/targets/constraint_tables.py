"""Constraints as tables of a file: ``[[constraint]]`` in exp.toml, and in the record of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

import numpy as np

from ..library.toml_table import Table
from .constraints import WEIGHT, BondAngle, Bonds, Constraint, Coordination, Neighbours

KINDS: Mapping[str, type[Constraint]] = MappingProxyType({"coordination": Coordination, "angle": BondAngle, "neighbours": Neighbours, "bonds": Bonds})
"""What a table may ask for, by the value of its key ``kind``."""


def constraint_from_table(table: Table) -> Constraint:
    """The constraint that a table describes: its ``kind``, and the fields of that class by name; ranges are lists of two numbers.

    Raises
    ------
    InputError
        If the kind or a key is unknown, a key that is needed is missing, or a value is of the wrong type or not possible.
    """
    kind = table.text("kind")
    if kind not in KINDS:
        near = get_close_matches(kind, KINDS, 1)
        table.refuse("kind", f"is {kind!r}", f"Did you mean {near[0]!r}?" if near else f"There is {', '.join(KINDS)}.")
    values: dict[str, Any] = {"weight": table.number("weight", WEIGHT), "hard": table.flag("hard", False)}
    if kind == "coordination":
        values |= {"centre": table.text("centre"), "neighbour": table.text("neighbour"), "cutoff": _one_or_two(table, "cutoff")}
        values |= {"number": _one_or_two(table, "number", whole=True), "tolerance": table.number("tolerance", 0.0)}
        values["fraction"] = table.number("fraction") if table.has("fraction") else None
    elif kind == "angle":
        values |= {name: table.text(name) for name in ("end", "centre", "other_end")}
        values |= {"cutoff": _one_or_two(table, "cutoff"), "angle": _two(table, "angle")}
    elif kind == "neighbours":
        values |= {"centre": table.text("centre"), "neighbour": table.text("neighbour"), "cutoff": table.number("cutoff"), "distance": _two(table, "distance")}
    else:
        values |= {"pairs": _pairs(table, "pairs"), "distance": _two(table, "distance")}
    table.finish()
    return KINDS[kind](**values)


def constraint_to_table(constraint: Constraint) -> dict[str, Any]:
    """The table that describes a constraint, ready for TOML."""
    table: dict[str, Any] = {"kind": next(name for name, of in KINDS.items() if isinstance(constraint, of))}
    for f in fields(constraint):
        value = getattr(constraint, f.name)
        if value is not None:
            table[f.name] = value.tolist() if isinstance(value, np.ndarray) else list(value) if isinstance(value, tuple) else value
    return table


def _numbers(table: Table, key: str, whole: bool = False) -> tuple[Any, ...] | None:
    """The one or more numbers of a value; None where it is something else."""
    value = table.raw(key)
    values = tuple(value) if isinstance(value, list) else (value,)
    return values if all(isinstance(v, int) or (isinstance(v, float) and not whole) for v in values) and not any(isinstance(v, bool) for v in values) else None


def _two(table: Table, key: str) -> tuple[float, float]:
    values = _numbers(table, key)
    if values is None or len(values) != 2:
        table.refuse(key, f"must be the least and the largest value, not {table.raw(key)!r}")
    return float(values[0]), float(values[1])


def _one_or_two(table: Table, key: str, whole: bool = False) -> Any:
    values = _numbers(table, key, whole)
    if values is None or len(values) not in (1, 2):
        table.refuse(key, f"must be a {'whole ' if whole else ''}number or a list of two, not {table.raw(key)!r}")
    return values[0] if len(values) == 1 else values


def _pairs(table: Table, key: str) -> Any:
    value = table.raw(key)
    if not isinstance(value, list) or not all(isinstance(p, list) and len(p) == 2 and all(type(i) is int for i in p) for p in value):
        table.refuse(key, f"must be a list of pairs of indices of atoms, not {value!r}")
    return np.array(value, dtype=np.int64).reshape(-1, 2)
