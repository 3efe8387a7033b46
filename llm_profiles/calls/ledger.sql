-- The tables of a ledger: calls by key, what each attempt brought and cost, each node's current call.
CREATE TABLE IF NOT EXISTS call (
  key TEXT PRIMARY KEY, kind TEXT NOT NULL, node TEXT NOT NULL, status TEXT NOT NULL, text TEXT NOT NULL DEFAULT '',
  error TEXT NOT NULL DEFAULT '', finish_reason TEXT NOT NULL DEFAULT '', model TEXT NOT NULL DEFAULT '',
  prompt TEXT NOT NULL, parts TEXT NOT NULL, reads TEXT NOT NULL, mode TEXT NOT NULL, repaired INTEGER NOT NULL DEFAULT 0,
  batch TEXT NOT NULL DEFAULT '', created_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS call_node ON call (node);
CREATE INDEX IF NOT EXISTS call_custom_id ON call (substr(key, 1, 48));
CREATE INDEX IF NOT EXISTS call_status ON call (status, kind);
CREATE TABLE IF NOT EXISTS attempt (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL, kind TEXT NOT NULL, outcome TEXT NOT NULL, tokens_in INTEGER NOT NULL,
  tokens_out INTEGER NOT NULL, tokens_cached INTEGER NOT NULL, cost REAL, seconds REAL NOT NULL,
  created_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS attempt_key ON attempt (key);
CREATE TABLE IF NOT EXISTS current (node TEXT PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
