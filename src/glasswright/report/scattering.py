"""The section on diffraction: measured against simulated, structure factors and their partials, the first sharp diffraction peak."""

from __future__ import annotations

from html import escape

from ..curve import Curve
from ..errors import InputError
from . import figures
from .contents import Contents, known_curves
from .html import absent, grid, number, picture

_AGAIN = "Then type <code>glasswright analyze {path}</code> and <code>glasswright report {path}</code>."
_RANGES = {"S(Q)": (0.0, 20.0), "i(Q)": (0.0, 25.0), "F(Q)": (0.0, 25.0), "T(r)": (1.0, 8.0), "g(r)": (1.0, 8.0), "D(r)": (1.0, 8.0)}


def scattering(contents: Contents) -> str:
    """What a diffraction experiment sees: measured against simulated, then every simulated curve."""
    cards = []
    for name, measured in contents.measured():
        simulated = contents.curves.get(f"compared_{name}")
        radiation = radiation_of(name)
        if simulated is None:
            continue
        low, high = _RANGES.get(measured.kind, (measured.x[0], measured.x[-1]))
        span = (low, min(high, measured.x[-1], simulated.x[-1]))
        plot = figures.plot_comparison(simulated, measured, x_range=span)
        isotopes = escape(" ".join(name.split("_")[4:]))
        title = f"{escape(measured.kind)}, {' with '.join(filter(None, (radiation, isotopes)))}: simulated and measured"
        cards.append(picture(f"compare-{name}", title, plot, _residual(measured, simulated), wide=True))
    totals = {"neutron": "sq_neutron", "X-ray": "sq_xray"}
    shown = {k: contents.curves[v] for k, v in totals.items() if v in contents.curves}
    if shown:
        others = [{k: c[v] for k, v in totals.items() if v in c} for c in contents.replica_curves]
        plot = figures.plot_panels(shown, others=others, x_range=(0.0, min(20.0, max(c.x[-1] for c in shown.values()))), level=1.0, height=3.0)
        cards.append(picture("sq", "Structure factor S(Q), Faber-Ziman", plot, contents.band_note, wide=True))
    return grid([*cards, *_absent(contents)]) if contents.curves else ""


def _absent(contents: Contents) -> list[str]:
    """The measured curves of this glass that are not here, and how to supply them."""
    shown = contents.named("measured_")
    cards = []
    for entry in known_curves(contents):
        radiation = radiation_of(entry.radiation)
        if "_".join((entry.kind.lower().replace("(", "_of_").replace(")", ""), entry.radiation, *entry.isotopes.values())) in shown:
            continue
        try:
            why = "The curve is here, but the box is too small to be compared with it." if entry.load() is not None else escape(entry.where_to_get_it())
        except InputError as error:
            why = escape(str(error))
        again = _AGAIN.format(path=escape(str(contents.run.path)))
        cards.append(absent(f"{escape(entry.kind)}, {radiation}: the measured curve would be drawn here", f"{why} {again}"))
    if not shown and not cards:
        title = "No measured diffraction curve of this glass is known to the library"
        cards.append(absent(title, "With one of your own, <code>glasswright.compare(atoms, experiment)</code> gives residual and curves."))
    return cards


def radiation_of(name: str) -> str:
    """Radiation of a curve by its file name."""
    return "X-ray" if "xray" in name else "neutron"


def _residual(measured: Curve, simulated: Curve) -> str:
    """What the two curves disagree by, under which policy, and who measured."""
    found = {**measured.metadata, **simulated.metadata}
    parts = []
    if found.get("r_chi") is not None:
        over = f" over {escape(figures.pretty_unit(str(found['compared'])))}" if found.get("compared") else ""
        parts.append(f"<b>R<sub>χ</sub> = {number(found['r_chi'], 3)}</b>{over}")
    if found.get("r_chi_scaled") is not None:
        parts.append(f"{number(found['r_chi_scaled'], 3)} with a fitted scale of {number(found.get('scale'), 3)}")
    if found.get("window") not in (None, "none", ""):
        parts.append(f"both with a {escape(str(found['window']).capitalize())} window")
    if found.get("source"):
        parts.append(f"measured: {escape(str(found['source']))}")
    return "; ".join(parts)
