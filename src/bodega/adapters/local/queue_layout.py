"""Declare the two SQLite tables behind the queues and the statements on them. Times are epoch milliseconds."""

TABLES = """
CREATE TABLE IF NOT EXISTS queue_messages (
    seq INTEGER PRIMARY KEY,
    queue TEXT NOT NULL,
    id TEXT NOT NULL,
    body BLOB NOT NULL,
    visible_at INTEGER NOT NULL,  -- of a leased message: when the lease ends
    attempts INTEGER NOT NULL DEFAULT 0,
    receipt TEXT UNIQUE,  -- of the newest lease, if the message was not given back since
    reason TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS queue_messages_by_time ON queue_messages (queue, visible_at, seq);
CREATE TABLE IF NOT EXISTS queue_dead (
    seq INTEGER PRIMARY KEY,
    queue TEXT NOT NULL,
    id TEXT NOT NULL,
    body BLOB NOT NULL,
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,
    UNIQUE (queue, id)
);
CREATE INDEX IF NOT EXISTS queue_dead_by_age ON queue_dead (queue, seq);
"""

SEND = "INSERT INTO queue_messages (queue, id, body, visible_at) VALUES (?, ?, ?, ?)"
ANY_VISIBLE = "SELECT 1 FROM queue_messages WHERE queue = ? AND visible_at <= ? LIMIT 1"
VISIBLE = (
    "SELECT seq, id, body, attempts, reason FROM queue_messages "
    "WHERE queue = ? AND visible_at <= ? ORDER BY visible_at, seq LIMIT ?"
)
LEASE = "UPDATE queue_messages SET visible_at = ?, attempts = attempts + 1, receipt = ? WHERE seq = ?"
# A lease is its receipt while its time lasts; afterwards the message is anybody's, even if nobody has taken
# it yet.
EXTEND = "UPDATE queue_messages SET visible_at = ? WHERE queue = ? AND receipt = ? AND visible_at > ?"
DELETE_LEASED = "DELETE FROM queue_messages WHERE queue = ? AND receipt = ? AND visible_at > ?"
LEASED = "SELECT seq, attempts FROM queue_messages WHERE queue = ? AND receipt = ? AND visible_at > ?"
GIVE_BACK = "UPDATE queue_messages SET visible_at = ?, receipt = NULL, reason = ? WHERE seq = ?"
BURY = (
    "INSERT INTO queue_dead (queue, id, body, attempts, reason) "
    "SELECT queue, id, body, attempts, ? FROM queue_messages WHERE seq = ?"
)
BURY_UNSEEN = "INSERT OR IGNORE INTO queue_dead (queue, id, body, attempts, reason) VALUES (?, ?, ?, ?, ?)"
DELETE = "DELETE FROM queue_messages WHERE seq = ?"
DEAD = "SELECT id, body, attempts, reason FROM queue_dead WHERE queue = ? ORDER BY seq LIMIT ?"
REVIVE = (
    "INSERT INTO queue_messages (queue, id, body, visible_at) "
    "SELECT queue, id, body, ? FROM queue_dead WHERE queue = ? AND id = ?"
)
DELETE_DEAD = "DELETE FROM queue_dead WHERE queue = ? AND id = ?"
DEPTH = "SELECT count(*) FROM queue_messages WHERE queue = ?"
