"""The SQLite table of the API keys that were made through the API (the server's own key is not a row)."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE COLLATE NOCASE,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    expire TEXT NOT NULL,
    secret TEXT NOT NULL UNIQUE
)
"""
