"""Fill a small shop with everything a page can show, and read pages as a browser without script would."""

import asyncio
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import httpx
from starlette.applications import Starlette

from bodega.domain.catalog.model import (
    AttributeInput,
    CategoryInput,
    CollectionInput,
    Media,
    ProductInput,
    Rating,
    VariantInput,
)
from bodega.domain.catalog.products import Restored
from bodega.domain.orders.model import Line, Order
from bodega.domain.reviews.model import Review
from bodega.domain.shop import Shop
from bodega.values.money import Money

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NASTY = "<script>alert('x')</script> \"quoted\" & مرحبا 🐈"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" fill="#c44"/></svg>'
COLOURS = ("Red", "Green", "Blue")
MUGS = 60
GIFTS = 10


def fill(shop: Shop) -> None:
    """Put in a tree, sixty mugs in three colours, a nasty product, one with reviews and options, and orders."""
    taxonomy = shop.catalog.taxonomy
    kitchen = taxonomy.create_category(CategoryInput(name="Kitchen & Table", description="For <b>cooks</b>.")).id
    drinking = taxonomy.create_category(CategoryInput(name="Drinking", parent=kitchen)).id
    mugs = taxonomy.create_category(CategoryInput(name="Mugs", parent=drinking)).id
    taxonomy.create_category(CategoryInput(name="Plates", parent=kitchen))
    taxonomy.declare_attribute("colour", AttributeInput(type="text", label="Colour"))
    gifts = taxonomy.create_collection(CollectionInput(name="Gifts under 10", description="Small <b>things</b>.")).id
    taxonomy.create_collection(CollectionInput(name="Empty"))
    shop.world.objects.put("media/mug.svg", SVG)
    shop.world.objects.put('media/odd name"><x.svg', SVG)
    shop.world.objects.put("media/notes.txt", b"<script>alert(1)</script>")
    products = []
    for number in range(MUGS):
        given = ProductInput(
            title=f"Mug number {number}",
            slug=f"mug-{number}",
            brand="Potter's" if number % 2 else "Kiln & Co",
            status="active",
            categories=[mugs],
            collections=[gifts] if number < GIFTS else [],
            attributes={"colour": COLOURS[number % 3], "dishwasher": number % 4 == 0, "volume": 0.3},
            description="A mug.\n\nHolds tea, coffee & soup.",
            media=[Media(key="mug.svg", alt="A mug", width=8, height=8)] if number % 5 else [],
            variants=[VariantInput(sku=f"MUG-{number}", price=Money(500 + number * 50, "GBP"))],
        )
        products.append(shop.catalog.products.create(given, restored=Restored(created_at=NOW - timedelta(days=number))))
    shop.inventory.set_on_hand({f"MUG-{number}": number for number in range(4)})
    _add_nasty(shop, mugs)
    _add_teapot(shop, drinking)
    _add_orders(shop, [(p.id, p.variants[0].sku) for p in products])
    shop.indexer.catch_up()
    shop.trainer.train()
    shop.indexer.catch_up()


def _add_nasty(shop: Shop, category: str) -> None:
    given = ProductInput(
        title=NASTY,
        slug="nasty",
        brand=NASTY[:100],
        status="active",
        categories=[category],
        description=NASTY + "</script><img src=x onerror=alert(1)>",
        attributes={"colour": NASTY[:100]},
        media=[Media(key="mug.svg", alt=NASTY), Media(key='odd name"><x.svg', alt="")],
        variants=[
            VariantInput(sku="NASTY<1>", price=Money(1, "GBP"), options={"Size": NASTY[:100]}),
            VariantInput(sku="N2"),
        ],
    )
    product = shop.catalog.products.create(given, restored=Restored(rating=Rating(1, 5)))
    shop.reviews.record_many(
        [
            Review(
                id="rev_nasty",
                product_id=product.id,
                reviewer="n",
                rating=5,
                author=NASTY[:80],
                title=NASTY,
                text=NASTY,
                created_at=NOW,
            )
        ]
    )


def _add_teapot(shop: Shop, category: str) -> None:
    variants = [
        VariantInput(
            sku=f"POT-{colour}-{size}",
            price=Money(2000 if size == "S" else 3000, "GBP"),
            compare_at=Money(4000, "GBP"),
            options={"colour": colour, "size": size},
            weight_grams=1200,
        )
        for colour in ("White", "Black")
        for size in ("S", "L")
    ]
    media = [Media(key="mug.svg", width=8, height=8) for _ in range(3)]
    given = ProductInput(
        title="Teapot",
        slug="teapot",
        status="active",
        categories=[category],
        variants=variants,
        media=media,
        description="Pours.",
    )
    product = shop.catalog.products.create(given, restored=Restored(rating=Rating(7, 28)))
    shop.inventory.set_on_hand({"POT-White-S": 0, "POT-White-L": 3, "POT-Black-S": 50, "POT-Black-L": 0})
    reviews = [
        Review(
            id=f"rev_{n}",
            product_id=product.id,
            reviewer=f"r{n}",
            rating=1 + n % 5 if n else 5,
            author=f"Ann {n}",
            title="Pours well",
            text="No drip.\nAt all.",
            verified=n % 2 == 0,
            created_at=NOW - timedelta(days=n),
        )
        for n in range(7)
    ]
    shop.reviews.record_many(reviews)
    for slug, status in (("hidden", "draft"), ("gone", "archived")):
        bare = ProductInput(title=slug, slug=slug, status=status, variants=[VariantInput(sku=slug)])
        shop.catalog.products.create(bare)


def _add_orders(shop: Shop, mugs: list[tuple[str, str]]) -> None:
    orders = []
    for number in range(120):
        pair = (mugs[number % 20], mugs[number % 20 + 20], mugs[(number * 7) % 40])
        lines = [Line(sku=sku, product_id=p, quantity=1, unit_price=Money(500, "GBP")) for p, sku in dict(pair).items()]
        orders.append(
            Order(
                id=f"ord_{number}",
                number=str(number),
                customer_id=f"cus_{number % 30}",
                placed_at=NOW - timedelta(days=number % 60),
                lines=lines,
            )
        )
    shop.orders.record_many(orders)


class Soup(HTMLParser):
    """Reads a page, notes its elements, and complains of tags that do not match."""

    VOID = frozenset({"meta", "link", "img", "input", "br", "hr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.data: list[str] = []
        self.faults: list[str] = []
        self.feed(text)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag in self.open]

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing at {self.getpos()}")

    def handle_data(self, data):
        (self.data if self.open and self.open[-1] == "script" else self.texts).append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str, **having: str) -> list[dict[str, str]]:
        wanted = {name.rstrip("_"): value for name, value in having.items()}
        return [a for t, a in self.elements if t == tag and all(a.get(n) == v for n, v in wanted.items())]

    def links(self) -> list[str]:
        found = [a["href"] for t, a in self.elements if t in {"a", "link"} and "href" in a]
        found += [a["src"] for _, a in self.elements if "src" in a]
        return [link for link in dict.fromkeys(found) if not link.startswith(("https://shop.example", "#"))]


class Browser:
    """Asks pages in process, keeps no cookies, and follows nothing by itself."""

    def __init__(self, app: Starlette) -> None:
        self._transport = httpx.ASGITransport(app)

    def get(self, path: str, **options: object) -> httpx.Response:
        return self.ask("GET", path, **options)

    def page(self, path: str, **options: object) -> Soup:
        answer = self.get(path, **options)
        assert answer.status_code == 200, (path, answer.status_code)
        return Soup(answer.text)

    def ask(self, method: str, path: str, **options: object) -> httpx.Response:
        async def once() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="http://shop.test") as client:
                return await client.request(method, path, **options)

        return asyncio.run(once())
