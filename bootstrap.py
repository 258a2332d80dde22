"""Set ProdLens up in a private environment and run it; needs Python 3.11 or newer with pip.

    python3 bootstrap.py demo             invent a team's data and show a report about them
    python3 bootstrap.py report           read the example traces and show a report
    python3 bootstrap.py test [ARGS]      run every check; ARGS go to pytest
    python3 bootstrap.py run ARGS         run any command: run ingest-traces PATH

The environment is `.venv` beside this file (`--venv DIR` names another). It is made from the hash
locked requirements, once; a second run finds it up to date. Uses the standard library only.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
OLDEST = (3, 11)
RUN_LOCK = "requirements.lock"
TEST_LOCK = "requirements-test.lock"
EXAMPLES = "examples/litellm"
EXAMPLE_DATABASE = ".prod-lens/example.db"
EXAMPLE_SINCE = "2026-11-01"

CHECKS = (
    ("lint", ("ruff", "check")),
    ("format", ("ruff", "format", "--check")),
    ("types", ("mypy",)),
    ("layers", ("lint-imports",)),
    ("tests", ("pytest", "-n", "2")),
)
"""What `test` runs, in this order: name, program of the environment and its arguments."""


class Environment:
    """A virtual environment that holds the locked requirements and this project.

    Args:
        folder: Where it is, or will be.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.programs / ("python.exe" if os.name == "nt" else "python")

    def prepare(self, lock: str) -> None:
        """Create it when it is missing, and install a lock and the project when they changed."""
        works = self._works()
        if works and (self._holds(lock) or self._holds(TEST_LOCK)):
            return
        started = time.monotonic()
        _say(f"Setting up {self.folder} (once; a few minutes at most) ...")
        if not works:
            self._create()
        self._install("--require-hashes", "--requirement", lock)
        self._install("--no-deps", "--no-build-isolation", "--editable", ".")
        self._stamp(lock).write_text(_digest(lock), encoding="ascii")
        _say(f"Set up in {time.monotonic() - started:.0f} s.")

    def run(self, program: str, *arguments: str) -> int:
        """Run a program of the environment in the root of the repository; return its exit code."""
        return self._call([str(self.programs / program), *arguments])

    def _works(self) -> bool:
        if not self.python.exists():
            return False
        probe = [str(self.python), "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        return subprocess.run(probe, check=False).returncode == 0  # noqa: S603 - our own environment

    def _stamp(self, lock: str) -> Path:
        return self.folder / f"prodlens-{lock}.stamp"

    def _holds(self, lock: str) -> bool:
        stamp = self._stamp(lock)
        return stamp.exists() and stamp.read_text(encoding="ascii") == _digest(lock)

    def _create(self) -> None:
        """Create it without pip when this Python has one: some systems come without ensurepip."""
        broken = (self.folder / "pyvenv.cfg").exists()
        if self.folder.exists() and not broken and any(self.folder.iterdir()):
            _stop(f"{self.folder} is no virtual environment: name another folder with --venv.")
        venv.create(self.folder, clear=broken, symlinks=os.name != "nt", with_pip=not _has_pip())

    def _install(self, *arguments: str) -> None:
        pip = [sys.executable, "-m", "pip", "--python", str(self.python)]
        if not _has_pip():
            pip = [str(self.python), "-m", "pip"]
        quiet = ("--quiet", "--quiet", "--disable-pip-version-check", "--no-input")
        if self._call([*pip, "install", *quiet, *arguments]) != 0:
            _stop(
                "pip could not install the requirements; its message stands above. "
                "Without a network, point PIP_FIND_LINKS to a folder with the files of the lock."
            )

    def _call(self, command: list[str]) -> int:
        """Run a command as if the environment were active; return its exit code."""
        path = os.pathsep.join((str(self.programs), os.environ.get("PATH", "")))
        environ = {**os.environ, "VIRTUAL_ENV": str(self.folder), "PATH": path}
        return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode  # noqa: S603 - our own environment


def _digest(lock: str) -> str:
    """Return what the environment depends on as one digest."""
    digest = hashlib.sha256(sys.version.encode())
    for name in (lock, "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    digest.update(str(ROOT).encode())
    return digest.hexdigest()


def _has_pip() -> bool:
    return importlib.util.find_spec("pip") is not None


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _stop(text: str) -> None:
    _say(f"Error: {text}")
    raise SystemExit(1)


def report(environment: Environment) -> int:
    """Read the example traces into a database of their own and show a report about them."""
    environment.prepare(RUN_LOCK)
    shared = ("--db", EXAMPLE_DATABASE)
    code = environment.run("prod-lens", "ingest-traces", EXAMPLES, *shared)
    if code == 0:
        code = environment.run("prod-lens", "report", "--since", EXAMPLE_SINCE, *shared)
    return code


def test(environment: Environment, arguments: list[str]) -> int:
    """Run every check, then say which failed; `arguments` go to pytest."""
    environment.prepare(TEST_LOCK)
    failed = []
    for name, (program, *rest) in CHECKS:
        started = time.monotonic()
        _say(f"\n== {name}: {' '.join((program, *rest))}")
        code = environment.run(program, *rest, *(arguments if program == "pytest" else ()))
        _say(f"== {name}: {'failed' if code else 'ok'}, {time.monotonic() - started:.0f} s")
        failed += [name] if code else []
    _say(f"\nFailed: {', '.join(failed)}" if failed else "\nEvery check passed.")
    return 1 if failed else 0


def main() -> int:
    """Read the command line and do what it says; return the exit code."""
    if sys.version_info < OLDEST:
        found = ".".join(str(part) for part in sys.version_info[:3])
        _stop(f"ProdLens needs Python 3.11 or newer; this is {found} ({sys.executable}).")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", metavar="DIR")
    parser.add_argument("task", choices=("demo", "report", "test", "run"))
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGS")
    given = parser.parse_args()
    environment = Environment(given.venv.absolute())
    if given.task == "demo":
        environment.prepare(RUN_LOCK)
        return environment.run("prod-lens", "demo", *given.arguments)
    if given.task == "report":
        return report(environment)
    if given.task == "test":
        return test(environment, given.arguments)
    environment.prepare(RUN_LOCK)
    return environment.run("prod-lens", *given.arguments)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
