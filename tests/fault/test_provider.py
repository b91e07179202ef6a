"""A bank-data provider that is slow, broken, cut off, or has the wrong time."""

import random
from collections import Counter
from typing import Any, Final

import pytest

from tests.fault import ledger
from tests.fault.kills import repeating
from tests.fault.say import sum_up
from tests.fault.stage import Stage, sandbox

_JOBS = 8
_SKEWS = (3 * 3600.0, -6 * 3600.0)  # seconds ahead; the second undoes the first and goes back
_PAGE = "<html><body><h1>502 Bad Gateway</h1></body></html>"
_ACCOUNTS, _OTHERS = "/api/v2/accounts/*", "/api/v2/[!a]*"
_FAILING = 0.5
_AT_AN_ACCOUNT = 0.5  # one call each: four that fail would use up an account's day
_FAULTS: Final[dict[str, dict[str, Any]]] = {
    "slow": {"seconds": 3},
    "timed out": {"seconds": 65},
    "reset": {"drop": True},
    "500": {"status": 500, "body": {"summary": "Server error"}, "calls": 5},
    "502 in HTML": {"status": 502, "html": _PAGE, "calls": 3},
    "200 in HTML": {"status": 200, "html": _PAGE},
    "503": {"status": 503, "body": None, "headers": {"Retry-After": "1"}},
    "429, over since": {"error": "RateLimitExceeded", "reset": -3},
}

pytestmark = pytest.mark.fault


async def test_main_jobs_survive_a_provider_that_fails(stage: Stage, chance: random.Random) -> None:
    met = Counter[str]()

    def fail_or_mend() -> None:
        """Every other time it works: for the last job, faults that only wait are an outage."""
        sandbox(stage.stack, "faults", {}, "DELETE")
        name = chance.choice(list(_FAULTS))
        if chance.random() < _FAILING and (name != "timed out" or not met[name]):
            of_accounts = met["at an account"] < _JOBS and chance.random() < _AT_AN_ACCOUNT
            path, calls = (_ACCOUNTS, {"calls": 1}) if of_accounts else (_OTHERS, {})
            sandbox(stage.stack, "faults", {"path": path, **_FAULTS[name], **calls})
            met.update([name, *(["at an account"] if of_accounts else [])])

    players = [await stage.player() for _ in range(_JOBS)]
    with repeating(fail_or_mend, chance, (0.3, 1.5)):
        await stage.play(players)
    await ledger.check(stage)
    sum_up("provider fails", stage.counts() | met)


async def test_main_jobs_do_not_care_what_time_the_provider_thinks_it_is(stage: Stage) -> None:
    """Tokens and resets are told as seconds left; only what they count from is our own clock."""
    for skew in _SKEWS:
        sandbox(stage.stack, "clock", {"advance_seconds": skew}, "PUT")
        await stage.play([await stage.player(), await stage.player()])
    await ledger.check(stage, alike=False)  # a bank whose day differs has other lines
    sum_up("provider's clock skewed", stage.counts())
