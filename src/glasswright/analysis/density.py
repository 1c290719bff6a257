"""Density."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..units import density as mass_density
from .frames import frames_of

if TYPE_CHECKING:
    from ase import Atoms


def density(source: Atoms | Sequence[Atoms]) -> float:
    """Mass density [g/cm³], mean over configurations."""
    return float(np.mean([mass_density(a.get_masses().sum(), a.cell.volume) for a in frames_of(source)]))


def number_density(source: Atoms | Sequence[Atoms]) -> float:
    """Atoms per volume [1/Å³], mean over configurations."""
    return float(np.mean([len(a) / a.cell.volume for a in frames_of(source)]))
