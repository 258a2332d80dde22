# Shortcuts for people who work on ProdLens. `python3 bootstrap.py test` makes the environment.

export PATH := justfile_directory() / ".venv/bin:" + env("PATH")

# List the recipes.
default:
    @just --list

# Run the tests; arguments go to pytest.
test *ARGS:
    python -m pytest -n 2 {{ ARGS }}

# Run the tests and show what no test runs.
coverage:
    python -m pytest -n 2 --cov --cov-report=term-missing

# Check style, types and layers; change nothing.
lint:
    ruff check
    ruff format --check
    mypy
    lint-imports

# Bring the code into the project's form.
format:
    ruff check --fix
    ruff format

# Write the pages of docs/reference from the program.
docs:
    python scripts/generate_docs.py

# Resolve the requirements anew; needs uv. `just lock --upgrade` takes the newest versions.
lock *ARGS:
    python scripts/lock.py {{ ARGS }}

# Thousands of invented and mutated records instead of fifty.
fuzz:
    PRODLENS_FUZZ_EXAMPLES=5000 python -m pytest tests/property --hypothesis-profile=default

# Kill ingestion, aggregation and export at 200 random moments each, and see what they leave; minutes.
torture:
    PRODLENS_KILLS=200 python -m pytest tests/torture

# Say how often the statistics are right on series whose truth is known; minutes.
simulate *ARGS:
    python scripts/simulate.py {{ ARGS }}

# The invariants of the GitHub sync over 500 random seeds instead of fifty.
torture-github:
    PRODLENS_SEEDS=500 python -m pytest tests/torture/test_github_sync.py tests/contract/test_github_other_server.py

# Put known faults into the GitHub sync one by one and see each of them caught.
mutants:
    python scripts/mutants.py

# Read invented Claude Code histories whose truth is known; with ccusage (npm) beside, if named:
# `just differential --bare 0 --ccusage ccusage`.
differential *ARGS:
    python scripts/differential.py {{ ARGS }}

# The HTML report in a headless browser: what it and axe find wrong, and pictures to look at.
look *ARGS:
    python scripts/look.py {{ ARGS }}

# Every bar on speed and memory as a ratio within one run; `just bench --quick` takes two minutes.
bench *ARGS:
    python benchmarks/bars.py {{ ARGS }}
