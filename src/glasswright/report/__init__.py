"""Run or result → HTML report and figures."""

from __future__ import annotations

from .document import write_report
from .potentials import plot_forcefield

__all__ = ["plot_forcefield", "write_report"]
