"""How the sandbox's payments, operations and webhooks lie in SQLite."""

# ruff: noqa: S608 - the names in the SQL are those above; values never are

TABLES = """
CREATE TABLE IF NOT EXISTS sandbox_payments (id TEXT PRIMARY KEY, doc BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sandbox_operations (id TEXT PRIMARY KEY, doc BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sandbox_lost (call TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sandbox_webhooks (seq INTEGER PRIMARY KEY AUTOINCREMENT, due INTEGER NOT NULL,
    body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS sandbox_webhooks_due ON sandbox_webhooks (due, seq)
"""
ALL_PAYMENTS = "SELECT doc FROM sandbox_payments ORDER BY id"
ADD_WEBHOOK = "INSERT INTO sandbox_webhooks (due, body) VALUES (?, ?)"
DUE_WEBHOOKS = "SELECT seq, body FROM sandbox_webhooks WHERE due <= ? ORDER BY due, seq LIMIT ?"
DROP_WEBHOOK = "DELETE FROM sandbox_webhooks WHERE seq = ?"


class _Documents:
    """A table of documents by id."""

    def __init__(self, name: str) -> None:
        self.get_row = f"SELECT doc FROM {name} WHERE id = ?"
        self.put = f"INSERT OR REPLACE INTO {name} VALUES (?, ?)"
        self.delete = f"DELETE FROM {name} WHERE id = ?"


class _Lost:
    """Calls that were lost already."""

    get_row = "SELECT call FROM sandbox_lost WHERE call = ?"
    put = "INSERT OR REPLACE INTO sandbox_lost VALUES (?)"
    delete = "DELETE FROM sandbox_lost WHERE call = ?"


PAYMENTS = _Documents("sandbox_payments")
OPERATIONS = _Documents("sandbox_operations")
LOST = _Lost()
