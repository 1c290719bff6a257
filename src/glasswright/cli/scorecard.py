"""``glasswright scorecard``: several glasses of one composition side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from . import messages

if TYPE_CHECKING:
    from ..workflows.scorecard import Scorecard


def scorecard(
    glasses: Annotated[
        list[str], typer.Argument(metavar="DIR|FILE...", help="Run directories or structure files; NAME=PATH gives a name.", show_default=False)
    ],
    data: Annotated[Path | None, typer.Option(help="Data file, exp.toml.", show_default="data of the first refinement among them, else of the library")] = None,
    forcefield: Annotated[str | None, typer.Option(help="Library name or TOML path.", show_default="that of the first run that has one")] = None,
    relax: Annotated[bool, typer.Option(help="Minimise the energy of every configuration too.")] = True,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where table, curves and page go.", show_default="nowhere")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a scorecard that is there.")] = False,
) -> None:
    """Set glasses made in different ways side by side: residuals, energy by one force field, order, cost."""
    from ..workflows.progress import analysis_bar
    from ..workflows.scorecard import scorecard as run_scorecard

    with analysis_bar("scorecard") as progress:
        card = run_scorecard(_named(glasses), data, forcefield, relax=relax, out=out, overwrite=overwrite, progress=progress)
    _print(card)
    if out is not None:
        screen = messages.console()
        screen.print(f"table: {out / 'tables' / 'scorecard.csv'}")
        screen.print(f"page: {out / 'report.html'}")
        messages.next_command(f"open {out / 'report.html'} in a browser")


def _named(words: Sequence[str]) -> dict[str, str]:
    """Name → path; a path without a name goes by its last part."""
    found: dict[str, str] = {}
    for word in words:
        name, equals, path = word.partition("=")
        if not (equals and name and "/" not in name):
            name, path = Path(word).name or Path(word).resolve().name, word
        if name in found:
            raise InputError(f"Two glasses are called {name}.", mend=f"Give them names: first={found[name]} second={path}.")
        found[name] = path
    return found


def _print(card: Scorecard) -> None:
    from rich.table import Table
    from rich.text import Text

    screen = messages.console()
    table = Table("quantity", title=f"Energies by {card.forcefield}" if card.forcefield else None)
    for name in card.glasses:
        table.add_column(name, justify="right", no_wrap=True)
    group = card.rows[0].group if card.rows else ""
    for row in card.rows:
        if row.group != group:
            table.add_section()
            group = row.group
        unit = f" ({row.unit})" if row.unit else ""
        table.add_row(f"{row.quantity}{unit}", *(_number(row.values.get(name)) for name in card.glasses))
    screen.print(table)
    for name, what in card.glasses.items():
        screen.print(f"{name}: {what}")
    for warning in card.warnings:
        screen.print(Text.assemble(("warning: ", "yellow"), warning))


def _number(number: object) -> str:
    from ..analysis.findings import Number

    if not isinstance(number, Number):
        return "–"
    if not number.spread:
        return f"{number.value:.5g}" if abs(number.value) < 1e6 else f"{number.value:.3g}"
    digits = max(0, -int(f"{number.spread:e}".split("e")[1]))
    return f"{number.value:.{digits}f} ± {number.spread:.{digits}f}"
