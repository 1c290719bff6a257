"""Curves and tables of an analysis on disk."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..analysis.survey import Survey
from ..errors import InputError
from ..io.atomic import write_text
from ..io.curves import write_curve
from .measured import SummaryRow

_OURS = ("rdf_", "sq_", "angle_", "msd_", "measured_", "compared_", "t_of_r_")
"""How our curves are named: what else lies beside them is not ours to remove."""
_SUMMARY = ("quantity", "simulated", "spread", "unit", "measured", "measured_low", "measured_high", "source", "note")


def write_analysis(out: Path, found: Survey, summary: Sequence[SummaryRow], qn: Sequence[Mapping[str, object]], oxygen: Sequence[Mapping[str, object]]) -> None:
    """Write ``curves/*.csv`` and ``tables/*.csv``, and remove the curves of an earlier analysis.

    Raises
    ------
    InputError
        If the directory cannot be written.
    """
    try:
        for folder in ("curves", "tables"):
            (out / folder).mkdir(parents=True, exist_ok=True)
        for old in (out / "curves").glob("*.csv"):
            if old.stem.startswith(_OURS) and old.stem not in found.curves:
                old.unlink()
        for name, curve in found.curves.items():
            write_curve(out / "curves" / f"{name}.csv", curve)
        _write(out / "tables" / "summary.csv", _SUMMARY, [_summary(row) for row in summary])
        _write(out / "tables" / "coordination.csv", *_coordination(found))
        _write(out / "tables" / "qn.csv", ("species", "n", "fraction", "spread", "measured", "source"), qn)
        _write(out / "tables" / "oxygen.csv", ("oxygen", "fraction", "spread", "stoichiometry"), oxygen)
    except (PermissionError, NotADirectoryError, FileExistsError) as error:
        raise InputError(f"The analysis cannot be written to {out}.", str(error), "Give another directory with --out.") from None


def _summary(row: SummaryRow) -> dict[str, object]:
    number = row.simulated
    measured = {"measured": row.measured, "measured_low": row.measured_low, "measured_high": row.measured_high}
    simulated = {"quantity": row.quantity, "simulated": number.value, "spread": number.spread, "unit": number.unit}
    return {**simulated, **measured, "source": row.source, "note": row.note}


def _coordination(found: Survey) -> tuple[Sequence[str], list[dict[str, object]]]:
    most = max((max(n.fractions) for n in found.neighbours.values()), default=0)
    rows: list[dict[str, object]] = []
    for (centre, neighbour), n in found.neighbours.items():
        shares = {str(k): n.fractions.get(k, 0.0) for k in range(most + 1)}
        rows.append({"centre": centre, "neighbour": neighbour, "cutoff": n.cutoff, "mean": n.mean.value, "spread": n.mean.spread, **shares})
    return ("centre", "neighbour", "cutoff", "mean", "spread", *(str(k) for k in range(most + 1))), rows


def _write(path: Path, header: Sequence[str], rows: Sequence[Mapping[str, object]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: _cell(row[k]) for k in header} for row in rows)
    write_text(path, text.getvalue())


def _cell(value: object) -> object:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else value
