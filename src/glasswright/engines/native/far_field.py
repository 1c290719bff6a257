"""The far field of an Ewald sum: its settings, chosen for a force accuracy and a cell, and what the compiled core needs of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev, legendre
from numpy.typing import NDArray

from ...errors import InputError
from ...forms.prolate import Prolate, ProlateSplit, prolate
from ...native import core
from ...units import COULOMB
from ..cell import widths

SPLIT_ERROR = 3.2
"""Force error of the split, rms(ΔF)/rms(F), over ψ(1): the force between two charges jumps at the cutoff by that much of its size there.
Measured with cutoffs of 4.5 to 7 Å and bandwidths of 8 to 20: 0.9 to 1.7 on melted silica, 0.5 to 3.1 on the crystal, where neighbours
at the cutoff are many or none."""
OVERSAMPLING = (1.07, 1.2, 1.36, 1.52, 1.8)
"""Mesh points per cell vector over the fewest that hold the spectrum, at which the errors of the mesh were measured."""
MESH_ERROR = {
    4: (1.6e-3, 9.9e-4, 7.0e-4, 5.5e-4, 4.0e-4),
    5: (3.7e-4, 2.1e-4, 9.8e-5, 4.6e-5, 2.9e-5),
    6: (7.0e-5, 4.4e-5, 1.5e-5, 6.5e-6, 4.2e-6),
    7: (2.4e-5, 9.4e-6, 2.3e-6, 1.05e-6, 5.5e-7),
    8: (7.5e-6, 1.4e-6, 4.0e-7, 1.7e-7, 7.0e-8),
}
"""Force error of the mesh for each width of the window, the largest of bandwidths 9.75 to 12.5 and two cutoffs, on melted silica."""
WINDOW = {4: (2.2, 0.7), 5: (2.15, 0.7), 6: (2.02, 0.8), 7: (1.95, 0.8), 8: (1.9, 0.85)}
"""Best bandwidth of the window over its width: a + b (oversampling - 1); measured with the errors."""
SPREADING = {4: 45.0, 5: 57.0, 6: 71.0, 7: 95.0, 8: 119.0}
"""Time per atom to and from the mesh [ns], by width; this and what follows on one core of a Zen 4 with AVX-512."""
TRANSFORMS = 5.0
"""Time per mesh point [ns], in a step whose neighbour list pushes the mesh out of the fastest cache; alone it is 2.5 to 3.5."""
CACHED = 1e5
"""Mesh points up to which that holds; every doubling beyond adds ``LARGE_MESH`` of it, as the meshes leave one cache after another."""
LARGE_MESH = 0.4
NEIGHBOUR = 1.22
"""Time per neighbour within the cutoff [ns]."""
SHORTEST, LONGEST = 5.0, 12.0
"""Cutoffs that are tried [Å]."""


@dataclass(frozen=True)
class FarFieldSettings:
    """How the far field is summed."""

    split: ProlateSplit
    points: tuple[int, int, int]
    """Mesh points along each cell vector."""
    width: int
    """Points per axis that a charge is spread over."""
    window: float
    """Bandwidth of the prolate that spreads the charges."""
    double_precision: bool = False
    accuracy: float | None = None
    """Force error these settings were chosen for, rms(ΔF)/rms(F) of the whole Coulomb force."""
    least_oversampling: float = 1.0
    """Below this the mesh is too coarse for that accuracy."""

    def oversampling(self, cell: NDArray[np.float64]) -> float:
        """Mesh points over the fewest that hold the spectrum, along the worst cell vector of a cell ``(3, 3)`` [Å]."""
        lengths = np.linalg.norm(cell, axis=1)
        return float(np.min(math.pi * np.array(self.points) / (self.split.largest_k * lengths)))

    def needs_regrid(self, cell: NDArray[np.float64]) -> bool:
        """Whether a cell has grown beyond what these settings were chosen for."""
        return self.oversampling(cell) < self.least_oversampling * (1 - 1e-9)

    def fitted(self, cell: NDArray[np.float64], growth: float) -> FarFieldSettings:
        """The same on a mesh for another cell, and for that cell grown so much."""
        lengths = np.linalg.norm(cell, axis=1) * growth
        x, y, z = (max(8, _smooth(self.least_oversampling * self.split.largest_k * length / math.pi)) for length in lengths.tolist())
        return replace(self, points=(x, y, z))

    def describe(self) -> dict[str, object]:
        """Settings for the record."""
        return {
            "far_field": "prolates",
            "ewald_cutoff": self.split.cutoff,
            "ewald_bandwidth": self.split.bandwidth,
            "mesh_points": list(self.points),
            "mesh_width": self.width,
            "mesh_window": self.window,
            "force_error_requested": self.accuracy,
        }

    def build(self, charges: Sequence[float]) -> Any:
        """The far field in the compiled core for charges of each type [e]."""
        psi, window = self.split.psi, prolate(self.window)
        transforms = [window_transform(window, self.width, n) for n in self.points]
        return core().FarField(
            charges=[float(q) for q in charges],
            points=self.points,
            window=window_polynomials(window, self.width, 14 if self.double_precision else 8),
            largest_k=self.split.largest_k,
            psi=(4 * math.pi * COULOMB * spectrum_polynomial(psi)).tolist(),
            at_zero=COULOMB * self.split.far_at_zero,
            deconvolution=[(1 / u[0] ** 2).tolist() for u in transforms],
            aliases=[((u**2).sum(axis=0) / u[0] ** 2).tolist() for u in transforms],
            double_precision=self.double_precision,
        )


def choose_far_field(
    accuracy: float,
    cell: NDArray[np.float64],
    n_atoms: int,
    shortest: float = 0.0,
    cutoff: float | None = None,
    growth: float = 1.04,
    double_precision: bool | None = None,
) -> FarFieldSettings:
    """The fastest settings that reach a force accuracy.

    Parameters
    ----------
    accuracy
        Largest rms(ΔF)/rms(F) of the Coulomb force, 1e-7 to 1e-2.
    cell
        Rows are cell vectors ``(3, 3)`` [Å].
    n_atoms
        Atoms in the cell.
    shortest
        Where the short range of the force field ends [Å]: neighbours are needed up to there anyway.
    cutoff
        Where the near part is to end [Å]; None: where near and far field together are fastest, at least at ``shortest``.
    growth
        How much longer than now the cell vectors may become before the accuracy is lost.
    double_precision
        None: where single precision, which leaves 3e-7, would be felt.

    Raises
    ------
    InputError
        If the accuracy cannot be had, or the cell is too narrow.
    """
    if not 1e-7 <= accuracy <= 1e-2:
        raise InputError(f"A force accuracy of {accuracy:g} cannot be had.", mend="Ask for 1e-7 to 1e-2; 1e-4 or 1e-5 are usual.")
    narrowest = float(widths(cell).min())
    if cutoff is None:
        first = max(shortest, min(SHORTEST, narrowest / 2))
        cutoffs = [first, *(r for r in np.arange(SHORTEST, LONGEST, 0.25).tolist() if first < r <= narrowest / 2)]
    else:
        cutoffs = [cutoff]
    if not 0 < cutoffs[0] <= narrowest / 2:
        raise InputError(
            f"The cutoff of {cutoffs[0]:.3g} Å is longer than half the narrowest width of the cell ({narrowest / 2:.3g} Å).", mend="Use more atoms."
        )
    # 0.75 of the error for the split, 0.6 for the mesh: together 0.96, and what was measured for both was the largest of many.
    bandwidth = next(c for c in np.arange(5, 30, 0.25).tolist() if SPLIT_ERROR * float(prolate(c)(1.0)) < 0.75 * accuracy)
    lengths = np.linalg.norm(cell, axis=1) * growth
    density = n_atoms / abs(float(np.linalg.det(cell)))
    choices = []
    for rc in cutoffs:
        for width, needed in _widths(0.6 * accuracy):
            points = tuple(_smooth(needed * bandwidth * length / (math.pi * rc)) for length in lengths.tolist())
            x, y, z = (max(p, 8) for p in points)
            stored = x * y * (-(-z // 8) * 8)
            per_point = TRANSFORMS * (1 + LARGE_MESH * max(0.0, math.log2(stored / CACHED)))
            time = n_atoms * (NEIGHBOUR * 4 / 3 * math.pi * rc**3 * density + SPREADING[width]) + per_point * stored
            choices.append((time, rc, width, needed, (x, y, z)))
    _, rc, width, needed, mesh = min(choices)
    split = ProlateSplit(bandwidth, rc)
    double = accuracy < 2e-6 if double_precision is None else double_precision
    coarse = FarFieldSettings(split, mesh, width, 0.0, double, accuracy, needed)
    base, slope = WINDOW[width]
    return replace(coarse, window=width * (base + slope * (min(coarse.oversampling(cell * growth), OVERSAMPLING[-1]) - 1)))


def _widths(error: float) -> list[tuple[int, float]]:
    """Widths of the window and the oversampling with which each leaves this force error."""
    found = []
    for width, errors in MESH_ERROR.items():
        if error >= errors[-1]:
            found.append((width, float(np.interp(-math.log(error), -np.log(errors), OVERSAMPLING))))
    # More width than eight is not built; what the finest mesh leaves bounds the accuracy.
    return found or [(max(MESH_ERROR), OVERSAMPLING[-1])]


def _smooth(least: float) -> int:
    """The smallest even product of 2, 3 and 5 not below ``least``."""
    from scipy.fft import next_fast_len

    return 2 * int(next_fast_len(max(1, math.ceil(least / 2 - 1e-9)), real=True))


def window_polynomials(window: Prolate, width: int, degree: int) -> NDArray[np.float64]:
    """Weights of the points around a charge ``(degree + 1, width)``, highest power last.

    Point j lies ``j + 1 - width/2 - f`` mesh cells from the charge, f the fraction of a cell between the charge and the point before it;
    the polynomials are in ``2 f - 1``.
    """
    z = chebyshev.chebpts1(degree + 1)
    distance = np.arange(1, width + 1) - width / 2 - (z[:, None] + 1) / 2
    return _powers(z, window(np.clip(2 * distance / width, -1, 1)))


def window_transform(window: Prolate, width: int, points: int) -> NDArray[np.float64]:
    """Fourier transform of the window for every index of an axis, and for those that the mesh cannot tell from it ``(7, points)``."""
    nodes, weights = legendre.leggauss(200)
    index = np.fft.fftfreq(points, 1 / points)
    k = 2 * np.pi * (index + points * np.array([0, -3, -2, -1, 1, 2, 3])[:, None]) / points
    return np.asarray(np.cos(np.multiply.outer(k, nodes * width / 2)) @ (weights * window(nodes) * width / 2))


def spectrum_polynomial(psi: Prolate) -> NDArray[np.float64]:
    """ψ as a polynomial in ``2 x² - 1`` at double precision, highest power first."""
    z = chebyshev.chebpts1(21 + int(psi.bandwidth))
    return _powers(z, psi(np.sqrt((z + 1) / 2)))[::-1].copy()


def _powers(z: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coefficients of the powers of z of the polynomials through values at Chebyshev points; one polynomial per column."""
    degree = len(z) - 1
    series = chebyshev.chebfit(z, values, degree)
    return np.asarray(np.apply_along_axis(lambda c: np.pad(chebyshev.cheb2poly(c), (0, degree + 1))[: degree + 1], 0, series))
