"""One small file per source file that names what of it is set aside, where people look for it.

The table `dead_letters` is the truth; this shows it. Never holds a record itself.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from prodlens.errors import InputError
from prodlens.storage import ledger

if TYPE_CHECKING:
    from prodlens.storage import ProdLensStore

_SHOWN: Final = (
    "path",
    "byte_offset",
    "line",
    "length",
    "digest",
    "reason",
    "field",
    "scalars",
    "first_seen",
)


def exists(folder: str | Path, name: str) -> bool:
    """Return whether there is a mirror for a file of the ledger, or what a kill left of one."""
    target = _target(folder, name)
    return target.exists() or _partial(target).exists()


def write(store: ProdLensStore, folder: str | Path, name: str) -> None:
    """Show the open dead letters of a file: one JSON object per line, mode 0600.

    Replaced atomically; removed when nothing is set aside any more. One process after the other, in
    the order in which they read the letters; what a killed one left half written is written anew.

    Args:
        store: The store.
        folder: Where mirrors stand; made when needed.
        name: The file as the ledger names it, `-` for standard input.

    Raises:
        InputError: The folder can't be written.
        StoreError: The store can't be written.
    """
    with store.transaction() as conn:
        _show(ledger.letters(conn, path=name), Path(folder), name)


def _show(rows: list[dict[str, Any]], folder: Path, name: str) -> None:
    target = _target(folder, name)
    try:
        if rows:
            _replace(target, rows)
        else:
            target.unlink(missing_ok=True)
            _partial(target).unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder} can't be written ({os.strerror(error.errno or 0)}): everything is stored; "
            "name another folder with --dead-letter-dir, or see prod-lens dead-letter list."
        ) from None


def _replace(target: Path, rows: list[dict[str, Any]]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = _partial(target)
    descriptor = os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        for row in rows:
            shown = {name: row[name] for name in _SHOWN}
            stream.write(json.dumps(shown, sort_keys=True) + "\n")
    partial.replace(target)


def _partial(target: Path) -> Path:
    return target.with_name(f"{target.name}.partial")


def _target(folder: str | Path, name: str) -> Path:
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    stem = "stdin" if name == ledger.STANDARD_INPUT else Path(name).name[:100]
    return Path(folder) / f"{stem}-{digest}.jsonl"
