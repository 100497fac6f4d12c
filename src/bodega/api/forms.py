"""Take the one file out of a form while it arrives: multipart/form-data of RFC 7578, as S3 takes it."""

from email.message import Message

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

from bodega.api.errors import HttpError

FORM = "multipart/form-data"
FIELD = "file"
MOST_AROUND_BYTES = 64 * 1024
"""How much may be around the file: other fields, which are passed over, and boundaries."""


class FormFile:
    """Passes on the bytes of the field `file`, and nothing else of a form. `HttpError` 400 for what is no such form."""

    def __init__(self, content_type: str) -> None:
        """Take the form's content type, which names its boundary."""
        boundary = _parameter(content_type, "boundary")
        if not boundary:
            raise _bad("its content type names no boundary")
        self._out = bytearray()
        self._header: dict[str, bytearray] = {"name": bytearray(), "value": bytearray()}
        self._inside = self._found = self._over = False
        self._around_bytes = 0
        try:
            self._parser = MultipartParser(
                boundary.encode("latin-1", "replace"),
                {
                    "on_part_begin": self._begin,
                    "on_header_field": lambda data, start, end: self._header["name"].extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._header["value"].extend(data[start:end]),
                    "on_header_end": self._end_of_header,
                    "on_part_data": self._data,
                    "on_part_end": self._end_of_part,
                    "on_end": self._end,
                },
            )
        except FormParserError as fault:
            raise _bad(str(fault)) from None

    def feed(self, chunk: bytes) -> bytes:
        """Take some of the form, and return what of it is the file's."""
        try:
            self._parser.write(chunk)
        except FormParserError as fault:
            raise _bad(str(fault)) from None
        part = bytes(self._out)
        self._out.clear()
        self._around_bytes += len(chunk) - len(part)
        if self._around_bytes > MOST_AROUND_BYTES:
            raise _bad(f"there are more than {MOST_AROUND_BYTES} bytes around its file")
        return part

    def finish(self) -> None:
        """Refuse a form that ends before its end, or has no file."""
        if not self._over:
            raise _bad("it ends in the middle")
        if not self._found:
            raise _bad(f"it has no file in the field {FIELD!r}")

    # -- what the parser tells

    def _begin(self) -> None:
        self._inside = False
        self._clear_header()

    def _end_of_header(self) -> None:
        if self._header["name"].lower() == b"content-disposition":
            name = _parameter(self._header["value"].decode("latin-1"), "name")
            if name == FIELD:
                if self._found:
                    raise _bad(f"it has more than one file in the field {FIELD!r}")
                self._inside = self._found = True
        self._clear_header()

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._inside:
            self._out += data[start:end]

    def _end_of_part(self) -> None:
        self._inside = False

    def _end(self) -> None:
        self._over = True

    def _clear_header(self) -> None:
        for part in self._header.values():
            part.clear()


def _parameter(header: str, name: str) -> str:
    """Return a parameter of a header's value, empty if it has none; the standard library knows how they are quoted."""
    message = Message()
    message["content-type"] = header
    found = message.get_param(name)
    return found if isinstance(found, str) else ""


def _bad(why: str) -> HttpError:
    return HttpError(400, "bad_form", f"this is no form with one file: {why}")
