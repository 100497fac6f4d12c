"""Run an import job over a file: choose the subject's import, keep the books, and end the job well or badly."""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from bodega.domain.accounts.account_transfer import AccountTransfer
from bodega.domain.accounts.customers import Customers
from bodega.domain.catalog.service import Catalog
from bodega.domain.flows.contacts import Contacts
from bodega.domain.flows.imports.ledger import Ledger, OnProgress, OnRejection, PausedError
from bodega.domain.flows.imports.orders import OrderImport, is_document
from bodega.domain.flows.imports.people import CustomerImport
from bodega.domain.flows.imports.places import Places
from bodega.domain.flows.imports.product_rows import ProductRows
from bodega.domain.flows.imports.products import ProductImport
from bodega.domain.flows.imports.reviews import ReviewImport
from bodega.domain.flows.imports.rules import NON_GOODS, SalesRules
from bodega.domain.flows.imports.sales import SOURCE, SalesImport
from bodega.domain.flows.imports.stock import StockImport
from bodega.domain.flows.imports.tree import CategoryImport
from bodega.domain.flows.job_records import Job, JobStore, TakenOverError
from bodega.domain.inventory.service import Inventory
from bodega.domain.inventory.stock import Stock
from bodega.domain.orders.service import Orders
from bodega.domain.reviews.service import Reviews
from bodega.errors import Fault, InvalidError, ShopError, UnavailableError
from bodega.ports.clock import Clock
from bodega.ports.scratch import Scratch
from bodega.ports.table import TableStore
from bodega.ports.tabular import RowReader, Tabular
from bodega.values.text import is_clean

_log = logging.getLogger(__name__)
OPTIONS = ("timezone", "non_goods", "source", "ignore")


class Importer:
    """Imports files. One job at a time; several processes may each run their own."""

    def __init__(
        self,
        *,
        table: TableStore,
        catalog: Catalog,
        inventory: Inventory,
        stock: Stock,
        orders: Orders,
        contacts: Contacts,
        reviews: Reviews,
        customers: Customers,
        accounts: AccountTransfer,
        catch_up: Callable[[], object],
        tabular: Tabular,
        scratch: Scratch,
        clock: Clock,
    ) -> None:
        """Take `catch_up`, which brings the search index up to the newest change."""
        self._store = JobStore(table=table)
        self._catalog = catalog
        self._inventory = inventory
        self._stock = stock
        self._orders = orders
        self._contacts = contacts
        self._reviews = reviews
        self._customers = customers
        self._accounts = accounts
        self._catch_up = catch_up
        self._tabular = tabular
        self._scratch = scratch
        self._clock = clock

    def rows_in(self, job: Job, path: Path) -> int | None:
        """Return about how many rows a job's file has, None if that is not cheap to know: for progress bars."""
        try:
            return self._reader(job, path).size_hint()
        except InvalidError:
            return None  # the run will say what is wrong, and the job will remember it

    def run(
        self,
        job: Job,
        path: Path,
        *,
        on_progress: OnProgress | None = None,
        on_rejection: OnRejection | None = None,
    ) -> Job:
        """Import a file from the job's checkpoint on and return the job, done, failed, or waiting if it was paused.

        What makes no sense fails the job with a message; batches that were written stay. UnavailableError
        fails it, too, but is raised: the same call may succeed later. TakenOverError: somebody else runs it now.
        """
        running = self._store.save(msgspec.structs.replace(job, state="running", message="", finished_at=None))
        ledger = Ledger(
            running, store=self._store, clock=self._clock, on_progress=on_progress, on_rejection=on_rejection
        )
        try:
            self._import(ledger, self._reader(running, path))
            return ledger.finish("done")
        except PausedError:
            return ledger.finish("waiting")
        except TakenOverError:
            raise
        except UnavailableError as exc:
            ledger.finish("failed", message=exc.message)
            raise
        except ShopError as exc:
            _log.info("import refused", extra={"job": job.id, "reason": exc.message})
            return ledger.finish("failed", message=exc.message)
        except Exception:
            ledger.finish("failed", message="an internal error; the log says more")
            raise

    def _reader(self, job: Job, path: Path) -> RowReader:
        return self._tabular.reader(path, format=job.format, columns=job.columns or None)

    def _import(self, ledger: Ledger, reader: RowReader) -> None:
        subjects: dict[str, Callable[[Ledger, RowReader], None]] = {
            "products": self._import_products,
            "sales": self._import_sales,
            "orders": self._import_orders,
            "stock": self._import_stock,
            "reviews": self._import_reviews,
            "categories": lambda ledger, reader: CategoryImport(self._catalog.taxonomy, ledger).run(reader),
            "customers": lambda ledger, reader: CustomerImport(self._customers, self._accounts, ledger).run(reader),
        }
        subjects[ledger.job.subject](ledger, reader)

    def _import_products(self, ledger: Ledger, reader: RowReader) -> None:
        taxonomy = self._catalog.taxonomy
        rows = ProductRows(
            places=Places(taxonomy),
            currency=self._catalog.products.currency,
            declared=taxonomy.attributes(current=True),
            ignored=names_in(ledger.job.options.get("ignore", "")),
        )
        ProductImport(
            catalog=self._catalog, inventory=self._inventory, rows=rows, ledger=ledger, catch_up=self._catch_up
        ).run(reader)

    def _import_orders(self, ledger: Ledger, reader: RowReader) -> None:
        ignored = names_in(ledger.job.options.get("ignore", ""))
        currency = self._catalog.products.currency
        OrderImport(self._orders, self._contacts, ledger, currency=currency, ignored=ignored).run(reader)

    def _import_stock(self, ledger: Ledger, reader: RowReader) -> None:
        ignored = names_in(ledger.job.options.get("ignore", ""))
        StockImport(self._stock, self._catalog.products, ledger, ignored=ignored).run(reader)

    def _import_sales(self, ledger: Ledger, reader: RowReader) -> None:
        """Import lines of orders, or whole ones if that is what the file holds."""
        first = next(reader.read(), None)
        if first is not None and is_document(first.values):
            self._import_orders(ledger, reader)
            return
        options = ledger.job.options
        given = names_in(options.get("non_goods", ""))
        rules = SalesRules(
            currency=self._catalog.products.currency,
            now=self._clock.now(),
            zone=zone_of(options),
            non_goods=frozenset(given) if given else NON_GOODS,
        )
        SalesImport(
            catalog=self._catalog,
            orders=self._orders,
            customers=self._customers,
            scratch=self._scratch,
            rules=rules,
            places=Places(self._catalog.taxonomy),
            ledger=ledger,
            source=options.get("source", SOURCE),
        ).run(reader)
        self._catch_up()

    def _import_reviews(self, ledger: Ledger, reader: RowReader) -> None:
        options = ledger.job.options
        ReviewImport(
            catalog=self._catalog,
            orders=self._orders,
            reviews=self._reviews,
            store=self._store,
            ledger=ledger,
            zone=zone_of(options),
            source=options.get("source", SOURCE),
            ignored=names_in(options.get("ignore", "")),
        ).run(reader)
        self._catch_up()


def check_options(options: Mapping[str, str]) -> None:
    """Raise InvalidError unless an import can be run with these options."""
    for name, value in options.items():
        if name not in OPTIONS:
            detail = f"there is no option {name!r}; there are {', '.join(OPTIONS)}"
            raise InvalidError(detail, [Fault(f"/options/{name}", "unknown_option", detail)])
        if len(value) > 2000 or not is_clean(value):  # noqa: PLR2004
            raise InvalidError(f"option {name} is too long or not printable")
    if not 1 <= len(options.get("source", SOURCE)) <= 80:  # noqa: PLR2004
        raise InvalidError("option source has 1 to 80 characters")
    zone_of(options)


def zone_of(options: Mapping[str, str]) -> tzinfo:
    """Return the zone in which times without an offset are read; UTC unless the options name another."""
    name = options.get("timezone", "UTC")
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        detail = f"there is no time zone {name!r}; give a name such as Europe/London"
        raise InvalidError(detail, [Fault("/options/timezone", "unknown_timezone", detail)]) from None


def names_in(text: str) -> list[str]:
    """Return the names in a list with commas."""
    return [name.strip() for name in text.split(",") if name.strip()]
