"""`diagnose`: runs every check in order, and turns what fails on the way into findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.doctor import calls, database, delivery
from prodlens.doctor.finding import Case, Setup, Status, judged
from prodlens.errors import StoreError
from prodlens.storage import connection, diagnosis, maintenance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from prodlens.doctor.finding import Finding

_LOOKS: Final[dict[str, Callable[[Case], Iterable[Finding]]]] = {
    "database": database.usable,
    "integrity": database.integrity,
    "access": database.access,
    "sources": calls.sources,
    "freshness": calls.freshness,
    "daily_tables": database.daily_tables,
    "dead_letters": calls.dead_letters,
    "prices": calls.prices,
    "developers": calls.developers,
    "repositories": calls.repositories,
    "sessions": calls.sessions,
    "acceptance": calls.acceptance,
    "deliveries": delivery.deliveries,
    "people": delivery.people,
}
CHECKS: Final = ("settings", *_LOOKS)
"""Every check, in the order of the page."""


def diagnose(path: Path, *, setup: Setup | None = None, now: datetime) -> tuple[Finding, ...]:
    """Look over a database and what stands around it.

    Args:
        path: The database file; missing, empty, damaged, newer and foreign files are findings too.
        setup: What the settings say; None is nothing.
        now: The present instant, aware UTC.

    Returns:
        Findings in the order of `CHECKS`. A check may have several, or none where there is nothing
        to look at; after a problem the checks behind it are left out.
    """
    known = setup or Setup()
    file = diagnosis.file_facts(path)
    hindrance = database.not_there(path, file, known)
    if hindrance is not None:
        return (*_settings(known), hindrance)
    try:
        with maintenance.opened(path, read_only=True) as store:
            return (*_settings(known), *_contents(Case(store, file, known, now)))
    except StoreError as error:
        return (*_settings(known), database.unusable("database", error, path, file))


def _settings(setup: Setup) -> Iterator[Finding]:
    file = None if setup.file is None else str(setup.file)
    text = file or "no prodlens.toml: the defaults are in force"
    yield judged("settings", text, facts={"file": file})
    for note in setup.notes:
        yield judged("settings", note, mend="prod-lens config show --origin")


def _contents(case: Case) -> Iterator[Finding]:
    for check, look in _LOOKS.items():
        found = _findings(check, look, case)
        yield from found
        if any(one.status is Status.PROBLEM for one in found):
            return


def _findings(check: str, look: Callable[[Case], Iterable[Finding]], case: Case) -> list[Finding]:
    try:
        with connection.naming_errors(case.store.path):
            return list(look(case))
    except StoreError as error:
        return [database.unusable(check, error, case.store.path, case.file)]
