"""Plain pictures of what has no section of its own: nothing that was found is invisible."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from html import escape

from ..curve import Curve
from . import figures
from .contents import Contents
from .html import grid, picture

MOST = 8
"""Curves in one picture."""


def plain(contents: Contents, elsewhere: Collection[str]) -> str:
    """One picture for each family of curves, each population and each map of the groups that no other section shows."""
    cards = []
    for (kind, family), curves in _families(contents, elsewhere).items():
        plot = figures.plot_curves(curves) if len(curves) <= MOST else figures.plot_panels(curves)
        cards.append(picture(f"plain-{family}-{kind}", f"{escape(family)}: {escape(kind)}", plot, contents.band_note, wide=len(curves) > MOST))
    for name, population in contents.populations.items():
        if _left(population.metadata, elsewhere) and population.cases:
            cards.append(picture(f"plain-{name}", escape(population.title), figures.plot_population(population), escape(population.source)))
    for name, found in contents.maps.items():
        if _left(found.metadata, elsewhere):
            cards.append(picture(f"plain-{name}", escape(found.title or name), figures.plot_map(found)))
    return grid(cards)


def _families(contents: Contents, elsewhere: Collection[str]) -> Mapping[tuple[str, str], dict[str, Curve]]:
    """Curves that can share axes: of one kind and with the same first word in their names."""
    found: dict[tuple[str, str], dict[str, Curve]] = {}
    for name, curve in contents.curves.items():
        if _left(curve.metadata, elsewhere):
            family, _, rest = name.partition("_")
            found.setdefault((curve.kind, family), {})[rest or curve.label or name] = curve
    return found


def _left(metadata: Mapping[str, object], elsewhere: Collection[str]) -> bool:
    return metadata.get("group") is not None and metadata["group"] not in elsewhere
