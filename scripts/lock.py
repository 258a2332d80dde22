"""Write `requirements.lock` (to run) and `requirements-test.lock` (to run and test) with uv.

Both are universal (any system, Python 3.11 and newer), hold a hash for every file, and name no
package index: docs/decisions/0002-lock-without-addresses.md. Needs `uv` on the PATH.
"""

from __future__ import annotations

import argparse
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUN_LOCK = "requirements.lock"
TEST_LOCK = "requirements-test.lock"
_COMPILE = (
    *("uv", "pip", "compile", "pyproject.toml", "-"),
    *("--universal", "--python-version", "3.11", "--generate-hashes"),
    *("--no-emit-index-url", "--no-emit-find-links", "--no-header", "--no-annotate", "--quiet"),
)


def compile_lock(target: str, *arguments: str, upgrade: bool) -> None:
    """Resolve pyproject.toml and the build backend into one lock file.

    Args:
        target: Name of the file in the root of the repository.
        arguments: Further arguments of `uv pip compile`.
        upgrade: Whether versions that are locked already may change.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    backend = "\n".join(project["build-system"]["requires"])
    command = [*_COMPILE, *arguments, "--output-file", target, *(["--upgrade"] * upgrade)]
    subprocess.run(  # noqa: S603 - the arguments are written above
        command, cwd=ROOT, input=backend, text=True, check=True, stdout=subprocess.DEVNULL
    )


def main() -> None:
    """Write both locks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    upgrade = parser.parse_args().upgrade
    # What runs is what was tested: the larger set is resolved first and bounds the smaller one.
    compile_lock(TEST_LOCK, "--extra", "test", "--extra", "all", upgrade=upgrade)
    compile_lock(RUN_LOCK, "--constraint", TEST_LOCK, upgrade=upgrade)
    print(f"{RUN_LOCK} and {TEST_LOCK} written")


if __name__ == "__main__":
    main()
