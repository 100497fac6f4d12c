"""`bodega prepare`: make a folder a shop, with a first API key and the demo, so that serving it can begin at once."""

import argparse
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bodega.cli.beside import ends_with_stdin
from bodega.cli.opening import add_data_argument, settings_of
from bodega.domain.accounts.model import EVERY_SCOPE
from bodega.domain.catalog.shelves import ShelfQuery
from bodega.domain.shop import Shop
from bodega.errors import UnavailableError
from bodega.settings import Settings
from bodega.wiring import claim_folder, open_shop, worker_turn

# Tells later starts that there is nothing to prepare: they need not open the shop to find out.
_MARK = "prepared"
_PATIENCE_SECONDS = 180
_LOOK_SECONDS = 0.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = "example: bodega prepare --empty --data ./data"
    add_data_argument(parser)
    add_filling_arguments(parser)
    parser.add_argument("--until-stdin-closes", action="store_true", help="give up when standard input ends")


def add_filling_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --demo and --empty, which `up` has too."""
    filling = parser.add_mutually_exclusive_group()
    filling.add_argument("--demo", action="store_true", help="fill an empty shop with the demo (a first start does)")
    filling.add_argument("--empty", action="store_true", help="leave a new shop empty, now and at later starts")


def filling_of(arguments: argparse.Namespace) -> Sequence[str]:
    """Return the arguments of `add_filling_arguments` as they were given."""
    return [f"--{name}" for name in ("demo", "empty") if getattr(arguments, name)]


def is_needed(settings: Settings, *, demo: bool) -> bool:
    """Tell whether the folder has never been prepared, or the demo is asked for; make or check the folder.

    Raises UnavailableError if the folder cannot be used.
    """
    claim_folder(settings.data_dir, currency=settings.currency)
    return demo or not _mark(settings).exists()


def run(arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Prepare the shop unless it is prepared."""
    settings = settings_of(arguments, environment)
    with ends_with_stdin(wanted=arguments.until_stdin_closes):
        if not is_needed(settings, demo=arguments.demo):
            return 0
        if _mark(settings).exists():  # asked for the demo later on: beside a worker, as an import would be
            _prepare(settings, demo=True)
        else:
            _prepare_in_turn(settings, demo=not arguments.empty)
    return 0


def _prepare_in_turn(settings: Settings, *, demo: bool) -> None:
    """Prepare, unless another process that began earlier does it; then wait until it has."""
    enough = threading.Event()
    threading.Thread(target=_wait_for_mark, args=(settings, enough), daemon=True).start()
    with worker_turn(settings, enough) as mine:
        if mine and not _mark(settings).exists():
            _prepare(settings, demo=demo)
    if not _mark(settings).exists():
        raise UnavailableError(f"another process has been at work in {settings.data_dir} for long: stop it first")


def _wait_for_mark(settings: Settings, enough: threading.Event) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and not _mark(settings).exists():
        time.sleep(_LOOK_SECONDS)
    enough.set()


def _prepare(settings: Settings, *, demo: bool) -> None:
    """Create what is missing: a first API key, the demo shop, a trained recommender."""
    shop = open_shop(settings)
    try:
        if not shop.api_keys.list():
            _, token = shop.api_keys.create(name="first start", scopes=[EVERY_SCOPE])
            print(f"An API key for staff, shown this once: {token}", flush=True)
        if demo:
            _fill(shop)
        shop.indexer.catch_up()
    finally:
        shop.close()
    _mark(settings).touch()


def _fill(shop: Shop) -> None:
    from bodega.cli.seed import fill, is_unfinished  # noqa: PLC0415  # an empty shop need not pay for the vocabulary

    if is_unfinished(shop):
        print("Going on with the demo shop, which was not finished:", flush=True)
    elif _is_empty(shop):
        print("The shop is empty; making the demo shop (--empty leaves it so):", flush=True)
    else:
        return
    started = time.perf_counter()

    def progress(what: str) -> None:
        print(f"  {time.perf_counter() - started:5.1f} s  {what}", flush=True)

    fill(shop, now=shop.world.clock.now(), progress=progress)
    progress("training the recommender")
    shop.trainer.train(forced=True)  # made-up customers need not come again for a reason
    progress("done")


def _is_empty(shop: Shop) -> bool:
    return not shop.catalog.shelves.find(ShelfQuery(limit=1, audience="staff")).cards


def _mark(settings: Settings) -> Path:
    return settings.data_dir / _MARK
