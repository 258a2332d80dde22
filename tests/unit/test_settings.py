from __future__ import annotations

import os
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from prodlens.errors import SettingsError
from prodlens.settings import SETTINGS, Kind, PriceSetting, Settings, load_settings
from prodlens.settings.loading import find_file, line_of

if TYPE_CHECKING:
    from prodlens.settings import Setting


def load(
    folder: Path,
    file: str | None = None,
    *,
    environ: dict[str, str] | None = None,
    flags: dict[str, str] | None = None,
    dotenv: str | None = None,
) -> Settings:
    if file is not None:
        (folder / "prodlens.toml").write_text(file, encoding="utf-8")
    if dotenv is not None:
        (folder / ".env").write_text(dotenv, encoding="utf-8")
    return load_settings(folder=folder, environ=environ or {}, flags=flags)


def test_defaults_hold_when_nothing_is_given(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.database == Path(".prod-lens/cache.db")
    assert settings.repositories == ()
    assert settings.ingest.paths == ()
    assert settings.ingest.developer is None
    assert settings.ingest.dead_letter_dir == Path(".prod-lens/dead-letter")
    assert settings.ingest.parquet_dir == Path(".prod-lens/parquet")
    assert settings.ingest.max_record_bytes == 67_108_864
    assert settings.ingest.processes == 2
    assert settings.github.token is None
    assert settings.github.base_url == "https://api.github.com"
    assert settings.github.max_wait_minutes == 15
    assert settings.report.timezone == "UTC"
    assert settings.report.policy_models == ()
    assert settings.report.nonworking_days == ()
    assert settings.report.idle_minutes == 30
    assert settings.prices == ()
    assert settings.file is None
    assert str(settings.origin("database")) == "default"


def test_a_flag_beats_the_environment_which_beats_dotenv_which_beats_the_file(
    tmp_path: Path,
) -> None:
    file = 'database = "file.db"\n'
    dotenv = "PRODLENS_DATABASE=dotenv.db\n"
    environ = {"PRODLENS_DATABASE": "environment.db"}
    flags = {"database": "flag.db"}

    found = [
        load(tmp_path, file),
        load(tmp_path, file, dotenv=dotenv),
        load(tmp_path, file, dotenv=dotenv, environ=environ),
        load(tmp_path, file, dotenv=dotenv, environ=environ, flags=flags),
    ]

    assert [settings.database.name for settings in found] == [
        "file.db",
        "dotenv.db",
        "environment.db",
        "flag.db",
    ]
    assert [str(settings.origin("database")) for settings in found] == [
        f"{tmp_path}/prodlens.toml:1",
        ".env PRODLENS_DATABASE",
        "environment PRODLENS_DATABASE",
        "flag --db",
    ]


def test_dotenv_never_enters_the_environment_of_the_process(tmp_path: Path) -> None:
    settings = load(tmp_path, dotenv="PRODLENS_REPORT_TIMEZONE=Europe/Berlin\nOTHER=1\n")
    assert settings.report.timezone == "Europe/Berlin"
    assert "PRODLENS_REPORT_TIMEZONE" not in os.environ
    assert "OTHER" not in os.environ


def test_dotenv_does_not_expand_variables(tmp_path: Path) -> None:
    assert load(tmp_path, dotenv="GITHUB_TOKEN=a${HOME}b\n").github.token == "a${HOME}b"  # noqa: S105 - an invented token


def test_an_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    assert load(tmp_path, environ={"PRODLENS_DATABASE": ""}).database == Path(".prod-lens/cache.db")


def test_every_value_of_a_whole_file_is_read(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        """
        database = "data/lens.db"
        repositories = ["acme/payments", "acme/widgets"]
        [ingest]
        paths = ["litellm/*.jsonl"]
        developer = "kim"
        dead_letter_dir = "aside"
        parquet_dir = "lake"
        max_record_bytes = 2048
        processes = 4
        [github]
        base_url = "https://github.example.com/api/v3/"
        max_wait_minutes = 0
        [report]
        timezone = "Asia/Kolkata"
        policy_models = ["claude-*"]
        nonworking_days = [2026-12-24, "2026-12-25"]
        idle_minutes = 15
        [[prices]]
        model = "my-model"
        input = 3
        output = 15.25
        cache_read = 0.3
        valid_from = 2026-10-01
        discount = 0.1
        """,
    )
    assert settings.database == Path("data/lens.db")
    assert settings.repositories == ("acme/payments", "acme/widgets")
    assert settings.ingest.paths == ("litellm/*.jsonl",)
    assert settings.ingest.developer == "kim"
    assert settings.ingest.dead_letter_dir == Path("aside")
    assert settings.ingest.parquet_dir == Path("lake")
    assert settings.ingest.max_record_bytes == 2048
    assert settings.ingest.processes == 4
    assert settings.github.base_url == "https://github.example.com/api/v3"
    assert settings.github.max_wait_minutes == 0
    assert settings.report.timezone == "Asia/Kolkata"
    assert settings.report.policy_models == ("claude-*",)
    assert settings.report.nonworking_days == (date(2026, 12, 24), date(2026, 12, 25))
    assert settings.report.idle_minutes == 15
    assert settings.prices == (
        PriceSetting(
            model="my-model",
            input=Decimal(3),
            output=Decimal("15.25"),
            cache_read=Decimal("0.3"),
            valid_from=date(2026, 10, 1),
            discount=Decimal("0.1"),
        ),
    )


def test_lists_in_the_environment_are_separated_by_commas(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        environ={
            "PRODLENS_REPOSITORIES": "acme/a, acme/b,",
            "PRODLENS_REPORT_NONWORKING_DAYS": "2026-12-24",
            "PRODLENS_INGEST_PROCESSES": "3",
        },
    )
    assert settings.repositories == ("acme/a", "acme/b")
    assert settings.report.nonworking_days == (date(2026, 12, 24),)
    assert settings.ingest.processes == 3


def test_relative_paths_start_from_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    below = tmp_path / "src" / "deep"
    below.mkdir(parents=True)
    (tmp_path / "prodlens.toml").write_text('[ingest]\npaths = ["logs"]\n', encoding="utf-8")
    settings = load_settings(
        folder=below, environ={"PRODLENS_INGEST_PARQUET_DIR": "lake"}, flags={}
    )
    assert settings.file == tmp_path / "prodlens.toml"
    assert settings.ingest.paths == (str(tmp_path / "logs"),)
    assert settings.database == tmp_path / ".prod-lens/cache.db"
    assert settings.ingest.parquet_dir == Path("lake")
    assert str(settings.origin("database")) == "default"


def test_the_search_for_the_file_ends_at_the_git_root(tmp_path: Path) -> None:
    (tmp_path / "prodlens.toml").touch()
    repository = tmp_path / "repository"
    (repository / ".git").mkdir(parents=True)
    assert find_file(repository) is None


def test_the_search_for_the_file_ends_at_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / "project").mkdir(parents=True)
    (tmp_path / "prodlens.toml").touch()
    monkeypatch.setenv("HOME", str(home))
    assert find_file(home / "project") is None
    (home / "prodlens.toml").touch()
    assert find_file(home / "project") == home / "prodlens.toml"


def test_outside_git_and_home_only_the_folder_itself_is_searched(tmp_path: Path) -> None:
    (tmp_path / "prodlens.toml").touch()
    below = tmp_path / "below"
    below.mkdir()
    assert find_file(below) is None
    assert find_file(tmp_path) == tmp_path / "prodlens.toml"


def test_a_named_file_is_read_instead_of_the_one_found(tmp_path: Path) -> None:
    (tmp_path / "prodlens.toml").write_text("not toml", encoding="utf-8")
    other = tmp_path / "other.toml"
    other.write_text("[report]\nidle_minutes = 7\n", encoding="utf-8")
    settings = load_settings(folder=tmp_path, environ={}, config=other)
    assert settings.report.idle_minutes == 7
    assert str(settings.origin("report.idle_minutes")) == f"{other}:2"


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (
            '\n[report]\ntimezon = "UTC"\n',
            (
                "prodlens.toml:3: there is no setting 'report.timezon'; "
                "the nearest known one is 'report.timezone'."
            ),
        ),
        (
            "databse = 1\n",
            "prodlens.toml:1: there is no setting 'databse'; the nearest known one is 'database'.",
        ),
        ("ingest = 3\n", "prodlens.toml:1: ingest is a table: write [ingest] and its settings"),
        (
            '[report]\nidle_minutes = "x"\n',
            (
                "prodlens.toml:2: report.idle_minutes is 'x'; it must be a whole number of at least 1, "
                "for example idle_minutes = 30."
            ),
        ),
        (
            "[ingest]\nprocesses = 0\n",
            "prodlens.toml:2: ingest.processes is 0; it must be a whole number of at least 1",
        ),
        ("[ingest]\nprocesses = true\n", "ingest.processes is True; it must be a whole number"),
        ("database = 3\n", "database is 3; it must be a text that is not empty, for example"),
        ('database = " "\n', "database is ' '; it must be a text that is not empty"),
        (
            'repositories = "acme/a"\n',
            (
                "repositories is 'acme/a'; it must be a list, for example repositories = "
                '["acme/payments"].'
            ),
        ),
        (
            '[report]\ntimezone = "Mars/Olympus"\n',
            (
                "report.timezone is 'Mars/Olympus'; it must be a time zone as the IANA names it, "
                'for example timezone = "Europe/Berlin".'
            ),
        ),
        ('[report]\ntimezone = "../../etc/passwd"\n', "it must be a time zone"),
        (
            '[report]\nnonworking_days = ["24.12.2026"]\n',
            "report.nonworking_days is the list ['24.12.2026']; it must be a day written as",
        ),
        (
            '[github]\nbase_url = "http://github.example.com"\n',
            (
                "github.base_url is 'http://github.example.com'; it must be an address that begins "
                "with https://"
            ),
        ),
        (
            '[github]\nbase_url = "http://localhost.evil.example"\n',
            "it must be an address that begins with https://",
        ),
        (
            '[[prices]]\nmodel = "m"\ninput = 1\nouput = 2\n',
            "it must be rows without 'ouput' (row 1); the nearest known name is 'output'",
        ),
        ('[[prices]]\nmodel = "m"\ninput = 1\n', "it must be rows with 'output' (row 1 has none)"),
        (
            '[[prices]]\nmodel = "m"\ninput = -1\noutput = 1\n',
            "it must be rows whose 'input' is a number of at least 0 (row 1)",
        ),
        (
            '[[prices]]\nmodel = "m"\ninput = nan\noutput = 1\n',
            "it must be rows whose 'input' is a number of at least 0 (row 1)",
        ),
        (
            '[[prices]]\nmodel = "m"\ninput = 1\noutput = 1\ndiscount = 10\n',
            "it must be rows whose 'discount' is a number from 0 to 1 (row 1)",
        ),
        ("prices = [3]\n", "it must be [[prices]] tables (row 1 is none)"),
        ("database = \n", "prodlens.toml is no TOML: "),
    ],
)
def test_a_bad_file_is_named_with_place_value_and_what_is_right(
    tmp_path: Path, file: str, message: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        load(tmp_path, file)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        (
            {"PRODLENS_INGEST_PROCESSES": "many"},
            (
                "environment PRODLENS_INGEST_PROCESSES: ingest.processes is 'many'; it must be a whole "
                "number, for example processes = 4."
            ),
        ),
        (
            {"PRODLENS_GITHUB_BASE_URL": "ftp://x"},
            "environment PRODLENS_GITHUB_BASE_URL: github.base_url is 'ftp://x'",
        ),
    ],
)
def test_a_bad_variable_is_named(tmp_path: Path, environ: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load(tmp_path, environ=environ)
    assert message in str(raised.value)


def test_an_empty_flag_is_refused_instead_of_falling_back(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^flag --db: database is ''; it must be a text"):
        load(tmp_path, flags={"database": ""})


def test_a_missing_file_that_was_named_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere.toml: No such file or directory"):
        load_settings(folder=tmp_path, environ={}, config=tmp_path / "nowhere.toml")


@pytest.mark.parametrize("name", ["prodlens.toml", ".env"])
def test_a_file_that_is_no_utf8_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b'database = "\xff"\n')
    with pytest.raises(SettingsError, match=r"is no UTF-8 text. Save it as UTF-8."):
        load(tmp_path)


class TestToken:
    def test_comes_from_the_usual_variable(self, tmp_path: Path) -> None:
        settings = load(tmp_path, environ={"GITHUB_TOKEN": "ghp_invented"})
        assert settings.github.token == "ghp_invented"  # noqa: S105 - an invented token
        assert str(settings.origin("github.token")) == "environment GITHUB_TOKEN"

    def test_its_own_variable_goes_before_the_usual_one(self, tmp_path: Path) -> None:
        environ = {"GITHUB_TOKEN": "usual", "PRODLENS_GITHUB_TOKEN": "own"}
        assert load(tmp_path, environ=environ).github.token == "own"  # noqa: S105 - an invented token

    def test_is_refused_in_the_file_without_being_repeated(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError) as raised:
            load(tmp_path, '[github]\ntoken = "ghp_invented"\n')
        assert "prodlens.toml:2: github.token is a secret" in str(raised.value)
        assert "ghp_invented" not in str(raised.value)

    def test_is_in_no_representation_and_in_no_message(self, tmp_path: Path) -> None:
        settings = load(tmp_path, environ={"GITHUB_TOKEN": "ghp_invented"})
        assert "ghp_invented" not in repr(settings)
        with pytest.raises(SettingsError) as raised:
            load(tmp_path, environ={"GITHUB_TOKEN": "ghp_invented\n"})
        assert "ghp_invented" not in str(raised.value)


def test_a_variable_that_is_no_setting_is_noted(tmp_path: Path) -> None:
    settings = load(tmp_path, environ={"PRODLENS_DATABSE": "x", "OTHER": "y"})
    assert settings.notes == (
        (
            "PRODLENS_DATABSE is set in the environment and is no setting; "
            "the nearest known one is PRODLENS_DATABASE."
        ),
    )


def test_lines_are_found_behind_comments_tables_and_long_values() -> None:
    text = '# one\ndatabase = "x" # two\n\n[ingest]\npaths = [\n  "a",\n]\n\n# c\nprocesses = 2\n'
    assert line_of(text, "database") == 2
    assert line_of(text, "ingest.paths") == 5
    assert line_of(text, "ingest.processes") == 10
    assert line_of(text, "report.timezone") is None


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_the_table_describes_each_setting_truly(tmp_path: Path, setting: Setting) -> None:
    assert setting.help.endswith(".")
    assert Settings().value(setting.key) == setting.default
    if setting.kind is not Kind.PRICES:
        assert setting.environment[0] == "PRODLENS_" + setting.key.upper().replace(".", "_")
    if not setting.secret:
        header = f"[{setting.section}]\n" if setting.section else "\n"
        settings = load(tmp_path, f"{header}{setting.name} = {setting.example}\n")
        assert str(settings.origin(setting.key)) == f"{tmp_path}/prodlens.toml:2"
