"""Tell what tantivy raises apart: a refused question is the caller's, everything else is the index's."""

import contextlib
from collections.abc import Iterator

from bodega.errors import InvalidError, UnavailableError


@contextlib.contextmanager
def tantivy_errors() -> Iterator[None]:
    """Turn tantivy's refusals and panics, which a damaged file may cause, into UnavailableError."""
    try:
        yield
    except InvalidError:
        raise  # a ValueError too, but ours and about what was asked
    except (OSError, ValueError) as error:
        raise UnavailableError(f"the search index is unusable: {error}") from error
    except BaseException as error:
        # A panic in Rust is no Exception; its class cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise UnavailableError(f"the search index is damaged: {error}") from error
