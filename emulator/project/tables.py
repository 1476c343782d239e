"""The SQLite tables around the project: its name, the API keys made for it, the domains of its functions.

The server's own key is not a row: it is in the configuration.
"""

SCHEMA = """
CREATE TABLE IF NOT EXISTS project (
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    name TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS keys (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE COLLATE NOCASE,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    expire TEXT NOT NULL,
    secret TEXT NOT NULL UNIQUE
);
CREATE TABLE IF NOT EXISTS rules (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE COLLATE NOCASE,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    domain TEXT NOT NULL UNIQUE COLLATE NOCASE,
    function_id TEXT NOT NULL COLLATE NOCASE
)
"""
