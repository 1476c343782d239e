"""The SQLite tables of messaging. Targets lie with their users."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS topics (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE COLLATE NOCASE,
  created TEXT NOT NULL,
  updated TEXT NOT NULL,
  name TEXT NOT NULL,
  subscribe TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS subscribers (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE COLLATE NOCASE,
  created TEXT NOT NULL,
  updated TEXT NOT NULL,
  topic_seq INTEGER NOT NULL REFERENCES topics (seq) ON DELETE CASCADE,
  target_seq INTEGER NOT NULL REFERENCES targets (seq) ON DELETE CASCADE,
  provider_type TEXT NOT NULL,
  UNIQUE (topic_seq, target_seq)
);
CREATE INDEX IF NOT EXISTS subscribers_by_type ON subscribers (topic_seq, provider_type);
CREATE INDEX IF NOT EXISTS subscribers_of_target ON subscribers (target_seq);
CREATE VIEW IF NOT EXISTS counted_topics AS
  SELECT topics.*,
    (SELECT COUNT(*) FROM subscribers s WHERE topic_seq = topics.seq AND provider_type = 'email')
      AS email_total,
    (SELECT COUNT(*) FROM subscribers s WHERE topic_seq = topics.seq AND provider_type = 'sms')
      AS sms_total,
    (SELECT COUNT(*) FROM subscribers s WHERE topic_seq = topics.seq AND provider_type = 'push')
      AS push_total
  FROM topics;
CREATE VIEW IF NOT EXISTS named_subscribers AS
  SELECT s.*, t.id AS topic_id, target.id AS target_id, u.id AS user_id, u.name AS user_name
  FROM subscribers s
    JOIN topics t ON t.seq = s.topic_seq
    JOIN targets target ON target.seq = s.target_seq
    JOIN users u ON u.seq = target.user_seq;
CREATE TABLE IF NOT EXISTS messages (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE COLLATE NOCASE,
  created TEXT NOT NULL,
  updated TEXT NOT NULL,
  provider_type TEXT NOT NULL,
  topics TEXT NOT NULL,
  users TEXT NOT NULL,
  targets TEXT NOT NULL,
  scheduled TEXT,
  delivered TEXT,
  delivery_errors TEXT NOT NULL DEFAULT '[]',
  delivered_total INTEGER NOT NULL DEFAULT 0,
  data TEXT NOT NULL,
  status TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_by_status ON messages (status, scheduled);
CREATE TABLE IF NOT EXISTS deliveries (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id TEXT NOT NULL,
  provider_type TEXT NOT NULL,
  user_id TEXT NOT NULL,
  identifier TEXT NOT NULL,
  data TEXT NOT NULL,
  delivered TEXT NOT NULL
)
"""
