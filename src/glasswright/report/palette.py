"""Colours and type of every figure, and the way from a figure to inline SVG that follows the reader's light or dark theme."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = "#1b2430"
MUTED = "#66707e"
GRID = "#e2e6eb"
PAPER = "#ffffff"
MEASURED = INK
"""Measured curves are ink, simulated ones have colour, everywhere."""
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#4c9fd0", "#5b5f97", "#8c6d31")
"""Distinguishable with the common colour-vision deficiencies (Okabe and Ito, https://jfly.uni-koeln.de/color), yellow left out."""
_DARK = ("#4aa8e0", "#f0864a", "#3cc79c", "#e29cc4", "#f2bd4b", "#8fd0f5", "#a3a7e0", "#c9a869")
STAGES = MappingProxyType(
    {"push-off": MUTED, "equilibrate": "#8c6d31", "melt": "#d55e00", "drift": "#cc79a7", "quench": "#e69f00", "relax": "#009e73", "sample": "#0072b2"}
)

PANEL = (5.4, 3.4)
"""Size of a figure that shares a row with another [inch]."""
WIDE = (11.2, 3.9)
"""Size of a figure that spans the page [inch]."""

_VARIABLES: Mapping[str, str] = {INK: "ink", MUTED: "muted", GRID: "grid", PAPER: "card", **{c: f"series-{i}" for i, c in enumerate(SERIES)}}
_STYLE: Any = {
    "figure.facecolor": PAPER,
    "figure.constrained_layout.use": True,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.0,
    "text.color": INK,
    "axes.facecolor": PAPER,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "lines.linewidth": 1.5,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "legend.handlelength": 1.5,
    "legend.columnspacing": 1.3,
    "svg.fonttype": "none",
    "svg.hashsalt": "glasswright",
    "path.simplify_threshold": 0.2,
}


@contextmanager
def style() -> Iterator[None]:
    """Matplotlib settings of all our figures; nothing outside the block changes."""
    import matplotlib

    with matplotlib.rc_context(_STYLE):
        yield


def theme(dark: bool) -> str:
    """CSS custom properties of the figures' series colours."""
    return "".join(f"--series-{i}:{c};" for i, c in enumerate(_DARK if dark else SERIES))


def to_svg(figure: Figure, name: str, description: str) -> str:
    """Inline SVG of a figure whose colours are CSS variables (with the light colours to fall back on).

    Parameters
    ----------
    name
        Prefix of the identifiers inside, unique in the page.
    description
        What a screen reader says.
    """
    from html import escape
    from io import StringIO

    name = re.sub(r"[^\w-]+", "-", name)
    buffer = StringIO()
    with style():
        figure.savefig(buffer, format="svg", transparent=True, dpi=200, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' id="([^"]+)"', rf' id="{name}-\1"', text)
    text = re.sub(r"(url\(#|href=\"#)", rf"\g<1>{name}-", text)
    text = re.sub(r"'DejaVu Sans'(, sans-serif)?", "var(--font)", text)
    text = re.sub(r'<svg[^>]*?viewBox="([^"]+)"[^>]*>', rf'<svg viewBox="\1" role="img" aria-label="{escape(description)}">', text, count=1, flags=re.DOTALL)
    return re.sub(r"#[0-9a-f]{6}\b", lambda m: f"var(--{_VARIABLES[m[0]]},{m[0]})" if m[0] in _VARIABLES else m[0], text)
