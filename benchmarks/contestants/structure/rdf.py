"""g(r): O-O, O-Si, Si-Si."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ase import Atoms

from .contestant import Answer, Call, contestant, ovito_pipeline

R_MAX, BINS = 10.0, 200


@contestant("g(r)", "glasswright")
def rdf_glasswright(atoms: Atoms, folder: Path) -> Call:
    from glasswright.analysis import partial_rdf

    return lambda: {"g": np.array([c.y for c in partial_rdf(atoms, R_MAX, R_MAX / BINS).values()])}


@contestant("g(r)", "vitrum")
def rdf_vitrum(atoms: Atoms, folder: Path) -> Call:
    from vitrum.geometry import cell_list_pair_counts

    codes = (atoms.numbers == 14).astype(int)
    n = np.bincount(codes)
    shells = 4 / 3 * np.pi * np.diff(np.linspace(0, R_MAX, BINS + 1) ** 3)

    def call() -> Answer:
        counts = np.asarray(cell_list_pair_counts(atoms, codes, R_MAX, BINS, 2), dtype=float).reshape(2, 2, BINS)
        scale = atoms.cell.volume / shells
        return {"g": np.array([counts[0, 0] / n[0] ** 2, counts[0, 1] / 2 / n[0] / n[1], counts[1, 1] / n[1] ** 2]) * scale}

    return call


@contestant("g(r)", "freud")
def rdf_freud(atoms: Atoms, folder: Path) -> Call:
    import freud

    freud.parallel.set_num_threads(1)
    box = freud.box.Box(*atoms.cell.lengths())
    of = {z: atoms.positions[atoms.numbers == z] for z in (8, 14)}

    def call() -> Answer:
        found = []
        for a, b in ((8, 8), (8, 14), (14, 14)):
            rdf = freud.density.RDF(BINS, R_MAX)
            rdf.compute((box, of[b]), query_points=of[a], neighbors={"mode": "ball", "r_max": R_MAX, "exclude_ii": a == b})
            found.append(rdf.rdf)
        return {"g": np.array(found)}

    return call


@contestant("g(r)", "ovito")
def rdf_ovito(atoms: Atoms, folder: Path) -> Call:
    pipeline = ovito_pipeline(atoms)
    from ovito.modifiers import CoordinationAnalysisModifier

    def call() -> Answer:
        pipeline.modifiers.clear()
        pipeline.modifiers.append(CoordinationAnalysisModifier(cutoff=R_MAX, number_of_bins=BINS, partial=True))
        table = pipeline.compute().tables["coordination-rdf"]
        return {"g": np.array(table["g(r)"]).T}

    return call


@contestant("g(r)", "amorphouspy")
def rdf_amorphouspy(atoms: Atoms, folder: Path) -> Call:
    from amorphouspy.analysis.radial_distribution_functions import compute_rdf

    def call() -> Answer:
        _, g, _ = compute_rdf(atoms, R_MAX, BINS)
        return {"g": np.array([g[8, 8], g[8, 14], g[14, 14]])}

    return call
