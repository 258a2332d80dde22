"""`prod-lens config`: which settings are in force, and where each value comes from."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from prodlens.cli.context import pass_app
from prodlens.cli.output import plain

if TYPE_CHECKING:
    from prodlens.cli.context import App
    from prodlens.settings import Setting, Settings

_HIDDEN = "set (hidden)"


@click.group("config")
def config() -> None:
    """Show the settings and where each comes from."""


@config.command("show")
@click.option("--origin", is_flag=True, help="Say where each value comes from.")
@pass_app
def show(app: App, origin: bool) -> None:
    """Show every setting with its value; secrets are hidden."""
    from prodlens.settings import FILE_NAME, SETTINGS

    settings = app.settings
    if app.json:
        rows = [
            {
                "key": setting.key,
                "value": _json_value(setting, settings),
                "origin": str(settings.origin(setting.key)),
            }
            for setting in SETTINGS
        ]
        app.out.json({"schema": "prodlens.config/1", "file": settings.file, "settings": rows})
    elif origin:
        app.out.table(
            ["setting", "value", "origin"],
            [(s.key, _shown(s, settings), settings.origin(s.key)) for s in SETTINGS],
        )
    else:
        app.out.table(["setting", "value"], [(s.key, _shown(s, settings)) for s in SETTINGS])
    if settings.file is None:
        app.out.note(f"No {FILE_NAME} was found: `prod-lens init` writes a first one.")
    for note in settings.notes:
        app.out.warn(note)


def _shown(setting: Setting, settings: Settings) -> str | None:
    value = _json_value(setting, settings)
    if isinstance(value, list):
        rows = [_row(item) if isinstance(item, dict) else str(item) for item in value]
        return ", ".join(rows) or None
    return None if value is None else str(value)


def _row(row: dict[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in row.items() if value is not None)


def _json_value(setting: Setting, settings: Settings) -> Any:
    from prodlens.settings import PriceSetting

    value = settings.value(setting.key)
    if setting.secret:
        return None if value is None else _HIDDEN
    if isinstance(value, tuple):
        return [
            plain(dataclasses.asdict(item) if isinstance(item, PriceSetting) else item)
            for item in value
        ]
    return plain(value)
