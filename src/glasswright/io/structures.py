"""Structures from any file that ASE reads, LAMMPS data and dump files included, and back."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from .atomic import write_atomically

if TYPE_CHECKING:
    from ase import Atoms

_HEAD = 65536  # Bytes looked at to recognise a file.
_SHORTEST = 1.0  # Å; a box thinner than an atom is a mistake of units or of reading.
_TYPES_MEND = 'Name the elements of types 1, 2, ... in order, as --types Si,O,Na or types="Si,O,Na".'


def read_structure(path: str | Path, types: str | Sequence[str] | None = None, index: int = -1) -> Atoms:
    """Read one periodic structure.

    Parameters
    ----------
    path
        A file of any format that ASE knows, a LAMMPS data file (any common atom style) or a LAMMPS text dump.
    types
        Elements of LAMMPS types 1, 2, ... as ``"Si,O,Na"`` or a list; labels finer than elements (``Fe2``) become ``arrays["species"]``.
        Needed where the file gives neither element names nor masses.
    index
        Which frame of a file with several; the last by default.

    Raises
    ------
    InputError
        If the file is missing, empty, binary, truncated or of no known format, names no elements, has no cell, an empty or a flat
        one, no atoms, or positions that are not finite.
    """
    path = Path(path)
    names = _type_names(types)
    if isinstance(index, bool) or not isinstance(index, int):
        raise InputError(f"The frame number must be a whole number, not {index!r}.", mend="Use -1 for the last frame.")
    kind = _recognise(path)
    try:
        with _readable(path):
            atoms = {"data": _read_data, "dump": _read_dump}.get(kind, _read_any)(path, names, index)
    except IndexError as error:
        raise InputError(f"{path} has no frame {index}.", str(error), "Use -1 for the last frame.") from error
    return _checked(atoms, path)


def read_structures(path: str | Path, types: str | Sequence[str] | None = None, cell: Sequence[float] | None = None) -> list[Atoms]:
    """Read every configuration of a file; arguments and errors as for ``read_structure``.

    Parameters
    ----------
    cell
        Lengths of the edges [Å], or lengths and angles [degrees], for formats that hold none.
    """
    path = Path(path)
    names = _type_names(types)
    kind = _recognise(path)
    with _readable(path):
        if kind == "data":
            frames = [_read_data(path, names, 0)]
        elif kind == "dump":
            frames = [_dump_frame(path, names, *span, number) for number, span in enumerate(_dump_spans(path))]
        else:
            frames = _all_frames(path, names)
    if cell is not None:
        for atoms in frames:
            atoms.cell = cell
    return [_checked(atoms, path) for atoms in frames]


def write_structure(path: str | Path, atoms: Atoms, **arguments: Any) -> Path:
    """Write a structure in the format of the file's suffix (extxyz, cif, vasp, ...); complete or not at all.

    In extended XYZ, where the column ``species`` is the element, species finer than elements are written as ``label``.

    Raises
    ------
    InputError
        If the suffix names no format that ASE writes.
    """
    from ase.io import write
    from ase.io.formats import UnknownFileTypeError, filetype

    path = Path(path)
    if not path.parent.is_dir():
        raise InputError(f"The folder {path.parent} does not exist.", mend="Create it first.")
    try:
        name = arguments.pop("format", None) or filetype(str(path), read=False)
        if name == "extxyz" and "species" in atoms.arrays:
            atoms = atoms.copy()
            atoms.set_array("label", atoms.arrays.pop("species"))
        write_atomically(path, lambda scratch: write(str(scratch), atoms, format=name, **arguments))
    except (UnknownFileTypeError, ValueError, KeyError, NotImplementedError, TypeError) as error:
        raise InputError(f"{path} cannot be written.", f"{type(error).__name__}: {error}"[:300], "Use a suffix such as .extxyz, .cif or .vasp.") from error
    return path


def _type_names(types: str | Sequence[str] | None) -> list[str] | None:
    """Elements or species of LAMMPS types 1, 2, ..."""
    from ase.data import atomic_numbers

    if types is None:
        return None
    names = [name.strip() for name in (types.split(",") if isinstance(types, str) else types)]
    wrong = [name for name in names if _element(name) not in atomic_numbers or _element(name) == "X"]
    if wrong or not names:
        raise InputError(f"{wrong[0] if wrong else ''!r} is not an element.", mend=_TYPES_MEND)
    return names


def _element(name: str) -> str:
    return re.sub(r"[0-9]+[+-]?$|[+-]$", "", name)


def _recognise(path: Path) -> str:
    """``data``, ``dump`` or ``other``, from the first bytes of the file."""
    if not path.exists():
        raise InputError(f"There is no file {path}.", mend="Check the path.")
    if path.is_dir():
        raise InputError(f"{path} is a folder.", mend="Give a structure file; a run directory is read with glasswright.read_run.")
    try:
        with open(path, "rb") as handle:
            head = handle.read(_HEAD)
    except OSError as error:
        raise InputError(f"{path} cannot be read.", str(error)) from error
    if not head.strip():
        raise InputError(f"{path} is empty.", mend="Write the file again.")
    if b"ITEM: TIMESTEP" in head:
        return "dump"
    text = head.decode("utf-8", errors="replace")
    lines = [line.split("#")[0].split() for line in text.splitlines()[:200]]
    keys = {" ".join(words[1:]) for words in lines if len(words) > 1} | {" ".join(words[2:]) for words in lines if len(words) == 4}
    return "data" if {"atoms", "xlo xhi"} <= keys else "other"


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn whatever a reader throws at a broken file into an error that says what to do."""
    from ase.io.formats import UnknownFileTypeError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (InputError, IndexError):
        raise
    except MemoryError as error:
        what = f"There is no memory for what {path} says it holds."
        raise InputError(what, f"The file has {path.stat().st_size} bytes.", "Check the number of atoms in it, or use a machine with more memory.") from error
    except UnknownFileTypeError as error:
        raise InputError(f"{path} is in no format that can be read.", str(error)[:200], "Convert it to extended XYZ, CIF or a LAMMPS data file.") from error
    except Exception as error:  # ASE's readers fail in as many ways as there are broken files
        why = f"Reading stopped with {type(error).__name__}: {error}"[:300]
        raise InputError(f"{path} is broken, truncated or not of the format it seems.", why, "Write the file again, or convert it to extended XYZ.") from error


def _read_any(path: Path, names: list[str] | None, index: int) -> Atoms:
    from ase.io import read

    frames = read(str(path), index=slice(None)) if index < -1 or index > 0 else None
    return _named_atoms(path, frames[index] if frames is not None else read(str(path), index=index), names)


def _all_frames(path: Path, names: list[str] | None) -> list[Atoms]:
    from ase.io import read

    frames = read(str(path), index=slice(None))
    return [_named_atoms(path, atoms, names) for atoms in frames]


def _named_atoms(path: Path, atoms: object, names: list[str] | None) -> Atoms:
    from ase import Atoms

    if not isinstance(atoms, Atoms):
        raise InputError(f"{path} holds no structure.")
    if names is not None and np.array_equal(np.unique(atoms.numbers), np.arange(1, len(names) + 1)):
        # Types written where elements belong, as some LAMMPS conversions do.
        return _with_species(atoms, [names[number - 1] for number in atoms.numbers])
    if "label" in atoms.arrays and "species" not in atoms.arrays:
        atoms.set_array("species", atoms.arrays.pop("label"))
    return atoms


def _dump_spans(path: Path) -> list[tuple[int, int]]:
    """Where each frame of a LAMMPS text dump begins and ends [bytes]."""
    starts, place = [], 0
    with open(path, "rb") as handle:
        for line in handle:
            if line.startswith(b"ITEM: TIMESTEP"):
                starts.append(place)
            place += len(line)
    return list(zip(starts, [*starts[1:], place], strict=True))


def _read_dump(path: Path, names: list[str] | None, index: int) -> Atoms:
    """One frame of a LAMMPS text dump; the others are skipped unread."""
    return _dump_frame(path, names, *_dump_spans(path)[index], index)


def _dump_frame(path: Path, names: list[str] | None, start: int, end: int, index: int) -> Atoms:
    from ase.io import read

    with open(path, "rb") as handle:
        handle.seek(start)
        frame = handle.read(end - start).decode("utf-8")
    lines = frame.splitlines()
    announced = int(lines[lines.index("ITEM: NUMBER OF ATOMS") + 1])
    header = next(n for n, line in enumerate(lines) if line.startswith("ITEM: ATOMS"))
    listed = len(lines) - header - 1
    if listed != announced or not frame.endswith("\n"):
        raise InputError(f"{path} is truncated.", f"Frame {index} announces {announced} atoms and lists {listed}.", "Take an earlier frame, such as index=-2.")
    atoms = read(StringIO(frame), index=0, format="lammps-dump-text")
    columns = lines[header].split()[2:]
    if "element" in columns and names is None:
        return atoms
    if "type" not in columns:
        raise InputError(f"{path} has no column of types or elements.", mend="Dump with `dump ... custom N file id type element x y z`.")
    return _with_species(atoms, _named(path, np.asarray(atoms.arrays["type"]), names))


def _read_data(path: Path, names: list[str] | None, index: int) -> Atoms:
    """A LAMMPS data file; the atom style from the comment behind ``Atoms``, else from the number of columns."""
    from ase.io import read

    if index not in (0, -1):
        raise IndexError("A LAMMPS data file holds one structure.")
    style, masses = _data_header(path)
    atoms = read(str(path), format="lammps-data", atom_style=style, sort_by_id=True, units="metal")
    numbers = np.asarray(atoms.arrays["type"])
    atoms.arrays.pop("mmcharges", None)
    return _with_species(atoms, _named(path, numbers, names or _by_mass(path, masses, int(numbers.max()))))


def _data_header(path: Path) -> tuple[str, dict[int, tuple[float, str]]]:
    """Atom style, and type → mass and the label in its comment."""
    lines = path.read_text(encoding="utf-8").splitlines()
    masses: dict[int, tuple[float, str]] = {}
    style, columns, section, announced, found = "", 0, "", 0, 0
    for line in lines[1:]:
        content, _, comment = line.partition("#")
        words = content.split()
        if not words:
            continue
        if words[0].isalpha() and words[0][0].isupper():
            section = " ".join(words)
            style = comment.strip() if section == "Atoms" else style
        elif words[1:] == ["atoms"]:
            announced = int(words[0])
        elif section == "Masses":
            masses[int(words[0])] = float(words[1]), comment.strip()
        elif section == "Atoms":
            columns, found = len(words), found + 1
    if found != announced:
        raise InputError(f"{path} is truncated.", f"It announces {announced} atoms and lists {found}.", "Write the file again.")
    # With three image flags behind, a style has three more columns; molecular and full have one and two more than atomic.
    guess = {5: "atomic", 8: "atomic", 6: "charge", 9: "charge", 7: "full", 10: "full"}.get(columns)
    style = style.split()[0] if style.split() else guess or ""
    if style not in ("atomic", "charge", "molecular", "full", "bond", "angle"):
        raise InputError(
            f"The atom style of {path} is not known.", f"Lines of its Atoms section have {columns} columns.", "Write it behind the section: `Atoms # charge`."
        )
    return style, masses


def _by_mass(path: Path, masses: dict[int, tuple[float, str]], n_types: int) -> list[str]:
    """Elements from the labels or the masses of a LAMMPS data file."""
    from ase.data import atomic_masses, atomic_numbers, chemical_symbols

    names = []
    for number in range(1, n_types + 1):
        mass, label = masses.get(number, (0.0, ""))
        word = label.split()[0] if label else ""
        if _element(word) in atomic_numbers and abs(atomic_masses[atomic_numbers[_element(word)]] - mass) < 0.5:
            names.append(word)
            continue
        nearest = int(np.argmin(np.abs(np.nan_to_num(atomic_masses, nan=1e9) - mass)))
        if abs(atomic_masses[nearest] - mass) > 0.05:
            raise InputError(f"Nothing in {path} says which element type {number} is.", f"Its mass is {mass:g} u." if mass else "", _TYPES_MEND)
        names.append(chemical_symbols[nearest])
    return names


def _named(path: Path, numbers: np.ndarray[Any, Any], names: list[str] | None) -> list[str]:
    """Species of every atom from its type number."""
    if names is None:
        raise InputError(f"Nothing in {path} says which elements its types are.", mend=_TYPES_MEND)
    if numbers.min() < 1 or numbers.max() > len(names):
        raise InputError(f"{path} has types {numbers.min()} to {numbers.max()}, and {len(names)} are named.", mend=_TYPES_MEND)
    return [names[number - 1] for number in numbers]


def _with_species(atoms: Atoms, species: list[str]) -> Atoms:
    """Atoms with the elements of these species, and the species themselves where they are finer."""
    from ase import Atoms

    elements = [_element(name) for name in species]
    named = Atoms(elements, positions=atoms.positions, cell=atoms.cell, pbc=True)
    if elements != species:
        named.set_array("species", np.array(species))
    return named


def _checked(atoms: Atoms, path: Path) -> Atoms:
    """Positions, elements and cell, or the reason why they cannot be used; periodic in all directions."""
    if len(atoms) == 0:
        raise InputError(f"{path} holds no atoms.")
    if not np.isfinite(atoms.positions).all() or not np.isfinite(atoms.cell.array).all():
        bad = int(np.count_nonzero(~np.isfinite(atoms.positions).all(axis=1)))
        raise InputError(
            f"{path} has positions or a cell that are not finite ({bad} atoms).", mend="The run that wrote it probably blew up; take an earlier frame."
        )
    if (atoms.numbers < 1).any():
        raise InputError(f"{path} has atoms without an element.", mend=_TYPES_MEND)
    if atoms.cell.rank < 3 or atoms.get_volume() <= 0:
        raise InputError(
            f"{path} has no periodic cell.",
            "A glass fills space, so the box is part of its structure.",
            'Add one, as Lattice="..." in extended XYZ, or with --cell 35.6 (cell=[35.6] * 3 in Python).',
        )
    heights = atoms.get_volume() / np.linalg.norm(np.cross(np.roll(atoms.cell, -1, axis=0), np.roll(atoms.cell, -2, axis=0)), axis=1)
    if heights.min() < _SHORTEST:
        raise InputError(f"The cell of {path} is only {heights.min():.3g} Å high.", "No atom fits in there.", "Check its units; they should be Å.")
    atoms = atoms.copy()
    atoms.pbc = True
    return atoms
