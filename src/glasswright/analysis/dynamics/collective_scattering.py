"""Collective intermediate scattering F(Q, t): what coherent scattering sees of the decay of structure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from ...curve import Curve
from ...library.scattering import neutron_length
from ..frames import Pair
from .correlator import Correlator
from .modes import phases, shell
from .motion import Motion

if TYPE_CHECKING:
    from ase import Atoms


def intermediate_scattering(
    frames: Sequence[Atoms],
    q: float,
    lags: Literal["log", "linear"] | ArrayLike = "log",
    q_width: float = 0.1,
    weights: Literal["neutron"] | Mapping[str, float] | None = None,
) -> dict[Pair, Curve] | Curve:
    """F_ab(Q, t) = ⟨ρ_a(Q, t) ρ_b*(Q, 0)⟩ / √(N_a N_b) over reciprocal-lattice vectors of the box near Q and all origins, in one pass.

    Parameters
    ----------
    frames
        At equal steps of time.
    q, q_width
        Middle and width of the shell of vectors [1/Å]; at most 100 of them are used, the nearest where there are none.
    lags
        As for ``mean_square_displacement``.
    weights
        None: partials. ``"neutron"``, or scattering lengths by element: their coherent total Σ b_a b_b √(c_a c_b) F_ab / ⟨b²⟩.

    Returns
    -------
    Pair of elements → F_ab, at t = 0 the Ashcroft-Langreth S_ab(Q) (doi 10.1103/PhysRev.156.685) of these vectors; or the total.
    ``sigma`` is the standard error from blocks of time. Memory: 16 bytes × lags × elements × vectors.
    """
    motion = Motion(frames)
    wanted = motion.lags(lags)
    modes = shell(motion.cell, q, q_width)
    n = len(modes.indices)
    scale = 1 / np.sqrt(motion.counts * n)
    if weights is not None:
        b = np.array([neutron_length(e) if weights == "neutron" else dict(weights)[e] for e in motion.elements])
        scale = (b / np.sqrt((motion.counts @ b**2) * n))[None, :]
    correlator = Correlator(int(wanted[-1]) + 1, len(motion), (len(motion.elements) if weights is None else 1, 2 * n))
    for snapshot in motion.regular():
        density = np.add.reduceat(phases(snapshot.fractional, modes.indices), motion.starts, axis=0)
        density = scale[:, None] * density if weights is None else scale @ density
        correlator.push(np.concatenate([density.real, density.imag], axis=1))
    averages = correlator.averages(motion.step, motion.unit).at(wanted)
    value, error = averages.estimate(lambda mean: mean)

    def curve(k: int, label: str) -> Curve:
        return averages.curve(value[:, k], error[:, k], "F(Q,t)", "", label, modes.about)

    if weights is not None:
        return curve(0, "neutron" if weights == "neutron" else "weighted")
    return {(motion.elements[g], motion.elements[h]): curve(k, f"{motion.elements[g]}-{motion.elements[h]}") for k, (g, h) in enumerate(correlator.pairs)}
