"""Owns what an identity is, how one is written, and what may speak for a person; decides nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from prodlens.errors import InputError
from prodlens.sources.ai_trailers import GITHUB_MAIL, is_nobody, is_program
from prodlens.storage.persons import TRACE_KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prodlens.storage.identities import Account

TRACE_USER: Final = "trace_user"
"""Developer id of calls that looks like a login; it need not be one of GitHub's."""
ACCOUNT: Final = "account"
"""Developer id of calls that is a UUID: an account at the vendor of the assistant."""
DEVICE: Final = "device"
"""Developer id of calls that is a SHA-256: the digest of a device."""
KEY_ALIAS: Final = "key_alias"
"""Any other developer id of calls: the name of a proxy's key."""
LOGIN: Final = "github_login"
GITHUB_ID: Final = "github_id"
EMAIL: Final = "email"
DEVELOPER: Final = "developer"
"""Kind of a suggestion that a developer is another one."""
KINDS: Final = (TRACE_USER, LOGIN, EMAIL, KEY_ALIAS, GITHUB_ID, ACCOUNT, DEVICE)
"""Kinds of identities; a developer is named after the first kind they have."""
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+")
"""An e-mail of plain ASCII: SQLite brings no other letters to lower case."""
_LOGIN: Final = re.compile(r"(?=.{1,39}\Z)[A-Za-z0-9](?:-?[A-Za-z0-9])*")


class Identity(NamedTuple):
    """One name under which somebody is known.

    Attributes:
        kind: One of `KINDS`.
        value: The name; lower case, except that ids only calls know stay as calls name them.
    """

    kind: str
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"

    def is_person(self) -> bool:
        """Return whether this can be a person's: no program, nobody's stand-in, no deleted user."""
        if self.kind in TRACE_KINDS:
            name = self.value.strip()
            return name != "" and not is_nobody(name) and not is_program(name, name)
        address = self.value if self.kind == EMAIL else f"{self.value}@{GITHUB_MAIL}"
        return self.kind == GITHUB_ID or not (is_nobody(address) or is_program("", address))


def of_call(developer_id: str) -> Identity:
    """Return the identity that a developer id of calls is, by its form alone.

    Source: sources.md sections 4, 5 and 7 (what each source names a developer by).

    >>> of_call("Ada@example.org"), of_call("ada"), of_call("team key 1").kind
    (Identity(kind='email', value='ada@example.org'), Identity(kind='trace_user', value='ada'), 'key_alias')
    """
    if _ADDRESS.fullmatch(developer_id):
        return Identity(EMAIL, developer_id.lower())
    for kind, form in ((ACCOUNT, _UUID), (DEVICE, _SHA256), (TRACE_USER, _LOGIN)):
        if form.fullmatch(developer_id):
            return Identity(kind, developer_id)
    return Identity(KEY_ALIAS, developer_id)


def stored_identity(text: str) -> Identity:
    """Return the identity that a statement names, as `str` of an identity wrote it.

    Kinds of ids that only calls know follow from the form, whatever kind was written.
    """
    kind, _, value = text.partition(":")
    return of_call(value) if kind in TRACE_KINDS else Identity(kind, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that is known of identities.

    Attributes:
        accounts: Authors of commits.
        logins: Logins and GitHub ids that stood together.
        trace_users: Developer ids of calls.
        same_calls: Pairs of developer ids that two sources gave one call.
        mail_map: E-mails and what mail-maps make of them.
        links: What people said: identity -> developer; None says that it stands alone.
        merges: What people said: developer -> developer that they are.
    """

    accounts: tuple[Account, ...] = ()
    logins: tuple[tuple[str, int], ...] = ()
    trace_users: tuple[str, ...] = ()
    same_calls: tuple[tuple[str, str], ...] = ()
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
            f"{text!r} is no identity: write email:ada@example.org, github_login:ada, "
            "github_id:123, or as calls name somebody: trace_user:ada, account:UUID, device:HEX, "
            "key_alias:NAME."
        )
    identity = of_call(value) if kind in TRACE_KINDS else Identity(kind, value.lower())
    if not identity.is_person():
        raise InputError(
            f"{identity} belongs to a program or to nobody: it can't be a developer's."
        )
    return identity
