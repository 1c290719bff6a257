"""The command line, run in this process for speed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from glasswright.cli import app

CommandLine = Callable[..., Any]


@pytest.fixture(scope="session")
def glasswright() -> CommandLine:
    """``glasswright("quench", "SiO2", ...)`` → exit_code, stdout, stderr."""
    runner = CliRunner()

    def run(*words: str) -> Any:
        return runner.invoke(app, list(words), prog_name="glasswright")

    return run
