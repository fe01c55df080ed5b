"""The real CKAN of the tests: one for all of them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import httpx
import pytest

from . import server


class Portal(NamedTuple):
    """A CKAN with an organisation `finance`, and a sysadmin's token."""

    address: str
    token: str

    def act(self, action: str, **data: object) -> dict:
        """What an action answers, which must be a yes."""
        url = f"{self.address}/api/3/action/{action}"
        answer = httpx.post(url, headers={"Authorization": self.token}, json=data, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]


@pytest.fixture(scope="session")
def portal() -> Iterator[Portal]:
    """CKAN, started if it does not run. It is installed (a few hundred MB) in CI only, or by hand."""
    folder = Path(os.environ.get("OPENDATA_CKAN", server.FOLDER))
    if not (folder / "venv/.done").exists() and not os.environ.get("CI"):
        pytest.skip("no CKAN is installed; to install one: python3 tests/portals/ckan/server.py up")
    if not shutil.which("redis-server") and not os.environ.get("CI"):
        pytest.skip("CKAN needs Redis and PostgreSQL: python3 tests/portals/ckan/server.py up")
    with server.ckan(folder) as (address, token):
        found = Portal(address, token)
        known = httpx.get(f"{address}/api/3/action/organization_list", timeout=60).json()["result"]
        if "finance" not in known:
            found.act("organization_create", name="finance", title="财政局")
        yield found


@pytest.fixture
def name() -> str:
    """A name that no data set has."""
    return f"t{uuid4().hex[:12]}"
