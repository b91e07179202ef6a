"""Banks with an oddity each: `quirks.json` names them, by what is odd, with what they tell.

A bank goes on to its next stage when the tester says so. `$D3` is the day three days ago, `$T3` the
same day first, `$F3` three days ahead.
"""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from importlib import resources
from string import Template
from typing import Any

Wire = dict[str, Any]

_MOST_DAYS = 40
QUIRKS: Mapping[str, Wire] = json.loads(
    resources.files(__package__).joinpath("quirks.json").read_text(encoding="utf-8")
)


def told(name: str, stage: int, today: date) -> tuple[list[Wire], list[Wire]]:
    """Booked and pending lines; the last stage stays."""
    stages = QUIRKS[name]["stages"]
    text = json.dumps(stages[min(stage, len(stages) - 1)])
    lines = json.loads(Template(text).substitute(_days(today)))
    return lines["booked"], lines["pending"]


def _days(today: date) -> dict[str, str]:
    days: dict[str, str] = {}
    for ago in range(_MOST_DAYS):
        past, ahead = today - timedelta(days=ago), today + timedelta(days=ago)
        days |= {f"D{ago}": past.isoformat(), f"T{ago}": f"{past:%d.%m.%Y}"}
        days[f"F{ago}"] = ahead.isoformat()
    return days
