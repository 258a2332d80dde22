"""`prod-lens db`: what the database holds, whether it is sound, copies, migration, vacuum."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from prodlens.cli.context import pass_app

if TYPE_CHECKING:
    from prodlens.cli.context import App


@click.group("db")
def db() -> None:
    """Look after the database file."""


@db.command("info")
@pass_app
def info(app: App) -> None:
    """Show size, schema, rows per table, and the days with calls."""
    from prodlens.storage import maintenance

    with app.open_store(read_only=True) as store:
        found = maintenance.info(store)
    if app.json:
        app.out.json({"schema": "prodlens.db-info/1", **dataclasses.asdict(found)})
        return
    days = f"{found.first_day} to {found.last_day}" if found.first_day else "no calls yet"
    behind = found.latest_schema - found.schema_version
    schema = f"{found.schema_version} (behind by {behind}: prod-lens db migrate)"
    app.out.line(f"Database  {found.path}")
    app.out.line(f"Size      {_size(found.size_bytes)}, of which {_size(found.free_bytes)} unused")
    app.out.line(f"WAL       {_size(found.wal_bytes)}")
    app.out.line(f"Schema    {schema if behind else found.schema_version}")
    app.out.line(f"Calls     {days} (UTC)")
    app.out.line()
    app.out.table(["table", "rows"], list(found.rows.items()))


@db.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@pass_app
def backup(app: App, file: Path, force: bool) -> None:
    """Copy the database into FILE, also while others write to it."""
    from prodlens.storage import maintenance

    target = file.expanduser()
    with app.open_store(read_only=True) as store:
        written = maintenance.backup(store, target, replace=force)
    if app.json:
        app.out.json({"schema": "prodlens.db-backup/1", "path": target, "size_bytes": written})
        return
    app.out.done(f"{target}, {_size(written)}, readable by you only")


@db.command("check")
@pass_app
def check(app: App) -> None:
    """Look for damage and for calls that stand there twice; exit 1 when something is found."""
    from prodlens.storage import maintenance

    with app.open_store(read_only=True) as store:
        findings = maintenance.check(store)
        path = store.path
    if app.json:
        app.out.json({"schema": "prodlens.db-check/1", "path": path, "findings": findings})
    elif not findings:
        app.out.done(f"{path} is sound")
    else:
        app.out.line("\n".join(findings))
    if findings:
        app.out.error(
            f"{path} is damaged: restore a backup, or move the file away and ingest again."
        )
        app.exit(1)


@db.command("vacuum")
@pass_app
def vacuum(app: App) -> None:
    """Write the database anew without gaps, and empty its write-ahead log."""
    from prodlens.storage import maintenance

    with app.open_store() as store:
        before, after = maintenance.vacuum(store)
    if app.json:
        app.out.json(
            {"schema": "prodlens.db-vacuum/1", "bytes_before": before, "bytes_after": after}
        )
        return
    app.out.done(f"{_size(before)} before, {_size(after)} after")


@db.command("migrate")
@pass_app
def migrate(app: App) -> None:
    """Bring the database to the newest schema; a backup is made beside it before."""
    from prodlens.storage import maintenance

    with app.open_store(read_only=True) as store:
        before = maintenance.info(store).schema_version
    with app.open_store() as store:
        after = maintenance.info(store).schema_version
    if app.json:
        app.out.json({"schema": "prodlens.db-migrate/1", "from": before, "to": after})
    elif before == after:
        app.out.done(f"schema {after} is the newest, nothing to do")
    else:
        app.out.done(f"schema {before} became {after}")


def _size(count: int) -> str:
    """Return bytes as people read them: 512 B, 1.5 kB, 2.0 MB (powers of 1,000)."""
    if count < 1000:
        return f"{count} B"
    amount = float(count)
    for unit in ("kB", "MB", "GB"):
        amount /= 1000
        if amount < 1000:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1000:.1f} TB"
