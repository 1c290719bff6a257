"""What an analysis adds for a refined structure: the data that it was refined against, before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..analysis.findings import Findings, Number, Population
from ..analysis.sample import Sample
from ..analysis.scattering.agreement import Freedom
from ..analysis.scattering.ensemble import ensemble
from ..errors import InputError
from ..experiment import Experiment
from ..io.experiments import DataSet, read_data_sets
from ..io.run import Run
from ..io.structures import read_structure
from .compare import compare_shells
from .job import START_FILE

if TYPE_CHECKING:
    from ase import Atoms

KIND = "refinement"


@dataclass(frozen=True, eq=False)
class Refined:
    """What a refinement began from and aimed at."""

    data: Sequence[DataSet]
    start: Atoms | None

    @property
    def experiments(self) -> list[Experiment]:
        return [one.experiment for one in self.data]


def refined(run: Run) -> Refined | None:
    """Data and start of a refinement; None where the run is none."""
    if run.settings["kind"] != KIND:
        return None
    start = run.path / START_FILE
    return Refined(read_data_sets(run.path), read_structure(start) if start.is_file() else None)


def freedom_of(data: DataSet) -> Freedom:
    """What was fitted along: a factor unless the data came with a fixed one, a background where one was asked for."""
    return Freedom(data.treatment.get("scale", "fit") == "fit", data.treatment.get("background"))


def before_and_after(sample: Sample, what: Refined, absent: list[str]) -> Findings:
    """The data with the simulated curves before the first move and after the last, as the instruments would have seen them, and their residuals.

    Data that the box is too small for are named in ``absent`` with the reason.
    """
    found = Findings()
    start = None if what.start is None else Sample([what.start])
    for data in what.data:
        experiment, freedom = data.experiment, freedom_of(data)
        try:
            after = compare_shells(sample.shells, experiment, freedom)
            before = None if start is None else compare_shells(start.shells, experiment, freedom)
        except InputError as error:
            absent.append(f"The data {data.name} are left out: {error}")
            continue
        about = {**after.curves["measured"].metadata, "measured": True, "refined": True, "title": title(data), "radiation": experiment.radiation}
        curves = {
            f"measured_{data.name}": replace(after.curves["measured"], metadata=about),
            f"compared_{data.name}": after.curves["simulated"],
            f"fitted_{data.name}": after.curves["fitted"],
        }
        numbers = {f"R_chi, {data.name}": Number(after.r_chi), f"R_chi, {data.name}, scaled": Number(after.r_chi_scaled)}
        if before is not None:
            curves[f"start_{data.name}"] = before.curves["simulated"]
            numbers[f"R_chi, {data.name}, before"] = Number(before.r_chi)
        found |= Findings(curves, numbers)
    return found


def spreads(frames: Sequence[Atoms], what: Refined, absent: list[str]) -> Findings:
    """What the data fix and what they leave open, from the replicas of a refinement."""
    try:
        found = ensemble(frames, {data.name: data.experiment for data in what.data})
    except InputError as error:
        absent.append(str(error))
        return Findings()
    about = {"members": found.members, "sentence": found.sentence}
    of_s, of_g = "fraction of S(Q) - 1", "fraction of r [g(r) - 1]"
    pairs = {"-".join(pair): one for pair, one in found.partials.items()}
    return Findings(
        populations={
            "spread_data": _spread("Simulated curves over replicas", {n: one.spread for n, one in found.data.items()}, of_s, about),
            "spread_data_independent": _spread("The same, were the partials independent", {n: one.independent for n, one in found.data.items()}, of_s, about),
            "spread_partials": _spread("Partial g(r) over replicas", {n: one.spread for n, one in pairs.items()}, of_g, about),
            "spread_partials_counting": _spread("The same by counting alone", {n: one.counting for n, one in pairs.items()}, of_g, about),
        }
    )


def _spread(name: str, values: Mapping[str, float], what: str, about: Mapping[str, object]) -> Population:
    return Population(name, {case: Number(value) for case, value in values.items()}, what, metadata=about)


def title(data: DataSet) -> str:
    """A data set in a few words: ``F(Q), neutron with 73Ge``."""
    one = data.experiment
    isotopes = " ".join(one.isotopes.values())
    return f"{one.kind.name}, {'X-ray' if one.radiation == 'xray' else 'neutron'}{f' with {isotopes}' if isotopes else ''}"
