"""Curves → matplotlib figures, for the report and for notebooks: measured in ink, simulated in colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis.findings import Map, Population
from ..curve import Curve
from .palette import MEASURED, MUTED, PANEL, SERIES, STAGES, WIDE, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

