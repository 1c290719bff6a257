"""What an analysis found, on disk."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..analysis.findings import Findings
from ..analysis.store import write_findings
from ..analysis.survey import GROUPS
from ..errors import InputError
from ..io.atomic import write_text
from .measured import SummaryRow

_SUMMARY = ("quantity", "simulated", "spread", "unit", "measured", "measured_low", "measured_high", "source", "note", "group")


def write_analysis(out: Path, found: Mapping[str, Findings], summary: Mapping[str, Sequence[SummaryRow]]) -> None:
    """Write curves, populations, maps and tables/summary.csv of some groups; those of other groups, found earlier, stay.

    Raises
    ------
    InputError
        If the directory cannot be written.
    """
    try:
        for group, findings in found.items():
            write_findings(out, group, findings)
        _write_summary(out / "tables" / "summary.csv", summary)
    except (PermissionError, NotADirectoryError, FileExistsError) as error:
        raise InputError(f"The analysis cannot be written to {out}.", str(error), "Give another directory with --out.") from None


def _write_summary(path: Path, summary: Mapping[str, Sequence[SummaryRow]]) -> None:
    rows = [row for row in _earlier(path) if row.get("group") and row["group"] not in summary]
    rows += [_row(row, group) for group, of_group in summary.items() for row in of_group]
    order = {name: place for place, name in enumerate(GROUPS)}
    rows.sort(key=lambda row: order.get(row["group"] or "", len(order)))
    text = io.StringIO()
    writer = csv.DictWriter(text, _SUMMARY, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def _earlier(path: Path) -> list[dict[str, str | None]]:
    if not path.is_file():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _row(row: SummaryRow, group: str) -> dict[str, str | None]:
    number = row.simulated
    values = (row.quantity, number.value, number.spread, number.unit, row.measured, row.measured_low, row.measured_high, row.source, row.note, group)
    return {name: _cell(value) for name, value in zip(_SUMMARY, values, strict=True)}


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
