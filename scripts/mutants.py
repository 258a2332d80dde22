"""Put known bugs into a copy of ProdLens, one at a time, and see that the tests catch each.

A bug is a patch in `tests/torture/mutants/`; its first line says what it breaks. A patch that no
longer applies must be written anew: a test that nothing can fail proves nothing.

    python scripts/mutants.py                       every bug, all tests of the GitHub sync
    python scripts/mutants.py etag_first            one bug
    python scripts/mutants.py --only torture        only the random tests, to see their power
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATCHES = ROOT / "tests" / "torture" / "mutants"
DIRECTED = (
    "tests/unit/sources/github",
    "tests/unit/github_etl",
    "tests/unit/storage/test_github_sync.py",
    "tests/contract/test_github_etl.py",
    "tests/contract/test_github_losses.py",
    "tests/contract/test_github_commits.py",
    "tests/contract/test_github_runs.py",
    "tests/contract/test_github_other_server.py",
)
RANDOM = "tests/torture/test_github_sync.py"
COPIED = ("src", "tests", "pyproject.toml")
_FAILED = re.compile(r"^FAILED (\S+)", re.MULTILINE)


def main() -> int:
    """Run every mutant and return 0 when each was caught."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="names of patches; all of them by default")
    parser.add_argument("--seeds", type=int, default=300, help="worlds of the random tests")
    parser.add_argument("--only", choices=("directed", "torture"), help="one kind of tests")
    given = parser.parse_args()
    tests = {"directed": DIRECTED, "torture": (RANDOM,)}.get(given.only, (*DIRECTED, RANDOM))
    patches = [PATCHES / f"{name}.patch" for name in given.names] or sorted(PATCHES.glob("*.patch"))
    survivors = [patch.stem for patch in patches if not is_caught(patch, tests, given.seeds)]
    caught = len(patches) - len(survivors)
    print(f"{caught} of {len(patches)} bugs were caught.", *survivors)
    return 1 if survivors else 0


def is_caught(patch: Path, tests: tuple[str, ...], seeds: int) -> bool:
    """Return whether the tests fail with a bug in the code; print which one saw it first."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in COPIED:
            take = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
            take(ROOT / name, copy / name)
        apply(patch, copy)
        begun = time.monotonic()
        done = run(copy, tests, seeds)
    failed = _FAILED.search(done.stdout)
    if done.returncode not in (0, 1) or (done.returncode == 1 and not failed):
        sys.exit(
            f"{patch.stem}: the tests did not run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    seen = f"caught by {failed[1]}" if failed else "SURVIVED"
    print(f"{patch.stem:30} {time.monotonic() - begun:5.1f} s  {seen}", flush=True)
    return failed is not None


def apply(patch: Path, folder: Path) -> None:
    """Put a patch into a copy of the code."""
    done = subprocess.run(  # noqa: S603 - our own patches
        ["git", "apply", "-p1", str(patch)],  # noqa: S607 - any git will do
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"{patch.stem} does not apply any more: {done.stderr.strip()}")


def run(folder: Path, tests: tuple[str, ...], seeds: int) -> subprocess.CompletedProcess[str]:
    """Run tests in a copy until the first one fails."""
    environ = {**os.environ, "PRODLENS_SEEDS": str(seeds), "PYTHONPATH": str(folder / "src")}
    options = ("-x", "-q", "--tb=no", "-p", "no:cacheprovider", "-p", "no:randomly")
    return subprocess.run(  # noqa: S603 - our own tests
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main())
