"""The SQLite tables of functions.

An execution that waits for its time keeps its request in `job`, which is empty once it has begun and in the
others.
"""

SCHEMA = """
CREATE TABLE IF NOT EXISTS functions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE COLLATE NOCASE,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    name TEXT NOT NULL,
    runtime TEXT NOT NULL,
    execute TEXT NOT NULL,
    events TEXT NOT NULL,
    schedule TEXT NOT NULL,
    timeout INTEGER NOT NULL,
    enabled INTEGER NOT NULL,
    live INTEGER NOT NULL DEFAULT 1,
    logging INTEGER NOT NULL,
    entrypoint TEXT NOT NULL,
    commands TEXT NOT NULL,
    scopes TEXT NOT NULL,
    build_specification TEXT NOT NULL,
    runtime_specification TEXT NOT NULL,
    deployment_retention INTEGER NOT NULL,
    deployment_id TEXT NOT NULL DEFAULT '',
    deployment_created TEXT NOT NULL DEFAULT '',
    latest_deployment_id TEXT NOT NULL DEFAULT '',
    latest_deployment_created TEXT NOT NULL DEFAULT '',
    latest_deployment_status TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS variables (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE COLLATE NOCASE,
    function_seq INTEGER REFERENCES functions (seq) ON DELETE CASCADE,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    key TEXT NOT NULL COLLATE NOCASE,
    value TEXT NOT NULL,
    secret INTEGER NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS variables_by_key ON variables (coalesce(function_seq, 0), key);
CREATE TABLE IF NOT EXISTS deployments (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE COLLATE NOCASE,
    function_seq INTEGER NOT NULL REFERENCES functions (seq) ON DELETE CASCADE,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    type TEXT NOT NULL,
    entrypoint TEXT NOT NULL,
    commands TEXT NOT NULL,
    activate INTEGER NOT NULL,
    status TEXT NOT NULL,
    source_size INTEGER NOT NULL,
    build_size INTEGER NOT NULL DEFAULT 0,
    build_duration INTEGER NOT NULL DEFAULT 0,
    build_logs TEXT NOT NULL DEFAULT '',
    build_key TEXT NOT NULL DEFAULT '',
    parts INTEGER NOT NULL,
    arrived INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS deployments_of_function ON deployments (function_seq);
CREATE TABLE IF NOT EXISTS executions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE COLLATE NOCASE,
    function_seq INTEGER NOT NULL REFERENCES functions (seq) ON DELETE CASCADE,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    user_id TEXT NOT NULL,
    deployment_id TEXT NOT NULL,
    trigger_kind TEXT NOT NULL,
    status TEXT NOT NULL,
    request_method TEXT NOT NULL,
    request_path TEXT NOT NULL,
    request_headers TEXT NOT NULL,
    response_status INTEGER NOT NULL DEFAULT 0,
    response_headers TEXT NOT NULL DEFAULT '[]',
    logs TEXT NOT NULL DEFAULT '',
    errors TEXT NOT NULL DEFAULT '',
    duration REAL NOT NULL DEFAULT 0,
    scheduled TEXT,
    job TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS executions_of_function ON executions (function_seq);
CREATE INDEX IF NOT EXISTS executions_due ON executions (scheduled) WHERE status = 'scheduled'
"""
