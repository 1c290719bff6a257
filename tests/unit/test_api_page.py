"""docs/api.md names everything public."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import glasswright

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
DOCUMENTED = set(re.findall(r"^\.\. [\w:]+:: (?:glasswright\.)?([\w.]+)", PAGE, re.MULTILINE))


@pytest.mark.parametrize("name", [*glasswright.__all__, "result.RefineResult", "result.Score"])
def test_every_public_name_is_documented(name: str) -> None:
    assert name in DOCUMENTED


def test_nothing_else_is_documented() -> None:
    assert DOCUMENTED - set(glasswright.__all__) == {"glasswright", "result.RefineResult", "result.Score"}  # the first: currentmodule
