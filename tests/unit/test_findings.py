"""What analyses find: pooled over replicas, kept on disk, drawn even where nobody wrote a section for it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from glasswright.analysis import survey as registry
from glasswright.analysis.findings import Findings, Map, Number, Population, pool
from glasswright.analysis.sample import Sample
from glasswright.analysis.store import read_findings, write_findings
from glasswright.analysis.survey import GROUPS, Group, choose, survey
from glasswright.curve import Curve
from glasswright.errors import InputError
from glasswright.report import write_report


def findings(shift: float = 0.0, *, case: str = "6") -> Findings:
    x, y = np.linspace(0, 2, 21), np.linspace(0, 1, 11)
    cases = {"10": Number(0.25 + shift), case: Number(1.0)}
    return Findings(
        {"vdos_Si": Curve(x + 0.05 * shift, x + shift, None, "VDOS", "THz", "", "Si", {"mean": 1.0 + shift, "number": 3})},
        {"largest ring": Number(6.0 + shift, None, "atoms")},
        {"rings_made_up": Population("Rings", cases, "rings per Si", "size", {"6": 0.9}, "NMR, of a test", {"r": 2.0})},
        {"diagram": Map(x, y, np.outer(x, y) + shift, "Diagram", "birth (Å²)", "death (Å²)", "count")},
    )


def test_numbers_are_pooled_to_mean_and_sample_standard_deviation() -> None:
    pooled = pool([findings(0.0), findings(1.0), findings(5.0)])
    assert pooled.numbers["largest ring"] == Number(8.0, pytest.approx(np.std([0, 1, 5], ddof=1)), "atoms")


def test_a_case_that_a_replica_lacks_counts_as_nothing_and_numbers_are_in_order() -> None:
    cases = pool([findings(), findings(case="7")]).populations["rings_made_up"].cases
    assert list(cases) == ["6", "7", "10"]
    assert cases["6"].value == cases["7"].value == 0.5
    assert cases["10"] == Number(0.25, 0.0)


def test_curves_and_maps_are_averaged_on_the_range_they_share() -> None:
    pooled = pool([findings(0.0), findings(1.0)])
    curve = pooled.curves["vdos_Si"]
    assert curve.x[0] == pytest.approx(0.1) and curve.x[-1] == 2.0
    assert curve.y == pytest.approx(curve.x + 0.5 * (1 - 0.05))
    assert curve.sigma == pytest.approx(0.95 / np.sqrt(2))
    assert curve.metadata["mean"] == 1.5 and curve.metadata["number"] == 3
    x, y = pooled.maps["diagram"].x, pooled.maps["diagram"].y
    assert pooled.maps["diagram"].values == pytest.approx(np.outer(x, y) + 0.5)
    narrow = findings().maps["diagram"]
    shifted = Map(narrow.x[2:] + 0.03, narrow.y, narrow.values[2:])
    both = pool([Findings(maps={"diagram": narrow}), Findings(maps={"diagram": shifted})]).maps["diagram"]
    assert both.values == pytest.approx(np.outer(both.x - 0.015, both.y), abs=1e-12)


def test_what_a_replica_lacks_is_left_out_and_measured_curves_stay_as_they_are() -> None:
    measured = Curve([0.0, 1.0], [1.0, 2.0], None, "i(Q)", metadata={"measured": True})
    pooled = pool([Findings({"measured_i": measured}, {"a": Number(1.0)}), Findings({"measured_i": measured})])
    assert pooled.curves["measured_i"] is measured
    assert not pooled.numbers


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_findings(tmp_path, "dynamics", findings())
    read, own = read_findings(tmp_path), findings()
    assert read.curves["vdos_Si"].y == pytest.approx(own.curves["vdos_Si"].y)
    population = read.populations["rings_made_up"]
    assert population.cases == own.populations["rings_made_up"].cases
    assert (population.measured, population.source, population.axis) == ({"6": 0.9}, "NMR, of a test", "size")
    assert population.metadata == {"r": 2.0, "group": "dynamics"}
    found = read.maps["diagram"]
    assert found.values == pytest.approx(own.maps["diagram"].values) and found.values.shape == (21, 11)
    assert (found.title, found.x_label, found.y_label, found.label) == ("Diagram", "birth (Å²)", "death (Å²)", "count")


def test_names_of_cases_may_hold_commas_and_quotes(tmp_path: Path) -> None:
    cases = {'"odd", case': Number(0.5, 0.1), "<0,0,12,0>": Number(0.2)}
    write_findings(tmp_path, "order", Findings(populations={"voronoi": Population("Indices", cases)}))
    assert read_findings(tmp_path).populations["voronoi"].cases == cases


def test_a_group_replaces_its_own_files_only(tmp_path: Path) -> None:
    write_findings(tmp_path, "rings", findings())
    write_findings(tmp_path, "order", Findings(numbers={}, populations={"voronoi": Population("Indices", {"a": Number(1.0)})}))
    (tmp_path / "tables" / "mine.csv").write_text("the user's own")
    write_findings(tmp_path, "rings", Findings())
    assert set(read_findings(tmp_path).populations) == {"voronoi"}
    assert not read_findings(tmp_path).curves and not read_findings(tmp_path).maps
    assert (tmp_path / "tables" / "mine.csv").is_file()


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    write_findings(tmp_path, "rings", findings())
    path = tmp_path / "maps" / "diagram.csv"
    path.write_text(path.read_text() + "1,2\n")
    with pytest.raises(InputError, match=r"diagram\.csv"):
        read_findings(tmp_path)


def test_a_group_without_a_section_gets_plain_pictures(tmp_path: Path, synthetic_run) -> None:
    path = synthetic_run(tmp_path / "run")
    assert '<section id="more">' not in write_report(path).read_text()
    write_findings(path, "made-up", findings())
    more = write_report(path).read_text().partition('<section id="more">')[2].partition("</section>")[0]
    assert more.count("<svg") == 3
    for words in ("vdos: VDOS", "Rings", "Diagram", "NMR, of a test"):
        assert words in more


def test_groups_are_chosen_by_name_and_kept_in_order() -> None:
    default = [name for name, group in GROUPS.items() if group.by_default]
    assert choose() == default
    assert choose(["network", "pairs", "pairs"]) == ["pairs", "network"]
    assert choose(None, ["pairs"]) == default
    with pytest.raises(InputError, match="no group 'colour'"):
        choose(["colour"])


@pytest.mark.parametrize("name", GROUPS)
def test_every_registered_group_finds_findings(name: str) -> None:
    silicon = bulk("Si", cubic=True).repeat(3)
    silicon.positions += np.random.default_rng(1).normal(0, 0.05, silicon.positions.shape)
    found = GROUPS[name](Sample([silicon]))
    assert isinstance(found, Findings)
    json.dumps([{k: str(v) for k, v in part.metadata.items()} for part in (*found.curves.values(), *found.populations.values(), *found.maps.values())])
    assert all("/" not in n and "\\" not in n for part in (found.curves, found.populations, found.maps) for n in part)


def test_a_registered_function_is_imported_when_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    lazy = {"later": Group("nothing", "no.such.module:survey")}
    monkeypatch.setattr(registry, "GROUPS", lazy)
    assert choose() == ["later"]
    with pytest.raises(ModuleNotFoundError):
        survey(bulk("Si", cubic=True))


def test_a_survey_joins_groups() -> None:
    found = survey(bulk("Si", cubic=True).repeat(3), ["pairs", "network"])
    assert {"rdf_Si-Si", "angle_Si-Si-Si"} <= set(found.curves)
    assert found.populations["coordination_Si-Si"].cases == {"4": Number(1.0)}
