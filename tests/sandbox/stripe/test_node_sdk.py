"""The official Node SDK runs unchanged against the sandbox: node/sdk.test.mjs."""

import asyncio
import os
import sysconfig
from pathlib import Path

FOLDER = Path(__file__).parent / "node"


async def test_the_node_sdk_runs_unchanged(sandbox_url: str) -> None:
    assert (FOLDER / "node_modules/stripe").exists(), "make .venv/node-sdk installs it"
    node = Path(sysconfig.get_path("scripts")) / "node"
    process = await asyncio.create_subprocess_exec(
        node,
        "--test",
        "sdk.test.mjs",
        cwd=FOLDER,
        env=os.environ | {"SANDBOX_URL": sandbox_url},
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await process.communicate()
    assert process.returncode == 0, told.decode()
    assert b"pass 10" in told
