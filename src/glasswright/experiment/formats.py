"""Files of measured curves as programs write them: a table of numbers and everything its header says.

Nothing is concluded from a file's name: a format is recognised by what stands in the file, and what it defines (kind of curve,
radiation, composition, range of Q) is handed on as found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

Format = Literal["auto", "columns", "gudrun", "epsr", "rmc", "pdfget"]
FORMATS: Mapping[str, str] = {
    "columns": "text of two or three columns: Q or r, value, standard uncertainty",
    "gudrun": "Gudrun (.mint01, .mdcs01, .mdor01, .mgor01): lines of #, then x, value, uncertainty of each group",
    "epsr": "EPSR (.t01, .u01, .w01, ...): a line of # with names, then x, value, uncertainty of each data set",
    "rmc": "RMCProfile and RMC++: number of points, title, then x, value",
    "pdfget": "PDFgetX2, PDFgetX3, PDFgetN and GSAS-II (.gr, .sq, .fq): key = value, '#### start data', '#L' names, then the columns",
}
_WORDS = re.compile(r"[\s,;]+")
_KEY = re.compile(r"([A-Za-z_]\w*)\s*=\s*([^=\n]*?)(?=\s{2,}|\s+[A-Za-z_]\w*\s*=|\s*$)")


@dataclass(frozen=True, eq=False)
class Table:
    """What stands in a file."""

    rows: NDArray[np.float64]
    """``(n, 2 or 3)``: x, y and, where known, its standard uncertainty."""
    format: str
    header: str = ""
    """The text above the numbers."""
    kind: str = ""
    """Kind of curve, where the format defines it."""
    radiation: str = ""
    """``neutron`` or ``xray``, where the file says so."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Settings of the header: ``qmax`` → ``25.0``."""
    dataset: str = ""
    """Name of the data set taken out of several."""


def read_table(path: Path, format: str = "auto", dataset: int | str | None = None) -> Table:
    """Read a file of a measured curve.

    Parameters
    ----------
    format
        A name of ``FORMATS``; ``auto``: by content.
    dataset
        Which data set of a file that holds several: its number, from 1, or its name in the header.

    Raises
    ------
    InputError
        If it cannot be read, is no such file, is cut short, a number is not finite, or the first column does not increase.
    """
    if format not in ("auto", *FORMATS):
        raise InputError(f"The format {format!r} is unknown.", mend=f"Use auto, {', '.join(FORMATS)}.")
    lines = _lines(path)
    chosen = _recognised(lines) if format == "auto" else format
    table = _READERS[chosen](path, lines, dataset)
    if table.rows.shape[1] == 3 and np.any(table.rows[:, 2] < 0):
        worst = int(np.argmin(table.rows[:, 2]))
        raise InputError(
            f"{path} holds a negative uncertainty, {table.rows[worst, 2]:g} at x = {table.rows[worst, 0]:g}.", mend="The third column must be a standard error."
        )
    return table


def read_columns(path: Path) -> NDArray[np.float64]:
    """Rows of a text file of two or three columns of finite numbers ``(n, 2 or 3)``, the first strictly increasing."""
    return _columns(path, _lines(path), None).rows


def _lines(path: Path) -> list[str]:
    mend = "Give a text file of two or three columns."
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read.", f"{error.strerror or error}.", mend) from None
    if b"\0" in content:
        raise InputError(f"{path} cannot be read.", "It is a binary file.", mend)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")  # programs of the field write Å in one byte
    if text.lstrip()[:14].lower().startswith(("<!doctype", "<html", "<?xml")):
        raise InputError(f"{path} is a web page.", "A download may have ended in an error message.", mend)
    return text.splitlines()


def _recognised(lines: Sequence[str]) -> str:
    head = "\n".join(lines[:400]).lower()
    if re.search(r"^#+ *start data", head, re.MULTILINE) or re.search(r"^#l\s", head, re.MULTILINE):
        return "pdfget"
    first = next((number for number, line in enumerate(lines) if not line.lstrip().startswith("#")), len(lines))
    if first >= 10 and _counts(lines) is not None:
        return "gudrun"
    if len(lines) > 2 and re.fullmatch(r"\s*\d+\s*", lines[0]) and len(_words(lines[2])) in (2, 3) and not _is_row(lines[1]) and _is_row(lines[2]):
        return "rmc"
    numbers = _words(lines[1]) if len(lines) > 1 else []
    if first == 1 and re.match(r"#\s+[Qr]\s{2,}\S", lines[0]) and len(numbers) % 2 == 1 and all(re.fullmatch(r"-?0\.\d{7}E[+-]\d\d", n) for n in numbers):
        return "epsr"
    return "columns"


def _columns(path: Path, lines: Sequence[str], dataset: int | str | None) -> Table:
    _only_one(path, dataset)
    rows, header = _rows(path, lines, lambda n: n in (2, 3), "two or three")
    return Table(rows, "columns", header)


def _gudrun(path: Path, lines: Sequence[str], dataset: int | str | None) -> Table:
    counts = _counts(lines)
    if counts is None:
        raise InputError(
            f"{path} is no output of Gudrun.", "Its third line does not hold the numbers of groups and points.", 'Leave format out, or use "columns".'
        )
    if re.search(r"\.m?dcs\d+\s*$", str(path), re.IGNORECASE):
        raise InputError(
            f"{path} holds the differential cross section.",
            "It still contains the self scattering.",
            "Give the interference scattering that Gudrun writes beside it, .mint01.",
        )
    rows, header = _rows(path, lines, lambda n: n == 2 * counts[0] + 1, f"{2 * counts[0] + 1}")
    if len(rows) != counts[1]:
        mend = 'Copy it again, or read it as it is with format="columns".'
        raise InputError(f"{path} holds {len(rows)} rows, its header says {counts[1]}.", "The file is cut short.", mend)
    names = [f"group {i + 1}" for i in range(counts[0])]
    return _one_of(path, Table(rows, "gudrun", header), names, dataset)


def _counts(lines: Sequence[str]) -> tuple[int, int] | None:
    """Numbers of groups and points in the third line of a Gudrun file."""
    found = re.fullmatch(r"#\s+(\d+)\s+(\d+)\s*", lines[2]) if len(lines) > 2 else None
    return (int(found[1]), int(found[2])) if found and int(found[1]) > 0 else None


def _epsr(path: Path, lines: Sequence[str], dataset: int | str | None) -> Table:
    rows, header = _rows(path, lines, lambda n: n >= 3 and n % 2 == 1, "an odd number of")
    names = re.split(r"\s{2,}", next(iter(header.splitlines()), "").lstrip("# ").rstrip())[1:]
    count = rows.shape[1] // 2
    if len(names) != count:
        names = [f"column {i + 1}" for i in range(count)]
    pairs = [n for n in names if re.fullmatch(r"[A-Z]\w*-[A-Z]\w*", n)]
    if len(pairs) == count and dataset is None:
        raise InputError(
            f"{path} holds partial functions ({', '.join(pairs[:4])}) of a simulation.",
            "A measurement sees their weighted sum.",
            "Give the totals that EPSR fits: .t01 (data in Q) or .w01 (data in r).",
        )
    return _one_of(path, Table(rows, "epsr", header), names, dataset)


def _rmc(path: Path, lines: Sequence[str], dataset: int | str | None) -> Table:
    _only_one(path, dataset)
    if len(lines) < 3 or not re.fullmatch(r"\s*\d+\s*", lines[0]):
        raise InputError(
            f"{path} is no data file of RMCProfile or RMC++.", "Its first line is not the number of points.", 'Leave format out, or use "columns".'
        )
    rows, _ = _rows(path, ["", "", *lines[2:]], lambda n: n in (2, 3), "two or three")
    if len(rows) != int(lines[0]):
        why = "The file is cut short." if len(rows) < int(lines[0]) else "Something was appended."
        mend = 'Copy it again; if its first line is no number of points, say format="columns".'
        raise InputError(f"{path} holds {len(rows)} points, its first line says {int(lines[0])}.", why, mend)
    return Table(rows, "rmc", lines[1].strip())


_OUTPUTS = {"gr": "G(r)", "sq": "S(Q)", "fq": "Q[S(Q)-1]"}
_MODES = {"x": "xray", "xray": "xray", "xrays": "xray", "x-ray": "xray", "n": "neutron", "neutron": "neutron", "neutrons": "neutron"}


def _pdfget(path: Path, lines: Sequence[str], dataset: int | str | None) -> Table:
    _only_one(path, dataset)
    start = next((i for i, line in enumerate(lines) if re.match(r"#+ *start data", line, re.IGNORECASE)), -1)
    rows, _ = _rows(path, ["" if i <= start or line.startswith("#") else line for i, line in enumerate(lines)], lambda n: n >= 2, "at least two")
    first = next((i for i, line in enumerate(lines) if i > start and _is_row(line)), len(lines))
    header = "\n".join(lines[:first])
    keys = {k.lower(): v.strip() for k, v in _KEY.findall("\n".join(line.lstrip("# ") for line in lines[:first]))}
    label = next((line for line in lines[max(start, 0) : first] if line.startswith("#L")), "")
    names = [re.sub(r"[(\[$].*", "", word) for word in label[2:].split()]
    kind = _OUTPUTS.get(keys.get("outputtype", ""), "") or _kind_of_label(names)
    if not kind and (keys.get("outputtype") == "iq" or names[:2] == ["Q", "I"]):
        raise InputError(
            f"{path} holds an intensity I(Q).", "It is not normalised to the scattering of one atom.", "Give the .sq, .fq or .gr file made from it."
        )
    radiation = _MODES.get(keys.get("mode", keys.get("stype", "")).lower(), "")
    if not radiation:  # earlier programs name themselves
        radiation = "neutron" if "pdfgetn" in header.lower() else "xray" if "get_xpdf" in header.lower() else ""
    columns = [0, 1, *_uncertainty(names, rows.shape[1])]
    return Table(rows[:, columns], "pdfget", header, kind, radiation, keys)


def _kind_of_label(names: Sequence[str]) -> str:
    """From the names of the first two columns: r G, Q S, Q F."""
    return {("r", "G"): "G(r)", ("Q", "S"): "S(Q)", ("Q", "F"): "Q[S(Q)-1]"}.get((names[0], names[1]), "") if len(names) > 1 else ""


def _uncertainty(names: Sequence[str], n_columns: int) -> list[int]:
    """Which column is the uncertainty of y: the one called dG, d_Gr, ...; the third of three."""
    if len(names) == n_columns > 2:
        return [i for i, name in enumerate(names) if i > 1 and re.match(rf"d_?{re.escape(names[1])}", name)][:1]
    return [2] if n_columns == 3 else [3] if n_columns == 4 else []


_READERS: Mapping[str, Callable[[Path, Sequence[str], int | str | None], Table]] = {
    "columns": _columns,
    "gudrun": _gudrun,
    "epsr": _epsr,
    "rmc": _rmc,
    "pdfget": _pdfget,
}


def _only_one(path: Path, dataset: int | str | None) -> None:
    if dataset not in (None, 1):
        raise InputError(f"{path} holds one data set, not {dataset!r}.", mend="Leave dataset out.")


def _one_of(path: Path, table: Table, names: Sequence[str], dataset: int | str | None) -> Table:
    """One data set of x, (value, uncertainty), (value, uncertainty), ..."""
    count = table.rows.shape[1] // 2
    known = ", ".join(f"{i + 1} ({name})" for i, name in enumerate(names))
    if dataset is None and count > 1:
        raise InputError(f"{path} holds {count} data sets.", f"They are {known}.", "Say which with dataset=1.")
    chosen = 1 if dataset is None else names.index(dataset) + 1 if dataset in names else dataset
    if not isinstance(chosen, int) or isinstance(chosen, bool) or not 1 <= chosen <= count:
        raise InputError(f"{path} has no data set {dataset!r}.", f"There is {known}.", "Say which with dataset=1.")
    rows = table.rows[:, [0, 2 * chosen - 1, 2 * chosen]]
    return Table(rows, table.format, table.header, dataset=names[chosen - 1])


def _rows(path: Path, lines: Sequence[str], allowed: Callable[[int], bool], how_many: str) -> tuple[NDArray[np.float64], str]:
    """The rows of numbers, of which the first column strictly increases, and the text above them; ``#`` begins a comment."""
    rows: list[list[float]] = []
    header: list[str] = []
    for number, line in enumerate(lines, 1):
        words = _words(line)
        if not words:
            if not rows:
                header.append(line)
            continue
        values = _numbers(words)
        if not rows and (values is None or len(values) < 2):
            header.append(line)
            continue
        if values is None or not allowed(len(values)) or (rows and len(values) != len(rows[0])):
            what = f"Line {number} of {path} is not a row of {len(rows[0]) if rows else how_many} numbers: {line.strip()[:60]!r}."
            comma = "," in line and any(c.isspace() for c in line.strip())
            raise InputError(what, "Commas separate numbers; decimals are written with a point." if comma else "")
        if not np.all(np.isfinite(values)):
            raise InputError(f"Line {number} of {path} holds a number that is not finite: {line.strip()[:60]!r}.", mend="Remove the row.")
        if rows and values[0] <= rows[-1][0]:
            what = f"Line {number} of {path} does not increase: {values[0]:g} after {rows[-1][0]:g}."
            why = "A point is given twice." if values[0] == rows[-1][0] else "Rows must be in the order of Q or r; several blocks must be merged first."
            raise InputError(what, why, "Sort the rows and remove repeated ones.")
        rows.append(values)
    if not rows:
        raise InputError(f"{path} holds no row of numbers.", mend="Give a text file of two or three columns.")
    return np.array(rows), "\n".join(header).strip()


def _words(line: str) -> list[str]:
    return [w for w in _WORDS.split(line.split("#")[0]) if w]


def _is_row(line: str) -> bool:
    values = _numbers(_words(line))
    return values is not None and len(values) >= 2


def _numbers(words: Sequence[str]) -> list[float] | None:
    try:
        return [float(re.sub(r"(?<=[\d.])[dD](?=[-+\d])", "e", w)) for w in words]  # 1.0D-03: Fortran
    except ValueError:
        return None
