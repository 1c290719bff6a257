"""The worked comparison of the documentation runs as it stands there, and finds what was put into its data."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from glasswright.experiment import FORMATS, KINDS

DOCS = Path(__file__).parents[2] / "docs"


def test_compare_walk(tmp_path) -> None:
    done = subprocess.run([sys.executable, str(DOCS / "examples" / "compare_walk.py")], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    found = re.search(r"factor ([\d.]+) resolution ΔQ/Q ([\d.]+)", done.stdout)
    # Put in: 0.93 and 0.02. The data are of one replica of 3000 atoms, the model of three others.
    assert float(found[1]) == pytest.approx(0.93, abs=0.03)
    assert float(found[2]) == pytest.approx(0.02, abs=0.006)


def test_the_page_lists_every_kind_and_format() -> None:
    page = (DOCS / "experiments.md").read_text(encoding="utf-8")
    assert [name for name in (*KINDS, *FORMATS) if f"`{name}`" not in page] == []
