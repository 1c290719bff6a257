"""``glasswright refine``: from measured data to a structure."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError
from . import messages
from .config import typed_values

if TYPE_CHECKING:
    from ..result import RefineResult

_RUN = "What runs"
_MODEL = "Model"
_WHERE = "Where"


def refine(
    method: Annotated[str, typer.Argument(metavar="METHOD", help="rmc, hybrid, monte_carlo, epsr, fear or gradient.", show_default=False)],
    words: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Any key of the data file's [refine], such as chi_temperature=0.001.", show_default=False)
    ] = None,
    data: Annotated[Path | None, typer.Option("--data", "-d", help="Data file: measured curves, constraints, settings.", rich_help_panel=_MODEL)] = None,
    start: Annotated[
        str | None,
        typer.Option(metavar="STRUCTURE|COMPOSITION", help="File or run directory, or a glass to pack; default: the sample.", rich_help_panel=_MODEL),
    ] = None,
    atoms: Annotated[int | None, typer.Option("--atoms", "-n", help="Atoms of a packing; default: 3000.", rich_help_panel=_MODEL)] = None,
    forcefield: Annotated[
        str | None,
        typer.Option("--forcefield", "-f", help="Library name or TOML file; default: none in rmc, else the one whose range fits best.", rich_help_panel=_MODEL),
    ] = None,
    coulomb: Annotated[str | None, typer.Option(help="ewald, dsf or wolf; default: as the force field's authors.", rich_help_panel=_MODEL)] = None,
    density: Annotated[str | None, typer.Option(help="Of a packing, '2.2 g/cm3'; default: that of the data.", rich_help_panel=_MODEL)] = None,
    types: Annotated[str | None, typer.Option(help="Elements of atom types 1, 2, ... in LAMMPS files: Si,O.", rich_help_panel=_MODEL)] = None,
    moves: Annotated[int | None, typer.Option(help="Trial moves for each atom at most; default: 3000.", rich_help_panel=_RUN)] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of packing and moves; default: 1.", rich_help_panel=_RUN)] = None,
    replicas: Annotated[int | None, typer.Option(help="Independent structures; default: 1.", rich_help_panel=_RUN)] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Run directory; default: runs/METHOD-START-sSEED.", rich_help_panel=_WHERE)] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing run directory.", rich_help_panel=_WHERE)] = False,
) -> None:
    """Refine a structure: atoms that agree with measured data, with an energy, or with both."""
    from ..workflows.refine import refine as run_refinement

    options = {"n_atoms": atoms, "coulomb": coulomb, "density": density, "types": types, "moves": moves, "seed": seed, "replicas": replicas}
    values: dict[str, Any] = typed_values(words or []) | {key: value for key, value in options.items() if value is not None}
    if "method" in values:
        raise InputError("The method is given twice.", mend="Type it once, after the verb.")
    directory = out or default_directory(method, start, data, seed or 1)
    with messages.resumable(directory):
        result = run_refinement(method, data or (), start, forcefield, out=directory, overwrite=overwrite, progress=True, **values)
    print_result(result)


def default_directory(method: str, start: str | None, data: Path | None, seed: int) -> Path:
    """A directory named after what is refined from what: ``runs/rmc-SiO2-s1``."""
    of = Path(start).stem if start and ("/" in start or Path(start).suffix) else start or (data.stem if data else "")
    parts = (method, of, f"s{seed}")
    return Path("runs") / "-".join(re.sub(r"[^\w.+]+", "-", part).strip("-") for part in parts if part)


def print_result(result: RefineResult) -> None:
    """Print how the refinement ended, R_chi of each data set, the energy, and what to do next."""
    from rich.table import Table
    from rich.text import Text

    out = messages.console()
    out.print(Text.assemble((str(result.path), "bold"), f": {result.outcome}"))
    for warning in (w for w in result.warnings if w != result.outcome):
        out.print(Text.assemble(("warning: ", "yellow"), warning))
    if result.scores:
        table = Table("data")
        for heading in ("R_chi", "at the start", "factor"):
            table.add_column(heading, justify="right")
        for name, score in result.scores.items():
            table.add_row(name, f"{score.r_chi_scaled:.4f}", f"{float(result.history[f'r_chi {name}'][0]):.3f}", f"{score.scale:.3f}")
        out.print(table)
    if result.energy is not None:
        out.print(f"energy: {result.energy / len(result.atoms):.4f} eV/atom")
    out.print(
        f"structure: {result.path / 'glass.extxyz'} (opens in OVITO)"
        if (result.path / "glass.extxyz").is_file()
        else f"structures: {result.path}/replica-*/glass.extxyz"
    )
    page = result.path / "report.html"
    if page.is_file():
        out.print(f"report: {page}")
        messages.next_command(f"open {page} in a browser")
