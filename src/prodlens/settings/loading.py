"""Owns where values come from: finds and reads `prodlens.toml`, `.env`, environment and flags.

Every value remembers its origin. Nothing here changes the environment of the process.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from prodlens.errors import SettingsError
from prodlens.settings.table import PREFIX, SECTIONS, SETTINGS, Values
from prodlens.settings.values import BadValueError, check, from_text, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prodlens.settings.table import Setting

FILE_NAME: Final = "prodlens.toml"
_BY_KEY: Final = {setting.key: setting for setting in SETTINGS}
_VARIABLES: Final = {name: setting for setting in SETTINGS for name in setting.environment}
_LINES_SEARCHED: Final = 1000


class OriginKind(StrEnum):
    """What a value came from, weakest first."""

    DEFAULT = "default"
    FILE = "file"
    DOTENV = ".env"
    ENVIRONMENT = "environment"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from.

    Attributes:
        kind: The source.
        place: `prodlens.toml:3`, `GITHUB_TOKEN`, `--db`; empty for defaults.
    """

    kind: OriginKind
    place: str = ""

    def __str__(self) -> str:
        return self.place if self.kind is OriginKind.FILE else f"{self.kind} {self.place}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Values):
    """All settings of one run, frozen, with the origin of each.

    Attributes:
        file: The `prodlens.toml` that was read; None when there is none.
        file_text: Its text, which tells the lines of its values.
        origins: Key -> where its value came from; keys with defaults are left out.
        notes: What a person should know about how the settings were read.
    """

    file: Path | None = None
    file_text: str = dataclasses.field(default="", repr=False)
    origins: Mapping[str, Origin] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def value(self, key: str) -> Any:
        """Return the value of a dotted key.

        >>> Settings().value("report.idle_minutes")
        30
        """
        found: Any = self
        for name in key.split("."):
            found = getattr(found, name)
        return found

    def origin(self, key: str) -> Origin:
        """Return where the value of a dotted key came from, with the line in the file."""
        found = self.origins.get(key, Origin(OriginKind.DEFAULT))
        return _with_line(found, self.file_text, key) if found.kind is OriginKind.FILE else found


def load_settings(
    *,
    folder: Path,
    environ: Mapping[str, str],
    config: Path | None = None,
    flags: Mapping[str, str] | None = None,
) -> Settings:
    """Read every source and return the settings of one run.

    Relative paths in the file, in `.env` and in defaults start from the folder of the file;
    those of the environment and of flags from `folder`.

    Args:
        folder: The working directory.
        environ: The environment; it is only read.
        config: A settings file to read instead of the one found.
        flags: Key -> text of flags that were given.

    Raises:
        SettingsError: A value is impossible, a key unknown, or the file unreadable.
    """
    file = config if config is not None else find_file(folder)
    home = folder if file is None else file.parent
    base = None if home in (folder, Path()) else home
    text = "" if file is None else _read_text(file)
    taken = {} if file is None else _from_file(file, text, base)
    dotenv = _read_dotenv(home / ".env")
    taken |= _from_variables(dotenv, OriginKind.DOTENV, base)
    taken |= _from_variables(environ, OriginKind.ENVIRONMENT, None)
    taken |= _from_flags(flags or {})
    if base is not None:
        _place_defaults(taken, base)
    origins = {key: origin for key, (_, origin) in taken.items()}
    notes = (*_unknown_variables(dotenv, ".env"), *_unknown_variables(environ, "the environment"))
    values = {key: value for key, (value, _) in taken.items()}
    return Settings(**_nested(values), file=file, file_text=text, origins=origins, notes=notes)


def find_file(folder: Path) -> Path | None:
    """Return the `prodlens.toml` of a folder: in it, or above it up to its git root or the home.

    Above a folder that lies in neither nothing is read: it may belong to somebody else.
    """
    try:
        home = Path.home()
    except RuntimeError:
        home = folder
    candidates = []
    for place in (folder, *folder.parents):
        candidates.append(place / FILE_NAME)
        if (place / ".git").exists() or place == home:
            break
    else:
        candidates = candidates[:1]
    return next((path for path in candidates if path.is_file()), None)


def line_of(text: str, key: str) -> int | None:
    """Return the line on which the statement that sets a key begins; None when it isn't found.

    The beginning of a TOML file is TOML as long as no statement is cut. So a statement begins
    behind the longest beginning that can be read and doesn't have the key yet.
    """
    import tomllib

    lines = text.splitlines(keepends=True)[:_LINES_SEARCHED]
    begin = 0
    for count in range(1, len(lines) + 1):
        try:
            document: Any = tomllib.loads("".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            continue
        for name in key.split("."):
            document = document.get(name) if isinstance(document, dict) else None
        if document is not None:
            return begin + 1
        begin = count
    return None


_Taken = dict[str, tuple[Any, Origin]]


def _from_file(file: Path, text: str, base: Path | None) -> _Taken:
    import tomllib
    from decimal import Decimal

    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file} is no TOML: {error}. Mend it or give --config.") from None
    origin = Origin(OriginKind.FILE, str(file))
    taken: _Taken = {}
    for key, value in _flat(document):
        try:
            setting = _known(key)
            taken[key] = (check(setting.kind, value, minimum=setting.minimum, base=base), origin)
        except BadValueError as error:
            place = _with_line(origin, text, key)
            raise SettingsError(_bad_value(_BY_KEY[key], value, place, error)) from None
        except SettingsError as error:
            raise SettingsError(f"{_with_line(origin, text, key)}: {error}") from None
    return taken


def _known(key: str) -> Setting:
    if key in SECTIONS:
        raise SettingsError(f"{key} is a table: write [{key}] and its settings below it.")
    setting = _BY_KEY.get(key)
    if setting is None:
        known = nearest(key, _BY_KEY)
        raise SettingsError(f"there is no setting {key!r}; the nearest known one is {known!r}.")
    if setting.secret:
        raise SettingsError(
            f"{key} is a secret and is not read from a file that may be shared. Set "
            f"{setting.environment[-1]} in the environment or in .env instead."
        )
    return setting


def _with_line(origin: Origin, text: str, key: str) -> Origin:
    line = line_of(text, key)
    return origin if line is None else Origin(origin.kind, f"{origin.place}:{line}")


def _flat(document: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return dotted keys and values; only the tables that exist are looked into."""
    pairs: list[tuple[str, Any]] = []
    for key, value in document.items():
        if key in SECTIONS and isinstance(value, dict):
            pairs += [(f"{key}.{name}", item) for name, item in value.items()]
        else:
            pairs.append((key, value))
    return pairs


def _from_variables(variables: Mapping[str, str], kind: OriginKind, base: Path | None) -> _Taken:
    taken: _Taken = {}
    for setting in SETTINGS:
        for name in setting.environment:
            if text := variables.get(name):
                taken[setting.key] = _checked_text(setting, text, Origin(kind, name), base)
                break
    return taken


def _from_flags(flags: Mapping[str, str]) -> _Taken:
    rows = ((_BY_KEY[key], text) for key, text in flags.items())
    return {
        setting.key: _checked_text(setting, text, Origin(OriginKind.FLAG, setting.flag or ""), None)
        for setting, text in rows
    }


def _checked_text(
    setting: Setting, text: str, origin: Origin, base: Path | None
) -> tuple[Any, Origin]:
    try:
        value = from_text(setting.kind, text)
        return check(setting.kind, value, minimum=setting.minimum, base=base), origin
    except BadValueError as error:
        raise SettingsError(_bad_value(setting, text, origin, error)) from None


def _bad_value(setting: Setting, value: object, origin: Origin, wanted: BadValueError) -> str:
    shown = "a value (hidden)" if setting.secret else _shown(value)
    example = f", for example {setting.name} = {setting.example}" if setting.example else ""
    return f"{origin}: {setting.key} is {shown}; it must be {wanted}{example}."


def _shown(value: object) -> str:
    if isinstance(value, dict | list) and value:
        return "a table" if isinstance(value, dict) else f"the list {value!r}"[:100]
    from decimal import Decimal

    return repr(str(value) if isinstance(value, Decimal) else value)[:100]


def _place_defaults(taken: _Taken, base: Path) -> None:
    """Let default paths start where the file stands, so that sub-folders share one database."""
    for setting in SETTINGS:
        if setting.key not in taken and isinstance(setting.default, Path):
            taken[setting.key] = (base / setting.default, Origin(OriginKind.DEFAULT))


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    nested = {key: value for key, value in values.items() if "." not in key}
    for section, owner in SECTIONS.items():
        prefix = f"{section}."
        own = {key.removeprefix(prefix): values[key] for key in values if key.startswith(prefix)}
        nested[section] = owner(**own)
    return nested


def _read_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        reason = error.strerror or "it can't be read"
        raise SettingsError(f"{file}: {reason}. Name a settings file with --config.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{file} is no UTF-8 text. Save it as UTF-8.") from None


def _read_dotenv(file: Path) -> dict[str, str]:
    """Return what `.env` says; nothing of it enters the environment of the process."""
    if not file.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        found = dotenv_values(file, interpolate=False, encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror or 'it cannot be read'}.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{file} is no UTF-8 text. Save it as UTF-8.") from None
    return {name: text for name, text in found.items() if text is not None}


def _unknown_variables(variables: Mapping[str, str], place: str) -> list[str]:
    return [
        f"{name} is set in {place} and is no setting; the nearest known one is "
        f"{nearest(name, _VARIABLES)}."
        for name in sorted(variables)
        if name.startswith(PREFIX) and name not in _VARIABLES
    ]
