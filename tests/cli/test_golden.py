"""What the screen shows, keyed by the command line itself.

``golden.txt`` holds one block for each command. After a change that is meant, write it again with ``GLASSWRIGHT_GOLDEN=write`` and read the difference.
"""

from __future__ import annotations

import os
import re
import shlex
from importlib.resources import files
from pathlib import Path

import pytest

from glasswright.library.forcefields import forcefield_names

GOLDEN = Path(__file__).with_name("golden.txt")
COMMANDS = (
    "quench SiO2 --atoms 300 --forcefield bks --coulomb dsf --rate '500 K/ps' --dry-run",
    "quench SiO3 --dry-run",
    "quench 30Na2O-70SiO2 --forcefield bks --dry-run",
    "quench SiO2 --rate '10 K' --dry-run",
    "quench SiO2 atms=300 --dry-run",
    "quench SiO2 --forcefield tetr --dry-run",
    "quench --dry-run",
    "quench --config no-such-file.toml",
    "refine rmcc --data exp.toml",
    "refine rmc",
    "refine rmc --start SiO2 --atoms 200",
    "refine rmc --data exp.toml moevs=100",
    "refine rmc --data exp.toml 2000",
    "refine rmc --data no-such-file.toml",
    "resume no-such-run",
    "report no-such-run",
    "analyze no-such-file.xyz",
    "compare no-such-file.xyz geo2-70ge",
    "compare no-such-file.xyz no-such-curve",
    "compare glass.xyz example.toml --kind 'i(q)' --composition SiO2",
    "forcefields show example.toml",
    "forcefields plot bks --out bks.gif",
)
EXAMPLE = files("glasswright.library").joinpath("examples", "forcefield.toml").read_text(encoding="utf-8")
DATA = '[[data]]\ncurve = "geo2-70ge"\n'
MACHINE = (
    (r"\b\d+ s\b|\b\d+(:\d\d){1,2}\b", "TIME"),
    (r" +TIME", " TIME"),
    (r" *│\n", " │\n"),
)
"""What depends on the machine: wall times, and the width of a column that holds them."""


def _read() -> dict[str, str]:
    blocks = GOLDEN.read_text(encoding="utf-8").split("$ glasswright ")[1:] if GOLDEN.is_file() else []
    return {command: screen for command, _, screen in (block.partition("\n") for block in blocks)}


@pytest.mark.parametrize("command", COMMANDS)
def test_screen(glasswright, command: str, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "example.toml").write_text(EXAMPLE, encoding="utf-8")
    (tmp_path / "exp.toml").write_text(DATA, encoding="utf-8")
    result = glasswright(*shlex.split(command))
    screen = f"{result.stdout}{result.stderr}exit status {result.exit_code}\n"
    for pattern, replacement in MACHINE:
        screen = re.sub(pattern, replacement, screen)
    screen = "\n".join(line.rstrip() for line in screen.splitlines()) + "\n\n"
    known = _read()
    if os.environ.get("GLASSWRIGHT_GOLDEN") == "write":
        known[command] = screen
        GOLDEN.write_text("".join(f"$ glasswright {c}\n{known[c]}" for c in COMMANDS if c in known), encoding="utf-8")
    assert screen == known.get(command)


def test_every_force_field_is_listed(glasswright) -> None:
    screen = glasswright("forcefields", "list").stdout
    assert [name for name in forcefield_names() if f" {name} " not in screen] == []


def test_no_stale_blocks() -> None:
    assert list(_read()) == list(COMMANDS)
