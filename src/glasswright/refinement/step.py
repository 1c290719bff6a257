"""The step of trial displacements."""

from __future__ import annotations

import math

_FASTEST = 1.5
"""Largest factor by which a step changes after one block."""


def adapted(step: float, acceptance: float, wanted: float, limits: tuple[float, float]) -> float:
    """The step after a block in which a share ``acceptance`` of displacements was accepted: longer where it was more than wanted."""
    factor = min(max(math.sqrt(acceptance / wanted), 1 / _FASTEST), _FASTEST)
    return min(max(step * factor, limits[0]), limits[1])
