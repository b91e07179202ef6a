"""What the page says is what is done."""

import re
from datetime import timedelta

from payymo_api.webhooks.rules import retries
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "webhooks.md").read_text()


def test_the_documented_schedule_is_the_one_kept() -> None:
    rows = re.findall(
        r"^\| (\d+) \| (\d+) (second|minute|hour)s? \| ([\d.]+) \|$", PAGE, re.MULTILINE
    )
    delays = [timedelta(**{f"{unit}s": int(count)}) for _, count, unit, _ in rows]
    assert delays == list(retries.DELAYS)
    assert [int(attempt) for attempt, *_ in rows] == list(range(2, retries.ATTEMPTS + 1))
    elapsed = [sum(delays[: n + 1], timedelta()) / timedelta(hours=1) for n in range(len(delays))]
    assert [float(hours) for *_, hours in rows] == [round(hours, 1) for hours in elapsed]
