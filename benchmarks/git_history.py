"""Speed and memory of reading a clone, as ratios to `git log` over the same history.

    python benchmarks/git_history.py [DAYS]         default: 3650

The history is that of `prod-lens demo` over so many days, of 24 people.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import run

from prodlens import __version__

if TYPE_CHECKING:
    from measuring import Cost

WRITE = """
import sys
from pathlib import Path
from prodlens.demo.history import write_repository
from prodlens.demo.team import LINKED, invent_team
delivered = invent_team(days=int(sys.argv[2]), developers=24).delivered[LINKED]
write_repository(Path(sys.argv[1]), LINKED, delivered)
print('{"commits": %d}' % len(delivered))
"""
READ = """
import sys
from prodlens.storage import ProdLensStore
from prodlens.git_etl import GitETL
with ProdLensStore(sys.argv[2]) as store:
    GitETL(store).sync(sys.argv[1], repo_slug="acme/payments")
"""
GIT_LOG = """
import subprocess, sys
form = "--format=%H%n%P%n%an%n%ae%n%at%n%cn%n%ce%n%ct%n%B"
with subprocess.Popen(["git", "-C", sys.argv[1], "log", "-z", form], stdout=-1) as process:
    while process.stdout.read(1 << 20):
        pass
"""


def shown(cost: Cost) -> dict[str, float]:
    figures = {"wall_s": cost.wall_s, "cpu_s": cost.cpu_s, "peak_mb": cost.peak_mb}
    return {name: round(value, 3) for name, value in figures.items()}


def main() -> None:
    days = sys.argv[1] if sys.argv[1:] else "3650"
    print(f"prodlens {__version__}, Python {platform.python_version()}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        clone, db = str(Path(folder, "git")), str(Path(folder, "git.db"))
        written = run("-c", WRITE, clone, days)
        plain, ours = run("-c", GIT_LOG, clone), run("-c", READ, clone, db)
        again = run("-c", READ, clone, db)
    found = {**written.said, "git log": shown(plain), "ingest-git": shown(ours)}
    print(json.dumps(found | {"unchanged": shown(again), "cpu ratio": ours.cpu_s / plain.cpu_s}))


if __name__ == "__main__":
    main()
