"""`payymo import` as a process of its own."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from payymo_api.core.settings import Settings
from payymo_api.core.types import public_id
from tests.banking.conftest import TRANSACTIONS, Office
from tests.banking.test_csv_importing import FILE, IBAN
from tests.banking.test_importing import make_account


async def run(settings: Settings, *arguments: str) -> tuple[int, str, str]:
    variables = {
        "PAYYMO_DATABASE_URL": settings.database_url,
        "PAYYMO_REDIS_URL": settings.redis_url,
        "PAYYMO_ENCRYPTION_KEYS": settings.encryption_keys.get_secret_value(),
        "PAYYMO_API_KEY_PEPPER": settings.api_key_pepper.get_secret_value(),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "payymo_api", "import", *arguments),
        env={**os.environ, **variables},
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_a_csv_file_is_shown_then_imported_by_its_mapping(
    office: Office, settings: Settings, tmp_path: Path
) -> None:
    await make_account(office.client, IBAN, "EUR")
    statement, mapping = tmp_path / "a.csv", tmp_path / "mapping.json"
    statement.write_bytes(FILE)
    tenant = ("--tenant", public_id("tenant", office.someone.tenant_id))

    refused = await run(settings, str(statement), *tenant)
    shown = await run(settings, str(statement), *tenant, "--preview")
    mapping.write_text(json.dumps(json.loads(shown[1])["mapping"]))
    done = await run(settings, str(statement), *tenant, "--mapping", str(mapping), "--json")
    mapping.write_text('{"delimiter": "x"}')
    unfit = await run(settings, str(statement), *tenant, "--mapping", str(mapping))

    assert (refused[0], refused[2].count("\n")) == (2, 1)
    assert "No mapping" in refused[2]
    assert json.loads(shown[1])["read"] == 2, shown[2]
    assert json.loads(done[1]) == {"format": "csv", "read": 2, "added": 2, "warnings": []}
    assert (unfit[0], unfit[2].split(": ")[:3]) == (2, ["payymo", "--mapping", "delimiter"])
    (kept,) = (await office.get(f"{TRANSACTIONS}/imports"))["data"]
    assert (kept["file_name"], kept["key_id"]) == ("a.csv", None)
