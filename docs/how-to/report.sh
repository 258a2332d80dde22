#!/usr/bin/env bash
# Every metric of one repository as a file. docs/how-to/workflows.md says more.
set -euo pipefail

DB_PATH="${DB_PATH:-.prod-lens/cache.db}"
REPO="${REPO:-org/repo}"
SINCE="${SINCE:-2024-10-01}"
LAG_DAYS="${LAG_DAYS:-1}"
POLICY_MODEL="${POLICY_MODEL:-claude-3-sonnet}"
OUTPUT="${OUTPUT:-report.csv}"

python3 -m prodlens.cli report \
    --repo "$REPO" \
    --db "$DB_PATH" \
    --since "$SINCE" \
    --lag-days "$LAG_DAYS" \
    --policy-model "$POLICY_MODEL" \
    --output "$OUTPUT"
