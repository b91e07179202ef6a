import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest
from redis import Redis
from redis.exceptions import AuthenticationError
from redis.exceptions import ConnectionError as RedisConnectionError

from payymo_api.local.embedded import embedded_servers
from payymo_api.local.errors import CannotStart, FolderInUse
from payymo_api.local.process import Process
from tests.local.eyes import children, eventually, kill, modes

HOLD = Path(__file__).with_name("hold.py")


@contextmanager
def parent_holding(folder: Path) -> Iterator[Process]:
    """Run the servers under a parent of their own that a test may kill."""
    with subprocess.Popen(
        [sys.executable, str(HOLD), "servers", str(folder)], stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == b"ready\n"
        yield Process.of(parent.pid)
        parent.kill()


async def ask(url: str, question: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_serves_postgresql_and_redis_and_stops_both(folder: Path) -> None:
    with embedded_servers(folder) as servers:
        running = children(folder)
        assert await ask(servers.database_url, "SELECT current_setting('fsync')") == "on"
        with Redis.from_url(servers.redis_url) as redis:
            assert redis.ping()
    assert set(running) == {"postgres", "redis"}
    assert not any(process.is_running() for process in running.values())


async def test_keeps_the_data_from_run_to_run(folder: Path) -> None:
    with embedded_servers(folder) as servers:
        await ask(servers.database_url, "CREATE TABLE over_runs AS SELECT 42 AS answer")
    with embedded_servers(folder) as servers:
        assert await ask(servers.database_url, "SELECT answer FROM over_runs") == 42


async def test_gives_a_login_that_is_no_superuser_but_may_make_roles_to_take(folder: Path) -> None:
    with embedded_servers(folder) as servers:
        connection = await asyncpg.connect(servers.database_url)
        assert not await connection.fetchval("SELECT usesuper FROM pg_user WHERE usename = user")
        await connection.execute("CREATE ROLE app NOLOGIN")
        await connection.execute("GRANT app TO payymo")
        await connection.execute("SET ROLE app")
        assert await connection.fetchval("SELECT current_user") == "app"
        await connection.close()


async def test_listens_on_loopback_only_and_asks_for_a_password(folder: Path) -> None:
    with embedded_servers(folder) as servers:
        processes = [psutil.Process(process.pid) for process in children(folder).values()]
        listening = [c.laddr.ip for p in processes for c in p.net_connections() if not c.raddr]
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(servers.database_url, password="guessed")
        redis_url = f"redis://127.0.0.1:{servers.redis_url.rpartition(':')[2]}"
        with Redis.from_url(redis_url) as stranger, pytest.raises(AuthenticationError):
            stranger.ping()
    assert set(listening) == {"127.0.0.1"}


async def test_changes_no_mode_outside_its_own_folder(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    before = modes(closed)
    with embedded_servers(closed / "payymo", discard=True) as servers:
        assert await ask(servers.database_url, "SELECT 1") == 1
        assert modes(closed) == before
    assert modes(closed) == before


def test_lets_only_the_owner_read_the_secrets(folder: Path) -> None:
    with embedded_servers(folder):
        assert folder.stat().st_mode & 0o077 == 0
        assert (folder / "secrets.json").stat().st_mode & 0o077 == 0
        assert (folder / "redis" / "redis.conf").stat().st_mode & 0o077 == 0


async def test_starts_a_killed_postgresql_again_with_all_it_had_committed(folder: Path) -> None:
    with embedded_servers(folder) as servers:
        await ask(servers.database_url, "CREATE TABLE over_a_kill AS SELECT 42 AS answer")
        first = children(folder)["postgres"]
        kill(first)
        eventually(lambda: children(folder).get("postgres", first) != first)
        answer = None
        while answer is None:
            try:
                answer = await ask(servers.database_url, "SELECT answer FROM over_a_kill")
            except (OSError, asyncpg.CannotConnectNowError):  # still recovering
                continue
        assert answer == 42


def test_starts_a_killed_redis_again_at_the_same_url(folder: Path) -> None:
    with embedded_servers(folder) as servers:
        first = children(folder)["redis"]
        kill(first)
        eventually(lambda: children(folder).get("redis", first) != first)
        with Redis.from_url(servers.redis_url) as redis:
            eventually(lambda: _answers(redis))


def test_leaves_nothing_when_the_parent_is_killed(folder: Path) -> None:
    with parent_holding(folder) as parent:
        running = children(folder)
        kill(parent)
        eventually(lambda: not any(process.is_running() for process in running.values()))
    assert set(running) == {"postgres", "redis"}


async def test_starts_at_once_after_the_parent_was_killed(folder: Path) -> None:
    with parent_holding(folder) as parent:
        kill(parent)
        eventually(lambda: not parent.is_running())
        with embedded_servers(folder) as servers:
            assert await ask(servers.database_url, "SELECT 1") == 1


async def test_ends_servers_that_outlived_parent_and_watcher(folder: Path) -> None:
    with parent_holding(folder) as parent:
        (watcher,) = [
            Process.of(child.pid)
            for child in psutil.Process(parent.pid).children()
            if "payymo_api.local.watcher" in child.cmdline()
        ]
        left = children(folder)
        os.kill(parent.pid, signal.SIGSTOP)  # so that it starts no new watcher
        kill(watcher)
        kill(parent)
        eventually(lambda: not parent.is_running() and not watcher.is_running())
        assert all(process.is_running() for process in left.values())
        with embedded_servers(folder) as servers:
            assert await ask(servers.database_url, "SELECT 1") == 1
            assert not any(process.is_running() for process in left.values())


def test_refuses_a_folder_that_another_run_holds(folder: Path) -> None:
    with (
        parent_holding(folder) as parent,
        pytest.raises(FolderInUse, match=f"in use by process {parent.pid}"),
        embedded_servers(folder),
    ):
        pass


def test_makes_the_cluster_anew_when_the_first_try_was_cut_short(fresh_folder: Path) -> None:
    with embedded_servers(fresh_folder):
        pass
    place = (fresh_folder / "postgres").resolve()
    (place / "data").rename(place / "new")  # as initdb had left it
    with embedded_servers(fresh_folder):
        assert (place / "data" / "PG_VERSION").exists()


def test_deletes_a_lent_folder_with_what_it_links_to(fresh_folder: Path) -> None:
    with embedded_servers(fresh_folder, discard=True):
        outside = (fresh_folder / "postgres").resolve()
        assert outside.exists()
    assert not outside.exists()
    assert not fresh_folder.exists()


def test_says_how_to_get_redis_where_there_is_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(folder))
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(CannotStart, match="apt-get install redis-server"), embedded_servers(folder):
        pass


def _answers(redis: "Redis") -> bool:
    try:
        return bool(redis.ping())
    except RedisConnectionError:
        return False


def test_says_why_a_server_does_not_start(fresh_folder: Path) -> None:
    with embedded_servers(fresh_folder):
        data = (fresh_folder / "postgres").resolve() / "data"
    (data / "postgresql.conf").write_text("no_such_setting = on\n")
    with pytest.raises(CannotStart, match="no_such_setting"), embedded_servers(fresh_folder):
        pass
    assert children(fresh_folder) == {}
