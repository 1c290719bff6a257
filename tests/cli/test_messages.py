"""A command that ends early says why and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a Linux device that is always full")
def test_full_disk(glasswright, tmp_path) -> None:
    picture = tmp_path / "bks.png"
    picture.symlink_to("/dev/full")
    result = glasswright("forcefields", "plot", "bks", "--out", str(picture))
    assert result.exit_code == 1
    assert result.stderr.splitlines() == ["error: The disk is full.", "Make room."]


def test_impossible_path(glasswright, tmp_path) -> None:
    result = glasswright("forcefields", "plot", "bks", "--out", str(tmp_path / "absent" / "bks.png"))
    assert result.exit_code == 2
    assert "absent/bks.png: No such file or directory." in result.stderr


def test_a_picture(glasswright, tmp_path) -> None:
    picture = tmp_path / "bks.svg"
    result = glasswright("forcefields", "plot", "bks/dsf", "--out", str(picture))
    assert result.exit_code == 0
    assert picture.read_text(encoding="utf-8").lstrip().startswith("<?xml")


def test_version(glasswright) -> None:
    import glasswright as package

    assert glasswright("--version").stdout == f"glasswright {package.__version__}\n"
