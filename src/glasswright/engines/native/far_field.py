"""The far field of an Ewald sum: its settings, chosen for a force accuracy and a cell, and what the compiled core needs of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev, legendre
from numpy.typing import NDArray

from ...forms.prolate import Prolate, ProlateSplit, prolate
from ...native import core
from ...units import COULOMB


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
