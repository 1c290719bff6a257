"""``glasswright compare``: a model beside a measured curve, as the instrument would have seen it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ..errors import InputError
from . import messages

if TYPE_CHECKING:
    from ..experiment import Experiment
    from ..result import Score


def compare(
    source: Annotated[Path, typer.Argument(metavar="DIR|FILE", help="Run directory, or a structure file.", show_default=False)],
    data: Annotated[str, typer.Argument(metavar="DATA", help="File of the measured curve, or a name of the library, such as geo2-70ge.", show_default=False)],
    kind: Annotated[str | None, typer.Option(help="Its normalisation: i(Q), S(Q), G(r), T(r), ...", show_default="what the file says")] = None,
    radiation: Annotated[str | None, typer.Option(help="neutron or xray.", show_default="what the file says, else neutron")] = None,
    composition: Annotated[str, typer.Option(help="Of the sample: SiO2.", show_default="what the file says")] = "",
    density: Annotated[str | None, typer.Option(help="Of the sample: '2.20 g/cm3'.", show_default="that of the model")] = None,
    q_range: Annotated[tuple[float, float] | None, typer.Option(metavar="LOW HIGH", help="Part of Q that holds data [1/Å].", show_default=False)] = None,
    format: Annotated[str, typer.Option(help="auto, columns, gudrun, epsr, rmc or pdfget.")] = "auto",
    dataset: Annotated[str | None, typer.Option(help="Which of several data sets in the file: its number or name.", show_default=False)] = None,
    q_unit: Annotated[str, typer.Option(help="1/Å or 1/nm.")] = "1/Å",
    isotope: Annotated[list[str] | None, typer.Option(help="Isotope in place of an element: Ge=73Ge.", show_default=False)] = None,
    window: Annotated[str, typer.Option(help="Window of the transform to r: none, lorch, revised-lorch, welch.")] = "none",
    width: Annotated[float | None, typer.Option("--resolution", help="Standard deviation of the resolution in Q [1/Å].", show_default=False)] = None,
    relative: Annotated[float | None, typer.Option("--relative-resolution", help="The same in proportion to Q, ΔQ/Q.", show_default=False)] = None,
    fit_resolution: Annotated[bool, typer.Option("--fit-resolution", help="Fit the resolution.")] = False,
    scale: Annotated[bool, typer.Option(help="Fit a factor.")] = True,
    background: Annotated[int | None, typer.Option(help="Fit a polynomial in Q of this degree.", show_default=False)] = None,
    divisor: Annotated[str, typer.Option(help="What X-ray scattering was divided by: <f>2 or <f2>.")] = "<f>2",
    counted: Annotated[bool, typer.Option("--counted", help="Distances of the curve in r were counted in a simulation: a known target.")] = False,
    method: Annotated[str, typer.Option(help="transform of g(r), or direct sum.")] = "transform",
    q_width: Annotated[float, typer.Option(help="Bins of the direct sum [1/Å].")] = 0.1,
    types: Annotated[str | None, typer.Option(help="Elements of atom types 1, 2, ... in LAMMPS files: Si,O.", show_default=False)] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where curves and picture go.", show_default="nowhere")] = None,
) -> None:
    """Score a model against a measured curve: R_chi raw and fitted, curves and a picture with --out."""
    from ..workflows.compare import compare as run_comparison

    details: dict[str, Any] = {"q_range": q_range, "window": window, "resolution": width, "relative_resolution": relative, "divisor": divisor}
    details |= {"isotopes": _isotopes(isotope or []), "format": format, "q_unit": q_unit, "dataset": int(dataset) if dataset and dataset.isdigit() else dataset}
    details |= {"counted": counted}
    experiment = _experiment(data, {"kind": kind, "radiation": radiation, "composition": composition, "density": density, **details})
    blur: Literal["fit", "given"] = "fit" if fit_resolution else "given"
    score = run_comparison(source, experiment, scale=scale, background=background, resolution=blur, method=_method(method), q_width=q_width, types=types)
    _print(experiment, score)
    if out is not None:
        from ..workflows.compared import write_comparison

        write_comparison(out, score)
        screen = messages.console()
        screen.print(f"curves and residuals: {out}")
        screen.print(f"picture: {out / 'comparison.svg'}")


def _experiment(data: str, said: dict[str, Any]) -> Experiment:
    """The measured curve in a file; or that of the library under this name, of which nothing more can be said."""
    from ..experiment import Experiment
    from ..library.measurements import library_experiment

    if not Path(data).exists() and "." not in data and "/" not in data:
        given = [f"--{name.replace('_', '-')}" for name, value in said.items() if name in ("kind", "radiation", "composition", "density", "q_range") and value]
        if given:
            raise InputError(
                f"There is no file {data}.", "Of a curve of the library kind, sample and range are known.", f"Check the path, or leave out {', '.join(given)}."
            )
        return library_experiment(data)
    return Experiment.from_file(data, **said)


def _method(name: str) -> Literal["transform", "direct"]:
    if name not in ("transform", "direct"):
        raise InputError(f"The method {name!r} is unknown.", mend="Use transform or direct.")
    return "direct" if name == "direct" else "transform"


def _isotopes(words: Sequence[str]) -> dict[str, str]:
    pairs = [(element, name) for element, _, name in (word.partition("=") for word in words)]
    if not all(element and name for element, name in pairs):
        raise InputError(f"--isotope {' '.join(words)} is not understood.", mend="Write element=isotope: --isotope Ge=73Ge.")
    return dict(pairs)


def _print(experiment: Experiment, score: Score) -> None:
    from rich.table import Table
    from rich.text import Text

    screen = messages.console()
    radiation = "X-ray" if experiment.radiation == "xray" else experiment.radiation
    sample = f"{experiment.name}: {radiation} {experiment.kind.name} of {experiment.composition}"
    screen.print(Text.assemble((sample, "bold"), f", {experiment.kind.definition}"))
    concluded = experiment.curve.metadata.get("concluded")
    for sentence in concluded if isinstance(concluded, list) else ():
        screen.print(f"  {sentence}")
    table = Table("", "raw", "fitted")
    table.add_row("R_chi", _number(score.r_chi, score.r_chi_error), _number(score.r_chi_scaled, score.r_chi_scaled_error))
    if score.chi_squared is not None and score.chi_squared_scaled is not None:
        table.add_row("chi² per point", f"{score.chi_squared:.4g}", f"{score.chi_squared_scaled:.4g}")
    table.add_row("factor", "1", _number(score.scale, score.scale_error))
    screen.print(table)
    screen.print(f"fitted: {score.policy}; {score.points} points, {score.curves['simulated'].metadata['compared']}")
    for warning in score.warnings:
        screen.print(Text.assemble(("warning: ", "yellow"), warning))


def _number(value: float, error: float | None) -> str:
    return f"{value:.3f}" + (f" ± {error:.3f}" if error else "")
