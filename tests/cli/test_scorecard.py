"""``glasswright scorecard``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def test_glasses_stand_side_by_side_and_a_page_is_written(glasswright, synthetic_refinement: Callable[..., Path], tmp_path: Path) -> None:
    refined, out = synthetic_refinement(tmp_path / "refined"), tmp_path / "card"
    result = glasswright("scorecard", str(refined), f"before={refined / 'start.extxyz'}", "--no-relax", "--out", str(out))
    assert result.exit_code == 0
    for words in ("before: structure", "refined: hybrid RMC", "R_chi, neutron", "moves", f"page: {out / 'report.html'}"):
        assert words in result.stdout
    assert (out / "report.html").is_file()
    again = glasswright("scorecard", str(refined), "--no-relax", "--out", str(out))
    assert again.exit_code == 2 and "exists already" in again.stderr


def test_names_must_differ(glasswright) -> None:
    result = glasswright("scorecard", "a/glass.extxyz", "b/glass.extxyz")
    assert result.exit_code == 2
    assert "Two glasses are called glass.extxyz" in result.stderr


def test_a_glass_that_is_not_there_is_named(glasswright, tmp_path: Path) -> None:
    result = glasswright("scorecard", str(tmp_path / "nothing.extxyz"))
    assert result.exit_code == 2
    assert "nothing.extxyz" in result.stderr
