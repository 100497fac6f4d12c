"""How the sandbox's payments, operations and webhooks lie in SQLite."""

TABLES = """
CREATE TABLE IF NOT EXISTS sandbox_payments (id TEXT PRIMARY KEY, doc BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sandbox_operations (id TEXT PRIMARY KEY, doc BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sandbox_lost (call TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sandbox_webhooks (seq INTEGER PRIMARY KEY AUTOINCREMENT, due INTEGER NOT NULL,
    body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS sandbox_webhooks_due ON sandbox_webhooks (due, seq)
"""
GET_PAYMENT = "SELECT doc FROM sandbox_payments WHERE id = ?"
PUT_PAYMENT = "INSERT OR REPLACE INTO sandbox_payments VALUES (?, ?)"
ALL_PAYMENTS = "SELECT doc FROM sandbox_payments ORDER BY id"
GET_OPERATION = "SELECT doc FROM sandbox_operations WHERE id = ?"
PUT_OPERATION = "INSERT INTO sandbox_operations VALUES (?, ?)"
LOSE = "INSERT OR IGNORE INTO sandbox_lost VALUES (?)"
ADD_WEBHOOK = "INSERT INTO sandbox_webhooks (due, body) VALUES (?, ?)"
DUE_WEBHOOKS = "SELECT seq, body FROM sandbox_webhooks WHERE due <= ? ORDER BY due, seq LIMIT ?"
DROP_WEBHOOK = "DELETE FROM sandbox_webhooks WHERE seq = ?"
