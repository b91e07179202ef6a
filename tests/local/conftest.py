from collections.abc import Iterator
from pathlib import Path

import pytest

from payymo_api.local.home import discard, open_home


@pytest.fixture(scope="session")
def used_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("local") / "payymo"
    yield path
    discard(path)


@pytest.fixture
def folder(used_folder: Path) -> Iterator[Path]:
    """A data folder that tests use in turn: a cluster is made once, as in real life."""
    yield used_folder
    with open_home(used_folder):  # waits for the watcher of a killed parent
        pass


@pytest.fixture
def fresh_folder(tmp_path: Path) -> Iterator[Path]:
    """A data folder of the test's own."""
    path = tmp_path / "payymo"
    yield path
    discard(path)


@pytest.fixture(autouse=True)
def own_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests are about the embedded servers, whatever servers the suite uses."""
    monkeypatch.delenv("PAYYMO_DATABASE_URL", raising=False)
    monkeypatch.delenv("PAYYMO_REDIS_URL", raising=False)
