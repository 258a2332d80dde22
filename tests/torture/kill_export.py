"""Run as a process: exports, and kills itself just before the n-th file is put in its place.

Usage: kill_export.py DATABASE FOLDER NUMBER
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from prodlens.aggregation import ParquetExporter
from prodlens.storage import ProdLensStore


def main() -> None:
    database, folder, number = sys.argv[1:]
    left = int(number)

    def before_replacing(event: str, _: tuple[Any, ...]) -> None:
        nonlocal left
        if event == "os.rename":  # what Python reports for every replacement of a file
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(before_replacing)
    with ProdLensStore(database) as store:
        exporter = ParquetExporter(folder)
        exporter.export_sessions_by_date(store)
        exporter.export_aggregates_by_date(store)


if __name__ == "__main__":
    main()
