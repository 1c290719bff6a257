"""What a report is made from: a run directory, read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..analysis.findings import Findings, Map, Population
from ..analysis.store import read_findings
from ..composition import Composition
from ..curve import Curve
from ..errors import InputError
from ..io.run import Run
from ..library.measurements import MeasuredCurve, is_expected, measured_curves


@dataclass(frozen=True, eq=False)
class Contents:
    """What a report is made from, read once."""

    run: Run
    beside: Sequence[Run] = ()
    """Glasses made in other ways, to be shown beside it."""

    @cached_property
    def found(self) -> Findings:
        """What the analysis left on disk."""
        return read_findings(self.run.path)

    @cached_property
    def curves(self) -> dict[str, Curve]:
        return _drawable(self.found.curves)

    @property
    def populations(self) -> Mapping[str, Population]:
        return self.found.populations

    @property
    def maps(self) -> Mapping[str, Map]:
        return self.found.maps

    @cached_property
    def replica_curves(self) -> list[dict[str, Curve]]:
        """Curves of each replica; empty for a single run."""
        return [] if self.run.replicas == [self.run] else [_drawable(r.curves()) for r in self.run.replicas]

    @cached_property
    def thermo(self) -> list[Mapping[str, Any]]:
        """thermo.csv of each replica that has one with at least two rows."""
        return [one.thermo for one in self.run.replicas if (one.path / "thermo.csv").is_file() and len(one.thermo["time"]) > 1]

    @cached_property
    def histories(self) -> list[Mapping[str, Any]]:
        """history.csv of each replica that has one with at least two rows."""
        return [one.history for one in self.run.replicas if len(one.history.get("moves", ())) > 1]

    @property
    def is_refinement(self) -> bool:
        return str(self.run.replicas[0].settings["kind"]) == "refinement"

    @cached_property
    def atoms(self) -> Any | None:
        """The glass, or None where the run has none yet."""
        try:
            return self.run.atoms
        except InputError:
            return None

    @property
    def document(self) -> dict[str, Any]:
        """run.toml; of the first replica where the set itself says less."""
        first = self.run.replicas[0].settings
        return {**first, **self.run.settings}

    @property
    def is_analysis(self) -> bool:
        """Whether this is the analysis of a structure that was not made here."""
        return str(self.run.settings["kind"]) == "analysis"

    @property
    def formula(self) -> str:
        """The composition as text."""
        document = self.document
        return str(document.get("composition", {}).get("formula") or document.get("settings", {}).get("composition") or document.get("name", ""))

    @property
    def n_atoms(self) -> int:
        if self.atoms is not None:
            return len(self.atoms)
        return sum(self.document.get("atoms", {}).values()) or int(self.document.get("settings", {}).get("n_atoms", 1))

    def named(self, prefix: str) -> dict[str, Curve]:
        """Curves whose file name begins so, keyed by the rest."""
        return {name.removeprefix(prefix): curve for name, curve in self.curves.items() if name.startswith(prefix)}

    def measured(self) -> list[tuple[str, Curve]]:
        """Measured curves and the rest of their names: what was refined against first, neutrons before X-rays, Q before r."""
        named = self.named("measured_").items()
        return sorted(named, key=lambda item: (not item[1].metadata.get("refined"), not item[1].kind.endswith("(Q)"), "xray" in item[0], item[0]))

    def measured_by(self) -> list[str]:
        """Sources of every measurement that this report shows: curves, facts (density among them) and Qn, each once."""
        curves = [str(curve.metadata.get("source") or "") for name, curve in self.measured() if f"compared_{name}" in self.curves]
        numbers = [str(row.get("source") or "") for row in self.run.table("summary") if row.get("measured")]
        populations = [population.source for population in self.populations.values() if population.measured]
        return list(dict.fromkeys(source for source in (*curves, *numbers, *populations) if source and not is_expected(source)))

    def of_replicas(self, prefix: str) -> list[dict[str, Curve]]:
        return [{n.removeprefix(prefix): c for n, c in curves.items() if n.startswith(prefix)} for curves in self.replica_curves]

    @property
    def band_note(self) -> str:
        """What the band around a pooled curve is; empty for a single run."""
        if self.replica_curves:
            return f"Mean over {len(self.replica_curves)} replicas with the band of their spread; thin lines: each replica."
        count = max((int(str(c.metadata.get("replicas", 0))) for c in self.curves.values()), default=0)
        return f"Mean over {count} replicas with the band of their spread." if count else ""

    def cutoffs(self) -> dict[tuple[str, str], float]:
        """Measured first-shell cutoffs [Å], (centre, neighbour)."""
        found = {}
        for name, population in self.populations.items():
            cutoff = population.metadata.get("cutoff")
            if name.startswith("coordination_") and isinstance(cutoff, float):
                centre, _, neighbour = name.removeprefix("coordination_").partition("-")
                found[centre, neighbour] = cutoff
        return found


def value_in(row: Mapping[str, str], key: str) -> float | None:
    """A number of a row of a table; None where there is none."""
    try:
        return float(row[key])
    except (KeyError, TypeError, ValueError):
        return None


def _drawable(curves: Mapping[str, Curve]) -> dict[str, Curve]:
    return {name: curve for name, curve in curves.items() if len(curve) > 1 and np.isfinite(curve.y).any()}


def known_curves(contents: Contents) -> list[MeasuredCurve]:
    """Every measured curve of this glass that the library knows of, here or not."""
    try:
        return list(measured_curves(Composition(contents.formula)))
    except InputError:  # melted from a structure file that is no neutral mixture
        return []
