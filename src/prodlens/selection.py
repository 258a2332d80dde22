"""Which slice of the store a number is about: time, repositories, models, people, sources.

A `Selection` is parsed once at the edge, translated to SQL once (`prodlens.storage.where`), and
echoed in every report and export. How a slice is read is no concern of this module.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from prodlens.clock import as_utc, day_start, format_instant, utc_day, zone_named
from prodlens.errors import InputError

if TYPE_CHECKING:
    from datetime import date, datetime, tzinfo

_SLUG: Final = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]{0,99}(?:/[A-Za-z0-9_.-]{1,100}){0,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A slice of calls and deliveries.

    Attributes:
        since: First instant that belongs to the slice, aware UTC; None is "from the beginning".
        until: First instant after the slice, aware UTC; None is "to the end of the data".
        repositories: Slugs (`owner/name`), any of which matches; empty means all.
        models: Globs on the model name (`claude-*`), any of which matches; empty means all.
        developers: Developer ids, any of which matches; empty means all.
        sources: Source names, any of which matches; empty means all.
        traffic: Traffic classes, any of which matches; empty means all.
        timezone: IANA name of the zone whose days are counted; changes no row of the slice.
    """

    since: datetime | None = None
    until: datetime | None = None
    repositories: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    developers: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    traffic: tuple[str, ...] = ()
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        """Bring times to UTC and slugs to one spelling.

        Raises:
            InputError: `until` is not after `since`, or a slug is none.
        """
        for name in ("since", "until"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, as_utc(value))
        if self.since and self.until and self.until <= self.since:
            raise InputError(
                f"The window is empty: until ({format_instant(self.until)}) must be after since "
                f"({format_instant(self.since)})."
            )
        slugs = tuple(parse_repository(slug) for slug in self.repositories)
        object.__setattr__(self, "repositories", slugs)

    @property
    def zone(self) -> tzinfo:
        """The zone whose days are counted.

        Raises:
            InputError: There is no zone of that name.
        """
        return zone_named(self.timezone)

    def days(self) -> tuple[date | None, date | None]:
        """Return the first UTC day of the slice and the first UTC day after it."""
        first = utc_day(self.since) if self.since else None
        if self.until is None:
            return first, None
        last = utc_day(self.until)
        return first, last if self.until == day_start(last) else last + timedelta(days=1)


def parse_repository(text: str) -> str:
    """Return the lower-case `owner/name` slug of a repository name as a person gives it.

    Raises:
        InputError: The text is no slug, or tries to leave a folder (`..`).
    """
    slug = text.strip().strip("/").lower()
    if not _SLUG.fullmatch(slug) or any(part.strip(".") == "" for part in slug.split("/")):
        raise InputError(f"{text!r} is no repository: write it as owner/name.")
    return slug
