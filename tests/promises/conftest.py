"""Give promises real servers that are ended whatever a test did."""

import pytest
from processes import starting
from shoppers import UNPACED


@pytest.fixture
def start(tmp_path):
    """Start a shop on the test's own data folder, as in the journeys."""
    with starting(tmp_path, **UNPACED) as start:
        yield start
