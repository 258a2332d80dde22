"""Which place a path or a URL names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from prodlens.partitions.folder import Folder

if TYPE_CHECKING:
    from prodlens.partitions.places import Place

_FILE: Final = "file://"


def is_url(where: str | Path) -> bool:
    """Return whether a text names a place by its URL; `file://` counts."""
    return "://" in str(where)


def place_at(where: str | Path) -> Place:
    """Return the place that a path or URL names; nothing is made or read yet.

    Args:
        where: A folder (`~` is the home folder), `file:///folder`, `s3://bucket/prefix`,
            `gs://bucket/prefix`.

    Raises:
        InputError: Nothing can be written to URLs of that kind, or the library that speaks to
            them is not installed.
    """
    text = str(where)
    if text.startswith(_FILE):
        return Folder(Path(unquote(text.removeprefix(_FILE).removeprefix("localhost"))))
    if is_url(text):
        from prodlens.partitions.objects import ObjectStore

        return ObjectStore(text)
    return Folder(Path(where).expanduser())
