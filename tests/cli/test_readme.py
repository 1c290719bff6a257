"""The README shows only commands that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
COMMANDS = [line.split("#")[0].strip() for block in BLOCKS for line in block.splitlines() if line.strip()]
OURS = [shlex.split(command)[1:] for command in COMMANDS if command.startswith("glasswright ")]


def test_it_shows_commands() -> None:
    assert len(OURS) >= 5


@pytest.mark.parametrize("words", OURS, ids=" ".join)
def test_every_verb_is_in_the_help_and_every_option_in_the_help_of_its_verb(glasswright, words: list[str]) -> None:
    assert re.search(rf"^\W*{words[0]}\b", glasswright("--help").stdout, re.MULTILINE)
    options = {word for word in words if word.startswith("--")}
    offered = glasswright(words[0], "--help").stdout
    assert all(option in offered for option in options)


def test_make_targets_exist() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    asked = [command.split()[1] for command in COMMANDS if command.startswith("make ")]
    assert asked == ["demo", "test"]
    assert set(asked) <= set(targets)


def test_linked_files_exist() -> None:
    links = re.findall(r"\]\((?!https?:)([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []
