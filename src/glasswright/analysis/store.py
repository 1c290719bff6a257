"""Findings on disk, as tables that any program reads: curves/NAME.csv, tables/NAME.csv for populations, maps/NAME.csv.

Above each table stand ``# key: value`` lines; among their metadata is the group of the analysis that found it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..io.atomic import write_text
from ..io.curves import plain, read_curve, write_curve
from .findings import Findings, Map, Number, Population

FOLDERS = {"curves": "kind", "tables": "title", "maps": "title"}
"""Where findings lie, and what a heading holds where a table is one of them."""
_COLUMNS = ["case", "value", "spread", "unit", "measured"]


def write_findings(out: Path, group: str, found: Findings) -> None:
    """Write the curves, populations and maps of one group, and remove what an earlier analysis left of that group."""
    names = {"curves": found.curves, "tables": found.populations, "maps": found.maps}
    for folder in FOLDERS:
        (out / folder).mkdir(parents=True, exist_ok=True)
        for old in (out / folder).glob("*.csv"):
            if old.stem not in names[folder] and _heading(old)[1].get("group") == group:
                old.unlink()
    for name, curve in found.curves.items():
        write_curve(out / "curves" / f"{name}.csv", replace(curve, metadata={**curve.metadata, "group": group}))
    for name, population in found.populations.items():
        write_population(out / "tables" / f"{name}.csv", replace(population, metadata={**population.metadata, "group": group}))
    for name, values in found.maps.items():
        write_map(out / "maps" / f"{name}.csv", replace(values, metadata={**values.metadata, "group": group}))


def read_findings(path: Path) -> Findings:
    """Curves, populations and maps of a directory; other files beside them are passed over. Numbers stand in tables/summary.csv."""
    ours = {folder: [p for p in sorted((path / folder).glob("*.csv")) if mark in _heading(p)[0]] for folder, mark in FOLDERS.items()}
    curves = {p.stem: read_curve(p) for p in ours["curves"]}
    return Findings(curves, {}, {p.stem: read_population(p) for p in ours["tables"]}, {p.stem: read_map(p) for p in ours["maps"]})


def write_population(path: Path, population: Population) -> None:
    """Write a population: one row per case."""
    texts = {"title": population.title, "what": population.what, "axis": population.axis, "source": population.source}
    rows = [[case, n.value, n.spread, n.unit, population.measured.get(case)] for case, n in population.cases.items()]
    rows += [[case, None, None, "", value] for case, value in population.measured.items() if case not in population.cases]
    _write(path, texts, population.metadata, [_COLUMNS, *rows])


def read_population(path: Path) -> Population:
    """Read a population that ``write_population`` wrote."""
    texts, metadata, rows = _read(path)
    if not rows or rows[0] != _COLUMNS:
        raise InputError(f"{path} is no population.", mend="Populations are written by `glasswright analyze`.")
    cases = {r[0]: Number(float(r[1]), float(r[2]) if r[2] else None, r[3]) for r in rows[1:] if r[1]}
    measured = {r[0]: float(r[4]) for r in rows[1:] if r[4]}
    return Population(texts["title"], cases, texts.get("what", ""), texts.get("axis", ""), measured, texts.get("source", ""), metadata)


def write_map(path: Path, values: Map) -> None:
    """Write a map: y in the first row, x in the first column."""
    texts = {name: getattr(values, name) for name in ("title", "x_label", "y_label", "label")}
    rows = [["x \\ y", *values.y.tolist()], *([x, *row] for x, row in zip(values.x.tolist(), values.values.tolist(), strict=True))]
    _write(path, texts, values.metadata, rows)


def read_map(path: Path) -> Map:
    """Read a map that ``write_map`` wrote."""
    texts, metadata, rows = _read(path)
    try:
        y, body = np.array(rows[0][1:], dtype=float), np.array(rows[1:], dtype=float).reshape(-1, len(rows[0]))
    except (IndexError, ValueError) as error:
        raise InputError(f"{path} is no map.", str(error), "Maps are written by `glasswright analyze`.") from None
    return Map(body[:, 0], y, body[:, 1:], **{name: texts.get(name, "") for name in ("title", "x_label", "y_label", "label")}, metadata=metadata)


def _write(path: Path, texts: Mapping[str, str], metadata: Mapping[str, object], rows: Sequence[Sequence[object]]) -> None:
    lines = [f"# {key}: {text}" for key, text in texts.items()]
    lines.append(f"# metadata: {json.dumps(dict(metadata), ensure_ascii=False, default=plain)}")
    lines += [",".join(_cell(value) for value in row) for row in rows]
    write_text(path, "\n".join(lines) + "\n")


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = f"{value:.9g}" if isinstance(value, float) else str(value)
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"') else text


def _heading(path: Path) -> tuple[dict[str, str], dict[str, object]]:
    """The ``# key: value`` lines above a table, and the metadata among them."""
    texts: dict[str, str] = {}
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if not line.startswith("# "):
                break
            key, _, text = line[2:].partition(":")
            texts[key] = text.strip()
    try:
        metadata = json.loads(texts.pop("metadata", "{}"))
    except ValueError:
        metadata = {}
    return texts, metadata if isinstance(metadata, dict) else {}


def _read(path: Path) -> tuple[dict[str, str], dict[str, object], list[list[str]]]:
    texts, metadata = _heading(path)
    with open(path, newline="", encoding="utf-8") as file:
        return texts, metadata, list(csv.reader(line for line in file if not line.startswith("# ")))
