"""Times that the options of `report` mean, and the zone whose days count; prints nothing."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from prodlens.cli.context import App


def as_of_option(app: App, text: str | None) -> datetime | None:
    """Return the instant of `--as-of`, else of SOURCE_DATE_EPOCH; None is the present.

    Source: reproducible-builds.org/specs/source-date-epoch.

    Raises:
        click.UsageError: It is no time.
    """
    if text is not None:
        return app.parse_when(text)
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not epoch:
        return None
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        raise click.UsageError(
            f"SOURCE_DATE_EPOCH is {epoch!r}: write whole seconds since 1970."
        ) from None


def timezone_option(app: App, text: str | None) -> str:
    """Return the name of the zone whose days count.

    Raises:
        click.UsageError: There is none of that name.
    """
    from prodlens.clock import zone_named
    from prodlens.errors import InputError

    try:
        zone_named(text or app.settings.report.timezone)
    except InputError as error:
        raise click.UsageError(str(error)) from None
    return text or app.settings.report.timezone


def when_option(text: str | None, as_of: datetime | None, timezone: str = "UTC") -> datetime | None:
    """Return the instant of a `--since` or `--until`; `90d` counts from the present, or as of.

    Raises:
        click.UsageError: The text is no time.
    """
    from prodlens.clock import parse_when, utc_now, zone_named
    from prodlens.errors import InputError

    if text is None:
        return None
    try:
        return parse_when(text, as_of or utc_now(), zone_named(timezone))
    except InputError as error:
        raise click.UsageError(str(error)) from None
