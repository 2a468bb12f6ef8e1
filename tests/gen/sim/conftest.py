"""Conversations that the tests here begin with."""
from __future__ import annotations

import pytest
from semantics_support import BOX, manager, shipped
from talk_support import Talk


@pytest.fixture
def scsi() -> Talk:
    return Talk(shipped("scsi"))


@pytest.fixture
def store() -> Talk:
    return Talk(manager(BOX))
