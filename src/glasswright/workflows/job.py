"""A run made ready: what the driver needs, and how a run directory gives it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import units
from ..engines import get_engine
from ..engines.base import Engine, EngineOptions
from ..errors import InputError
from ..forcefield import ForceField, Source, species_labels
from ..forms.tabulate import core_radius
from ..io.atomic import write_text
from ..io.run import Run
from ..io.run_writer import write_run_toml
from ..io.structures import read_structure, write_structure
from ..library.forcefield_file import forcefield_toml
from ..library.forcefields import load_forcefield
from ..protocols.guards import Guards
from ..protocols.protocol import Protocol
from ..stage import Stage

if TYPE_CHECKING:
    from ase import Atoms

ENGINE_OPTIONS = tuple(option.name for option in fields(EngineOptions))
"""Settings that ``get_engine`` takes."""
FORCEFIELD_FILE = "forcefield.toml"
START_FILE = "start.extxyz"
"""Written last: where it is, a run is fully prepared."""
LOOK_ATOM_STEPS = 1_000_000
"""Atom-steps between two looks at a run: about a third of a second of the native engine on one core, of which a look takes less than a hundredth."""
REVIEW = Source("Liu et al., Challenges and opportunities in atomistic simulations of glasses, C. R. Géoscience 354 S1, 35 (2022)", "10.5802/crgeos.116")
_THERMOSTATS = {
    "nose-hoover": Source("Martyna, Klein and Tuckerman, Nosé-Hoover chains, J. Chem. Phys. 97, 2635 (1992)", "10.1063/1.463940"),
    "langevin": Source("Leimkuhler and Matthews, splittings of Langevin dynamics, Appl. Math. Res. Express 2013, 34 (2013)", "10.1093/amrx/abs010"),
    "csvr": Source("Bussi, Donadio and Parrinello, stochastic velocity rescaling, J. Chem. Phys. 126, 014101 (2007)", "10.1063/1.2408420"),
}
_BAROSTAT = Source("Martyna, Tobias and Klein, constant-pressure dynamics, J. Chem. Phys. 101, 4177 (1994)", "10.1063/1.467468")


def look_every(n_atoms: int) -> int:
    """Steps between two looks at a run; a function of its size alone, so that a resumed run looks at the same moments."""
    return max(20, min(500, LOOK_ATOM_STEPS // n_atoms))


@dataclass(frozen=True, eq=False)
class Job:
    """Everything that decides a run."""

    kind: str
    """``melt_quench``, ``md`` or ``minimize``."""
    name: str
    atoms: Atoms
    forcefield: ForceField
    engine: Engine
    engine_reason: str
    protocol: Protocol
    settings: Mapping[str, Any]
    """Plain values from which the protocol can be made again."""
    remarks: Mapping[str, Any]
    """More for run.toml: warnings, composition, plan..."""

    def __post_init__(self) -> None:
        for stage in self._stages():
            if reason := self.engine.refuses(stage):
                raise InputError(f"Engine {self.engine.name!r} cannot run the stage {stage.name!r}.", reason, "Use another thermostat or another engine.")

    def guards(self) -> Guards:
        """What the run is watched for."""
        bound = self.forcefield.bind(self.atoms)
        radii = {
            (i, j): radius for i, a in enumerate(bound.species) for j, b in enumerate(bound.species[i:], i) if (radius := core_radius(bound, a, b)) is not None
        }
        return Guards(bound.types, radii, bound.species, len(self.atoms) / self.atoms.get_volume())

    def document(self) -> dict[str, Any]:
        """The content of run.toml."""
        from .. import __version__

        ff = self.forcefield
        labels, counts = np.unique(species_labels(self.atoms), return_counts=True)
        remarks = dict(self.remarks)
        return {
            "kind": self.kind,
            "name": self.name,
            "outcome": "running",
            "warnings": remarks.pop("warnings", []),
            "engine": self.engine.name,
            "engine_reason": self.engine_reason,
            "settings": dict(self.settings),
            "atoms": {str(s): int(n) for s, n in zip(labels, counts, strict=True)},
            "density": {
                "value": units.density(float(self.atoms.get_masses().sum()), self.atoms.get_volume()),
                "source": self.atoms.info.get("density_source", "the structure given"),
            },
            "forcefield": {
                "name": ff.name,
                "title": ff.title,
                "reason": remarks.pop("forcefield_reason", "asked for"),
                "coulomb": ff.coulomb.method,
                "coulomb_as_published": ff.coulomb.as_published,
                "our_choices": list(ff.our_choices),
                "notes": list(ff.notes),
            },
            "engine_settings": self.engine.describe(ff, self.atoms),
            "versions": {"glasswright": __version__, "numpy": np.__version__, **self.engine.versions()},
            "citations": [{"text": s.text, "doi": s.doi} for s in (*ff.sources, *self.engine.sources(ff), *self._methods())],
            **remarks,
        }

    def _methods(self) -> list[Source]:
        """What to cite for the methods that this protocol uses."""
        stages = self._stages()
        thermostats = [_THERMOSTATS[name] for name in sorted({stage.thermostat for stage in stages if stage.ensemble != "nve"})]
        barostat = [_BAROSTAT] if any(stage.ensemble == "npt" for stage in stages) else []
        return [*thermostats, *barostat, *([REVIEW] if self.kind == "melt_quench" else [])]

    def _stages(self) -> list[Stage]:
        return [task for _, task in self.protocol.plan() if isinstance(task, Stage)]

    def write(self, path: Path) -> None:
        """Put what the run needs to start, or to start again, into its directory; run.toml comes first, so that --overwrite knows its own."""
        write_run_toml(path, self.document())
        write_text(path / FORCEFIELD_FILE, forcefield_toml(self.forcefield))
        write_structure(path / START_FILE, self.atoms)


def read_inputs(path: Path) -> tuple[dict[str, Any], Atoms, ForceField, Engine, str]:
    """What ``Job.write`` put into a run directory: document, first atoms, force field, engine and the reason for it."""
    document = Run(path).settings
    try:
        atoms, forcefield = read_structure(path / START_FILE), load_forcefield(path / FORCEFIELD_FILE)
    except InputError as error:
        raise InputError(f"{path} cannot be continued.", str(error), "Start again with --overwrite.") from error
    s = document["settings"]
    options = {name: s[name] for name in ENGINE_OPTIONS if s.get(name) is not None}
    engine, reason = get_engine(document["engine"], forcefield, atoms, **options)
    return document, atoms, forcefield, engine, reason
