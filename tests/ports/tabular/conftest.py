"""Give tests of the tabular port a file of every format."""

import pytest
from rows import FORMATS


@pytest.fixture(params=FORMATS)
def path(request, tmp_path):
    return tmp_path / f"rows.{request.param}"
