"""An object store as a place of Parquet files: each file is put whole, and appears when it is whole.

Speaks to stores through fsspec, which is imported when a URL is opened. Knows neither Parquet nor
the meaning of a name. Never logs or repeats credentials: those are found by the store's own library
in its own places (environment, profile, metadata service).
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from prodlens.errors import InputError
from prodlens.partitions.paths import is_export_file
from prodlens.partitions.places import Draft

if TYPE_CHECKING:
    from collections.abc import Iterator

EXTRAS: Final = {
    "s3": "s3",
    "s3a": "s3",
    "gs": "gcs",
    "gcs": "gcs",
    "memory": "lake",
}
"""Schemes of stores in which a put appears whole or not at all, and the extra that brings each.

Sources: Amazon S3 User Guide, "Amazon S3 data consistency model"; Google Cloud Storage
documentation, "Consistency". `memory` is fsspec's own, for one process.
"""
_UNREACHABLE: Final = (
    ("botocore.exceptions", "BotoCoreError"),
    ("aiohttp", "ClientError"),
    ("google.auth.exceptions", "GoogleAuthError"),
    ("gcsfs.retry", "HttpError"),
)
"""What the libraries of the stores raise beside OSError."""


class ObjectStore:
    """A `Place` below a URL such as `s3://bucket/prefix`.

    A file is written to this computer first and then put in one request, or in parts that the
    store joins at the end; so readers see the old one or the new one, and a killed run leaves
    nothing behind. There is no lock: when two exports write at once, each file is whole, and the
    next export mends what they disagree about. Who may read is the bucket's own business.

    Args:
        url: Scheme, bucket and prefix.

    Attributes:
        url: The same without a slash at the end.

    Raises:
        InputError: The scheme is none of an object store, or its library is not installed.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        scheme = self.url.partition("://")[0]
        if scheme not in EXTRAS:
            raise InputError(
                f"{scheme}:// is no place that Parquet files can be written to: "
                "use s3://, gs://, file:// or a path."
            )
        self._fs, self._root = _opened(self.url, EXTRAS[scheme])
        self._sizes: dict[str, int] | None = None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """List what is there once, for the block; keeps nobody out."""
        self._sizes = self._listed()
        try:
            yield
        finally:
            self._sizes = None

    def sweep(self) -> None:
        """Do nothing: what was not put whole is not there."""

    @contextlib.contextmanager
    def drafted(self, name: str) -> Iterator[Draft]:
        """Write a file on this computer (mode 0600), and put it when the block ends well.

        Raises:
            OSError: It can't be written or put; the old file is untouched.
            InputError: The store can't be reached.
        """
        with tempfile.NamedTemporaryFile(prefix="prodlens-", suffix=".partial") as stream:
            draft = Draft(cast("BinaryIO", stream))
            yield draft
            if not draft.keep:
                return
            stream.flush()
            with self._reached():
                self._fs.put_file(stream.name, self._path(name))
            if self._sizes is not None:
                self._sizes[name] = stream.tell()

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading; only what is read is fetched.

        Raises:
            FileNotFoundError: There is none of that name.
            InputError: The store can't be reached.
        """
        with self._reached():
            return cast("BinaryIO", self._fs.open(self._path(name), "rb", cache_type="bytes"))

    def size(self, name: str) -> int | None:
        """Return the bytes of a file; None when there is none."""
        if self._sizes is not None:
            return self._sizes.get(name)
        with self._reached(), contextlib.suppress(FileNotFoundError):
            return int(self._fs.info(self._path(name))["size"])
        return None

    def remove(self, name: str) -> None:
        """Remove a file; a missing one is fine."""
        with self._reached(), contextlib.suppress(FileNotFoundError):
            self._fs.rm_file(self._path(name))
        if self._sizes is not None:
            self._sizes.pop(name, None)

    def files(self) -> list[str]:
        """Return the name of every Parquet file of an export, in order."""
        names = self._listed() if self._sizes is None else self._sizes
        return sorted(name for name in names if is_export_file(name))

    def address(self, name: str) -> str:
        """Return the URL of a file."""
        return f"{self.url}/{name}"

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _listed(self) -> dict[str, int]:
        """Return name -> bytes of everything below the prefix."""
        before = len(self._root) + 1
        with self._reached():
            self._fs.invalidate_cache()
            try:
                found = self._fs.find(self._root, detail=True)
            except FileNotFoundError:  # an empty prefix is no error, so it is the bucket
                raise InputError(
                    f"{self.url} is in no bucket that there is: make the bucket first."
                ) from None
        return {path[before:]: int(info["size"]) for path, info in found.items()}

    @contextlib.contextmanager
    def _reached(self) -> Iterator[None]:
        """Say in a sentence that the store can't be used; its own texts may hold addresses.

        That a file is not there is no such failure.
        """
        try:
            yield
        except FileNotFoundError:
            raise
        except _refusals() as error:
            raise InputError(
                f"{self.url} can't be reached ({type(error).__name__}): check the address, the "
                "network and the credentials of this environment."
            ) from None


def _opened(url: str, extra: str) -> tuple[Any, str]:
    """Return the file system of a URL, and the path of the URL in it."""
    try:
        import fsspec
        from fsspec.core import url_to_fs

        fsspec.get_filesystem_class(url.partition("://")[0])
    except ImportError:
        raise InputError(
            f"{url} needs a library that is not installed: pip install 'prodlens[{extra}]'."
        ) from None
    fs, path = url_to_fs(url)
    return fs, str(path).rstrip("/")


def _refusals() -> tuple[type[BaseException], ...]:
    """Return what a store that can't be used raises, of those libraries that are imported."""
    found = (getattr(sys.modules.get(module), name, None) for module, name in _UNREACHABLE)
    return (PermissionError, *(kind for kind in found if kind is not None))
