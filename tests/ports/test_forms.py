"""What a form for an object, or a link to one, allows whoever holds it: that object, for a while, and nothing else."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from zlib import crc32

import httpx
import pytest
from engines import REGION, ministack, s3_bucket

from bodega.adapters.aws.forms import SignedForms
from bodega.adapters.aws.objects import S3ObjectStore
from bodega.adapters.aws.signing import Credentials, Given, Signer
from bodega.adapters.local.objects import FileObjectStore
from bodega.adapters.system.clock import SystemClock
from bodega.errors import InvalidError

KEY = "imports/a.csv"


def open_local(folder):
    return FileObjectStore(folder, clock=SystemClock())


def open_s3(folder):
    """Return a store whose server looks at what forms allow."""
    address, bucket = ministack(auth=True), f"bodega-{crc32(str(folder).encode()):08x}"
    signer = Signer(
        service="s3",
        region=REGION,
        host=urlsplit(address).netloc,
        credentials=Given(Credentials("test", "test")),
        now=SystemClock().now,
    )
    forms = SignedForms(address=f"{address}/{bucket}", bucket=bucket, signer=signer)
    return S3ObjectStore(s3_bucket(address, bucket), folder=folder / "copies", clock=SystemClock(), forms=forms)


@pytest.fixture
def bucket(tmp_path):
    return open_s3(tmp_path)


def posted(form, content, **changed):
    """Send a form as a browser does, without credentials."""
    fields = {name: text for name, text in (form.fields | changed).items() if text is not None}
    return httpx.post(form.url, data=fields, files={"file": ("a", content)}, timeout=60)


def in_an_hour():
    return datetime.now(UTC) + timedelta(hours=1)


def test_files_beside_the_shop_have_no_way_past_it(tmp_path):
    assert open_local(tmp_path).form(KEY, max_bytes=10, expires_at=in_an_hour()) is None
    assert open_local(tmp_path).link(KEY, lifetime=timedelta(minutes=5)) is None


@pytest.mark.parametrize("opened", [open_local, open_s3])
@pytest.mark.parametrize("key", ["", "a//b", "../a", "a\n"])
def test_there_is_no_way_to_a_key_that_is_none(opened, key, tmp_path):
    store = opened(tmp_path)

    with pytest.raises(InvalidError):
        store.form(key, max_bytes=10, expires_at=in_an_hour())
    with pytest.raises(InvalidError):
        store.link(key, lifetime=timedelta(minutes=5))


def test_whoever_holds_a_form_puts_that_object_and_may_put_it_again(bucket):
    form = bucket.form(KEY, max_bytes=7_000_000, expires_at=in_an_hour())

    assert posted(form, b"x" * 7_000_000).status_code in {200, 204}
    assert bucket.find(KEY).size_bytes == 7_000_000
    assert bucket.find(KEY).content_type == "text/csv; charset=utf-8"
    posted(form, b"another")
    assert bucket.get(KEY) == b"another"


@pytest.mark.parametrize(
    ("content", "changed"),
    [
        (b"", {}),
        (b"x" * 11, {}),
        (b"x", {"key": "imports/b.csv"}),
        (b"x", {"key": "media/a.csv"}),
        (b"x", {"Content-Type": "text/html"}),
        (b"x", {"x-amz-signature": "0" * 64}),
        (b"x", {"policy": None}),
        (b"x", {"acl": "public-read"}),
    ],
    ids=["empty", "large", "other", "elsewhere", "html", "forged", "no-policy", "public"],
)
def test_a_form_allows_nothing_else(bucket, content, changed):
    form = bucket.form(KEY, max_bytes=10, expires_at=in_an_hour())

    assert posted(form, content, **changed).status_code in {400, 403}
    assert list(bucket.list("")) == []


def test_a_form_ends(bucket):
    form = bucket.form(KEY, max_bytes=10, expires_at=datetime.now(UTC) - timedelta(seconds=1))

    assert posted(form, b"x").status_code == 403


def test_whoever_holds_a_link_reads_that_object_and_no_other(bucket):
    bucket.put(KEY, b"a,b")
    bucket.put("imports/b.csv", b"private")

    link = bucket.link(KEY, lifetime=timedelta(minutes=5))

    assert httpx.get(link, timeout=60).content == b"a,b"
    assert httpx.get(link.replace("a.csv", "b.csv"), timeout=60).status_code == 403
    assert httpx.put(link, content=b"x", timeout=60).status_code == 403
    assert httpx.get(link.partition("?")[0], timeout=60).status_code == 403


def test_temporary_credentials_say_so_in_the_form():
    signer = Signer(
        service="s3",
        region=REGION,
        host="s3.example",
        credentials=Given(Credentials("AKID", "secret", "token")),
        now=SystemClock().now,
    )
    form = SignedForms(address="https://s3.example/", bucket="b", signer=signer).form(
        KEY, max_bytes=10, expires_at=in_an_hour()
    )

    assert form.fields["x-amz-security-token"] == "token"
