"""The make walk of the documentation runs as it stands there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

WALK = Path(__file__).parents[2] / "docs" / "examples" / "make_walk.py"


def test_make_walk(tmp_path) -> None:
    done = subprocess.run([sys.executable, str(WALK)], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1]
    assert last.startswith("report: ")
    assert (tmp_path / last.removeprefix("report: ")).is_file()
