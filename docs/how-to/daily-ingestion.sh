#!/usr/bin/env bash
# Once a day: new traces, pull requests and commits into the database, then the daily tables.
# docs/how-to/workflows.md says what each step does.
set -euo pipefail

# Between << 'EOF' and EOF the shell replaces nothing: what Python needs goes by environment.
export DB_PATH="${DB_PATH:-.prod-lens/cache.db}"
TRACE_FILE="${TRACE_FILE:-/tmp/litellm_traces.jsonl}"
REPO="${REPO:-org/repo}"
CLONE="${CLONE:-none}" # a local clone of REPO to read instead of GitHub
# GITHUB_TOKEN comes from the environment: whoever lists processes must not see it.

# When did the last run that ended well begin?
CHECKPOINT=$(python3 << 'EOF'
import os

from prodlens.storage import ProdLensStore

with ProdLensStore(os.environ["DB_PATH"]) as store:
    cp = store.get_last_checkpoint("trace_ingestion")
    if cp:
        print(cp.isoformat())
EOF
)
echo "Last run: ${CHECKPOINT:-none}"
STARTED_AT="$(date -u +%Y-%m-%dT%H:%M:%SZ)"
export STARTED_AT

# Ingest traces. No --since: the database knows how far it read each file, and which calls it has.
python3 -m prodlens.cli ingest-traces "$TRACE_FILE" \
    --db "$DB_PATH" \
    --repo "$REPO"

# Sync pull requests, reopenings and commits: GitHub is asked for what changed. Without access to
# it, a clone tells of commits and merged pull requests.
if [ "$CLONE" = none ]; then
    python3 -m prodlens.cli ingest-github \
        --repo "$REPO" \
        --db "$DB_PATH"
else
    python3 -m prodlens.cli ingest-git "$CLONE" \
        --repo "$REPO" \
        --db "$DB_PATH"
fi

# Aggregate daily metrics, and note that this run ended well.
python3 << 'EOF'
import os
from datetime import datetime

from prodlens.aggregation import DailyAggregator
from prodlens.storage import ProdLensStore

with ProdLensStore(os.environ["DB_PATH"]) as store:
    aggregator = DailyAggregator(store)
    session_count, github_count = aggregator.write_aggregates()
    store.set_checkpoint("trace_ingestion", datetime.fromisoformat(os.environ["STARTED_AT"]))
print(f"Aggregated {session_count} session metrics, {github_count} github metrics")
EOF

echo "Daily ingestion complete"
