"""What is printed is what was meant: no markup in the texts of users, no traceback from a program that hangs."""

from __future__ import annotations

import importlib
from importlib.resources import files
from pathlib import Path

import pytest

from glasswright.io.run_writer import write_run_toml

doctor = importlib.import_module("glasswright.cli.doctor")  # the package keeps the verb under this name


def test_square_brackets_of_a_force_field_are_printed(glasswright, tmp_path) -> None:
    text = (files("glasswright.library") / "forcefields" / "bks.toml").read_text(encoding="utf-8")
    title = next(line for line in text.splitlines() if line.startswith("title"))
    path = tmp_path / "own.toml"
    path.write_text(text.replace(title, 'title = "Mine [/bks] [red]and :smile: red[/red]"'), encoding="utf-8")
    result = glasswright("forcefields", "show", str(path))
    assert result.exit_code == 0, result.exception
    assert "Mine [/bks] [red]and :smile: red[/red]" in result.stdout


def _nvidia_smi(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "nvidia-smi"
    program.write_text(script)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_a_gpu_program_that_hangs_is_a_finding(tmp_path, monkeypatch) -> None:
    run = doctor.subprocess.run
    monkeypatch.setattr(doctor.subprocess, "run", lambda *words, **options: run(*words, **{**options, "timeout": 0.2}))  # 20 s is long for a test
    _nvidia_smi(tmp_path, "#!/bin/sh\nexec sleep 30\n", monkeypatch)
    found = doctor._gpu()
    assert found.good is None
    assert "does not answer" in found.text


def test_a_gpu_program_that_cannot_be_run_is_a_finding(tmp_path, monkeypatch) -> None:
    _nvidia_smi(tmp_path, "#!/no/such/interpreter\n", monkeypatch)
    assert "does not answer" in doctor._gpu().text


def test_a_gpu_that_answers_with_brackets_is_printed(tmp_path, monkeypatch, capsys) -> None:
    _nvidia_smi(tmp_path, "#!/bin/sh\necho 'Some GPU, [N/A] [/]'\n", monkeypatch)
    assert doctor._gpu().good
    monkeypatch.setattr(doctor, "_engines", list)  # a few steps of silica say nothing here
    doctor.doctor()
    assert "[N/A] [/]" in capsys.readouterr().out


def test_analyze_writes_every_replica(glasswright, tmp_path, synthetic_run, monkeypatch) -> None:
    monkeypatch.setenv("GLASSWRIGHT_DATA", str(tmp_path / "nowhere"))
    for number in (1, 2):
        synthetic_run(tmp_path / "set" / f"replica-{number:02d}", seed=number)
    write_run_toml(tmp_path / "set", {"kind": "replicas", "name": "a set", "outcome": "done", "warnings": [], "settings": {}})
    members = [tmp_path / "set" / f"replica-{number:02d}" / "tables" / "summary.csv" for number in (1, 2)]
    for path in members:
        path.unlink()
    result = glasswright("analyze", str(tmp_path / "set"))
    assert result.exit_code == 0, result.stderr
    assert all(path.is_file() for path in [*members, tmp_path / "set" / "tables" / "summary.csv"])
