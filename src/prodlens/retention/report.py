"""Owns what one run of the retention measure says: counts and shares, no text and no path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prodlens.retention.claims import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prodlens.retention.claims import AcceptedEdit, Kept


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRetention:
    """What became of the accepted edits of one tool, or of all.

    Attributes:
        tool: Name of the tool.
        edits: Accepted edits that were looked for.
        found: Of these, edits whose file was touched by a commit in the window.
        not_committed: Edits whose window is over without one; none of their lines was kept.
        pending: Edits of which nothing is known yet; in no line count below.
        lines: Meaningful lines of the edits that are found or not committed.
        kept_lines: Lines of these that a commit holds.
    """

    tool: str
    edits: int = 0
    found: int = 0
    not_committed: int = 0
    pending: int = 0
    lines: int = 0
    kept_lines: int = 0

    @property
    def kept_share(self) -> float | None:
        """Share of the lines that was kept, 0..1; None when nothing is known yet."""
        return self.kept_lines / self.lines if self.lines else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What git-ai's notes say of the commits that were read.

    Attributes:
        commits: Commits with a note of a known version, among those that touched an edit's file.
        lines: Kept lines in files that such a note speaks of.
        confirmed: Of these, lines that the note attributes to an assistant.
        people: Lines that a note attributes to a person; no edit may claim them.
    """

    commits: int = 0
    lines: int = 0
    confirmed: int = 0
    people: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionReport:
    """What one run found and wrote.

    Attributes:
        repo_slug: The repository, None when the clone does not say.
        branch: Branch that was read; None when no branch is checked out.
        head: Its newest commit; None when there is none.
        window_days: Days within which a commit counts.
        accepted: Accepted edits in the store, of this repository and of no known one.
        elsewhere: Those of no known repository that nothing ties to this clone; left as they were.
        earlier: Those that were found before in a commit that this branch does not hold; left so.
        total: All that were looked for.
        tools: The same by tool, most edits first.
        commits: Commits that touched a file of an edit in its window.
        notes: What git-ai's notes say.
        history_cut: Whether the clone is shallow: older commits were not read.
        changed: Edits of which something else is stored now.
    """

    repo_slug: str | None
    branch: str | None
    head: str | None
    window_days: int
    accepted: int
    elsewhere: int
    earlier: int
    total: ToolRetention
    tools: tuple[ToolRetention, ...]
    commits: int
    notes: Notes
    history_cut: bool
    changed: int

    @property
    def coverage(self) -> float | None:
        """Share of the accepted edits of which it is known what was kept; None without any."""
        known = self.total.found + self.total.not_committed
        return known / self.accepted if self.accepted else None


def by_tool(
    edits: Iterable[AcceptedEdit], results: Mapping[int, Kept | None]
) -> tuple[ToolRetention, ...]:
    """Return what became of edits, by tool, most edits first."""
    groups: dict[str, list[tuple[AcceptedEdit, Kept]]] = {}
    for edit in edits:
        if (result := results.get(edit.id)) is not None:
            groups.setdefault(edit.tool, []).append((edit, result))
    rows = [_summed(tool, group) for tool, group in groups.items()]
    return tuple(sorted(rows, key=lambda row: (-row.edits, row.tool)))


def all_tools(rows: Iterable[ToolRetention]) -> ToolRetention:
    """Return the sum of all tools."""
    every = list(rows)
    return ToolRetention(
        tool="all",
        edits=sum(row.edits for row in every),
        found=sum(row.found for row in every),
        not_committed=sum(row.not_committed for row in every),
        pending=sum(row.pending for row in every),
        lines=sum(row.lines for row in every),
        kept_lines=sum(row.kept_lines for row in every),
    )


def _summed(tool: str, group: list[tuple[AcceptedEdit, Kept]]) -> ToolRetention:
    known = [(edit, kept) for edit, kept in group if kept.status is not Status.PENDING]
    return ToolRetention(
        tool=tool,
        edits=len(group),
        found=sum(kept.status is Status.KEPT for _, kept in group),
        not_committed=sum(kept.status is Status.NOT_COMMITTED for _, kept in group),
        pending=len(group) - len(known),
        lines=sum(len(edit.lines) for edit, _ in known),
        kept_lines=sum(kept.lines or 0 for _, kept in known),
    )
