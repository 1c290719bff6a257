"""How temperatures fall while a walk is annealed."""

from __future__ import annotations


def annealed(programme: tuple[float, float], fraction: float) -> float:
    """Temperature after a fraction of the annealing, from the first value to the last by equal factors; constant afterwards."""
    first, last = programme
    if first == last or fraction >= 1:
        return last
    return float(first * (last / first) ** max(fraction, 0.0))
