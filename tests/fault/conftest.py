import os
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fault.say import SUMMARY, say
from tests.fault.stage import Stage, staged
from tests.payments.conftest import api, connection, control, shop, stripes
from tests.payments.stream import stream

__all__ = ["api", "connection", "control", "shop", "stream", "stripes"]

SEED = int(os.environ.get("PAYYMO_FAULT_SEED", str(random.SystemRandom().randrange(10**6))))


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Chance that a run with the same seed repeats, for each test alike."""
    say(f"{request.node.name}: PAYYMO_FAULT_SEED={SEED}")
    return random.Random(f"{SEED} {request.node.name}")  # noqa: S311  repeatable on purpose


@pytest.fixture
async def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    monkeypatch.setenv("PAYYMO_PORT", "0")
    async with staged(tmp_path / "payymo") as stage:
        yield stage


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what every suite counted."""
    if SUMMARY:
        terminalreporter.section(f"faults, seed {SEED}")
        for what, told in SUMMARY:
            terminalreporter.line(f"{what:<28} {told}")
