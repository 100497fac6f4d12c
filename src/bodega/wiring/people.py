"""Build what knows people: accounts, sessions, passwords, staff."""

from typing import Any, NamedTuple

from bodega.domain.accounts.account_records import AccountRecords
from bodega.domain.accounts.account_security import AccountSecurity
from bodega.domain.accounts.account_transfer import AccountTransfer
from bodega.domain.accounts.accounts import Accounts
from bodega.domain.accounts.credentials import Credentials
from bodega.domain.accounts.resets import Resets
from bodega.domain.accounts.sessions import Sessions
from bodega.domain.accounts.staff import Staff
from bodega.domain.accounts.throttle import Throttle
from bodega.domain.accounts.vault import Vault
from bodega.domain.flows.carting import Carting
from bodega.domain.flows.signing_in import SigningIn
from bodega.domain.shop import World


class People(NamedTuple):
    """Everything about people, built once."""

    accounts: Accounts
    security: AccountSecurity
    sessions: Sessions
    signing_in: SigningIn
    staff: Staff
    transfer: AccountTransfer


def people_of(world: World, vault: Vault, carting: Carting) -> People:
    """Build what knows customers and staff."""
    table, keys, clock, ids = world.table, world.keys, world.clock, world.ids
    throttle = Throttle(table=table, keys=keys, clock=clock)
    sessions = Sessions(table=table, clock=clock, ids=ids)
    credentials = Credentials(table=table, realm="customers", keys=keys, passwords=world.passwords, throttle=throttle)
    records = AccountRecords(table=table, vault=vault)
    shared: dict[str, Any] = {
        "table": table,
        "records": records,
        "credentials": credentials,
        "sessions": sessions,
        "vault": vault,
        "throttle": throttle,
        "clock": clock,
        "ids": ids,
    }
    accounts = Accounts(**shared)
    return People(
        accounts=accounts,
        security=AccountSecurity(**shared, resets=Resets(realm="customers", keys=keys, clock=clock)),
        sessions=sessions,
        signing_in=SigningIn(accounts=accounts, credentials=credentials, sessions=sessions, carting=carting),
        staff=Staff(
            table=table,
            credentials=Credentials(
                table=table, realm="staff", keys=keys, passwords=world.passwords, throttle=throttle
            ),
            sessions=sessions,
            vault=vault,
            clock=clock,
            ids=ids,
        ),
        transfer=AccountTransfer(
            table=table, records=records, credentials=credentials, vault=vault, passwords=world.passwords
        ),
    )
