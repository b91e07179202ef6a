"""The documented recipes are taken from the page and run as a reader would run them."""

import base64
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from payymo_api.webhooks.rules import signing
from tests.webhooks.test_docs import PAGE

RUNNERS = Path(__file__).parent / "recipes"
BODY = '{"event_type":"transaction.created","data":{"description":"Grüße"}}'.encode()
SECRET, OTHER = bytes(range(32)), bytes(range(200, 232))
HEADER = "X-Webhook-Signature"
OFFLINE = {"GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local", "DOTNET_NOLOGO": "1"}


@dataclass(frozen=True, slots=True)
class Language:
    """How a recipe runs: saved as `file` beside its runner, then built, then given the cases."""

    file: str
    run: str
    build: str = ""
    before: str = ""
    after: str = ""


LANGUAGES = {
    "python": Language("recipe.py", f"python -I -W error run.py {HEADER}"),
    "javascript": Language("recipe.js", "node run.js", after="module.exports = verify;"),
    "php": Language("recipe.php", "php run.php", before="<?php\ndeclare(strict_types=1);\n"),
    "ruby": Language("recipe.rb", "ruby -W run.rb"),
    "go": Language("webhooks/recipe.go", "go run ."),
    "java": Language("WebhookSignature.java", "java Main", "javac Main.java"),
    "csharp": Language("WebhookSignature.cs", "dotnet run -v quiet"),
}
MONO = Language("WebhookSignature.cs", "mono Main.exe", "mcs Main.cs WebhookSignature.cs")
"""Where there is no .NET SDK."""


@dataclass(frozen=True, slots=True)
class Case:
    """`header` None: it is missing."""

    header: str | None
    body: bytes = BODY

    @property
    def line(self) -> str:
        header = "-" if self.header is None else f"={_encoded(self.header.encode())}"
        return f"{signing.secret_text(SECRET)} {header} {_encoded(self.body)}\n"


def _encoded(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _recipe(language: str) -> str:
    (block,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(block)


def _signature(*secrets: bytes, seconds: int = 0, body: bytes = BODY) -> str:
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    return signing.headers(secrets, "evt_1", body, at)[HEADER]


def _accepted() -> dict[str, Case]:
    raw = b"\x00\xff\r\n"
    return {
        "good": Case(_signature(SECRET)),
        "new secret first": Case(_signature(SECRET, OTHER)),
        "old secret first": Case(_signature(OTHER, SECRET)),
        "late within tolerance": Case(_signature(SECRET, seconds=-240)),
        "early within tolerance": Case(_signature(SECRET, seconds=240)),
        "spaces after commas": Case(_signature(SECRET).replace(",", ", ")),
        "another version beside": Case(_signature(SECRET) + ",v2=abc"),
        "a body that is no text": Case(_signature(SECRET, body=raw), raw),
    }


def _refused() -> dict[str, Case]:
    good = _signature(SECRET)
    time, digest = good.split(",")
    return {
        "wrong secret": Case(_signature(OTHER)),
        "too old": Case(_signature(SECRET, seconds=-330)),
        "too early": Case(_signature(SECRET, seconds=330)),
        "body changed": Case(good, BODY.replace(b"created", b"creates")),
        "body cut": Case(good, BODY[:-1]),
        "header missing": Case(None),
        "header empty": Case(""),
        "time changed": Case(f"t={int(time[2:]) + 1},{digest}"),
        "digest changed": Case(good[:-1] + ("0" if good[-1] != "0" else "1")),
        "digest cut": Case(good[:-2]),
        "digest not ASCII": Case(f"{time},v1=ä"),
        "digest empty": Case(f"{time},v1="),
        "digest without a value": Case(f"{time},v1"),
        "no digest": Case(time),
        "no time": Case(digest),
        "two times": Case(f"t=1,{good}"),
        "time not a number": Case(f"t=abc,{digest}"),
        "time not in ASCII digits": Case(
            f"t={''.join(chr(0x660 + int(n)) for n in time[2:])},{digest}"
        ),
        "time with a sign": Case(f"t=+{time[2:]},{digest}"),
        "time too long": Case(f"t={'9' * 5000},{digest}"),
        "another version": Case(good.replace("v1=", "v0=")),
        "no structure": Case("nonsense"),
        "separators only": Case(",=,"),
    }


def _chosen(name: str) -> Language:
    if name == "csharp" and not shutil.which("dotnet") and shutil.which("mcs"):
        return MONO
    return LANGUAGES[name]


def _command(words: str) -> list[str]:
    program, *arguments = words.split()
    ours = {"python": sys.executable, "node": f"{sysconfig.get_path('scripts')}/node"}
    found = ours.get(program) or shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed here")
    return [found, *arguments]


def _verdicts(name: str, folder: Path, cases: list[Case]) -> list[bool]:
    language = _chosen(name)
    commands = [_command(each) for each in (language.build, language.run) if each]
    shutil.copytree(RUNNERS / name, folder, dirs_exist_ok=True)
    file = folder / language.file
    file.parent.mkdir(exist_ok=True)
    file.write_text(language.before + _recipe(name) + language.after)
    lines = "".join(case.line for case in cases)
    printed = [_ran(command, folder, lines) for command in commands]
    return [line == "true" for line in printed[-1].splitlines()]


def _ran(command: list[str], folder: Path, lines: str) -> str:
    ran = subprocess.run(  # noqa: S603  our own page's recipe
        command,
        cwd=folder,
        input=lines,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | OFFLINE,
    )
    assert ran.returncode == 0, ran.stderr + ran.stdout
    return ran.stdout


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_recipe_accepts_ours_and_nothing_else(name: str, tmp_path: Path) -> None:
    right, wrong = _accepted(), _refused()
    cases = right | wrong
    verdicts = _verdicts(name, tmp_path, list(cases.values()))
    assert dict(zip(cases, verdicts, strict=True)) == {case: case in right for case in cases}


@pytest.mark.parametrize(
    ("name", "comparison"),
    {
        "python": "hmac.compare_digest(",
        "javascript": "crypto.timingSafeEqual(",
        "php": "hash_equals(",
        "ruby": "OpenSSL.secure_compare(",
        "go": "hmac.Equal(",
        "java": "MessageDigest.isEqual(",
        "csharp": "CryptographicOperations.FixedTimeEquals(",
    }.items(),
)
def test_a_recipe_compares_in_constant_time(name: str, comparison: str) -> None:
    assert comparison in _recipe(name)
