"""``glasswright quench``: from a composition to a glass with its report."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import messages
from .config import quench_settings

if TYPE_CHECKING:
    from ..protocols.settings import QuenchSettings

_RUN = "What runs"
_MODEL = "Model"
_WHERE = "Where"


def quench(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="COMPOSITION|KEY=VALUE",
            help="Composition such as SiO2, 30Na2O-70SiO2 or 'Na2O 30 SiO2 70 wt%', or a structure file to melt; KEY=VALUE sets any key of the config file.",
            show_default=False,
        ),
    ] = None,
    atoms: Annotated[int | None, typer.Option("--atoms", "-n", help="Atoms; the nearest neutral count is taken; default: 3000.", rich_help_panel=_MODEL)] = None,
    forcefield: Annotated[
        str | None, typer.Option("--forcefield", "-f", help="Library name or TOML file; default: the one whose range fits best.", rich_help_panel=_MODEL)
    ] = None,
    coulomb: Annotated[str | None, typer.Option(help="ewald, dsf or wolf; default: as the force field's authors.", rich_help_panel=_MODEL)] = None,
    density: Annotated[str | None, typer.Option(help="Starting density, '2.2 g/cm3'; default: measured, else modelled.", rich_help_panel=_MODEL)] = None,
    rate: Annotated[str | None, typer.Option("--rate", "-r", help="Cooling rate, '10 K/ps'; default: 10 K/ps.", rich_help_panel=_RUN)] = None,
    ensemble: Annotated[str | None, typer.Option(help="npt or nvt; default: npt.", rich_help_panel=_RUN)] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of packing and velocities; default: 1.", rich_help_panel=_RUN)] = None,
    replicas: Annotated[int | None, typer.Option(help="Independent glasses, each from its own melt; default: 1.", rich_help_panel=_RUN)] = None,
    engine: Annotated[str | None, typer.Option(help="auto or the name of an engine; default: auto.", rich_help_panel=_RUN)] = None,
    command: Annotated[str | None, typer.Option(help="External LAMMPS, 'mpirun -n 4 lmp'.", rich_help_panel=_RUN)] = None,
    threads: Annotated[int | None, typer.Option(help="Threads of one replica; default: 1.", rich_help_panel=_RUN)] = None,
    config: Annotated[Path | None, typer.Option("--config", "-c", help="TOML file of settings.", rich_help_panel=_WHERE)] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Run directory; default: runs/COMPOSITION-FORCEFIELD-sSEED.", rich_help_panel=_WHERE)] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing run directory.", rich_help_panel=_WHERE)] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print stages, steps and the expected time; run nothing.", rich_help_panel=_WHERE)] = False,
) -> None:
    """Make a glass: pack, melt, quench, analyse, compare with experiment and write a report."""
    options = {
        "n_atoms": atoms,
        "forcefield": forcefield,
        "coulomb": coulomb,
        "density": density,
        "rate": rate,
        "ensemble": ensemble,
        "seed": seed,
        "replicas": replicas,
        "engine": engine,
        "command": command,
        "threads": threads,
    }
    settings = quench_settings(words or [], config, options)
    if dry_run:
        _print_plan(settings)
        return
    from ..workflows.quench import quench as run_quench
    from .summary import print_run

    directory = out or default_directory(settings)
    values = settings.to_dict()
    with messages.resumable(directory):
        run = run_quench(values.pop("composition"), out=directory, overwrite=overwrite, progress=True, **values)
    print_run(run)


def default_directory(settings: QuenchSettings) -> Path:
    """A directory named after what makes the glass: ``runs/30Na2O-70SiO2-teter-s1``."""
    from ..workflows.quench import plan_quench

    composition = Path(settings.composition).stem if Path(settings.composition).is_file() else settings.composition
    forcefield = settings.forcefield or plan_quench(settings).forcefield
    parts = (composition, Path(forcefield).stem, settings.coulomb or "", f"s{settings.seed}")
    return Path("runs") / "-".join(re.sub(r"[^\w.+]+", "-", part).strip("-") for part in parts if part)


def _print_plan(settings: QuenchSettings) -> None:
    from rich.table import Table

    from ..workflows.quench import plan_quench

    plan = plan_quench(settings)
    out = messages.console()
    table = Table(title=f"Plan: {settings.composition}")
    for name in plan.columns:
        table.add_column(name)
    for row in plan.rows:
        table.add_row(*row)
    out.print(table)
    for line in plan.notes:
        out.print(line)
    messages.next_command("the same command without --dry-run")
