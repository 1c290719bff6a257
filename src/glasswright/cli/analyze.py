"""``glasswright analyze``: structure of a run, or of any file that holds atoms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from . import messages


def analyze(
    source: Annotated[Path | None, typer.Argument(metavar="DIR|FILE", help="Run directory, or a structure file.", show_default=False)] = None,
    only: Annotated[str | None, typer.Option(help="These groups only: rings,dynamics. What other groups found earlier stays.", show_default=False)] = None,
    also: Annotated[str | None, typer.Option("--with", help="These groups too, beside those done by default.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every group.")] = False,
    listing: Annotated[bool, typer.Option("--list", help="Say which groups there are, and leave.")] = False,
    frames: Annotated[int | None, typer.Option(min=1, help="Average over so many configurations at most.", show_default=False)] = None,
    types: Annotated[str | None, typer.Option(help="Elements of atom types 1, 2, ... in LAMMPS files: Si,O,Na.", show_default=False)] = None,
    cell: Annotated[str | None, typer.Option(help="Edges [Å] where the file holds no cell: 35.6, or a,b,c, or a,b,c,α,β,γ.", show_default=False)] = None,
    interval: Annotated[str | None, typer.Option(help="Time between the configurations of a file, for its dynamics: '10 fs'.", show_default=False)] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where the page, curves and tables go (the run directory, or FILE-analysis).")] = None,
) -> None:
    """Compute what is to be known of a structure, beside what was measured: tables here, pictures in a page."""
    if listing:
        _print_groups()
        return
    if source is None:
        raise InputError("There is nothing to analyse.", mend="Name a run directory or a structure file: `glasswright analyze glass.extxyz`.")
    from ..analysis.survey import GROUPS, choose
    from ..io.run import Run
    from ..report import write_report
    from ..workflows.analyze import analyze as run_analysis
    from ..workflows.progress import analysis_bar
    from .summary import print_tables

    asked = [*(_words(only) or ()), *(_words(also) or ())]
    groups = choose(list(GROUPS) if everything else _words(only), _words(also) or ())
    directory = out or (source if source.is_dir() else source.with_name(f"{source.stem}-analysis"))
    with analysis_bar(source.name or str(source)) as progress:
        given = {"frames": frames, "types": types, "cell": _cell(cell), "interval": interval}
        analysis = run_analysis(source, out if source.is_dir() else directory, groups, **given, progress=progress)  # type: ignore[arg-type]
        progress(1.0, "page")
        page = write_report(Run(directory))
    print_tables(directory)
    screen = messages.console()
    for sentence in [*analysis.absent, *(f"Of {name} there is nothing here." for name, found in analysis.groups.items() if not found and name in asked)]:
        screen.print(sentence)
    screen.print(f"curves, tables and maps: {directory}")
    screen.print(f"page: {page}")
    left_out = [name for name in GROUPS if name not in groups]
    if left_out and not only:
        screen.print(f"not done unless asked for: {', '.join(left_out)} (--with {','.join(left_out)}, or --all)")
    messages.next_command(f"open {page} in a browser")


def _words(text: str | None) -> list[str] | None:
    return None if text is None else [word.strip() for word in text.split(",") if word.strip()]


def _cell(text: str | None) -> list[float] | None:
    """Edges and angles of a cell: one edge is a cube."""
    if text is None:
        return None
    try:
        values = [float(word) for word in text.replace(",", " ").split()]
    except ValueError:
        values = []
    if len(values) not in (1, 3, 6) or min(values) <= 0:
        raise InputError(f"{text!r} is no cell.", mend="Give --cell 35.6, --cell 30,30,40 or --cell 30,30,40,90,90,120 (Å, degrees).")
    return values * 3 if len(values) == 1 else values


def _print_groups() -> None:
    from rich.table import Table

    from ..analysis.survey import GROUPS

    table = Table("group", "what", "by default")
    for name, group in GROUPS.items():
        table.add_row(name, group.about, "yes" if group.by_default else "on request")
    messages.console().print(table)
