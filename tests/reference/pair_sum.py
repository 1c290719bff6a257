"""A force field evaluated in plain NumPy: periodic sums over every image and exact Ewald."""

from __future__ import annotations

import numpy as np
from ase import Atoms

from glasswright.forcefield import ForceField
from glasswright.forms.coulomb import self_energy
from glasswright.forms.stillinger_weber import three_body
from glasswright.forms.tabulate import pair_energy_force
from reference.ewald import Evaluation, gather, reciprocal_part
from reference.images import image_pairs


def evaluate(atoms: Atoms, forcefield: ForceField) -> Evaluation:
    """Energy, forces and stress of a force field by a plain sum over images, with exact Ewald and triplets where it asks for them."""
    bound = forcefield.bind(atoms)
    charges = bound.charges[bound.types]
    total, alpha = None, None
    if bound.coulomb.method == "ewald":
        # The real-space cutoff is a matter of speed; α makes what lies beyond it vanish at double precision.
        alpha = 6.1 / bound.coulomb.cutoff
        total = reciprocal_part(atoms, charges, alpha)
    i, j, vectors, r = image_pairs(atoms, bound.cutoff)
    energy, force = np.zeros_like(r), np.zeros_like(r)
    for a, first in enumerate(bound.species):
        for b, second in enumerate(bound.species):
            pick = (bound.types[i] == a) & (bound.types[j] == b)
            energy[pick], force[pick] = pair_energy_force(bound, first, second, r[pick], alpha)
    pairs = gather(atoms, i, vectors, r, energy, force)
    pairs = Evaluation(pairs.energy + self_energy(charges, bound.coulomb), pairs.forces, pairs.stress)
    if bound.triplets:
        angles = three_body(bound, atoms.positions, atoms.cell.array)
        total = Evaluation(angles.energy, angles.forces, -angles.virial / atoms.get_volume())
    return pairs if total is None else pairs + total
