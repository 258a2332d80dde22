"""Checks of the database file itself: can it be used, is it sound, who may open it, is it current.

Knows the meaning of no call and of no delivery.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from prodlens.doctor.finding import judged
from prodlens.doctor.wording import counted, listed
from prodlens.errors import SchemaTooNewError, StoreBusyError, StoreEmptyError
from prodlens.storage import diagnosis, maintenance, migrations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prodlens.doctor.finding import Case, Finding, Setup
    from prodlens.errors import StoreError
    from prodlens.storage.diagnosis import FileFacts, FileKind

_NO_DATABASE: Final[dict[FileKind, str]] = {
    "missing": "does not exist yet: read some traces",
    "empty": "is an empty file: read some traces",
    "folder": "is a folder: name a file in it",
    "unreadable": "can't be read by you",
}


def not_there(path: Path, file: FileFacts, setup: Setup) -> Finding | None:
    """Return why there is no database to open; None when there may be one."""
    if file.kind not in _NO_DATABASE:
        return None
    mend = {
        "folder": f"prod-lens doctor --db {shlex.quote(str(path / 'cache.db'))}",
        "unreadable": f"chmod u+rw {shlex.quote(str(path))}",
    }
    return judged(
        "database",
        f"{path} {_NO_DATABASE[file.kind]}",
        mend=mend.get(file.kind, setup.ingest),
        problem=True,
        facts={"path": str(path), "kind": file.kind, "size_bytes": file.size_bytes},
    )


def unusable(check: str, error: StoreError, path: Path, file: FileFacts) -> Finding:
    """Return the finding for a database that failed while it was looked at."""
    facts = {"path": str(path), "kind": file.kind, "size_bytes": file.size_bytes}
    mend = _way_on(error, path, file)
    return judged(check, str(error), mend=mend, problem=True, facts=facts)


def _way_on(error: StoreError, path: Path, file: FileFacts) -> str:
    if isinstance(error, StoreEmptyError):
        return "prod-lens ingest-traces PATH"
    if isinstance(error, SchemaTooNewError):
        return "python3 -m pip install --upgrade prodlens"
    if isinstance(error, StoreBusyError):
        return "prod-lens doctor"
    return _put_aside(path) if file.kind == "prodlens" else "prod-lens doctor --db FILE"


def _put_aside(path: Path) -> str:
    return f"mv {shlex.quote(str(path))} {shlex.quote(f'{path}.damaged')}"


def usable(case: Case) -> Iterator[Finding]:
    """Say where the database is, its size, and whether its schema is the present one."""
    path, size = case.store.path, case.file.size_bytes
    schema, latest = migrations.schema_version(case.store.conn), migrations.LATEST
    text = f"{path}, {size / 1e6:,.1f} MB, schema {schema}"
    facts = {
        "path": str(path),
        "kind": case.file.kind,
        "size_bytes": size,
        "schema": schema,
        "latest_schema": latest,
    }
    if schema == latest:
        yield judged("database", text, facts=facts)
        return
    mend = "prod-lens db migrate" if schema else case.setup.ingest
    text += f"; this ProdLens works with schema {latest}"
    yield judged("database", text, mend=mend, problem=True, facts=facts)


def integrity(case: Case) -> Iterator[Finding]:
    """Look at every page, index and reference; see `prodlens.storage.maintenance.check`."""
    damage = maintenance.check(case.store)
    if not damage:
        yield judged("integrity", "every page, index and reference is sound")
        return
    text = f"{listed(damage)}. Restore a backup; without one, move the file away and ingest again"
    mend = _put_aside(case.store.path)
    yield judged("integrity", text, mend=mend, problem=True, facts={"findings": damage})


def access(case: Case) -> Iterator[Finding]:
    """Say whether the file can be written, and whether others may open it."""
    path, writable = case.store.path, case.file.writable
    shared = diagnosis.shared(path)
    facts = {"writable": writable, "private": not shared}
    if writable and not shared:
        yield judged("access", "writable, and for you alone", facts=facts)
    if not writable:
        text = "the file or its folder can't be written: reports work, ingestion does not"
        mend = f"chmod u+w {shlex.join([str(path), str(path.parent)])}"
        yield judged("access", text, mend=mend, facts=facts)
    if shared:
        text = "others on this computer may open it, and it holds who did what when"
        mend = f"chmod go= {shlex.join(str(file) for file in shared)}"
        yield judged("access", text, mend=mend, facts=facts)


def daily_tables(case: Case) -> Iterator[Finding]:
    """Say whether the daily tables are older than the rows they are made from."""
    calls, deliveries = maintenance.changed_days(case.store)
    facts = {"session_days": calls, "github_days": deliveries}
    if not calls and not deliveries:
        yield judged("daily_tables", "up to date", facts=facts)
        return
    parts = (("calls", calls), ("deliveries", deliveries))
    stale = " and ".join(f"{counted(n, 'day')} with {what}" for what, n in parts if n)
    text = f"{stale} changed since they were computed"
    yield judged("daily_tables", text, mend="prod-lens aggregate", facts=facts)
