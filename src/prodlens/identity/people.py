"""`People`: reads evidence from the store, writes who is who, and keeps what people say about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prodlens.errors import InputError
from prodlens.identity.evidence import (
    DEVELOPER,
    EMAIL,
    GITHUB_ID,
    KINDS,
    LOGIN,
    Evidence,
    Identity,
    of_call,
    parse_identity,
    stored_identity,
)
from prodlens.identity.joining import final_developer, join
from prodlens.identity.suggestions import display_name, names_by_email, suggest
from prodlens.storage import connection, identities
from prodlens.storage.persons import TRACE_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prodlens.identity.joining import Joined
    from prodlens.storage import ProdLensStore
    from prodlens.storage.identities import Row

_ALONE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """Who is who, and how much of it is not known.

    Attributes:
        developers: Name shown by developer id; None when no name is known.
        identities: What certainly belongs to a developer, by developer.
        suggestions: What may belong together; joins nobody.
        commits: Commits of people on default branches, merges left out, of all repositories.
        unresolved_commits: Those of them of whose author only an e-mail is known.
        calls: Calls of the traces.
        unjoined_calls: Those of them by nobody of whom commits are known.
        changed: Whether the tables say something else than before.
    """

    developers: dict[str, str | None]
    identities: tuple[Row, ...]
    suggestions: tuple[Row, ...]
    commits: int
    unresolved_commits: int
    calls: int
    unjoined_calls: int
    changed: bool

    @property
    def unresolved_commit_share(self) -> float | None:
        """Share 0..1 of commits whose author is not resolved; None without commits."""
        return self.unresolved_commits / self.commits if self.commits else None

    @property
    def unjoined_call_share(self) -> float | None:
        """Share 0..1 of calls whose developer has no known commits; None without calls."""
        return self.unjoined_calls / self.calls if self.calls else None


class People:
    """Who is who in one store. Every change is a statement, and can be taken back.

    Args:
        store: The store, writable.
    """

    def __init__(self, store: ProdLensStore) -> None:
        self._store = store

    def resolve(self) -> Resolution:
        """Bring `developers` and `developer_identities` up to date with the evidence.

        The result depends on the evidence alone; doing it twice changes nothing.

        Raises:
            StoreError: The database can't be written.
        """
        with connection.naming_errors(self._store.path):
            evidence, calls = self._evidence()
            joined = join(evidence)
            names = names_by_email(evidence)
            people = {one: display_name(group, names) for one, group in joined.groups.items()}
            rows = _rows(joined)
            suggestions = suggest(evidence, joined.groups)
            stored = [row for row in suggestions if row.developer_id in people]
        with self._store.transaction() as conn:
            changed = identities.replace(conn, people, [*rows, *stored])
        commits, unresolved = _commits(evidence, rows)
        return Resolution(
            developers=dict(sorted(people.items())),
            identities=rows,
            suggestions=suggestions,
            commits=commits,
            unresolved_commits=unresolved,
            calls=sum(calls.values()),
            unjoined_calls=_unjoined(calls, joined),
            changed=changed,
        )

    def link(self, developer: str, named: Sequence[str]) -> Resolution:
        """Say that identities belong to a developer, who need not be known yet.

        Args:
            developer: Id of the developer.
            named: Identities, as `parse_identity` reads them.

        Raises:
            InputError: A text is no identity, or the developer has no name.
        """
        found = [parse_identity(text) for text in named]
        developer = _checked(developer)
        said = {str(one): developer for one in self._pins(developer)}
        with self._store.transaction() as conn:
            identities.say(conn, identities.LINKS, said | {str(one): developer for one in found})
        return self.resolve()

    def unlink(self, text: str, *, undo: bool = False) -> Resolution:
        """Say that an identity stands alone, or that a merged developer is nobody else.

        Args:
            text: An identity, or `developer:ID` of a developer that was merged.
            undo: Take back what was said of the identity instead: the rules decide again.

        Raises:
            InputError: There is nothing to separate or to take back.
        """
        kind, _, value = text.partition(":")
        if kind == DEVELOPER:
            self._unsay(identities.MERGES, value, f"{value} was not merged into anyone")
            return self.resolve()
        one = parse_identity(text)
        if undo:
            said = self._said(identities.LINKS)
            key = next((text for text in said if stored_identity(text) == one), str(one))
            self._unsay(identities.LINKS, key, f"Nothing was said of {one}")
            return self.resolve()
        certain = [row for row in self.resolve().identities if (row.kind, row.value) == one]
        if not certain:
            raise InputError(f"{one} is linked to nobody: see prod-lens developer list.")
        with self._store.transaction() as conn:
            identities.say(conn, identities.LINKS, {str(one): _ALONE})
        return self.resolve()

    def merge(self, developer: str, into: str) -> Resolution:
        """Say that a developer is another one; `unlink("developer:ID")` takes it back.

        Raises:
            InputError: One of them is not known, or they are one already.
        """
        known = self.resolve().developers
        merges = self._said(identities.MERGES)
        for one in (developer, into):
            if one not in known and one not in merges:
                raise InputError(f"There is no developer {one!r}: see prod-lens developer list.")
        if final_developer(developer, merges) == final_developer(into, merges):
            raise InputError(f"{developer} and {into} are one developer already.")
        pins = {str(pin): one for one in (developer, into) for pin in self._pins(one)}
        with self._store.transaction() as conn:
            identities.say(conn, identities.LINKS, pins)
            identities.say(conn, identities.MERGES, {developer: into})
        return self.resolve()

    def _pins(self, developer: str) -> Iterable[Identity]:
        """Return identities that must be said to be a developer's so that their id stays.

        Ids that follow from evidence may change with it; a statement that names one must not lose
        them. Nothing is needed where a statement names the id already.
        """
        if developer in self._said(identities.LINKS).values():
            return ()
        evidence, _ = self._evidence()
        group = join(evidence).groups.get(developer)
        if group is None:
            mail = Identity(EMAIL, developer.lower())
            return [mail] if mail.value in {one.email for one in evidence.accounts} else ()
        return [min(group, key=lambda one: (one.value != developer, KINDS.index(one.kind), one))]

    def _said(self, stream: str) -> dict[str, str]:
        return identities.statements(self._store.conn, stream)

    def _unsay(self, stream: str, key: str, otherwise: str) -> None:
        with self._store.transaction() as conn:
            if not identities.unsay(conn, stream, key):
                raise InputError(f"{otherwise}: see prod-lens developer list.")

    def _evidence(self) -> tuple[Evidence, dict[str | None, int]]:
        conn = self._store.conn
        calls = identities.trace_users(conn)
        said = self._said(identities.LINKS)
        evidence = Evidence(
            accounts=tuple(identities.accounts(conn)),
            logins=tuple(identities.logins(conn)),
            trace_users=tuple(sorted(user for user in calls if user)),
            mail_map=tuple(identities.mail_map(conn)),
            same_calls=tuple(identities.same_calls(conn)),
            links={
                stored_identity(text): developer or None
                for text, developer in sorted(said.items(), key=_legacy_first)
            },
            merges=self._said(identities.MERGES),
        )
        return evidence, calls


def _legacy_first(said: tuple[str, str]) -> tuple[bool, str]:
    """Order statements so that one in today's spelling wins over one in an older spelling."""
    return str(stored_identity(said[0])) == said[0], said[0]


def _checked(developer: str) -> str:
    name = developer.strip()
    if not name or len(name) > 200 or not name.isprintable():
        raise InputError(f"{developer!r} is no developer id: give a short name.")
    return name


def _rows(joined: Joined) -> tuple[Row, ...]:
    return tuple(
        identities.Row(*one, developer, joined.sources[one], 1.0)
        for developer in sorted(joined.groups)
        for one in sorted(joined.groups[developer])
    )


def _commits(evidence: Evidence, rows: Iterable[Row]) -> tuple[int, int]:
    certain = {(row.kind, row.value) for row in rows}
    people = [one for one in evidence.accounts if Identity(EMAIL, one.email).is_person()]
    unresolved = [
        one
        for one in people
        if certain.isdisjoint(
            {
                (EMAIL, one.email),
                (LOGIN, (one.login or "").lower()),
                (GITHUB_ID, str(one.github_id)),
            }
        )
    ]
    return sum(one.commits for one in people), sum(one.commits for one in unresolved)


def _delivers(one: Identity, joined: Joined) -> bool:
    """Return whether an identity is one that commits or pull requests may be known by."""
    if one.kind == EMAIL:
        return joined.sources[one] != "trace"
    return one.kind not in TRACE_KINDS


def _unjoined(calls: dict[str | None, int], joined: Joined) -> int:
    owner = {one: group for group in joined.groups.values() for one in group}
    return sum(
        count
        for user, count in calls.items()
        if all(not _delivers(one, joined) for one in owner.get(of_call(user or ""), ()))
    )
