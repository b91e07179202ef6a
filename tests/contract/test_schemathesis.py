"""Schemathesis, with all its checks, against the running service."""

import os
import subprocess
import sys
from pathlib import Path

from fastapi import FastAPI

from tests.conftest import ROOT, make_someone

_EXAMPLES = os.environ.get("PAYYMO_TEST_EXAMPLES", "12")


async def test_no_request_that_schemathesis_can_think_of_breaks_the_contract(
    live_url: str, app: FastAPI, tmp_path: Path
) -> None:
    someone = await make_someone(app, per_minute=10_000_000)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{live_url}/openapi.json"),
        *("--header", f"X-API-Key: {someone.key}"),
        *("--checks", "all", "--max-examples", _EXAMPLES),
        *("--suppress-health-check", "all", "--no-color"),
        *("--exclude-path", "/api/v1/events/stream"),  # no end: tests/webhooks/test_stream.py
    ]
    done = subprocess.run(  # noqa: ASYNC221, S603  nothing else runs on this loop meanwhile
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600
    )
    await someone.client.aclose()

    (tmp_path / "report.txt").write_text(done.stdout)
    assert done.returncode == 0, f"see {tmp_path}/report.txt: {done.stdout[-3000:]}"
