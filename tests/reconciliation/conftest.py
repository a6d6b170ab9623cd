"""Fixtures of the reconciliation tests."""

import pytest

from comptroller.workspace import Workspace
from tests.small_economy import SmallEconomy


@pytest.fixture
def economy(workspace: Workspace) -> SmallEconomy:
    """An empty workspace that takes slices."""
    return SmallEconomy(workspace)
