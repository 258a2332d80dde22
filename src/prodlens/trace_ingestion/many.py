"""Which files are read in this process, whole in another, or in parts in several; reads no record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from prodlens.errors import MissingPathError
from prodlens.trace_ingestion.outcome import FileReport

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence

    from prodlens.trace_ingestion.ingestor import Opened
    from prodlens.trace_ingestion.messages import Setting
    from prodlens.trace_ingestion.outcome import IngestOptions
    from prodlens.trace_ingestion.workers import Helpers

MANY_BYTES = 16 << 20
"""Below this, starting other processes takes longer than they save; tests make it smaller."""


class Reader(Protocol):
    """What reads files in this process."""

    def open_one(self, path: str, options: IngestOptions) -> Opened:
        """Find out how far a file was read before."""
        ...

    def read_one(
        self,
        path: str,
        options: IngestOptions,
        *,
        on_progress: Callable[[str, int], None] | None = None,
    ) -> FileReport:
        """Do both, unless it is unchanged."""
        ...

    def read(
        self, opened: Opened, on_progress: Callable[[str, int], None] | None = None
    ) -> FileReport:
        """Read its records."""
        ...

    def finish(self, opened: Opened) -> None:
        """Bring the list of what was set aside of it up to date."""
        ...


class Helping(NamedTuple):
    """How other processes may help.

    Attributes:
        setting: What they work with.
        processes: How many there may be.
        start: Starts one; None starts this program's own.
    """

    setting: Setting
    processes: int
    start: Callable[[], subprocess.Popen[bytes]] | None = None


class ManyFiles:
    """Reads files, each once; with the help of other processes where there is enough to read.

    Args:
        reader: Reads in this process.
        helping: How others may help.
    """

    def __init__(self, reader: Reader, helping: Helping) -> None:
        self._reader, self._helping = reader, helping

    def read(
        self,
        paths: Sequence[str],
        options: IngestOptions,
        on_progress: Callable[[str, int], None] | None,
    ) -> list[FileReport]:
        """Read files and return what came of each, in their order."""
        reports: dict[int, FileReport] = {}
        may_help = self._helping.processes > 1 and not options.dry_run
        apart: dict[int, Opened] = {}
        names: set[str] = set()
        again: list[int] = []
        for at, path in enumerate(paths):
            try:
                opened = self._reader.open_one(path, options)
                if opened.digest is not None and opened.name in names:
                    again.append(at)  # the same file by another path: read when it is stored
                    continue
                names.add(opened.name)
                if opened.unchanged:
                    reports[at] = opened.sink.report
                elif not may_help or opened.digest is None:
                    reports[at] = self._reader.read(opened, on_progress)
                elif self._is_long(opened):
                    reports[at] = self._in_parts(opened, on_progress)
                else:
                    apart[at] = opened
            except MissingPathError as error:
                reports[at] = FileReport(path, problem=str(error))
        reports |= self._apart(apart, options, on_progress)
        for at in again:
            reports[at] = self._reader.read_one(paths[at], options, on_progress=on_progress)
        return [reports[at] for at in range(len(paths))]

    def _is_long(self, opened: Opened) -> bool:
        """Return whether a file is worth being read in parts, and may be.

        What an adapter noted in an earlier run for the records that follow, no part would know.
        """
        from prodlens.trace_ingestion.parts import can_be_cut

        if opened.sink.has_state:
            return False
        return _left(opened) >= MANY_BYTES and can_be_cut(opened.path, opened.sink.start)

    def _in_parts(
        self, opened: Opened, on_progress: Callable[[str, int], None] | None
    ) -> FileReport:
        """Read a long file in parts, and from the first one that can't stand alone on by itself."""
        from prodlens.trace_ingestion.parts import Parts
        from prodlens.trace_ingestion.workers import FileInParts

        sink = opened.sink
        file = FileInParts(opened, on_progress=on_progress)
        with (
            Parts(opened.path, start=sink.start, line=sink.start_line, digest=file.digest) as parts,
            self._helpers() as helpers,
        ):
            left = helpers.read_parts(file, parts)
        if left is not None:
            sink.enter(left.start, left.line, file.before, resumed=sink.resumed)
            rest = self._reader.read(replace(opened, digest=file.digest), on_progress)
            file.report.add(rest)
        sink.report.set_aside.update(file.report.set_aside)
        self._reader.finish(opened)
        return file.report

    def _apart(
        self,
        apart: dict[int, Opened],
        options: IngestOptions,
        on_progress: Callable[[str, int], None] | None,
    ) -> dict[int, FileReport]:
        """Read shorter files, each whole in one process."""
        if len(apart) < 2 or sum(map(_left, apart.values())) < MANY_BYTES:
            return {at: self._here(opened, on_progress) for at, opened in apart.items()}
        reports: dict[int, FileReport] = {}
        places, paths = list(apart), [opened.path for opened in apart.values()]

        def done(number: int, report: FileReport) -> None:
            opened = apart[places[number]]
            reports[places[number]] = report
            if on_progress is not None:
                on_progress(opened.path, opened.sink.start + _left(opened))

        with self._helpers() as helpers:
            helpers.read_files(paths, options, done)
        return reports

    def _helpers(self) -> Helpers:
        from prodlens.trace_ingestion.workers import Helpers, start_process

        setting, count, start = self._helping
        return Helpers(setting, count, start=start or start_process)

    def _here(self, opened: Opened, on_progress: Callable[[str, int], None] | None) -> FileReport:
        try:
            return self._reader.read(opened, on_progress)
        except MissingPathError as error:
            return FileReport(opened.path, problem=str(error))


def _left(opened: Opened) -> int:
    """Return the bytes of a file that are to be read; 0 when it is gone."""
    try:
        return Path(opened.path).stat().st_size - opened.sink.start
    except OSError:
        return 0
