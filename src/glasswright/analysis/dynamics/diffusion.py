"""Diffusion coefficients from mean-square displacements."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ... import units
from ...curve import Curve
from ...errors import InputError

DIFFUSIVE = 0.1
"""How far d ln MSD / d ln t may be from 1 for the motion to pass as diffusive."""
FITTED = 0.25
"""The fit begins at this part of the longest lag."""
XI = 2.837297
"""Constant of a cubic periodic lattice in the correction for hydrodynamic images."""


@dataclass(frozen=True)
class Diffusion:
    """Diffusion coefficient of one element, and whether its motion was diffusive where it was fitted."""

    coefficient: float
    """D [Å²/fs]; times 0.1 in cm²/s, times 1e-5 in m²/s."""
    error: float | None
    """Standard error of D [Å²/fs]: as if all lags of the fit erred together, since they share their origins; None where the curve has none."""
    fit_range: tuple[float, float]
    """Lags fitted [fs]."""
    exponent: float
    """d ln MSD / d ln t over the range: 1 where atoms diffuse, 0 in a cage, 2 where they fly."""
    diffusive: bool
    """Whether the exponent is within 0.1 of 1: otherwise D is a bound (from above, for a cage being left) and no measurement."""

    @property
    def sentence(self) -> str:
        """D in cm²/s, with what to think of it."""
        error = "" if self.error is None else f" ± {self.error * units.CM2_PER_S:.1g}"
        said = f"D = {self.coefficient * units.CM2_PER_S:.3g}{error} cm²/s from lags of {self.fit_range[0] / 1000:.3g} to {self.fit_range[1] / 1000:.3g} ps"
        if self.diffusive:
            return f"{said}."
        return f"{said}, but the diffusive regime is not reached there: the displacement grows as t^{self.exponent:.2f}. Run longer or hotter."

    def corrected(self, temperature: float, viscosity: float, box: float) -> Diffusion:
        """D of an infinite system: plus k_B T ξ / (6π η L), ξ = 2.837297.

        I.-C. Yeh and G. Hummer, J. Phys. Chem. B 108, 15873 (2004), doi 10.1021/jp0477147.

        Parameters
        ----------
        temperature
            [K]
        viscosity
            η [Pa s], of the simulated liquid.
        box
            Edge L of the cubic box [Å].
        """
        if not min(temperature, viscosity, box) > 0:
            raise InputError("Temperature, viscosity and box must be positive.", mend="Give K, Pa s and Å.")
        added = units.BOLTZMANN * temperature * XI / (6 * np.pi * viscosity * units.PASCAL_SECOND * box)
        return replace(self, coefficient=self.coefficient + float(added))


def diffusion(msd: Curve, fit_range: tuple[float, float] | None = None) -> Diffusion:
    """D from the slope of a mean-square displacement, MSD = 6 D t + constant (Einstein; 2 D t for one direction).

    Parameters
    ----------
    msd
        From ``mean_square_displacement``, against time in fs.
    fit_range
        First and last lag of the fit [fs]; None: the last three quarters.
    """
    if msd.kind != "MSD" or msd.x_unit != "fs":
        what = f"{msd.kind} against {msd.x_unit}" if msd.kind else "This curve"
        raise InputError(f"{what} is no mean-square displacement against time in fs.", mend="Give frames with info['time'] to mean_square_displacement.")
    low, high = fit_range or (FITTED * float(msd.x[-1]), float(msd.x[-1]))
    inside = (msd.x >= low) & (msd.x <= high) & (msd.x > 0) & (msd.y > 0)
    if np.count_nonzero(inside) < 2:
        raise InputError(f"Fewer than two lags lie between {low:g} and {high:g} fs.", mend="Give a wider fit_range, or more frames.")
    t, y = msd.x[inside], msd.y[inside]
    sigma = None if msd.sigma is None else msd.sigma[inside]
    known = sigma is not None and bool(np.all(np.isfinite(sigma)) and np.all(sigma > 0))
    slope = float(np.polyfit(t, y, 1, w=1 / t)[0])  # displacements of longer lags are known worse, about in proportion
    exponent = float(np.polyfit(np.log(t), np.log(y), 1)[0])
    ways = 2 if "direction" in msd.metadata else 6
    error = abs(slope) / ways * float(np.mean(sigma / y)) if known and sigma is not None else None
    return Diffusion(slope / ways, error, (float(t[0]), float(t[-1])), exponent, abs(exponent - 1) <= DIFFUSIVE)
