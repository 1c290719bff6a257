"""The table that a verb leaves on the screen."""

from __future__ import annotations

from pathlib import Path

from glasswright.cli.summary import print_tables

ROWS = """quantity,simulated,spread,unit,measured,measured_low,measured_high,source,note
density,2.27,,g/cm3,2.203,,,a list of densities,
O-Si-O angle,109.4,,degree,109.47,,,geometry of the regular tetrahedron,
mean Qn,3.98,,,4,,,stoichiometry (every oxygen bonded to one or two network formers),
"""


def test_an_expected_value_is_not_called_measured(tmp_path: Path, capsys) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "summary.csv").write_text(ROWS, encoding="utf-8")
    print_tables(tmp_path)
    density, angle, qn = [line for line in capsys.readouterr().out.splitlines() if any(w in line for w in ("density", "angle", "Qn"))]
    assert "2.203" in density and "expected" not in density
    assert "109.5 (expected)" in angle
    assert "4 (expected)" in qn
