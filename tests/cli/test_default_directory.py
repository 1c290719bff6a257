"""A quench without --out goes to a directory named after what makes the glass."""

from __future__ import annotations

import pytest

from glasswright.cli.quench import default_directory
from glasswright.protocols.settings import QuenchSettings


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"composition": "30Na2O-70SiO2", "forcefield": "teter"}, "30Na2O-70SiO2-teter-s1"),
        ({"composition": "29.5Na2O-70.5SiO2", "forcefield": "teter", "coulomb": "dsf", "seed": 7}, "29.5Na2O-70.5SiO2-teter-dsf-s7"),
        ({"composition": "SiO2", "forcefield": "bks/dsf"}, "SiO2-bks-dsf-s1"),
        ({"composition": "SiO2", "forcefield": "../mine.toml"}, "SiO2-mine-s1"),
        ({"composition": "Na2O 30 SiO2 70 wt%", "forcefield": "shik"}, "Na2O-30-SiO2-70-wt-shik-s1"),
        ({"composition": "quartz.cif", "forcefield": "bks"}, "quartz-bks-s1"),
    ],
)
def test_name(settings: dict[str, object], name: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quartz.cif").touch()
    assert str(default_directory(QuenchSettings(**settings))) == f"runs/{name}"


def test_the_chosen_force_field_is_named() -> None:
    name = default_directory(QuenchSettings("30Na2O-70SiO2")).name
    assert name.startswith("30Na2O-70SiO2-")
    assert name.endswith("-s1")
    assert len(name.split("-")) == 4
