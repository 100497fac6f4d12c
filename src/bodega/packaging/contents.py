"""Say what the package of each function holds."""

from collections.abc import Mapping

import msgspec

MAX_ZIPPED_BYTES = 50_000_000
MAX_UNZIPPED_BYTES = 250_000_000
"""Lambda's limits: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""


class Contents(msgspec.Struct, frozen=True):
    """What goes into a package.

    module: the handler's; with it comes whatever of ours it imports, but for what it goes `without`. requirements: the
    file of pins, `requirements/<requirements>.txt`. opens: what it imports not until it opens a shop.
    """

    module: str
    requirements: str
    without: frozenset[str] = frozenset()
    opens: str = "bodega.wiring.aws"


# What a function does without that is there to do without the shop; on one machine it would be part of that.
_WHOLE_SHOP = frozenset({"bodega.wiring.opening"})


def _shop(name: str, requirements: str = "lambda-shop") -> Contents:
    """Return the contents of a function that opens a whole shop on AWS."""
    return Contents(f"bodega.lambdas.{name}", requirements)


FUNCTIONS: Mapping[str, Contents] = {
    "http": _shop("http", "lambda-http"),
    "recommend": Contents("bodega.lambdas.recommend", "lambda-recommend", _WHOLE_SHOP, "bodega.wiring.alone"),
    "stream": _shop("stream"),
    "queue": _shop("queue"),
    "objects": Contents("bodega.lambdas.objects", "lambda-objects", _WHOLE_SHOP, "bodega.wiring.picturing"),
    "schedule": _shop("schedule", "lambda-schedule"),
    "device": _shop("device"),
}

# What machines of a fleet run, which is no function and as large as it likes.
APP = "app"
PACKAGES: Mapping[str, Contents] = {**FUNCTIONS, APP: Contents("bodega.asgi", "machine")}

NOT_RUN = frozenset(
    {
        *("tests", "__pycache__", "include"),
        # Compilers and their glue, which wheels were built with.
        *("cffi", "pycparser", "numpy/distutils"),
        *("apsw/sqlite_extra_binaries", "boto3/examples", "obstore/_docs"),
        # SciPy's own LAPACK, and what stands on it: training does with its sparse matrices and NumPy's.
        *("scipy.libs", "scipy/sparse/csgraph", "scipy/sparse/linalg"),
        # What an address of a letter is not checked against, types of what is sent to Stripe, and events nobody reads.
        *("dns", "stripe/params", "stripe/events"),
    }
)
"""Folders of libraries that nothing of ours runs: by their name anywhere, or by their place."""
NOT_RUN_SUFFIXES = (".pyi", ".pxd", ".pyx", ".a", ".h", ".hpp", ".c", ".f", ".f90")
NOT_RUN_NAMES = ("_simd.", "_multiarray_tests.", "_rational_tests.", "_umath_tests.", "_struct_ufunc_tests.")
# Of large libraries these parts alone, by their folder: what is not named here, no function imports.
PARTS: Mapping[str, frozenset[str]] = {
    "scipy": frozenset({"_external", "_lib", "sparse"}),
    "botocore/data": frozenset({"apigatewayv2", "events", "kms", "servicediscovery", "sesv2", "sqs"}),
}
