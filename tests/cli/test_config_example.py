"""The commented example is the schema: every key appears, and every value loads."""

from __future__ import annotations

import re
import tomllib
from dataclasses import MISSING, fields
from importlib.resources import files

import pytest

from glasswright.cli.config import quench_settings
from glasswright.protocols.settings import QuenchSettings

EXAMPLE = files("glasswright.library").joinpath("examples", "quench.toml").read_text(encoding="utf-8")
OPTIONAL = re.compile(r"^#(?=\w+ = )", re.MULTILINE)


def test_every_setting_appears_once() -> None:
    keys = re.findall(r"^#?(\w+) = ", EXAMPLE, re.MULTILINE)
    assert sorted(keys) == sorted(f.name for f in fields(QuenchSettings))


def test_active_lines_are_the_defaults() -> None:
    settings = QuenchSettings.from_mapping(tomllib.loads(EXAMPLE))
    for field in fields(QuenchSettings):
        if field.default is not MISSING:
            assert getattr(settings, field.name) == field.default, field.name


def test_optional_lines_load_too() -> None:
    settings = QuenchSettings.from_mapping(tomllib.loads(OPTIONAL.sub("", EXAMPLE)))
    assert all(getattr(settings, f.name) is not None for f in fields(QuenchSettings))
    assert settings.program == ((2000.0, 20e3), (300.0, 200e3))


@pytest.mark.parametrize(
    ("words", "options", "field", "value"),
    [
        ([], {}, "rate", 0.01),
        (["rate=500 K/ps"], {}, "rate", 0.5),
        (["rate=500 K/ps"], {"rate": "1 K/ps"}, "rate", 0.001),
        (["n_atoms=300"], {}, "n_atoms", 300),
        (['program=[["300 K", "1 ps"]]'], {}, "program", ((300.0, 1e3),)),
        (["Na2O", "30", "SiO2", "70", "wt%"], {}, "composition", "Na2O 30 SiO2 70 wt%"),
        (["composition=SiO2"], {}, "composition", "SiO2"),
    ],
)
def test_options_win_over_words_which_win_over_the_file(words: list[str], options: dict[str, object], field: str, value: object, tmp_path) -> None:
    config = tmp_path / "quench.toml"
    config.write_text(EXAMPLE, encoding="utf-8")
    assert getattr(quench_settings(words, config, options), field) == value
