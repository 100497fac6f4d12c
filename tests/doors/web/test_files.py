"""Hold static files and pictures to being cached well and to carrying no power of their own."""

import gzip
import re

import pytest
from browsing import SVG, Browser

from bodega.web.assets import load_assets


def test_static_files_have_names_of_their_contents_and_are_kept_for_ever(browser: Browser) -> None:
    href = load_assets().hrefs["bodega.css"]

    plain = browser.get(href, headers={"accept-encoding": "identity"})
    packed = browser.get(href, headers={"accept-encoding": "gzip"})

    assert re.fullmatch(r"/static/bodega\.[0-9a-f]{12}\.css", href)
    assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert plain.headers["content-type"] == "text/css; charset=utf-8"
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) == len(gzip.compress(plain.content, mtime=0))


def test_the_style_sheet_asks_nobody_for_anything(browser: Browser) -> None:
    css = browser.get(load_assets().hrefs["bodega.css"]).text

    assert "@import" not in css
    assert all(url.startswith('"data:') for url in re.findall(r"url\(([^)]{0,12})", css))
    assert css.count("{") == css.count("}")


@pytest.mark.parametrize(
    "path", ["/static/bodega.css", "/static/..%2Frouting.py", "/static/none", "/static/" + "x" * 2000]
)
def test_no_other_file_is_served(browser: Browser, path: str) -> None:
    assert browser.get(path).status_code == 404


def test_a_drawing_is_shown_but_may_do_nothing(browser: Browser) -> None:
    answer = browser.get("/media/mug.svg")

    again = browser.get("/media/mug.svg", headers={"if-none-match": f'W/{answer.headers["etag"]}, "x"'})

    assert answer.content == SVG
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'; style-src 'unsafe-inline'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "max-age=" in answer.headers["cache-control"]
    assert again.status_code == 304
    assert browser.ask("HEAD", "/media/mug.svg").headers["content-length"] == str(len(SVG))


def test_what_is_no_picture_is_a_download(browser: Browser) -> None:
    assert browser.get("/media/notes.txt").headers["content-disposition"] == "attachment"


@pytest.mark.parametrize(
    "path",
    [
        "none.svg",
        "",
        "../models/x",
        "..%2F..%2Fbodega.json",
        "%00",
        "a//b",
        "x" * 2000,
        "%ED%A0%80",
        "media/../x",
        ".x",
    ],
)
def test_nothing_outside_the_media_folder_is_served(browser: Browser, path: str) -> None:
    assert browser.get(f"/media/{path}").status_code == 404


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_it_is_written_on(browser: Browser, scheme: str) -> None:
    css = browser.get(load_assets().hrefs["bodega.css"]).text
    light, dark, *_ = re.findall(r":root \{(.*?)\}", css, flags=re.DOTALL)
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light))
    if scheme == "dark":
        colours |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", dark))
    pairs = [(text, ground) for text in ("ink", "soft", "tomato") for ground in ("paper", "card", "wash")]
    pairs += [("on-tomato", "tomato"), ("on-tomato", "tomato-hover"), ("mustard", "paper"), ("green", "paper")]
    pairs += [("card", "green"), ("foot-ink", "foot"), ("foot-soft", "foot")]

    weak = {}
    for text, ground in pairs:
        high, low = sorted((_luminance(colours[text]), _luminance(colours[ground])), reverse=True)
        if (ratio := (high + 0.05) / (low + 0.05)) < 4.5:
            weak[text, ground] = round(ratio, 2)

    assert weak == {}  # WCAG 2.2, 1.4.3: 4.5 to 1 for small text
