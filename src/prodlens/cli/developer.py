"""`prod-lens developer`: who is who, on what evidence, and what to say about it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from prodlens.cli.context import pass_app
from prodlens.cli.output import clean

if TYPE_CHECKING:
    from prodlens.cli.context import App
    from prodlens.identity import Resolution
    from prodlens.storage.identities import Row

_KNOWN_FROM = {
    "stated": "said",
    "apart": "said to stand alone",
    "mail_map": "mail-map",
    "noreply": "GitHub address",
    "github": "GitHub",
    "same_email": "same e-mail",
    "trace": "calls",
    "same_name": "same name",
    "same_login": "same login",
    "same_call": "same call",
    "old_address": "old GitHub address",
}


@click.group("developer")
def developer() -> None:
    """See and say which accounts, e-mails and trace users are one person."""


@developer.command("list")
@pass_app
def list_developers(app: App) -> None:
    """List developers with what is known of them, and proposals with the command that accepts."""
    from prodlens.identity import People

    with app.open_store() as store:
        found = People(store).resolve()
    if app.json:
        app.out.json(_document(found))
        return
    if found.developers:
        app.out.table(
            ("developer", "name", "identity", "known from"),
            [
                (row.developer_id, found.developers[row.developer_id], _identity(row), _source(row))
                for row in found.identities
            ],
        )
    else:
        app.out.line("Nobody is known yet: prod-lens ingest-git PATH, or prod-lens ingest-traces.")
    _tell_unresolved(app, found)
    if found.suggestions:
        app.out.line()
        _show_suggestions(app, found)


@developer.command("suggest")
@pass_app
def suggest(app: App) -> None:
    """Propose who may be one person, each with the command that accepts; joins nobody."""
    from prodlens.identity import People

    with app.open_store() as store:
        found = People(store).resolve()
    if app.json:
        app.out.json(_document(found))
    elif found.suggestions:
        _show_suggestions(app, found)
    else:
        app.out.line("There is nothing to propose.")
        _tell_unresolved(app, found)


def _show_suggestions(app: App, found: Resolution) -> None:
    app.out.table(
        ("perhaps", "is", "because", "accept with"),
        [
            (_identity(row), row.developer_id, _source(row), _accept(row))
            for row in found.suggestions
        ],
    )


@developer.command("link")
@click.argument("developer_id", metavar="ID")
@click.argument("identities", metavar="IDENTITY...", nargs=-1, required=True)
@pass_app
def link(app: App, developer_id: str, identities: tuple[str, ...]) -> None:
    """Say that each IDENTITY (email:a@b.org, github_login:ada, trace_user:x, device:HEX) is developer ID."""
    from prodlens.identity import People

    with app.open_store() as store:
        found = People(store).link(developer_id, identities)
    _tell(app, found, f"{clean(developer_id)} is {', '.join(clean(one) for one in identities)}")


@developer.command("unlink")
@click.argument("identity", metavar="IDENTITY")
@click.option("--undo", is_flag=True, help="Take back what was said of it: the rules decide again.")
@pass_app
def unlink(app: App, identity: str, undo: bool) -> None:
    """Say that IDENTITY stands alone; developer:ID takes a merge of developer ID back."""
    from prodlens.identity import People

    with app.open_store() as store:
        found = People(store).unlink(identity, undo=undo)
    if undo:
        text = f"What was said of {clean(identity)} is taken back"
    elif identity.startswith("developer:"):
        text = f"{clean(identity)} is merged into nobody any more"
    else:
        text = f"{clean(identity)} stands alone; take it back with --undo"
    _tell(app, found, text)


@developer.command("merge")
@click.argument("developer_id", metavar="ID")
@click.argument("into", metavar="INTO")
@pass_app
def merge(app: App, developer_id: str, into: str) -> None:
    """Say that developer ID is developer INTO; `unlink developer:ID` takes it back."""
    from prodlens.identity import People

    with app.open_store() as store:
        found = People(store).merge(developer_id, into)
    _tell(app, found, f"{clean(developer_id)} is {clean(into)}")


def _tell(app: App, found: Resolution, text: str) -> None:
    if app.json:
        app.out.json(_document(found))
        return
    app.out.done(text)
    _tell_unresolved(app, found)


def _tell_unresolved(app: App, found: Resolution) -> None:
    if found.commits:
        app.out.note(
            f"{found.unresolved_commits:,} of {found.commits:,} commits "
            f"({found.unresolved_commit_share:.0%}) are by people of whom only an e-mail is known"
        )
    if found.calls:
        app.out.note(
            f"{found.unjoined_calls:,} of {found.calls:,} calls ({found.unjoined_call_share:.0%}) "
            "are by nobody of whom commits are known"
        )


def _document(found: Resolution) -> dict[str, Any]:
    owned: dict[str, list[dict[str, str]]] = {one: [] for one in found.developers}
    for row in found.identities:
        about = {"kind": row.kind, "value": row.value, "source": row.source}
        owned[row.developer_id].append(about)
    return {
        "schema": "prodlens.developers/1",
        "developers": [
            {"developer_id": one, "display": display, "identities": owned[one]}
            for one, display in found.developers.items()
        ],
        "suggestions": [row._asdict() | {"accept": _accept(row)} for row in found.suggestions],
        "commits": found.commits,
        "unresolved_commits": found.unresolved_commits,
        "unresolved_commit_share": found.unresolved_commit_share,
        "calls": found.calls,
        "unjoined_calls": found.unjoined_calls,
        "unjoined_call_share": found.unjoined_call_share,
    }


def _identity(row: Row) -> str:
    return f"{row.kind}:{row.value}"


def _source(row: Row) -> str:
    return _KNOWN_FROM[row.source]


def _accept(row: Row) -> str:
    if row.kind == "developer":
        words = ["prod-lens", "developer", "merge", row.value, row.developer_id]
    else:
        words = ["prod-lens", "developer", "link", row.developer_id, _identity(row)]
    return shlex.join(words)
