"""Run → one HTML file that needs no network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from ..analysis.pairs.cutoffs import ANIONS
from ..io.atomic import write_text
from ..io.run import Run
from ..library.measurements import is_expected
from . import network, sections, space
from .comparison import NOTHING, title_of
from .contents import Contents
from .dynamics import dynamics
from .ensemble import ensemble
from .figures import pretty_unit
from .html import definitions, link, listing, number, prose, with_spread
from .page import Part, page
from .pairs import pairs
from .plain import plain
from .refinement import beside as beside_others
from .refinement import method_of, refinement
from .rings import rings
from .scattering import scattering
from .scene import viewer
from .scorecard import SCORECARD, scorecard


@dataclass(frozen=True)
class Section:
    """A part of the page."""

    anchor: str
    heading: str
    make: Callable[[Contents], str]
    """Gives HTML, or nothing where there is nothing to show."""
    groups: tuple[str, ...] = ()
    """Groups of the analysis whose findings it shows; those of other groups get plain pictures at the end."""


SECTIONS = (
    Section("refinement", "The refinement", refinement),
    Section("scattering", "Diffraction", scattering, ("scattering", "comparison")),
    Section("ensemble", "What the data fix", ensemble, ("ensemble",)),
    Section("facts", "Simulated and measured", sections.facts),
    Section("distances", "Distances", pairs, ("pairs",)),
    Section("network", "Network", network.network, ("network",)),
    Section("rings", "Rings", rings, ("rings",)),
    Section("angles", "Angles", network.angles),
    Section("beside", "Beside other glasses", beside_others),
    Section("order", "Order", space.order, ("order",)),
    Section("topology", "Topology", space.homology, ("homology",)),
    Section("cavities", "Cavities", space.cavities, ("cavities",)),
    Section("run", "The run", sections.thermo),
    Section("melt", "The melt", sections.melt),
    Section("dynamics", "Dynamics", dynamics, ("dynamics",)),
)


def write_report(run: Run | str | Path, beside: Sequence[Run | str | Path] = ()) -> Path:
    """Write report.html (analysis.html for the analysis of a file) beside run.toml from what lies in the run directory, and return its path.

    Works for single runs, sets of replicas and runs that have not finished; what is missing is left out or named.

    Parameters
    ----------
    beside
        Run directories of glasses that were made in another way: their g(r), angles, Qn and rings are drawn over those of this one, and
        their energies beside that of a refinement by the same force field.

    Raises
    ------
    InputError
        If a path is no run directory.
    """
    run = run if isinstance(run, Run) else Run(run)
    path = run.path / ("analysis.html" if run.settings["kind"] == "analysis" else "report.html")
    write_text(path, render(run, [other if isinstance(other, Run) else Run(other) for other in beside]))
    return path


def render(run: Run, beside: Sequence[Run] = ()) -> str:
    """The report as text."""
    if run.settings["kind"] == SCORECARD:
        return scorecard(run)
    contents = Contents(run, beside)
    shown = {group for section in SECTIONS for group in section.groups}
    sections = (*SECTIONS, Section("more", "More", lambda rest: plain(rest, shown)))
    parts = [Part(section.anchor, section.heading, content) for section in sections if (content := section.make(contents))]
    top = f'<p class="subtitle">{_subtitle(contents)}</p>{_banner(contents)}{_hero(contents)}'
    return page(
        _title(contents), top, parts, _sources(contents), str(contents.document.get("versions", {}).get("glasswright", "")), viewer=contents.atoms is not None
    )


def _title(contents: Contents) -> str:
    return contents.formula if contents.is_analysis else f"{contents.formula} glass"


def _subtitle(contents: Contents) -> str:
    document, settings = contents.document, contents.document.get("settings", {})
    forcefield = document.get("forcefield", {})
    if contents.is_analysis:
        count = int(settings.get("frames", 1))
        parts = [str(document["name"]), f"{contents.n_atoms} atoms", f"mean over {count} configurations" if count > 1 else ""]
        return " · ".join(escape(p) for p in parts if p)
    name = str(forcefield.get("name") or settings.get("forcefield") or "")
    title = forcefield.get("title")
    parts = [method_of(contents)] if contents.is_refinement else []
    parts += [f"{title} ({name})" if title else name, f"{contents.n_atoms} atoms"]
    if settings.get("program"):
        parts.append("free cooling programme")
    elif settings.get("rate"):
        parts.append(f"quenched at {float(settings['rate']) * 1e3:.4g} K/ps")
    parts.append(f"{str(document['engine']).replace('lammps', 'LAMMPS')} engine" if document.get("engine") else "")
    count = len(contents.run.replicas)
    parts.append(f"{count} independent replicas" if count > 1 else f"seed {settings['seed']}" if "seed" in settings else "")
    return " · ".join(escape(p) for p in parts if p)


def _banner(contents: Contents) -> str:
    """How the run ended, what it warns of and which forces are not the published ones, before anything else."""
    run, path = contents.run, escape(str(contents.run.path))
    of_replicas = dict.fromkeys(w for r in run.replicas for w in r.warnings)
    warnings = [*dict.fromkeys(run.warnings), *(w for w in of_replicas if not any(known.endswith(w) for known in run.warnings))]
    count = "1 warning" if len(warnings) == 1 else f"{len(warnings)} warnings"
    warned = f'<div class="banner warned"><b>{count}</b>{listing([prose(w) for w in warnings])}</div>' if warnings else ""
    warned += _not_as_published(contents.document.get("forcefield", {}))
    if contents.is_analysis:
        return warned
    if run.outcome == "done":
        return warned if warnings else f'<div class="banner done">The run finished, with no warnings.</div>{warned}'
    running = "<b>Not finished.</b> The run is still going, or was interrupted."
    text = running if run.outcome == "running" else f"<b>Stopped.</b> {prose(run.outcome)}"
    glass = "" if contents.atoms is not None else " There is no glass yet: this page shows how far the run has come."
    return f'<div class="banner stopped">{text}{glass} To go on from the last checkpoint, type <code>glasswright resume {path}</code>.</div>{warned}'


def _not_as_published(forcefield: Mapping[str, Any]) -> str:
    if forcefield.get("coulomb_as_published", True):
        return ""
    name, method = escape(str(forcefield.get("name", ""))), escape(str(forcefield.get("coulomb", "")))
    text = f"The Coulomb method, {method}, is not the authors': <b>{name}</b> is a model of its own and not the published force field."
    return f'<div class="banner warned">{text}</div>'


def _hero(contents: Contents) -> str:
    """The picture of the glass beside its first numbers."""
    if contents.atoms is None:
        return ""
    note = "Replica 1 is shown." if contents.replica_curves else ""
    return f'<div class="hero">{viewer(contents.atoms, contents.cutoffs(), note)}<div class="tiles">{"".join(_tiles(contents))}</div></div>'


def _tiles(contents: Contents) -> list[str]:
    tiles: list[str] = []
    for name, measured in contents.measured()[: 2 if contents.is_refinement else 1]:
        about = contents.curves.get(f"compared_{name}", measured).metadata
        raw, scaled, start = about.get("r_chi"), about.get("r_chi_scaled"), contents.curves.get(f"start_{name}")
        if raw is not None:
            below = f"{number(scaled, 3)} with a fitted scale" if scaled is not None and about.get("policy") != NOTHING else ""
            below += f"{', ' if below else ''}{number(start.metadata.get('r_chi'), 3)} before" if start is not None else ""
            tiles.append(_tile(f"R<sub>χ</sub> of {escape(title_of(name, measured))}", number(raw, 3), "", below))
    energies = [r.settings["results"]["energy"] for r in contents.run.replicas if "energy" in r.settings.get("results", {})]
    if contents.is_refinement and energies:
        spread = float(np.std(energies, ddof=1)) if len(energies) > 1 else None
        name = escape(str(contents.document.get("forcefield", {}).get("name", "the calculator")))
        tiles.append(_tile("energy", with_spread(np.mean(energies), spread) if spread else number(energies[0], 6), "eV/atom", f"by {name}"))
    for row in _chosen(contents.run.table("summary"))[: 6 - len(tiles)]:
        measured_value = sections.measured_text(row)
        word = "expected" if is_expected(row.get("source", "")) else "measured"
        below = f"{word} {measured_value} {sections.agreement(row)}" if measured_value != "–" else ""
        tiles.append(_tile(escape(row.get("quantity", "")), number(row.get("simulated", "")), escape(pretty_unit(row.get("unit", "") or "")), below))
    return tiles


def _chosen(rows: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """One row of each kind (a distance, a coordination, an angle), those with a measurement first; of angles the one between polyhedra."""
    first: dict[str, Mapping[str, str]] = {}
    for row in sorted(rows, key=lambda r: (sections.measured_text(r) == "–", r["quantity"].endswith(" angle") and r["quantity"].split("-")[1] not in ANIONS)):
        name = row["quantity"]
        if not name.startswith("R_chi") and not name.endswith(("mean", "standard deviation")):
            first.setdefault(name.split(" ", 1)[-1], row)
    return list(first.values())


def _tile(name: str, value: str, unit: str, below: str) -> str:
    return f'<div class="tile"><span>{name}</span><b>{value} <small>{unit}</small></b><span>{below}</span></div>'


def _sources(contents: Contents) -> str:
    """Citations of what ran and of the measurements shown beside it, the choices that are ours, then settings and versions in a fold."""
    document = contents.document
    cited = [link(str(c.get("text", "")), str(c.get("doi", ""))) for c in document.get("citations", [])]
    forcefield: Mapping[str, Any] = document.get("forcefield", {})
    measured = [escape(source) for source in contents.measured_by()]
    choices = [escape(str(c)) for c in (*forcefield.get("our_choices", ()), *forcefield.get("notes", ()))]
    reasons = [
        f"<b>{word}</b>: {escape(str(text))}"
        for word, text in (
            ("Composition", document.get("composition", {}).get("deviation")),
            ("Force field", forcefield.get("reason")),
            ("Engine", document.get("engine_reason")),
            ("Starting density", _density(document.get("density", {}))),
        )
        if text
    ]
    text = (contents.run.path / "run.toml").read_text(encoding="utf-8")
    folded = "".join(
        f"<details><summary>{name}</summary>{content}</details>"
        for name, content in (
            ("Versions and engine settings", definitions({**document.get("versions", {}), **document.get("engine_settings", {})})),
            ("All settings (run.toml)", f"<pre>{escape(text)}</pre>"),
        )
    )
    return (
        f'<section id="sources"><h2>Sources</h2>{"<p>Cite what ran here:</p>" if cited else ""}<ol>{"".join(f"<li>{c}</li>" for c in cited)}</ol>'
        + (f"<p>Cite the measurements shown beside it:</p>{listing(measured)}" if measured else "")
        + (f"<h3>Choices</h3>{listing(reasons + choices)}" if reasons or choices else "")
        + folded
        + "</section>"
    )


def _density(density: Mapping[str, Any]) -> str:
    if not density:
        return ""
    value = density.get("value")
    return f"{float(value):.4g} g/cm³. {density.get('source', '')}" if value is not None else str(density.get("source", ""))
