"""What is remembered of databases, tables, columns and indexes. Rows have tables of their own: `physical`."""

from __future__ import annotations

SCHEMA = """
CREATE TABLE IF NOT EXISTS databases (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL COLLATE NOCASE UNIQUE,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    created TEXT NOT NULL,
    updated TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS database_tables (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    database_seq INTEGER NOT NULL REFERENCES databases (seq) ON DELETE CASCADE,
    id TEXT NOT NULL COLLATE NOCASE,
    name TEXT NOT NULL,
    permissions TEXT NOT NULL,
    row_security INTEGER NOT NULL,
    enabled INTEGER NOT NULL,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    UNIQUE (database_seq, id)
);
CREATE TABLE IF NOT EXISTS database_columns (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    table_seq INTEGER NOT NULL REFERENCES database_tables (seq) ON DELETE CASCADE,
    key TEXT NOT NULL COLLATE NOCASE,
    type TEXT NOT NULL,
    format TEXT NOT NULL,
    size INTEGER NOT NULL,
    required INTEGER NOT NULL,
    array INTEGER NOT NULL,
    encrypt INTEGER NOT NULL,
    options TEXT NOT NULL,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    UNIQUE (table_seq, key)
);
CREATE TABLE IF NOT EXISTS database_indexes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    table_seq INTEGER NOT NULL REFERENCES database_tables (seq) ON DELETE CASCADE,
    key TEXT NOT NULL COLLATE NOCASE,
    type TEXT NOT NULL,
    columns TEXT NOT NULL,
    lengths TEXT NOT NULL,
    orders TEXT NOT NULL,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    UNIQUE (table_seq, key)
);
"""
