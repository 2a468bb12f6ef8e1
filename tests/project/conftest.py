"""What the tests of the project as a whole share: a copy installed in a scratch folder."""
from __future__ import annotations

import pytest
from installation import Installation, make


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    prefix = tmp_path_factory.mktemp("prefix")
    done = make("install", f"PREFIX={prefix}")
    assert done.returncode == 0, done.stdout + done.stderr
    return Installation(prefix)
