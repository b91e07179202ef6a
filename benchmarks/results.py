"""What was measured, against what, and the bar; printed, and kept in RESULTS.md."""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

_KEPT = Path(__file__).parent / "RESULTS.md"


@dataclass(frozen=True, slots=True)
class Result:
    """A ratio (or milliseconds) as the Speed table of the benchmark names it.

    `bar` begins with ≥ or ≤; empty where there is none. `figures`: what the value was made of.
    """

    what: str
    against: str
    value: float
    bar: str
    figures: str

    @property
    def is_met(self) -> bool:
        if not self.bar:
            return True
        bound = float(self.bar[1:].split()[0])
        return self.value >= bound if self.bar.startswith("≥") else self.value <= bound


def machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, load {os.getloadavg()[0]:.0f}"
    )


def report(name: str, found: Sequence[Result], *, keep: bool, as_json: bool) -> None:
    """Print what a benchmark found; with `keep`, add it to RESULTS.md."""
    lines = [_line(name, each) for each in found]
    if as_json:
        print(
            json.dumps([{"benchmark": name, "met": each.is_met, **asdict(each)} for each in found])
        )
    else:
        print(*lines, sep="\n", flush=True)
    if keep:
        with _KEPT.open("a") as kept:
            kept.writelines(f"{line}\n" for line in lines)


def _line(name: str, found: Result) -> str:
    met = "" if found.is_met else " **not met**"
    cells = (
        f"{datetime.now(UTC):%Y-%m-%d}",
        _commit(),
        name,
        found.what,
        found.against,
        f"{found.value:.2f}{met}",
        found.bar,
        found.figures,
        machine(),
    )
    return f"| {' | '.join(cells)} |"


def _commit() -> str:
    asked = ("git", "rev-parse", "--short", "HEAD")
    told = subprocess.run(asked, cwd=_KEPT.parent, capture_output=True, text=True, check=False)  # noqa: S603  git, without input
    return told.stdout.strip() or "-"
