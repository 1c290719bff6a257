"""Curve: a measured or computed function of one variable that knows what it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from .errors import InputError


def _readonly(values: object) -> NDArray[np.float64]:
    array = np.array(values, dtype=float)
    array.setflags(write=False)
    return array


@dataclass(frozen=True, eq=False)
class Curve:
    """A function of one variable with its uncertainty, kind, units and provenance."""

    x: NDArray[np.float64]
    """Abscissa ``(n,)`` in ``x_unit``, strictly increasing."""
    y: NDArray[np.float64]
    """Ordinate ``(n,)`` in ``y_unit``."""
    sigma: NDArray[np.float64] | None = None
    """Standard uncertainty of y ``(n,)``, or None where unknown."""
    kind: str = ""
    """What it is: ``"g(r)"``, ``"T(r)"``, ``"S(Q)"``, ``"i(Q)"``, ``"F(Q)"``, ``"angle"``, ..."""
    x_unit: str = ""
    y_unit: str = ""
    label: str = ""
    """Name for a legend, such as ``"Si-O"`` or ``"neutron"``."""
    metadata: Mapping[str, object] = field(default_factory=dict)
    """What a reader must know, such as normalisation, window, Q range, resolution and source."""

    def __post_init__(self) -> None:
        x, y = _readonly(self.x), _readonly(self.y)
        sigma = None if self.sigma is None else _readonly(self.sigma)
        if x.ndim != 1 or x.shape != y.shape or (sigma is not None and sigma.shape != x.shape):
            raise InputError(f"A curve needs x, y and sigma of one length, not {x.shape}, {y.shape}.")
        if x.size > 1 and not np.all(np.diff(x) > 0):
            raise InputError(f"The x column of the {self.kind or 'curve'} must increase from row to row.", mend="Sort it and remove repeated rows.")
        for name, value in (("x", x), ("y", y), ("sigma", sigma), ("metadata", MappingProxyType(dict(self.metadata)))):
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return int(self.x.size)
