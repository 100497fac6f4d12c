"""Accounts on a real table, with a clock that stands still until told and a hash that is quick to test with."""

from dataclasses import dataclass

import pytest

from bodega import schema
from bodega.adapters.local.keys import LocalKeys
from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.table import SqliteTableStore
from bodega.adapters.system.clock import SettableClock
from bodega.adapters.system.ids import SeededIds
from bodega.adapters.system.passwords import Argon2Passwords
from bodega.domain.accounts.account_records import AccountRecords
from bodega.domain.accounts.account_security import AccountSecurity
from bodega.domain.accounts.accounts import Accounts
from bodega.domain.accounts.credentials import Credentials
from bodega.domain.accounts.resets import Resets
from bodega.domain.accounts.sessions import Sessions
from bodega.domain.accounts.staff import Staff
from bodega.domain.accounts.throttle import Throttle
from bodega.domain.accounts.vault import Vault

QUICK = {"memory_kib": 64, "passes": 1}


@dataclass
class People:
    """Everything about people, over one table."""

    table: SqliteTableStore
    clock: SettableClock
    keys: LocalKeys
    passwords: Argon2Passwords

    def __post_init__(self):
        ids = SeededIds(11, self.clock)
        self.vault = Vault(table=self.table, keys=self.keys)
        self.throttle = Throttle(table=self.table, keys=self.keys, clock=self.clock)
        self.sessions = Sessions(table=self.table, clock=self.clock, ids=ids)
        self.credentials = self.of_realm("customers")
        shared = {
            "table": self.table,
            "records": AccountRecords(table=self.table, vault=self.vault),
            "credentials": self.credentials,
            "sessions": self.sessions,
            "vault": self.vault,
            "throttle": self.throttle,
            "clock": self.clock,
            "ids": ids,
        }
        self.accounts = Accounts(**shared)
        self.security = AccountSecurity(**shared, resets=Resets(realm="customers", keys=self.keys, clock=self.clock))
        self.staff = Staff(
            table=self.table,
            credentials=self.of_realm("staff"),
            sessions=self.sessions,
            vault=self.vault,
            clock=self.clock,
            ids=ids,
        )

    def of_realm(self, realm):
        return Credentials(
            table=self.table, realm=realm, keys=self.keys, passwords=self.passwords, throttle=self.throttle
        )

    def again(self, **changes):
        """Return the same people as another process would see them."""
        return People(self.table, self.clock, self.keys, changes.get("passwords", self.passwords))


@pytest.fixture
def people(tmp_path):
    clock = SettableClock()
    database = Database.open(tmp_path / "shop.sqlite")
    table = SqliteTableStore(database, schema.TABLES, clock=clock)
    yield People(table, clock, LocalKeys(tmp_path / "keys"), Argon2Passwords(**QUICK))
    database.close()
