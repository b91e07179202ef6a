"""Events as features announce them are held to the catalogue, whatever test makes them happen.

After each module of tests, every new event of the database is held to its declaration. After a
whole run of the suite, every event type must have happened.
"""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest

from payymo_api.webhooks.schemas.catalogue import EVENT_TYPES
from payymo_api.webhooks.schemas.catalogue.envelope import ENVELOPES
from payymo_api.webhooks.schemas.catalogue.samples import sample_id
from tests.schemas import Judge, judge

_SHOWN: Final = 5
_NEW: Final = """
    SELECT id, name, data, body FROM outbox_events
    WHERE id > $1 AND erased_at IS NULL AND (data IS NOT NULL OR body IS NOT NULL) ORDER BY id
"""
_SAMPLE: Final = sample_id("").encode()
_seen: dict[str, UUID] = {}
"""Database -> the last event that was held to its declaration."""
_happened: set[str] = set()
"""Types of the events that a feature announced; a sample's ids are those of no feature."""


@pytest.fixture(scope="module", autouse=True)
def announced(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail the module's last test if an event was not as the catalogue declares it."""
    if not any("servers" in each.fixturenames for each in _tests(request)):
        yield
        return
    database_url, _ = request.getfixturevalue("servers")
    yield
    with ThreadPoolExecutor(1) as thread:
        rows = thread.submit(asyncio.run, _new(database_url)).result()
    _happened.update(each["name"] for each in rows if _SAMPLE not in _text(each))
    if found := [f"{each['name']}: {wrong}" for each in rows if (wrong := _faults(each))]:
        pytest.fail("\n".join(found[:_SHOWN]))


def _tests(request: pytest.FixtureRequest) -> Iterator[pytest.Function]:
    for item in request.session.items:
        if isinstance(item, pytest.Function) and item.module is request.module:
            yield item


async def _new(database_url: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL ROLE payymo_system")
            rows = await connection.fetch(_NEW, _seen.get(database_url, UUID(int=0)))
    finally:
        await connection.close()
    if rows:
        _seen[database_url] = rows[-1]["id"]
    return list(rows)


def _text(row: asyncpg.Record) -> bytes:
    """What is numbered has its body; what is not yet, its data alone."""
    text: bytes = row["body"] or row["data"].encode()
    return text


def _faults(row: asyncpg.Record) -> list[str]:
    if row["name"] not in EVENT_TYPES:
        return ["no such event type is declared"]
    return _judge(row["name"], is_numbered=row["body"] is not None)(_text(row))


@cache
def _judge(name: str, *, is_numbered: bool) -> Judge:
    return judge(ENVELOPES[name].model_json_schema() if is_numbered else EVENT_TYPES[name].schema)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the run's process what happened in this worker; there, ask for what never did."""
    told: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["happened"] = sorted(_happened)
    elif session.exitstatus == pytest.ExitCode.OK and _missing(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_testnodedown(node: Any) -> None:  # noqa: ANN401  xdist has no types
    _happened.update(getattr(node, "workeroutput", {}).get("happened", ()))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if missing := _missing(config):
        terminalreporter.write_line(f"No test made these events happen: {', '.join(missing)}")


def _missing(config: pytest.Config) -> list[str]:
    """Return the available types that never happened in a run of the whole suite."""
    asked = config.option
    is_part = asked.keyword or asked.lf or not asked.markexpr.startswith("not ")
    if is_part or config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return []
    return [name for name, type in EVENT_TYPES.items() if type.available and name not in _happened]
