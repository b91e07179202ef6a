"""The suite's own servers, seen by suites of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local.eyes import children, eventually

ROOT = Path(__file__).parents[2]
SUITE = """
import asyncio, os, pathlib
import asyncpg, pytest
from redis import Redis

@pytest.fixture(scope="session")
def template_database():
    def make(url):
        async def execute():
            connection = await asyncpg.connect(url)
            await connection.execute("CREATE TABLE migrated AS SELECT 42 AS answer")
            await connection.close()
        with open(os.environ["NOTES"], "a") as notes:
            notes.write("template\\n")
        asyncio.run(execute())
    return make

@pytest.mark.parametrize("turn", range(8))
async def test_sees_its_own_copy(servers, turn):
    connection = await asyncpg.connect(servers.database_url)
    assert await connection.fetchval("SELECT answer FROM migrated") == 42
    await connection.close()
    Redis.from_url(servers.redis_url).ping()
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(f"{servers.database_url} {servers.redis_url}\\n")
"""
HANGS = """
import os, time, pathlib
def test_hangs(servers):
    pathlib.Path(os.environ["NOTES"]).write_text("up")
    time.sleep(600)
"""


def suite(tmp_path: Path, text: str, *arguments: str) -> "subprocess.Popen[str]":
    """Start pytest on a suite of this text, with our plugin and nothing of our configuration."""
    (tmp_path / "test_suite.py").write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    environment = os.environ | {
        "NOTES": str(tmp_path / "notes"),
        "PYTHONPATH": str(ROOT),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # their imports take seconds
    }
    plugins = [f"-p{name}" for name in ("pytest_asyncio.plugin", "xdist.plugin", "tests.servers")]
    argv = [sys.executable, "-m", "pytest", "-q", *plugins, *arguments]
    base = ["--basetemp", str(tmp_path / "base"), "-c", str(tmp_path / "pytest.ini")]
    return subprocess.Popen(
        [*argv, *base, str(tmp_path)],
        env=environment,
        cwd=tmp_path,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


@pytest.mark.parametrize(("arguments", "workers"), [((), 1), (("-n", "2"), 2)])
def test_gives_each_worker_a_copy_of_one_template(
    tmp_path: Path, arguments: tuple[str, ...], workers: int
) -> None:
    with suite(tmp_path, SUITE, *arguments) as run:
        printed, _ = run.communicate()
    assert run.returncode == 0, printed
    notes = (tmp_path / "notes").read_text().splitlines()
    urls = {note for note in notes if note != "template"}
    assert notes.count("template") == 1
    assert len(urls) == len({url.split()[1] for url in urls}) == workers
    assert not list((tmp_path / "base").rglob("children.json"))


def test_leaves_no_server_when_pytest_is_killed(tmp_path: Path) -> None:
    with suite(tmp_path, HANGS) as run:
        eventually((tmp_path / "notes").exists)
        data = tmp_path / "base" / "data"
        running = children(data)
        run.kill()
        eventually(lambda: not data.exists())
    assert set(running) == {"postgres", "redis"}
    assert not any(process.is_running() for process in running.values())
