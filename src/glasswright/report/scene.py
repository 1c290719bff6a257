"""Atoms → what the 3-D viewer of the report draws."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ase import Atoms

LARGEST = 30_000
"""Atoms drawn at most: beyond it, a slab through the middle of the cell is shown."""
_MODIFIER_GROUPS = (3, 11, 19, 37, 55, 4, 12, 20, 38, 56)
"""Alkali and alkaline-earth metals: their many weak contacts with oxygen are not drawn as bonds."""
_COLOURS = {
    "O": "#d9534a",
    "Si": "#e3bd7c",
    "Na": "#8a6fd1",
    "B": "#7fb77e",
    "Al": "#7d9bb8",
    "Ca": "#4fa06b",
    "Ge": "#4f9d9d",
    "Se": "#e08b3e",
    "P": "#e0a03c",
}
"""Close to the usual colours of molecular graphics, a little calmer; other elements take the usual ones (Jmol)."""


def element_color(symbol: str) -> str:
    """Colour of an element as ``#rrggbb``."""
    from ase.data import atomic_numbers
    from ase.data.colors import jmol_colors

    return _COLOURS.get(symbol) or "#" + "".join(f"{round(255 * c):02x}" for c in jmol_colors[atomic_numbers[symbol]])


def bonds(atoms: Atoms, cutoffs: Mapping[tuple[str, str], float] | None = None) -> NDArray[np.int64]:
    """Bonds to draw, rows of atom i, atom j and the cell vectors to add to j ``(n_bonds, 5)``.

    A pair is bonded within its measured cutoff if that lies near the sum of the covalent radii (a first shell of neighbours that touch),
    otherwise within 1.2 times that sum. Modifier cations have no bonds drawn.
    """
    from ase.data import atomic_numbers, covalent_radii
    from ase.neighborlist import neighbor_list

    measured = {tuple(sorted(k)): v for k, v in (cutoffs or {}).items()}
    symbols = [s for s in sorted(set(atoms.get_chemical_symbols())) if atomic_numbers[s] not in _MODIFIER_GROUPS]
    reach: dict[tuple[str, str], float] = {}
    for k, a in enumerate(symbols):
        for b in symbols[k:]:
            touching = float(covalent_radii[atomic_numbers[a]] + covalent_radii[atomic_numbers[b]])
            found = measured.get((a, b))
            reach[a, b] = found if found is not None and found <= 1.45 * touching else 1.2 * touching
    if not reach:
        return np.zeros((0, 5), dtype=np.int64)
    first, second, shift = neighbor_list("ijS", atoms, reach)
    once = (first < second) | ((first == second) & (shift @ np.array([9, 3, 1]) > 0))
    rows: NDArray[np.int64] = np.column_stack([first, second, shift])[once].astype(np.int64)
    return rows


def scene(atoms: Atoms, cutoffs: Mapping[tuple[str, str], float] | None = None) -> dict[str, Any]:
    """Everything the viewer needs, ready for JSON: elements, cell [Å], positions [Å], types and bonds."""
    from ase.data import atomic_numbers, covalent_radii

    shown = atoms.copy()
    shown.wrap()
    if len(shown) > LARGEST:
        depth = np.abs(shown.get_scaled_positions()[:, 2] - 0.5)
        shown = shown[np.sort(np.argsort(depth, kind="stable")[:LARGEST])]
    labels = shown.get_chemical_symbols()
    symbols = sorted(set(labels), key=lambda s: (-labels.count(s), s))
    elements = []
    for symbol in symbols:
        radius = float(covalent_radii[atomic_numbers[symbol]])
        ball = round(0.26 + 0.28 * radius, 3)
        elements.append({"symbol": symbol, "color": element_color(symbol), "ball": ball, "full": round(radius, 3), "count": labels.count(symbol)})
    return {
        "elements": elements,
        "cell": np.round(np.asarray(shown.cell), 4).tolist(),
        "positions": np.round(shown.positions, 2).ravel().tolist(),
        "types": [symbols.index(s) for s in labels],
        "bonds": bonds(shown, cutoffs).ravel().tolist(),
    }


def viewer(atoms: Atoms, cutoffs: Mapping[tuple[str, str], float] | None = None, note: str = "") -> str:
    """The viewer's HTML with its data inside and a note below; the page adds ``assets/viewer.js`` once."""
    content = scene(atoms, cutoffs)
    data = json.dumps(content, separators=(",", ":")).replace("</", "<\\/")
    legend = "".join(
        f'<button type="button" name="element" value="{k}" aria-pressed="true"><i style="background:{e["color"]}"></i>'
        f"{escape(e['symbol'])} <small>{e['count']}</small></button>"
        for k, e in enumerate(content["elements"])
    )
    partly = f" A slab of {LARGEST} of the {len(atoms)} atoms is shown." if len(atoms) > LARGEST else ""
    return (
        f'<div id="viewer"><canvas tabindex="0" aria-label="The glass in three dimensions; arrow keys turn it, plus and minus zoom"></canvas>'
        f'<div class="controls">{legend}<span class="gap"></span>'
        '<button type="button" name="bonds" aria-pressed="true">bonds</button><button type="button" name="filling" aria-pressed="false">space-filling</button>'
        '<button type="button" name="box" aria-pressed="true">cell</button>'
        '<label>slice <input type="range" min="0.03" max="1" step="0.01" value="1" aria-label="thickness of the slice shown"></label></div>'
        f'<p class="hint">Drag to turn, click and use the wheel to zoom, double-click to reset.{partly} {note}</p></div>'
        f'<script type="application/json" id="scene">{data}</script>'
    )
