"""What data fix and what they do not: spreads against their definitions, and in cases whose answer is known."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

import glasswright as gw
from glasswright.errors import InputError
from glasswright.io.run_writer import write_run_toml
from glasswright.report import ensemble as report
from glasswright.report.contents import Contents

Q = np.arange(1.0, 12.0, 0.05)


def _gas(seed: int, elements: tuple[str, str] = ("O", "Si"), n: int = 300, box: float = 16.0) -> Atoms:
    rng = np.random.default_rng(seed)
    return Atoms([elements[0]] * (2 * n // 3) + [elements[1]] * (n // 3), rng.random((n, 3)) * box, cell=[box] * 3, pbc=True)


def _data(formula: str, radiation: str = "neutron") -> gw.Experiment:
    return gw.Experiment(gw.Curve(Q, np.sin(Q), None, "S(Q)-1", "1/Å"), radiation, gw.Composition(formula))  # type: ignore[arg-type]


def test_the_spread_of_totals_is_that_of_the_structure_factors() -> None:
    frames = [_gas(seed) for seed in (1, 2, 3)]
    found = gw.analysis.ensemble(frames, {"x": _data("SiO2", "xray")}).data["x"]
    s = np.array([gw.analysis.structure_factor(a, Q, radiation="xray", method="transform").y - 1 for a in frames])
    assert found.spread == pytest.approx(np.sqrt(s.var(axis=0, ddof=1).sum() / (s.mean(axis=0) ** 2).sum()), rel=1e-6)


def test_a_gas_varies_by_counting_alone_and_nothing_holds_its_total() -> None:
    frames = [_gas(seed) for seed in range(6)]
    found = gw.analysis.ensemble(frames, {"n": _data("SiO2")})
    for one in found.partials.values():
        assert one.spread / one.counting == pytest.approx(1, abs=0.05)  # 200 bins of 5 degrees of freedom: 2 % and its cores
    assert found.data["n"].held == pytest.approx(1, abs=0.15)  # partials of a gas are independent; 6 structures


def test_a_total_that_data_hold_is_known_though_its_partials_are_not() -> None:
    first = _gas(1, ("Fe", "N"))
    rng, frames = np.random.default_rng(5), [first]
    for _ in range(3):  # iron and nitrogen scatter neutrons alike: who stands where is invisible
        other = first.copy()
        other.numbers = rng.permutation(first.numbers)
        frames.append(other)
    found = gw.analysis.ensemble(frames, {"n": _data("Fe200N100"), "x": _data("Fe200N100", "xray")})
    assert found.data["n"].held < 0.05
    assert found.data["x"].held > 0.3
    assert "were the partials independent" in found.sentence


def test_the_partial_that_is_known_least_is_named() -> None:
    frames = [_gas(seed) for seed in (1, 2, 3)]
    for seed, atoms in enumerate(frames):  # oxygen the same in all, silicon sits on chains of another length in each
        atoms.positions[:200] = frames[0].positions[:200]
        atoms.positions[250:300] = atoms.positions[200:250] + [1.8 + 0.4 * seed, 0, 0]
    found = gw.analysis.ensemble(frames)
    assert found.partials["O", "O"].spread < 1e-12
    assert found.partials["Si", "Si"].beyond_counting > 0
    assert "Si-Si is known least" in found.sentence


def test_one_structure_has_no_spread() -> None:
    with pytest.raises(InputError, match="at least two structures"):
        gw.analysis.ensemble([_gas(1)])


def test_replicas_of_a_refinement_say_what_the_data_fix(tmp_path: Path, synthetic_refinement: Callable[..., Path]) -> None:
    for number in (1, 2):
        synthetic_refinement(tmp_path / f"replica-{number:02d}", seed=number)
    write_run_toml(tmp_path, {**gw.read_run(tmp_path / "replica-01").settings, "kind": "replicas"})
    run = gw.read_run(tmp_path)
    found = gw.analyze(run, groups=["pairs"]).groups["ensemble"]
    direct = gw.analysis.ensemble([r.atoms for r in run.replicas])
    assert found.populations["spread_partials"].cases["O-Si"].value == pytest.approx(direct.partials["O", "Si"].spread)
    assert set(found.populations["spread_data"].cases) == {"neutron", "xray"}
    section = report.ensemble(Contents(run))
    assert "Spread over replicas" in section and "The partial g(r) vary" in section
    listed = re.findall(r"<tr><td>(.*?)</td>.*?([\d.]+) %</td></tr>", section)
    assert listed[0] == ("Si-O coordination", "0")  # the same in both
    assert [float(share) for _, share in listed] == sorted(float(share) for _, share in listed)
