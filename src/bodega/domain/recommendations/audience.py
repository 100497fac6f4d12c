"""Tell programs from people, as far as programs say so: what they do is not counted."""

import re

MAX_LENGTH = 1_000
"""Longer texts are nobody's browser."""
_CRAWLER = re.compile(
    r"bot\b|bots\b|crawl|spider|slurp|archiver|facebookexternalhit|embedly|preview|validator|monitor|pingdom|uptime",
    re.IGNORECASE,
)
_NO_BROWSER = re.compile(
    r"headless|phantomjs|puppeteer|playwright|selenium|lighthouse|curl/|wget/|python|httpx|aiohttp|java/|okhttp|axios"
    r"|node-fetch|undici|go-http-client|libwww|scrapy|ruby|perl|php",
    re.IGNORECASE,
)


def is_crawler(user_agent: str) -> bool:
    """Tell whether a client says that it walks the web by itself; a library in the hands of an app is none.

    >>> is_crawler("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"), is_crawler("okhttp/4")
    (True, False)
    """
    return len(user_agent) > MAX_LENGTH or _CRAWLER.search(user_agent) is not None


def is_browser(user_agent: str) -> bool:
    """Tell whether a client looks like what people read pages with.

    >>> is_browser("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"), is_browser("curl/8.5")
    (True, False)
    """
    return bool(user_agent) and not is_crawler(user_agent) and _NO_BROWSER.search(user_agent) is None
