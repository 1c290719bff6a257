"""Small pieces of HTML; every text from a run passes through ``escape`` here or at its caller."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from .palette import to_svg


def formula(text: str) -> str:
    """A composition with its subscripts set: ``30Na2O-70SiO2`` → 30Na₂O–70SiO₂."""
    set_low = re.sub(r"(?<=[A-Za-z)])(\d+(?:\.\d+)?)", r"<sub>\1</sub>", escape(text))
    return set_low.replace("-", "–")


def prose(text: str) -> str:
    """A sentence with its symbols set: R_chi → Rχ with a subscript."""
    return escape(text).replace("R_chi", "R<sub>χ</sub>").replace("Qn", "Q<sup>n</sup>")


def number(value: Any, digits: int = 4) -> str:
    """A number as a reader wants it: four significant digits, no exponent where none is needed."""
    try:
        x = float(value)
    except (TypeError, ValueError):
        return escape(str(value))
    if x != x:
        return "–"
    text = f"{x:.{digits}g}"
    if "e" in text:
        mantissa, power = text.split("e")
        return f"{int(x):d}" if 0 <= int(power) < 7 else f"{mantissa.replace('-', '−')}·10<sup>{int(power)}</sup>".replace("-", "−")
    return text.replace("-", "−")


def with_spread(value: Any, spread: float | None) -> str:
    """A number with the digits that its spread leaves meaningful: ``4.0011 ± 0.0008``."""
    if not spread or not math.isfinite(spread):
        return number(value)
    leading = math.floor(math.log10(spread))
    decimals = max(0, -leading + (spread / 10**leading < 2))
    return f"{float(value):.{decimals}f} ± {spread:.{decimals}f}".replace("-", "−")


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "") -> str:
    """A table of ready HTML cells; numbers are never broken over lines."""
    head = "".join(f"<th>{h}</th>" for h in headings)
    body = "".join("<tr>" + "".join(f"<td{_side(c)}>{c}</td>" for c in row) + "</tr>" for row in rows)
    title = f"<caption>{caption}</caption>" if caption else ""
    return f'<div class="scroll"><table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _side(cell: str) -> str:
    return ' class="number"' if re.fullmatch(r"[−+]?\d[\d.]*(·10<sup>.*</sup>)?( ± .*)?", cell) else ""


def figure(title: str, content: str, note: str = "", wide: bool = False) -> str:
    """A titled card around a picture or a table."""
    below = f'<p class="note">{note}</p>' if note else ""
    above = f"<figcaption>{title}</figcaption>" if title else ""
    return f'<figure class="card{" wide" if wide else ""}">{above}{content}{below}</figure>'


def picture(name: str, title: str, plot: Any, note: str = "", wide: bool = False) -> str:
    """A card around a matplotlib figure; ``name`` is unique in the page."""
    return figure(title, to_svg(plot, name, re.sub(r"</?su[bp]>", "", title)), note, wide)


def absent(title: str, why: str) -> str:
    """The place of a picture that could not be drawn: which it is and how to get it."""
    return f'<figure class="card wide absent"><figcaption>{title}</figcaption><p>{why}</p></figure>'


def grid(cards: Sequence[str]) -> str:
    return f'<div class="grid">{"".join(cards)}</div>' if cards else ""


def link(text: str, doi: str) -> str:
    """A text with its DOI as a link (followed only when the reader clicks)."""
    address = escape(doi.removeprefix("https://doi.org/"), quote=True)
    return f'{escape(text)} <a href="https://doi.org/{address}" rel="noreferrer">doi:{address}</a>' if doi else escape(text)


def listing(items: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{i}</li>" for i in items) + "</ul>" if items else ""


def definitions(values: Mapping[str, Any]) -> str:
    """Nested settings as a definition list."""
    rows = []
    for key, value in values.items():
        shown = definitions(value) if isinstance(value, Mapping) else escape(", ".join(map(str, value)) if isinstance(value, list) else str(value))
        rows.append(f"<dt>{escape(str(key).replace('_', ' '))}</dt><dd>{shown}</dd>")
    return f"<dl>{''.join(rows)}</dl>"
