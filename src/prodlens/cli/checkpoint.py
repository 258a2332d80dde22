"""`prod-lens checkpoint` and `prod-lens etag`: how far jobs have come, and what to ask anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from prodlens.cli.context import pass_app

if TYPE_CHECKING:
    from prodlens.cli.context import App


@click.group("checkpoint")
def checkpoint() -> None:
    """See and set how far jobs have come."""


@checkpoint.command("list")
@pass_app
def list_checkpoints(app: App) -> None:
    """List the last checkpoint of every job."""
    from prodlens.storage import runs

    with app.open_store(read_only=True) as store:
        found = runs.list_checkpoints(store.conn)
    if app.json:
        app.out.json({"schema": "prodlens.checkpoints/1", "checkpoints": found})
    elif not found:
        app.out.line("No job has a checkpoint.")
    else:
        keys = ("job", "checkpoint", "set_at")
        app.out.table(keys, [[row[key] for key in keys] for row in found])


@checkpoint.command("set")
@click.argument("job")
@click.argument("when")
@pass_app
def set_checkpoint(app: App, job: str, when: str) -> None:
    """Let JOB go on from WHEN (2026-10-01, 2026-10-01T12:00:00Z, 90d)."""
    moment = app.parse_moment(when)
    with app.open_store() as store:
        store.set_checkpoint(job, moment)
    if app.json:
        app.out.json({"schema": "prodlens.checkpoint/1", "job": job, "checkpoint": moment})
        return
    app.out.done(f"{job} goes on from {moment:%Y-%m-%d %H:%M:%S} UTC")


@checkpoint.command("reset")
@click.argument("job")
@click.option("--yes", is_flag=True, help="Don't ask.")
@pass_app
def reset_checkpoint(app: App, job: str, yes: bool) -> None:
    """Forget the checkpoint of JOB, so that it begins anew."""
    from prodlens.errors import InputError
    from prodlens.storage import runs

    with app.open_store() as store:
        if store.get_last_checkpoint(job) is None:
            raise InputError(f"{job!r} has no checkpoint: see prod-lens checkpoint list.")
        app.confirm(f"Forget the checkpoint of {job!r}?", yes=yes)
        with store.transaction() as conn:
            runs.reset_checkpoint(conn, job)
    if app.json:
        app.out.json({"schema": "prodlens.checkpoint/1", "job": job, "checkpoint": None})
        return
    app.out.done(f"{job} begins anew")


@click.group("etag")
def etag() -> None:
    """See and forget validators of remote pages."""


@etag.command("list")
@pass_app
def list_etags(app: App) -> None:
    """List the validators of completed walks."""
    from prodlens.storage import runs

    with app.open_store(read_only=True) as store:
        found = runs.list_etags(store.conn)
    if app.json:
        app.out.json({"schema": "prodlens.etags/1", "etags": found})
    elif not found:
        app.out.line("No validator is stored.")
    else:
        keys = ("endpoint", "etag", "last_modified", "last_synced")
        app.out.table(keys, [[row[key] for key in keys] for row in found])


@etag.command("clear")
@click.argument("endpoint", required=False)
@click.option("--yes", is_flag=True, help="Don't ask.")
@pass_app
def clear_etags(app: App, endpoint: str | None, yes: bool) -> None:
    """Forget the validators of ENDPOINT, or all of them, so that the next sync asks anew."""
    from prodlens.storage import runs

    if endpoint is None:
        app.confirm("Forget every validator?", yes=yes)
    with app.open_store() as store, store.transaction() as conn:
        count = runs.clear_etags(conn, endpoint)
    if app.json:
        app.out.json({"schema": "prodlens.etag-clear/1", "cleared": count})
        return
    app.out.done(f"{count:,} validators forgotten")
