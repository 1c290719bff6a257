"""exp.toml: the sample, its measured curves, and what else is asked of its atoms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from inspect import signature
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..composition import Composition
from ..errors import InputError
from ..experiment import Experiment, checked_range
from ..io.experiments import DataSet, names_of
from ..library.measurements.curves import library_experiment
from ..library.toml_table import Table, read_toml
from ..units import parse
from .constraint_tables import constraint_from_table
from .constraints import Constraint
from .pair_bins import PairBins
from .scattering import Target, scattering_target

READING = tuple(name for name in signature(Experiment.from_file).parameters if name != "path")
"""What may be said of a file: the arguments of ``Experiment.from_file``."""
CHANGING = ("q_range", "window", "resolution", "relative_resolution", "density", "form_factors", "divisor")
"""What may be said of a curve of the library, which knows the rest."""
TREATMENT = ("weight", "scale", "background")
"""How a data set counts: arguments of ``scattering_target``."""
TABLES = ("sample", "data", "minimum_distances", "constraint", "refine")


@dataclass(frozen=True, eq=False)
class DataFile:
    """What an exp.toml says."""

    path: Path
    composition: Composition
    density: float | None
    """[g/cm³]; None where the file does not say it."""
    data: tuple[DataSet, ...]
    minimum_distances: Mapping[str, float]
    """Pair of elements, alphabetical as in ``"O-Si"`` → [Å]; pairs that the file does not name are left out."""
    constraints: tuple[Constraint, ...]
    settings: Mapping[str, Any]
    """The table [refine]: settings of the refinement, which checks them."""

    @property
    def experiments(self) -> list[Experiment]:
        return [d.experiment for d in self.data]

    def targets(self, bins: PairBins) -> tuple[Target, ...]:
        """The data sets for a model whose pairs are counted in these shells."""
        return targets_of(self.data, bins)


def targets_of(data: Sequence[DataSet], bins: PairBins) -> tuple[Target, ...]:
    """A target of each data set, with the weight, scale and background it asks for."""
    return tuple(scattering_target(d.experiment, bins, name=d.name, **d.treatment) for d in data)


def read_data(path: str | Path) -> DataFile:
    """Read an exp.toml; paths in it are relative to its folder.

    Raises
    ------
    InputError
        If the file or one of its data files cannot be read, a key is unknown (with the nearest known one), a value is not possible, or the data
        sets are of different samples.
    """
    path = Path(path)
    root = Table(f"Data file {path}", "", _toml(path))
    root.finish(TABLES)
    sample = root.table("sample") if root.has("sample") else Table(root.file, "sample", {})
    composition = sample.text("composition", "")
    density = None if not sample.has("density") else _quantity(sample, "density", "density")
    sample.finish(("composition", "density"))
    entries = root.raw("data") if root.has("data") else []
    if not isinstance(entries, list) or not entries:
        root.refuse("data", "is missing", 'Add a table [[data]] with file = "i_of_q.dat" and what it holds, for every measured curve.')
    tables = [Table(root.file, f"data[{number}]", entry) for number, entry in enumerate(entries, 1)]
    experiments = [_experiment(table, path.parent, composition, density) for table in tables]
    treatments = [_treatment(table) for table in tables]
    for table, experiment in zip(tables, experiments, strict=True):
        _same_sample(table, experiment, composition, experiments[0])
    glass = Composition(composition) if composition else experiments[0].composition
    names = names_of(experiments)
    return DataFile(
        path,
        glass,
        density or next((e.density for e in experiments if e.density), None),
        tuple(DataSet(*entry) for entry in zip(names, experiments, treatments, strict=True)),
        _minimum_distances(root, glass),
        _constraints(root, glass),
        MappingProxyType(dict(root.table("refine").values) if root.has("refine") else {}),
    )


def _toml(path: Path) -> dict[str, Any]:
    return read_toml(
        path,
        "data file",
        unread="Give the path of an exp.toml.",
        binary="Write it as TOML; measured curves go into files of their own.",
        invalid='Texts need quotes: kind = "i(Q)". A measured curve is named in it: file = "i_of_q.dat".',
    )


def _experiment(table: Table, folder: Path, composition: str, density: float | None) -> Experiment:
    if table.has("file") == table.has("curve"):
        table.refuse("", "must have either file or curve", 'Write file = "i_of_q.dat", or curve = "geo2-70ge" for a curve of the library.')
    known = READING if table.has("file") else CHANGING
    table.finish(("file", "curve", "name", *TREATMENT, *known))
    said = {key: _plain(table.values[key]) for key in known if table.has(key)}
    if "density" in said:
        said["density"] = _quantity(table, "density", "density")
    try:
        if table.has("file"):
            given: dict[str, Any] = {"composition": composition, "density": density} | said
            experiment = Experiment.from_file(folder / table.text("file"), **given)
        else:
            experiment = replace(_narrowed(library_experiment(table.text("curve")), said), **said)
            experiment = experiment if density is None or "density" in said else replace(experiment, density=density)
    except InputError as error:
        raise InputError(f"{table.file}: {table.where}: {error.what}", error.why, error.mend) from error
    except (TypeError, AttributeError) as error:
        raise InputError(
            f"{table.file}: a value of {table.where} has the wrong type.", f"{error}.", "See the examples: a text in quotes, a number, or [low, high]."
        ) from None
    name = table.text("name", "") or (table.text("curve") if table.has("curve") else experiment.name)
    return replace(experiment, name=name)


def _narrowed(experiment: Experiment, said: Mapping[str, Any]) -> Experiment:
    """On the rows inside a Q range that was said anew."""
    if "q_range" not in said or not experiment.in_q:
        return experiment
    (low, high), curve = checked_range(said["q_range"]), experiment.curve
    kept = (curve.x >= low) & (curve.x <= high)
    if not kept.any():
        raise InputError(f"The curve holds no point with Q between {low:g} and {high:g} 1/Å.", f"It reaches from {curve.x[0]:.2f} to {curve.x[-1]:.2f} 1/Å.")
    sigma = None if curve.sigma is None else curve.sigma[kept]
    return replace(experiment, curve=replace(curve, x=curve.x[kept], y=curve.y[kept], sigma=sigma))


def _treatment(table: Table) -> Mapping[str, Any]:
    """Weight, scale and background of a data set; what is not said is left out."""
    said: dict[str, Any] = {}
    if table.has("weight"):
        said["weight"] = table.number("weight", low=1e-9, high=1e9)
    if table.has("scale"):
        fit = table.values["scale"] == "fit"
        said["scale"] = "fit" if fit else table.number("scale", low=1e-6, high=1e6)
    if table.has("background"):
        degree = table.number("background", low=0, high=4)
        if degree != int(degree):
            table.refuse("background", f"must be the degree of a polynomial in Q, 0 to 4, not {degree:g}")
        said["background"] = int(degree)
    return MappingProxyType(said)


def _same_sample(table: Table, experiment: Experiment, composition: str, first: Experiment) -> None:
    said = Composition(composition) if composition else first.composition
    a, b = experiment.composition.atom_fractions, said.atom_fractions
    if max(abs(a.get(e, 0.0) - b.get(e, 0.0)) for e in {*a, *b}) > 0.005:
        table.refuse("", f"is a curve of {experiment.composition}, the sample is {said}", "A structure is refined against data of one glass.")


def _minimum_distances(root: Table, composition: Composition) -> Mapping[str, float]:
    if not root.has("minimum_distances"):
        return MappingProxyType({})
    table = root.table("minimum_distances")
    elements = sorted(composition.atom_fractions)
    found: dict[str, float] = {}
    for label in table.values:
        a, _, b = label.partition("-")
        if not {a, b} <= set(elements):
            table.refuse(f'"{label}"', f"is no pair of {', '.join(elements)}", 'Write two elements, such as "O-Si".')
        pair = f"{min(a, b)}-{max(a, b)}"
        if pair in found:
            table.refuse(f'"{label}"', "is given twice")
        found[pair] = _quantity(table, label, "length")
    return MappingProxyType(found)


def _constraints(root: Table, composition: Composition) -> tuple[Constraint, ...]:
    entries = root.raw("constraint") if root.has("constraint") else []
    if not isinstance(entries, list):
        root.refuse("constraint", "must be a list of tables [[constraint]]")
    found = []
    for number, entry in enumerate(entries, 1):
        table = Table(root.file, f"constraint[{number}]", entry)
        for key in ("centre", "neighbour", "end", "other_end"):
            if table.has(key) and table.text(key) not in composition.atom_fractions:
                table.refuse(key, f"is {table.values[key]!r}, which is not in {composition}")
        try:
            found.append(constraint_from_table(table))
        except InputError as error:
            raise error if error.what.startswith(root.file) else InputError(f"{root.file}: {table.where}: {error.what}", error.why, error.mend) from error
    return tuple(found)


def _quantity(table: Table, key: str, dimension: str) -> float:
    value = table.raw(key)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        table.refuse(key, f"must be a number or a text with a unit, not {value!r}")
    try:
        number = parse(value, dimension, key)
    except InputError as error:
        raise InputError(f"{table.file}: {table.path(key)}: {error.what}", error.why, error.mend) from error
    if not number > 0:
        table.refuse(key, f"must be positive, not {number:g}")
    return number


def _plain(value: Any) -> Any:
    """TOML's lists as tuples."""
    return tuple(value) if isinstance(value, list) else value
