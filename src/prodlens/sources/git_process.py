"""Owns how the program git is run: arguments, environment, streams, and what its failures mean.

Nothing that a repository says may run code or reach the network: no hook, pager, text conversion,
external diff, file-system monitor or lazy fetch. Arguments are a list, never a shell's text. Knows
nothing of commits.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from prodlens.errors import InputError, MissingPathError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_SAFE: Final = (
    "--no-pager",
    "--no-replace-objects",
    *("-c", "core.quotePath=false"),
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "log.showSignature=false"),
    *("-c", "log.showRoot=true"),
)
_KEPT: Final = frozenset({"GIT_CONFIG_GLOBAL", "GIT_EXEC_PATH", "GIT_CEILING_DIRECTORIES"})
"""Variables of git that describe the user's own git; all others would redirect what is read."""
_FIXED: Final = {
    "LC_ALL": "C",
    "LANGUAGE": "",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_NO_LAZY_FETCH": "1",  # from git 2.45 on; before it, the next line stops every transport
    "GIT_ALLOW_PROTOCOL": "none",
}
_CHUNK: Final = 1 << 18


class Done(NamedTuple):
    """A run of git that ended.

    Attributes:
        code: Its exit code.
        out: What it printed, undecodable bytes replaced.
        problem: What it complained about.
    """

    code: int
    out: str
    problem: str


class GitProcess:
    """The program git, pointed at one folder.

    Args:
        folder: An absolute path.

    Raises:
        InputError: From every method: git is not installed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str, given: Iterable[str] = ()) -> Done:
        """Run git to its end and return what came of it, whatever the exit code.

        Args:
            arguments: Command and arguments.
            given: Lines for its standard input.
        """
        with _file_of(given) as stdin, _start(self._command(arguments), stdin) as process:
            out, problem = process.communicate()
            return Done(process.returncode, _text(out), _text(problem))

    def ask(self, *arguments: str) -> str | None:
        """Return what git answers, without white space around; None when it fails."""
        done = self.run(*arguments)
        return done.out.strip() if done.code == 0 else None

    def stream(
        self, *arguments: str, ends: bytes, longest: int | None = None, given: Iterable[str] = ()
    ) -> Iterator[bytes]:
        """Run git and give its output piece by piece, holding one piece at a time.

        Args:
            arguments: Command and arguments.
            ends: The byte behind each piece.
            longest: Bytes kept of a piece; the rest of a longer one is dropped. None keeps all.
            given: Lines for its standard input.

        Raises:
            InputError: Git failed: what was given is not everything.
        """
        with (
            tempfile.TemporaryFile() as problems,
            _file_of(given) as stdin,
            _start(self._command(arguments), stdin, problems) as process,
        ):
            try:
                assert process.stdout is not None  # noqa: S101 - opened as a pipe by _start
                yield from pieces(process.stdout, ends, longest)
                code = process.wait()
            finally:
                process.kill()  # does nothing to a process that has ended
            if code != 0:
                problems.seek(0)
                raise failure(_text(problems.read(_CHUNK)), self.folder)

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return ["git", *_SAFE, "-C", str(self.folder), *arguments]


def pieces(source: IO[bytes], ends: bytes, longest: int | None) -> Iterator[bytes]:
    """Split a stream at a byte; a last piece without it counts, an empty one does not.

    Args:
        source: The stream.
        ends: The byte behind each piece.
        longest: Bytes kept of a piece; None keeps all.
    """
    held: list[bytes] = []
    size = 0
    while chunk := source.read(_CHUNK):
        first, *others = chunk.split(ends)
        if longest is None or size < longest:
            held.append(first)
            size += len(first)
        if others:
            yield b"".join(held)[:longest]
            for piece in others[:-1]:
                yield piece[:longest]
            held, size = [others[-1]], len(others[-1])
    if size:
        yield b"".join(held)[:longest]


def failure(problem: str, folder: Path) -> InputError:
    """Return the error a person can act on for what git complained about."""
    if "dubious ownership" in problem:
        return InputError(
            f"git refuses {folder}, because it belongs to another user. If you trust it, run: "
            f"git config --global --add safe.directory {folder}"
        )
    if "safe.bareRepository" in problem:
        return InputError(
            f"git refuses the bare repository {folder}: your git config sets "
            "safe.bareRepository = explicit. Name a clone with a working tree instead."
        )
    if "not a git repository" in problem:
        return MissingPathError(f"{folder} is no git repository: name the folder of a clone.")
    lines = [line.strip() for line in problem.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines
    said = fatal[-1].partition(": ")[2] or fatal[-1] if fatal else "it gave no reason"
    return InputError(
        f"git could not read {folder} ({said[:200]}): check the clone with `git fsck`."
    )


@contextlib.contextmanager
def _start(
    command: list[str], stdin: IO[bytes] | int, problems: IO[bytes] | int = subprocess.PIPE
) -> Iterator[subprocess.Popen[bytes]]:
    try:
        process = subprocess.Popen(  # noqa: S603 - a list of arguments, no shell
            command, stdin=stdin, stdout=subprocess.PIPE, stderr=problems, env=_environment()
        )
    except FileNotFoundError:
        raise InputError("git is not installed, or not on PATH: install git first.") from None
    with process:
        yield process


@contextlib.contextmanager
def _file_of(lines: Iterable[str]) -> Iterator[IO[bytes] | int]:
    """Give lines as a file: a pipe could wait for git while git waits for us."""
    if not lines:
        yield subprocess.DEVNULL
        return
    with tempfile.TemporaryFile() as file:
        file.writelines(f"{line}\n".encode("utf-8", "replace") for line in lines)
        file.seek(0)
        yield file


def _environment() -> dict[str, str]:
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name in _KEPT
    }
    return own | _FIXED


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
