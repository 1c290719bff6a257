"""Run or result → HTML report and figures."""

from __future__ import annotations

from .document import write_report

__all__ = ["write_report"]
