"""Voronoi cells: volumes and faces by their edges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ase import Atoms

from .contestant import Answer, Call, contestant, ovito_pipeline


@contestant("Voronoi", "glasswright")
def voronoi_glasswright(atoms: Atoms, folder: Path) -> Call:
    from glasswright.analysis import voronoi_cells

    def call() -> Answer:
        cells = voronoi_cells(atoms)
        return {"volumes": cells.volumes, "indices": cells.indices}

    return call


@contestant("Voronoi", "ovito")
def voronoi_ovito(atoms: Atoms, folder: Path) -> Call:
    pipeline = ovito_pipeline(atoms)
    from ovito.modifiers import VoronoiAnalysisModifier

    def call() -> Answer:
        pipeline.modifiers.clear()
        pipeline.modifiers.append(VoronoiAnalysisModifier(compute_indices=True))
        return {"volumes": np.array(pipeline.compute().particles["Atomic Volume"])}

    return call


@contestant("Voronoi", "freud")
def voronoi_freud(atoms: Atoms, folder: Path) -> Call:
    import freud

    freud.parallel.set_num_threads(1)
    box = freud.box.Box(*atoms.cell.lengths())
    return lambda: {"volumes": np.array(freud.locality.Voronoi().compute((box, box.wrap(atoms.positions))).volumes)}
