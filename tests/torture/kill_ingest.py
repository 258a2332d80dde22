"""Run as a process: ingests files and kills itself at the n-th chosen point around a commit.

Usage: kill_ingest.py DATABASE DEAD_LETTERS WHEN NUMBER FILE...   (WHEN: before | after | never)
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING

from prodlens.storage import ProdLensStore, connection
from prodlens.trace_ingestion import IngestOptions, TraceIngestor, ingestor

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator


class KillingStore(ProdLensStore):
    """A real store whose n-th transaction never ends, or is the last thing that happens."""

    when = "never"
    number = 0

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        type(self).number -= 1
        with connection.naming_errors(self.path), connection.transaction(self.conn) as conn:
            yield conn
            if self.when == "before" and self.number == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        if self.when == "after" and self.number == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    database, dead_letters, when, number, *files = sys.argv[1:]
    KillingStore.when, KillingStore.number = when, int(number)
    ingestor.BATCH_RECORDS = 7
    with KillingStore(database) as store:
        TraceIngestor(store, dead_letter_dir=dead_letters).ingest(files, IngestOptions())


if __name__ == "__main__":
    main()
