"""The refine walk of the documentation runs as it stands there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

WALK = Path(__file__).parents[2] / "docs" / "examples" / "refine_walk.py"


def test_refine_walk(tmp_path) -> None:
    done = subprocess.run([sys.executable, str(WALK)], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    *_, last = done.stdout.splitlines()
    assert last.startswith("report: ")
    assert (tmp_path / last.removeprefix("report: ")).is_file()
    for name in ("germania-rmc", "germania-fear"):
        assert (tmp_path / "demo" / name / "report.html").is_file()
