"""Raw trace files of a lake: opening them anywhere, and cutting long ones where lines meet.

Knows no format and decodes no more than the lines around a cut.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from prodlens.errors import InputError, MissingPathError
from prodlens.partitions import is_url
from prodlens.sources.cutting import begins_with_an_object, next_cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

RANGE_BYTES: Final = 32 << 20
"""About how much one task reads."""


@dataclass(frozen=True, slots=True)
class RawFile:
    """One raw file.

    Attributes:
        path: Path or URL.
        name: What dead letters call it.
        size: Bytes.
    """

    path: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Range:
    """A part of a file that one task reads.

    Attributes:
        file: Position of the file in the list of files.
        path: Path or URL of the file.
        name: What dead letters call it.
        start: Offset of the first byte, 0 or the beginning of a line.
        end: Offset behind the last byte; -1 is the end of the file, whatever it is by then.
    """

    file: int
    path: str
    name: str
    start: int
    end: int

    @property
    def whole(self) -> bool:
        """Whether it is the whole file."""
        return self.start == 0 and self.end < 0


def open_raw(path: str) -> BinaryIO:
    """Open a path or URL for reading.

    Raises:
        MissingPathError: It does not exist or can't be read.
        InputError: The library that speaks to such URLs is not installed.
    """
    try:
        if not is_url(path):
            return Path(path).open("rb")
        import fsspec

        return cast("BinaryIO", fsspec.open(path, "rb").open())
    except ImportError:
        raise InputError(
            f"{path} needs a library that is not installed: pip install 'prodlens[s3]'."
        ) from None
    except OSError:
        raise MissingPathError(
            f"{path} can't be read: check the address and permissions."
        ) from None


def find_urls(pattern: str) -> list[str]:
    """Return the URLs that a URL or a glob of URLs names, in order.

    Raises:
        MissingPathError: It matches nothing.
        InputError: The library that speaks to such URLs is not installed.
    """
    try:
        from fsspec.core import url_to_fs

        fs, path = url_to_fs(pattern)
    except (ImportError, ValueError):
        raise InputError(
            f"{pattern} needs a library that is not installed: pip install 'prodlens[s3]'."
        ) from None
    found = sorted(str(fs.unstrip_protocol(name)) for name in fs.glob(path))
    if not found:
        raise MissingPathError(f"{pattern} matches no file: check the address.")
    return found


def sized(named: Iterable[tuple[str, str]]) -> list[RawFile]:
    """Return files with their sizes.

    Args:
        named: Path or URL, and what dead letters call it.

    Raises:
        MissingPathError: One does not exist or can't be read.
    """
    files = []
    for path, name in named:
        with open_raw(path) as stream:
            files.append(RawFile(path, name, stream.seek(0, io.SEEK_END)))
    return files


def ranges(files: Sequence[RawFile], *, size: int = RANGE_BYTES) -> list[Range]:
    """Return what the tasks read: short files whole, long ones cut where two lines meet.

    Where no cut fits, the ranges on both sides stay one. A file is cut only when it is not compressed and its first line is one whole object, and only
    between two lines that are each one whole object: there no record can be under way.

    Args:
        files: The files.
        size: About how many bytes a range has.
    """
    return [found for at, file in enumerate(files) for found in _cut(at, file, size)]


def _cut(at: int, file: RawFile, size: int) -> Iterator[Range]:
    if file.size < 2 * size:
        yield Range(at, file.path, file.name, 0, -1)
        return
    with open_raw(file.path) as stream:
        cuts = list(_cuts(stream, file.size, size)) if begins_with_an_object(stream) else []
    for start, end in zip([0, *cuts], [*cuts, -1], strict=True):
        yield Range(at, file.path, file.name, start, end)


def _cuts(stream: BinaryIO, end: int, size: int) -> Iterator[int]:
    near = size
    while near < end - size // 2:
        found = next_cut(stream, near)
        if found is not None and found < end:
            yield found
            near = found
        near += size
