"""What there is to say about the rings of a glass."""

from __future__ import annotations

import numpy as np

from ..findings import Findings, Number, Population
from ..frames import elements_and_types
from ..sample import Sample
from .bonds import all_bonds, network_cutoffs
from .rings import DEFINITIONS, nodes_of, ring_statistics

MAX_SIZE, MAX_SIZE_CHALCOGENIDE = 12, 18
"""Largest rings looked for. Rings of a chalcogenide count the atoms between its formers, too."""
NAMES = {"guttman": "Guttman", "king": "King", "primitive": "primitive"}


def survey_rings(sample: Sample) -> Findings:
    """Rings per node by size, their mean size and what is left open, by three definitions; empty where nothing links network formers."""
    bonds = all_bonds(sample.frames, network_cutoffs(sample.bonds, elements_and_types(sample.frames[0])[0]))
    role = bonds[0].roles
    if not role.formers:
        return Findings()
    nodes = nodes_of(bonds[0])
    max_size = MAX_SIZE_CHALCOGENIDE if nodes.kind == "atoms" and role.linkers else MAX_SIZE
    numbers, populations = dict[str, Number](), dict[str, Population]()
    for definition in DEFINITIONS:
        found = ring_statistics(bonds, definition, max_size, threads=sample.threads)
        if not found.through:
            continue
        name, n_nodes = NAMES[definition], next(iter(found.through.values())).shape[1]
        counts = {size: through.sum(axis=1) / size for size, through in found.through.items()}
        none = np.zeros(len(bonds))
        cases = {str(size): Number.over((counts.get(size, none) / n_nodes).tolist()) for size in range(min(counts), max(counts) + 1)}
        about = {"definition": definition, "nodes": nodes.kind, "max_size": max_size, "open": found.open}
        populations[f"rings_{definition}"] = Population(f"Rings, {name}", cases, f"rings per {nodes.one}", f"{nodes.several} in the ring", metadata=about)
        total = sum(counts.values(), none)
        numbers[f"mean ring size, {name}"] = Number.over((sum(size * c for size, c in counts.items()) / np.maximum(total, 1)).tolist())
        if definition == "guttman" and found.open > 0:
            numbers[f"bonds on no ring of up to {max_size} {nodes.several}"] = Number(found.open)
    return Findings(numbers=numbers, populations=populations)
