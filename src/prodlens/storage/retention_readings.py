"""SQL that counts accepted edits, for saying how many of them could be measured.

Reads only; what became of edits is written by `prodlens.storage.suggestions`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.schemas import Decision

if TYPE_CHECKING:
    import sqlite3

_COUNT: Final = """
select count(*) from suggestions
where decision = ? and (? is null or repo_slug is null or repo_slug = ?)
"""


def accepted_count(conn: sqlite3.Connection, repo_slug: str | None) -> int:
    """Return how many edits were accepted, with or without anything to compare.

    Args:
        conn: The connection.
        repo_slug: Those of this repository and those of none; None is all.
    """
    row = conn.execute(_COUNT, (Decision.ACCEPT.value, repo_slug, repo_slug)).fetchone()
    return int(row[0])
