"""The SQLite tables of teams and of who is in them. Teams of the console are its organisations."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS teams (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    id TEXT NOT NULL COLLATE NOCASE,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    name TEXT NOT NULL,
    total INTEGER NOT NULL,
    prefs TEXT NOT NULL,
    UNIQUE (project, id)
);
CREATE TABLE IF NOT EXISTS memberships (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE COLLATE NOCASE,
    team_seq INTEGER NOT NULL REFERENCES teams (seq) ON DELETE CASCADE,
    user_seq INTEGER NOT NULL REFERENCES users (seq) ON DELETE CASCADE,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    roles TEXT NOT NULL,
    UNIQUE (user_seq, team_seq)
);
CREATE INDEX IF NOT EXISTS memberships_of_team ON memberships (team_seq)
"""
