"""Embedded-atom functions in tables: the setfl files of LAMMPS (``eam/alloy`` and ``eam/fs``), read, interpolated and written.

E = Σ_i F(Σ_j f(r_ij)) + ½ Σ_ij φ(r_ij) (doi 10.1103/PhysRevB.29.6443). Between rows the cubic polynomials of LAMMPS are used, whose slopes
at the rows are differences of five of them, so that every program gets the same energy from the same file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

EMBEDDED_ATOM = "embedded-atom"
"""Name of the potential."""
MOST_ROWS = 1_000_000
"""Of one table."""


@dataclass(frozen=True, eq=False)
class Tabulated:
    """The functions of an embedded-atom potential; arrays are read-only."""

    elements: tuple[str, ...]
    spacing: float
    """Of the distances 0, dr, 2 dr, ... [Å]."""
    density_spacing: float
    """Of the densities 0, dρ, 2 dρ, ..."""
    cutoff: float
    """[Å]"""
    embedding: NDArray[np.float64]
    """F of each element ``(n, n_density)`` [eV]."""
    density: NDArray[np.float64]
    """f at an atom of the first element due to one of the second ``(n, n, n_r)``."""
    pair: NDArray[np.float64]
    """r φ of two elements, symmetric ``(n, n, n_r)`` [eV Å]."""


@lru_cache(maxsize=8)
def read_setfl(text: str) -> Tabulated:
    """The functions in the text of a setfl file; ``eam/alloy`` and ``eam/fs`` differ in how many numbers it has.

    Raises
    ------
    InputError
        If it is neither.
    """
    lines = text.splitlines()
    try:
        n_elements, *elements = lines[3].split()
        n = int(n_elements)
        rows, step, distances, gap, end = lines[4].split()
        n_density, density_spacing, n_r, spacing, cutoff = int(rows), _real(step), int(distances), _real(gap), _real(end)
    except (IndexError, ValueError) as error:
        raise InputError("The embedded-atom tables are no setfl file.", f"The fourth line names the elements, the fifth the grids: {error}.") from error
    if n != len(elements) or not 1 <= n <= 20 or len(set(elements)) != n or not all(5 <= k <= MOST_ROWS for k in (n_density, n_r)):
        raise InputError("The embedded-atom tables are no setfl file.", f"They claim {n} elements ({', '.join(elements)}), {n_density} and {n_r} rows.")
    if not (0 < spacing < 1 and 0 < density_spacing < np.inf and 1 <= cutoff <= spacing * (n_r + 0.5)):
        raise InputError("The grids of the embedded-atom tables make no sense.", f"dρ = {density_spacing:g}, dr = {spacing:g} Å, cutoff {cutoff:g} Å.")
    words = " ".join(lines[5:]).split()
    # Per element a line of four words and its functions; per pair one function.
    sizes = {kind: n * (4 + n_density + many * n_r) + n * (n + 1) // 2 * n_r for kind, many in (("alloy", 1), ("fs", n))}
    if len(words) not in sizes.values():
        expected = " or ".join(f"{size} for eam/{kind}" for kind, size in sizes.items())
        raise InputError("The embedded-atom tables are not complete.", f"They have {len(words)} numbers after the header; expected are {expected}.")
    many = 1 if len(words) == sizes["alloy"] else n
    block = 4 + n_density + many * n_r
    try:
        by_element = [np.array([w.replace("D", "E") for w in words[i * block + 4 : (i + 1) * block]], dtype=float) for i in range(n)]
        pairs = np.array([w.replace("D", "E") for w in words[n * block :]], dtype=float).reshape(-1, n_r)
    except ValueError as error:
        raise InputError("The embedded-atom tables hold something that is no number.", f"{error}.") from error
    if not all(np.isfinite(values).all() for values in (*by_element, pairs)):
        raise InputError("The embedded-atom tables hold something that is no finite number.")
    density, pair = np.empty((n, n, n_r)), np.empty((n, n, n_r))
    for source, values in enumerate(by_element):
        # A block holds what its element makes: at every atom the same (alloy), or at atoms of each element (fs).
        density[:, source] = values[n_density:].reshape(many, n_r)
    first, second = np.tril_indices(n)
    pair[first, second] = pair[second, first] = pairs
    return _frozen(tuple(elements), spacing, density_spacing, cutoff, np.array([v[:n_density] for v in by_element]), density, pair)


def _real(word: str) -> float:
    return float(word.replace("D", "E").replace("d", "e"))


def _frozen(elements: tuple[str, ...], spacing: float, density_spacing: float, cutoff: float, *arrays: NDArray[np.float64]) -> Tabulated:
    for array in arrays:
        array.setflags(write=False)
    return Tabulated(elements, spacing, density_spacing, cutoff, *arrays)


def chosen(functions: Tabulated, names: Sequence[str]) -> Tabulated:
    """The same for these elements alone, in this order."""
    k = [functions.elements.index(name) for name in names]
    tables = functions.embedding[k], functions.density[np.ix_(k, k)], functions.pair[np.ix_(k, k)]
    return _frozen(tuple(names), functions.spacing, functions.density_spacing, functions.cutoff, *tables)


def sampled(
    elements: Sequence[str],
    cutoff: float,
    largest_density: float,
    embedding: Callable[[str, NDArray[np.float64]], NDArray[np.float64]],
    density: Callable[[str, str, NDArray[np.float64]], NDArray[np.float64]],
    pair: Callable[[str, str, NDArray[np.float64]], NDArray[np.float64]],
    n: int = 20_000,
) -> Tabulated:
    """Tables of functions in closed form: F(element, ρ), f(at, due to, r) and φ(a, b, r) in eV and Å, ``n`` rows each."""
    r, rho = np.linspace(0, cutoff, n), np.linspace(0, largest_density, n)
    return _frozen(
        tuple(elements), float(r[1]), float(rho[1]), cutoff,
        np.array([embedding(a, rho) for a in elements]),
        np.array([[density(a, b, r) for b in elements] for a in elements]),
        np.array([[r * pair(a, b, r) for b in elements] for a in elements]),
    )  # fmt: skip


def setfl(functions: Tabulated, masses: Sequence[float], title: str) -> str:
    """Text of an ``eam/fs`` file: the format that holds every potential of this kind; masses in u."""
    n = len(functions.elements)
    rows, distances = functions.embedding.shape[1], functions.pair.shape[2]
    lines = [title, "embedded-atom functions in eV and Å", "written by glasswright", f"{n} {' '.join(functions.elements)}"]
    lines.append(f"{rows} {functions.density_spacing!r} {distances} {functions.spacing!r} {functions.cutoff!r}")
    for i in range(n):
        lines.append(f"0 {masses[i]!r} 0.0 none")
        lines += [repr(v) for values in (functions.embedding[i], *functions.density[:, i]) for v in values.tolist()]
    lines += [repr(v) for a in range(n) for b in range(a + 1) for v in functions.pair[a, b].tolist()]
    return "\n".join(lines) + "\n"


def coefficients(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coefficients of x⁰ to x³ of the polynomial that follows each row ``(..., 4, n)``, x counted in rows.

    The polynomials of LAMMPS: values and slopes at both ends, slopes from differences of five rows (of three or two at the ends).
    """
    slope = np.empty_like(values)
    slope[..., 0], slope[..., -1] = values[..., 1] - values[..., 0], values[..., -1] - values[..., -2]
    slope[..., 1], slope[..., -2] = (values[..., 2] - values[..., 0]) / 2, (values[..., -1] - values[..., -3]) / 2
    slope[..., 2:-2] = (values[..., :-4] - values[..., 4:] + 8 * (values[..., 3:-1] - values[..., 1:-3])) / 12
    rise, after = np.diff(values, append=values[..., -1:]), np.append(slope[..., 1:], slope[..., -1:], axis=-1)
    found = np.stack([values, slope, 3 * rise - 2 * slope - after, slope + after - 2 * rise], axis=-2)
    found[..., 2:, -1] = 0.0
    return found


def interpolated(columns: Any, position: Any, xp: Any = np) -> Any:
    """Values of a function whose ``coefficients`` are ``(4, n)``, at positions counted in rows; beyond the last row its value there."""
    row = xp.clip(xp.floor(position), 0, columns.shape[1] - 2)
    x = xp.clip(position - row, 0.0, 1.0)
    c0, c1, c2, c3 = (xp.take(column, row.astype(int), mode="clip") for column in columns)
    return c0 + x * (c1 + x * (c2 + x * c3))
