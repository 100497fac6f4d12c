"""What staff put up for sale, one by one, by file and with pictures, is what shoppers find."""

import io

from PIL import Image
from processes import wait_until
from shopping import finds, puts_up_for_sale

MERGE_PATCH = {"content-type": "application/merge-patch+json"}
CSV = b"""sku,title,price,category,stock
FILE-JAR,Jar of the quokka,12.50,Jars > Animals,3
FILE-TIN,Tin of the quokka,3.00,Jars,4
FILE-BAD,Lid of the quokka,not a price,Jars,1
"""


def test_a_product_that_staff_change_is_found_under_what_it_says_now(shop, api, staff):
    made = puts_up_for_sale(api, staff, "GOODS-POT", title="Pot of plain clay")
    address, etag = f"/v1/admin/products/{made.json()['id']}", made.headers["etag"]

    changed = api.patch(address, json={"title": "Kettle of numbats"}, headers=staff | MERGE_PATCH | {"if-match": etag})
    late = api.patch(address, json={"title": "Nothing"}, headers=staff | MERGE_PATCH | {"if-match": etag})
    blind = api.patch(address, json={"title": "Nothing"}, headers=staff | MERGE_PATCH)

    assert [answer.status_code for answer in (changed, late, blind)] == [200, 412, 428]
    assert api.get("/v1/store/products/sku:GOODS-POT").json()["title"] == "Kettle of numbats"
    wait_until(lambda: finds(api, "numbats") == ["Kettle of numbats"], what="the new title", every=0.5)
    assert "Kettle of numbats" in shop.walker(api).go(f"/p/{changed.json()['slug']}").text


def test_a_product_that_is_archived_is_no_longer_for_sale(api, staff):
    puts_up_for_sale(api, staff, "GOODS-OLD", title="Kettle of dugongs")
    wait_until(lambda: finds(api, "dugongs"), what="the product", every=0.5)

    gone = api.patch(
        "/v1/admin/products/sku:GOODS-OLD", json={"status": "archived"}, headers=staff | MERGE_PATCH | {"if-match": "*"}
    )

    assert gone.status_code == 200
    assert api.get("/v1/store/products/sku:GOODS-OLD").status_code == 404
    wait_until(lambda: finds(api, "dugongs") == [], what="a search without it", every=0.5)


def test_a_file_of_products_is_imported_and_its_products_are_found(api, staff):
    begun = api.post(
        "/v1/admin/imports", params={"kind": "products"}, content=CSV, headers=staff | {"content-type": "text/csv"}
    )
    assert begun.status_code == 202, begun.text
    address = begun.headers["location"]

    job = wait_until(lambda: ended(api, staff, address), what="the import", every=0.5)

    assert (job["state"], job["read"], job["created"], job["rejected"]) == ("done", 3, 2, 1)
    (rejection,) = api.get(f"{address}/errors", headers=staff).json()["data"]
    assert (rejection["line"], rejection["reason"]) == (4, "bad_price")
    found = wait_until(lambda: len(finds(api, "quokka")) == 2 and finds(api, "quokka"), what="both", every=0.5)
    assert set(found) == {"Jar of the quokka", "Tin of the quokka"}
    jar = api.get("/v1/store/products/sku:FILE-JAR").json()
    assert jar["variants"][0]["price"] == {"amount": 1250, "currency": "GBP"}
    (level,) = api.get("/v1/admin/stock", params={"sku": "FILE-JAR"}, headers=staff).json()["data"]
    assert level["on_hand"] == 3
    # Whoever answers keeps the tree for a moment, and somebody else imported.
    wait_until(lambda: "Animals" in api.get("/v1/store/categories").text, what="the new category", every=0.5)


def ended(api, staff, address):
    job = api.get(address, headers=staff).json()
    return job if job["state"] not in {"waiting", "running"} else None


def test_a_picture_is_uploaded_and_shown_in_sizes(shop, api, staff):
    product = puts_up_for_sale(api, staff, "GOODS-SHOWN", title="Mug that is shown").json()
    media = f"/v1/admin/products/{product['id']}/media"
    offered = api.post(media, json={"content_type": "image/png"}, headers=staff).json()

    sent = api.put(offered["upload"]["url"], content=picture(), headers={"content-type": "image/png"})
    assert sent.status_code == 204, sent.text
    complete = f"{media}/{offered['id']}:complete"
    attached = wait_until(lambda: completed(api, staff, complete), what="the picture", every=0.5)

    (shown,) = attached.json()["media"]
    assert (shown["width"], shown["height"], shown["widths"]) == (1000, 800, [320, 640])
    page = shop.walker(api).go(f"/p/{product['slug']}")
    (attributes,) = [a for tag, a in page.elements if tag == "img" and a["alt"] == "A red mug"]
    sources = [attributes["src"], *(source.split()[0] for source in attributes["srcset"].split(","))]
    assert sorted(set(widths_of(api, sources))) == [320, 640, 1000]


def completed(api, staff, address):
    """Attach the picture; who looks at pictures may be somebody else, who takes a moment."""
    answer = api.post(address, json={"alt": "A red mug"}, headers=staff)
    if answer.status_code == 503:
        assert answer.headers["retry-after"]
        return None
    assert answer.status_code == 200, answer.text
    return answer


def test_a_category_that_moves_takes_its_products_along(api, staff):
    def category(name, **more):
        return api.post("/v1/admin/categories", json={"name": name} | more, headers=staff).json()

    def shown(above):
        return api.get("/v1/store/products", params={"filter[category]": above["slug"]}).json()["data"]

    attic, cellar = category("Attic of stories"), category("Cellar of stories")
    shelf = category("Shelf of stories", parent=attic["id"])
    puts_up_for_sale(api, staff, "MOVED-JAR", categories=[shelf["id"]])
    assert [len(shown(above)) for above in (attic, cellar, shelf)] == [1, 0, 1]

    moved = api.patch(
        f"/v1/admin/categories/{shelf['id']}",
        json={"parent": cellar["id"]},
        headers=staff | MERGE_PATCH | {"if-match": "*"},
    )

    assert moved.status_code == 200, moved.text
    wait_until(lambda: [len(shown(above)) for above in (attic, cellar, shelf)] == [0, 1, 1], what="the move", every=0.5)


def picture():
    """Return a picture of a width that three sizes come of."""
    file = io.BytesIO()
    Image.linear_gradient("L").resize((1000, 800)).save(file, "PNG")
    return file.getvalue()


def widths_of(api, sources):
    for source in sources:
        answer = api.get(source)
        assert answer.status_code == 200, source
        assert answer.headers["content-type"].startswith("image/")
        with Image.open(io.BytesIO(answer.content)) as image:
            yield image.width
