"""Everything there is to say about the structure of one glass, group by group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from importlib import import_module
from operator import or_
from typing import TYPE_CHECKING, cast

from ..errors import InputError
from .findings import Findings
from .frames import frames_of
from .sample import Sample

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True)
class Group:
    """A part of the analysis: what it finds, and the function that finds it, imported when it is wanted."""

    about: str
    """One line, for people."""
    function: str
    """``room.module:function`` within this package; takes a Sample and gives Findings."""
    by_default: bool = True
    """Whether it is done without being asked for: what takes a second or so for a glass of 3000 atoms."""
    cost: float = 1.0
    """Time it takes, relative to the others: for the progress bar."""

    def __call__(self, sample: Sample) -> Findings:
        module, _, name = self.function.partition(":")
        function = getattr(import_module(f".{module}", __package__), name)
        return cast(Callable[[Sample], Findings], function)(sample)


GROUPS: Mapping[str, Group] = {
    "pairs": Group("g(r), coordination numbers, bond lengths", "pairs.survey:survey_pairs"),
    "scattering": Group("S(Q), T(r) and the first sharp diffraction peak", "scattering.survey:survey_scattering"),
    "network": Group("bond angles, Qn, bridging and non-bridging oxygens", "network.survey:survey_network"),
    "rings": Group("rings of the network by the definitions of Guttman, King, and primitive ones", "network.survey_rings:survey_rings", cost=0.3),
    "order": Group("tetrahedrality, bond-orientational order, Voronoi cells", "space.survey:survey_order"),
    "homology": Group("persistence diagrams, loops in reciprocal space", "space.survey:survey_homology"),
    "cavities": Group("free volume, cavities", "space.survey:survey_cavities", by_default=False, cost=8.0),
    "dynamics": Group("displacements, diffusion, relaxation, van Hove functions, vibrations: where there is a trajectory", "dynamics.survey:survey_dynamics"),
}
"""In the order in which they are computed and shown."""


def survey(source: Sample | Atoms | Sequence[Atoms], groups: Sequence[str] | None = None) -> Findings:
    """Compute all curves, numbers, populations and maps of a glass.

    Parameters
    ----------
    source
        Configurations to average over, or a Sample of them.
    groups
        Which of ``GROUPS``; None: those that are cheap.
    """
    sample = source if isinstance(source, Sample) else Sample(frames_of(source))
    return reduce(or_, (GROUPS[name](sample) for name in choose(groups)), Findings())


def choose(only: Sequence[str] | None = None, also: Sequence[str] = ()) -> list[str]:
    """Names of groups, each once and in their order: those that are cheap or ``only`` these, and ``also`` those.

    Raises
    ------
    InputError
        If there is no such group.
    """
    wanted = {*([n for n, g in GROUPS.items() if g.by_default] if only is None else only), *also}
    unknown = sorted(wanted - set(GROUPS))
    if unknown:
        raise InputError(f"There is no group {unknown[0]!r} in the analysis.", mend=f"Choose from {', '.join(GROUPS)}.")
    return [name for name in GROUPS if name in wanted]
