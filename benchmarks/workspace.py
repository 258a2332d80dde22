"""Where a run of the bars keeps its files, and how large they are; builds what several rows need.

Trace files are kept under names that change with what invents them, so a folder that is named
again by `--dir` saves the time to write them. Databases are always new.
"""

from __future__ import annotations

import functools
import hashlib
import shutil
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import team
from measuring import run, step

if TYPE_CHECKING:
    from collections.abc import Sequence

_INVENTS: Final = ("team.py", "shapes.py", "bodies.py", "traces.py")
_HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much data there is.

    Attributes:
        small: Lines of the file of small records that one process reads.
        big: Lines of the larger one, of which the store of most rows is made.
        large: Lines of the file of records with bodies.
        least: Lines of the smallest store that reports are compared with.
        new_day: Lines of one more day.
    """

    small: int
    big: int
    large: int
    least: int
    new_day: int


FULL: Final = Sizes(small=100_000, big=1_000_000, large=100_000, least=10_000, new_day=90_000)
QUICK: Final = Sizes(small=10_000, big=100_000, large=10_000, least=1_000, new_day=9_000)


@functools.cache
def _fingerprint() -> str:
    texts = b"".join((_HERE / name).read_bytes() for name in _INVENTS)
    return hashlib.sha256(texts).hexdigest()[:8]


@dataclass(slots=True)
class Workspace:
    """A folder with trace files and databases.

    Attributes:
        folder: The folder.
        sizes: How much data.
        repeats: How often each step is run.
        busy: Whether two processes are timed on a machine that has other things to do.
    """

    folder: Path
    sizes: Sizes
    repeats: int
    busy: bool = False
    _databases: list[Path] = field(default_factory=list)

    def log(self, size: str, count: int) -> Path:
        """Return a trace file of 90 days, written by a process of its own when first asked for."""
        path = self.folder / f"{size}-{count}-{_fingerprint()}.jsonl"
        if not path.exists():
            run(str(_HERE / "traces.py"), size, str(count), str(path))
        return path

    def one_day(self, count: int, *, days_after: int, seed: int) -> Path:
        """Return a file of small records of one day, so many days after the first one."""
        path = self.folder / f"day{days_after}-{count}-{_fingerprint()}.jsonl"
        if not path.exists():
            start = team.START + timedelta(days=days_after)
            arguments = ("small", str(count), str(path), "--seed", str(seed), "--days", "1")
            run(str(_HERE / "traces.py"), *arguments, "--start", start.date().isoformat())
        return path

    def new_db(self, name: str) -> Path:
        """Return the path of a database that does not exist."""
        path = self.folder / f"{name}.db"
        self.drop(path)
        self._databases.append(path)
        return path

    def store(self, count: int) -> Path:
        """Return a store of so many small lines, aggregated; built when it is not there yet."""
        path = self.folder / f"store-{count}.db"
        if path not in self._databases:
            self.new_db(path.stem)
            step("ingest", self.log("small", count), path)
            step("aggregate", path)
        return path

    def lake(self) -> Path:
        """Return the folder of Parquet files that the exports of a run share."""
        path = self.folder / "lake"
        if path not in self._databases:
            self.drop(path)
            self._databases.append(path)
        return path

    def keep_as_store(self, db: Path, count: int) -> None:
        """Take a copy of a database for `store`, and bring its daily tables up to date."""
        path = self.new_db(f"store-{count}")
        shutil.copyfile(db, path)
        step("aggregate", path)

    def drop(self, path: Path) -> None:
        """Remove a database or a folder with all that belongs to it."""
        for found in self.folder.glob(f"{path.name}*"):
            if found.is_dir():
                shutil.rmtree(found)
            else:
                found.unlink()

    def clear(self) -> None:
        """Remove every database, and the lake; trace files stay."""
        for path in self._databases:
            self.drop(path)


def size_of(paths: Sequence[Path]) -> int:
    """Return the bytes of files, those that do not exist counted as none."""
    return sum(path.stat().st_size for path in paths if path.exists())
