"""Order and space for the report and the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ...curve import Curve
from ..findings import Findings, Map, Number, Population
from ..frames import elements_and_types, mean_and_error
from ..pairs.cutoffs import ANIONS
from ..sample import Sample
from .bond_order import bond_order
from .cavities import cavities, limiting_radius
from .homology import persistence_diagrams
from .loops import accumulated_persistence, loop_spectrum
from .radii import contact_radii
from .tetrahedrality import tetrahedrality
from .voronoi import voronoi_cells

SMALL_FACE = 0.01
"""Faces below this share of the surface of a cell do not count in the Voronoi indices shown."""
SHOWN = 8
"""So many kinds of Voronoi cells are shown."""
PROBES = np.round(np.arange(0, 1.85, 0.2), 2)
HELIUM = 1.3
"""Radius of a helium atom [Å]: half its kinetic diameter, 2.6 Å."""
AREA = 0.1
"""Side of the fields of a persistence map [Å²]."""


def survey_order(sample: Sample) -> Findings:
    """Tetrahedrality, bond-orientational order and Voronoi cells."""
    frames = sample.frames
    elements, _ = elements_and_types(frames[0])
    curves: dict[str, Curve] = {}
    numbers: dict[str, Number] = {}
    populations: dict[str, Population] = {}
    parts = [tetrahedrality(atoms) for atoms in frames]
    for a, b in parts[0]:
        values = [part[a, b] for part in parts]
        curves[f"tetrahedrality_{a}-{b}"] = _distribution(values, (-1.0, 1.0, 0.01), ("tetrahedrality", "", f"{a}-{b}"))
        numbers[f"tetrahedrality of {a} ({b})"] = Number.over([float(v.mean()) for v in values])
    volumes: dict[str, list[NDArray[np.float64]]] = {e: [] for e in elements}
    order: dict[tuple[int, str], list[NDArray[np.float64]]] = {(degree, e): [] for degree in (4, 6) for e in elements}
    kinds: dict[str, list[dict[tuple[int, int, int, int], float]]] = {e: [] for e in elements}
    for atoms in frames:
        cells = voronoi_cells(atoms, small_face=SMALL_FACE)
        q = bond_order(atoms, cells).q
        for e in elements:
            mine = np.flatnonzero(np.array(atoms.symbols) == e)
            volumes[e].append(cells.volumes[mine])
            kinds[e].append(cells.commonest(mine, len(mine)))
            for degree in (4, 6):
                order[degree, e].append(q[degree][mine])
    for e in elements:
        curves[f"voronoi_volume_{e}"] = _distribution(volumes[e], (0.0, max(float(v.max()) for v in volumes[e]) + 0.25, 0.25), ("Voronoi volume", "Å^3", e))
        numbers[f"Voronoi volume of {e}"] = Number.over([float(v.mean()) for v in volumes[e]], "Å^3")
        for degree in (4, 6):
            curves[f"bond_order_q{degree}_{e}"] = _distribution(order[degree, e], (0.0, 1.0, 0.01), (f"q{degree}", "", e))
        mean = {k: float(np.mean([part.get(k, 0.0) for part in kinds[e]])) for k in {k for part in kinds[e] for k in part}}
        most = sorted(mean, key=lambda k: -mean[k])[:SHOWN]
        cases = {f"<{','.join(map(str, k))}>": Number.over([part.get(k, 0.0) for part in kinds[e]]) for k in most}
        populations[f"voronoi_{e}"] = Population(f"Commonest Voronoi cells of {e}", cases, "fraction", "faces with 3, 4, 5, 6 edges")
    return Findings(curves, numbers, populations)


def survey_cavities(sample: Sample) -> Findings:
    """Free volume by the size of the probe, and the cavities that a helium atom fits into."""
    radii = contact_radii(sample.frames)
    about = {"radii": radii}
    found = [[cavities(atoms, radii, float(p)) for p in PROBES] for atoms in sample.frames]
    y, sigma = mean_and_error(np.array([[c.fraction for c in row] for row in found]))
    helium = [cavities(atoms, radii, HELIUM) for atoms in sample.frames]
    reach = max([float(c.radii.max()) for c in helium if c.radii.size], default=HELIUM) + 0.1
    curves = {
        "free_volume": Curve(PROBES, 100 * y, None if sigma is None else 100 * sigma, "free volume", "Å", "%", "", about),
        "cavity_radius": _distribution([c.radii for c in helium], (HELIUM, reach, 0.1), ("cavity radius", "Å", "helium"), about),
    }
    numbers = {
        "free volume": Number.over([100 * row[0].fraction for row in found], "%"),
        "free volume for helium": Number.over([100 * c.fraction for c in helium], "%"),
        "cavities for helium": Number.over([1e3 * len(c.volumes) / c.cell_volume for c in helium], "1/nm^3"),
        "radius of the largest sphere that fits": Number.over([float(row[0].radii.max(initial=0.0)) for row in found], "Å"),
        "radius of the largest sphere that passes through": Number.over([limiting_radius(atoms, radii) for atoms in sample.frames], "Å"),
    }
    return Findings(curves, numbers)


def survey_homology(sample: Sample) -> Findings:
    """Persistence diagrams, accumulated persistence and the loops in reciprocal space."""
    frames, radii = sample.frames, contact_radii(sample.frames)
    diagrams = [persistence_diagrams(atoms, radii) for atoms in frames]
    low, high = -np.ceil(2 * max(radii.values()) ** 2) / 2, float(np.ceil(3 * (frames[0].cell.volume / len(frames[0])) ** (2 / 3)))
    edges = np.arange(low, high + AREA / 2, AREA)
    curves: dict[str, Curve] = {}
    numbers: dict[str, Number] = {}
    maps: dict[str, Map] = {}
    for d, name in ((0, "pieces"), (1, "loops"), (2, "cavities")):
        mine = [one[d] for one in diagrams]
        curves[f"accumulated_persistence_{d}"] = accumulated_persistence(mine, edges)
        if d:
            counts = np.mean([np.histogram2d(one.births, one.deaths, (edges, edges))[0] for one in mine], axis=0)
            middle = edges[:-1] + AREA / 2
            per = counts / (len(frames[0]) * AREA**2)
            maps[f"persistence_{d}"] = Map(
                middle, middle, per, f"Persistence diagram of {name}", "birth [Å^2]", "death [Å^2]", f"{name} per atom and Å^4", {"radii": radii}
            )
    radius, q, symbols = max(radii[e] for e in radii if e in ANIONS or not ANIONS & set(radii)), np.arange(0.5, 4.0, 0.01), list(frames[0].symbols)
    loops = [one[1] for one in diagrams]
    numbers["loops per atom"] = Number.over([len(one.births) / one.n_atoms for one in loops])
    numbers["accumulated persistence of loops, per atom"] = Number.over([float(one.lifetimes.sum()) / one.n_atoms for one in loops], "Å^2")
    curves |= {f"loops_{name}": curve for name, curve in loop_spectrum(loops, symbols, radius, q).items()}
    peaks = [float(q[loop_spectrum([one], symbols, radius, q)["total"].y.argmax()]) for one in loops]
    numbers["loops, most of their persistence at Q"] = Number.over(peaks, "1/Å")
    return Findings(curves, numbers, maps=maps)


def _distribution(
    samples: Sequence[NDArray[np.float64]], span: tuple[float, float, float], what: tuple[str, str, str], about: Mapping[str, object] | None = None
) -> Curve:
    """Probability density over ``span`` (from, to, bin width) of a quantity (kind, unit, label); what lies outside counts at the ends."""
    (low, high, width), (kind, unit, label) = span, what
    n = max(1, round((high - low) / width))
    edges = low + width * np.arange(n + 1)
    rows = np.array([np.histogram(np.clip(s, edges[0], edges[-1]), edges)[0] / (max(len(s), 1) * width) for s in samples])
    y, sigma = mean_and_error(rows)
    everything = np.concatenate(list(samples))
    found = {"mean": float(everything.mean()), "deviation": float(everything.std())} if everything.size else {}
    metadata = {**found, **(about or {}), "normalisation": "integral is 1"}
    return Curve(0.5 * (edges[1:] + edges[:-1]), y, sigma, kind, unit, f"1/{unit}" if unit else "", label, metadata)
