"""When a refinement ends: R_chi and U no longer change, or its moves are spent."""

from __future__ import annotations

from enum import StrEnum

from ..analysis.flatness import drift
from .history import History


class Outcome(StrEnum):
    """Why a refinement ended, as a sentence."""

    CONVERGED = "R_chi and the energy no longer change."
    SPENT = "The moves were spent before R_chi and the energy were flat."
    SAMPLED = "All samples were taken."
    LIMIT = "The amplitude of the empirical potential reached its limit."


def flat(history: History, window: int, tolerances: dict[str, float], since: int = 0) -> bool:
    """Whether every column named in ``tolerances`` changed by no more than that over the last ``window`` blocks after the first ``since``.

    The change is that of a straight line, and may also pass where it is within twice its error.
    """
    if len(history) - since < window:
        return False
    return all(drift(history[name][-window:]).is_flat(tolerance) for name, tolerance in tolerances.items() if name in history)
