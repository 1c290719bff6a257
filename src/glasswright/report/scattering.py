"""The section on diffraction: measured against simulated, structure factors and their partials, the first sharp diffraction peak."""

from __future__ import annotations

from . import figures
from .comparison import comparison_cards
from .contents import Contents
from .html import grid, picture


def scattering(contents: Contents) -> str:
    """What a diffraction experiment sees: measured against simulated, then every simulated curve."""
    cards = comparison_cards(contents)
    totals = {"neutron": "sq_neutron", "X-ray": "sq_xray"}
    shown = {k: contents.curves[v] for k, v in totals.items() if v in contents.curves}
    if shown:
        others = [{k: c[v] for k, v in totals.items() if v in c} for c in contents.replica_curves]
        plot = figures.plot_panels(shown, others=others, x_range=(0.0, min(20.0, max(c.x[-1] for c in shown.values()))), level=1.0, height=3.0)
        cards.append(picture("sq", "Structure factor S(Q), Faber-Ziman", plot, contents.band_note, wide=True))
    return grid(cards) if contents.curves else ""
