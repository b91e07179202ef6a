from collections.abc import Iterator
from pathlib import Path

import pytest

from payymo_api.local.home import discard


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A data folder, deleted with what it links to outside when nobody holds it any more."""
    path = tmp_path / "payymo"
    yield path
    discard(path)


@pytest.fixture(autouse=True)
def own_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests are about the embedded servers, whatever servers the suite uses."""
    monkeypatch.delenv("PAYYMO_DATABASE_URL", raising=False)
    monkeypatch.delenv("PAYYMO_REDIS_URL", raising=False)
