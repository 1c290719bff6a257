"""Several glasses to be set side by side: runs, files and structures in memory, each with its configurations and what it is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..analysis.frames import Pair, fractions_of, frames_of
from ..analysis.pairs.cutoffs import cutoffs
from ..errors import InputError
from ..io.run import Run
from ..result import RefineResult
from .samples import Reading, file_sample

if TYPE_CHECKING:
    from ase import Atoms

Source: TypeAlias = "Run | RefineResult | Atoms | Sequence[Atoms] | str | Path"
SAME_GLASS = 0.02
"""Atom fractions may differ by so much between glasses of one scorecard."""
METHODS = {"rmc": "RMC", "hybrid": "hybrid RMC", "monte_carlo": "energy Monte Carlo", "epsr": "EPSR", "fear": "FEAR", "gradient": "gradient refinement"}


@dataclass(frozen=True, eq=False)
class Glass:
    """One glass of several."""

    name: str
    what: str
    """How it was made, in a few words."""
    frames: Sequence[Atoms]
    """One configuration of each replica: a mean over many would be smoother than what a refinement offers."""
    results: Sequence[Mapping[str, Any]] = ()
    """``results`` of each replica's run.toml."""
    run: Run | None = None
    cutoffs: Mapping[Pair, float] = field(default_factory=dict)
    """Neighbour cutoffs measured in it [Å]."""


def glasses_of(sources: Mapping[str, Source] | Sequence[Source] | Source) -> list[Glass]:
    """Glasses with names of their own, from paths, runs and structures; a mapping names them.

    Raises
    ------
    InputError
        If there is none, one cannot be read, or they are not of one material.
    """
    if isinstance(sources, Mapping):
        named = list(sources.items())
    else:
        single = isinstance(sources, str | Path | Run | RefineResult) or hasattr(sources, "get_positions")
        given: Sequence[Source] = [sources] if single else list(sources)  # type: ignore[arg-type]
        named = [("", source) for source in given]
    named = [(name, Run(source.path) if isinstance(source, RefineResult) else source) for name, source in named]
    if not named:
        raise InputError("There is no glass to compare.", mend="Give run directories, structure files or Atoms.")
    found: list[Glass] = []
    for number, (name, source) in enumerate(named, 1):
        glass = _glass(name or _name(source, number), source)
        while glass.name in {g.name for g in found}:
            glass = Glass(f"{glass.name}-{number}", glass.what, glass.frames, glass.results, glass.run, glass.cutoffs)
        found.append(glass)
    _one_material(found)
    return found


def common_cutoffs(glasses: Sequence[Glass]) -> dict[Pair, float]:
    """Neighbour cutoffs [Å] to count all of them alike: the median over the glasses of the first minima of g(r)."""
    return {pair: float(np.median([glass.cutoffs[pair] for glass in glasses])) for pair in glasses[0].cutoffs}


def _glass(name: str, source: Source) -> Glass:
    run = Run(source) if isinstance(source, str | Path) and Path(source).is_dir() else source if isinstance(source, Run) else None
    if run is None:
        frames = file_sample(Path(source), Reading())[0].frames if isinstance(source, str | Path) else frames_of(source)
        return Glass(name, "structure", list(frames), cutoffs=cutoffs(frames))
    members = [r for r in run.replicas if (r.path / "glass.extxyz").is_file()]
    if not members:
        raise InputError(f"{run.path} has no glass yet.", f"Its outcome is: {run.outcome}", f"Type `glasswright resume {run.path}`.")
    frames = [r.atoms for r in members]
    return Glass(name, _what(members[0]), frames, [r.settings.get("results", {}) for r in members], run, cutoffs(frames))


def _name(source: Source, number: int) -> str:
    path = source.path if isinstance(source, Run) else Path(source) if isinstance(source, str | Path) else None
    return (
        f"structure-{number}" if path is None else path.resolve().name if path.is_dir() else re.sub(r"\.(ext)?xyz$|\.\w+$", "", path.name.removesuffix(".gz"))
    )


def _what(run: Run) -> str:
    """How a run made its glass: ``FEAR by shik``, ``melt-quench at 1 K/ps by shik``."""
    document = run.settings
    settings, by = document["settings"], document.get("forcefield", {}).get("name")
    if document["kind"] == "refinement":
        how = METHODS.get(str(settings.get("method")), "refinement")
    elif document["kind"] == "melt_quench":
        how = "melt-quench" if settings.get("program") else f"melt-quench at {float(settings.get('rate', 0)) * 1e3:g} K/ps"
    else:
        how = {"md": "molecular dynamics", "minimize": "minimisation"}.get(document["kind"], "structure")
    return f"{how} by {by}" if by else how


def _one_material(glasses: Sequence[Glass]) -> None:
    first = fractions_of(glasses[0].frames[0])
    for glass in glasses[1:]:
        other = fractions_of(glass.frames[0])
        if set(other) != set(first) or max(abs(other[e] - first[e]) for e in first) > SAME_GLASS:
            formulas = [g.frames[0].symbols.formula.format("reduce") for g in (glasses[0], glass)]
            raise InputError(
                f"{glasses[0].name} is {formulas[0]}, {glass.name} is {formulas[1]}.", "They are different glasses.", "Compare glasses of one composition."
            )
