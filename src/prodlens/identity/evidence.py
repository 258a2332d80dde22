"""Owns what an identity is, how one is written, and what may speak for a person; decides nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from prodlens.errors import InputError
from prodlens.sources.ai_trailers import GITHUB_MAIL, is_nobody, is_program

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prodlens.storage.identities import Account

TRACE_USER: Final = "trace_user"
LOGIN: Final = "github_login"
GITHUB_ID: Final = "github_id"
EMAIL: Final = "email"
DEVELOPER: Final = "developer"
"""Kind of a suggestion that a developer is another one."""
KINDS: Final = (TRACE_USER, LOGIN, EMAIL, GITHUB_ID)
"""Kinds of identities; a developer is named after the first kind they have."""


class Identity(NamedTuple):
    """One name under which somebody is known.

    Attributes:
        kind: One of `KINDS`.
        value: The name; lower case, except that trace users stay as calls name them.
    """

    kind: str
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"

    def is_person(self) -> bool:
        """Return whether this can be a person's: no program, nobody's stand-in, no deleted user."""
        if self.kind == TRACE_USER:
            name = self.value.strip()
            return name != "" and not is_nobody(name) and not is_program(name, name)
        address = self.value if self.kind == EMAIL else f"{self.value}@{GITHUB_MAIL}"
        return self.kind == GITHUB_ID or not (is_nobody(address) or is_program("", address))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that is known of identities.

    Attributes:
        accounts: Authors of commits.
        logins: Logins and GitHub ids that stood together.
        trace_users: Developer ids of calls.
        mail_map: E-mails and what mail-maps make of them.
        links: What people said: identity -> developer; None says that it stands alone.
        merges: What people said: developer -> developer that they are.
    """

    accounts: tuple[Account, ...] = ()
    logins: tuple[tuple[str, int], ...] = ()
    trace_users: tuple[str, ...] = ()
    mail_map: tuple[tuple[str, str], ...] = ()
    links: Mapping[Identity, str | None] = field(default_factory=dict)
    merges: Mapping[str, str] = field(default_factory=dict)

    def stands_alone(self, identity: Identity) -> bool:
        """Return whether a person said that an identity is not who the rules say."""
        return self.links.get(identity, "") is None


def parse_identity(text: str) -> Identity:
    """Return the identity that a text names: `email:a@b.org`, `github_login:ada`, or an e-mail.

    Raises:
        InputError: The text is none, or names a program or nobody.
    """
    kind, colon, value = text.strip().partition(":")
    if not colon and "@" in text:
        kind, value = EMAIL, text
    kind, value = {"login": LOGIN}.get(kind, kind), value.strip()
    if kind not in KINDS or not value or (kind == GITHUB_ID and not value.isdigit()):
        raise InputError(
            f"{text!r} is no identity: write email:ada@example.org, github_login:ada, github_id:123 "
            "or trace_user:ada."
        )
    identity = Identity(kind, value if kind == TRACE_USER else value.lower())
    if not identity.is_person():
        raise InputError(
            f"{identity} belongs to a program or to nobody: it can't be a developer's."
        )
    return identity
