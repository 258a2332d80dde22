"""Owns how an export reaches the disk: whole or not at all, readable by its owner alone.

Knows no format.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import TYPE_CHECKING

from prodlens.errors import InputError, MissingPathError

if TYPE_CHECKING:
    from pathlib import Path


def check_target(path: Path) -> None:
    """Refuse a target that can't be written, before anything is computed.

    Raises:
        MissingPathError: Its folder does not exist.
        InputError: It is a folder, or the folder can't be written.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder: name a file in it, such as {path}/report.csv.")
    if not path.parent.is_dir():
        raise MissingPathError(f"The folder {path.parent} does not exist: make it first.")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"The folder {path.parent} can't be written: name another one.")


def write_private(path: Path, content: bytes) -> None:
    """Write a file with mode 0600; readers see the old one or the new one, never a part.

    Raises:
        OSError: It can't be written; the old file is untouched and nothing is left behind.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            partial.unlink()
        raise
