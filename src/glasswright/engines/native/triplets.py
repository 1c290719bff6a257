"""Three-body terms for the compiled core."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...forcefield import BoundForceField, pair_key, triplet_key
from ...native import core


def triplet_term(bound: BoundForceField, precision: Literal["mixed", "double"] = "mixed") -> Any:
    """The Stillinger-Weber potential of a force field, pairs and triplets, as a term of the core; None where there are no triplets.

    Parameters
    ----------
    bound
        The force field resolved for given atoms; its types are those of the core.
    precision
        ``mixed``: single precision in the kernel, double where it accumulates; ``double`` throughout.
    """
    return core().triplet_term(*_parameters(bound), precision == "double") if bound.triplets else None


def triplet_energy(bound: BoundForceField) -> Any:
    """The same as an energy of Monte Carlo moves."""
    return core().triplet_energy(*_parameters(bound)) if bound.triplets else None


def _parameters(bound: BoundForceField) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of every two types ``(types, types, 7)``, and of every centre and two ends ``(types, types, types, 2)``, as the core takes them."""
    names = bound.species
    pairs, triplets = np.empty((len(names),) * 2 + (7,)), np.empty((len(names),) * 3 + (2,))
    for i, centre in enumerate(names):
        for j, end in enumerate(names):
            p = bound.pairs[pair_key(centre, end)].parameters
            pairs[i, j] = p["epsilon"] * p["A"], p["sigma"], p["a"] * p["sigma"], p["gamma"], p["B"], p["p"], p["q"]
            for k, other in enumerate(names):
                q = bound.triplets[triplet_key(end, centre, other)].parameters
                triplets[i, j, k] = q["epsilon"] * q["lambda"], q["cos_theta0"]
    return pairs, triplets
