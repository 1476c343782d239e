"""The SQLite tables of users: the accounts, their sessions and tokens, and the addresses of messages.

Users of the console live beside those of the project, told apart by `project`.
"""

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    id TEXT NOT NULL COLLATE NOCASE,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    name TEXT NOT NULL,
    email TEXT,
    phone TEXT,
    password TEXT,
    password_update TEXT NOT NULL,
    registration TEXT NOT NULL,
    status INTEGER NOT NULL,
    labels TEXT NOT NULL,
    email_verification INTEGER NOT NULL,
    phone_verification INTEGER NOT NULL,
    prefs TEXT NOT NULL,
    accessed TEXT NOT NULL,
    UNIQUE (project, id),
    UNIQUE (project, email),
    UNIQUE (project, phone)
);
CREATE TABLE IF NOT EXISTS sessions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE COLLATE NOCASE,
    user_seq INTEGER NOT NULL REFERENCES users (seq) ON DELETE CASCADE,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    expire TEXT NOT NULL,
    secret_hash TEXT NOT NULL UNIQUE,
    provider TEXT NOT NULL,
    provider_uid TEXT NOT NULL,
    factor TEXT NOT NULL,
    ip TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS sessions_of_user ON sessions (user_seq);
CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY,
    user_seq INTEGER NOT NULL REFERENCES users (seq) ON DELETE CASCADE,
    secret_hash TEXT NOT NULL,
    expire TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS targets (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE COLLATE NOCASE,
    user_seq INTEGER NOT NULL REFERENCES users (seq) ON DELETE CASCADE,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    name TEXT NOT NULL,
    provider_id TEXT,
    provider_type TEXT NOT NULL,
    identifier TEXT NOT NULL,
    expired INTEGER NOT NULL DEFAULT 0,
    UNIQUE (project, identifier)
);
CREATE INDEX IF NOT EXISTS targets_of_user ON targets (user_seq)
"""
