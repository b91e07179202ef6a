"""What is written down twice says the same."""

import json
from pathlib import Path

from fastapi import FastAPI

from payymo_api.core.settings import Settings

ROOT = Path(__file__).parents[1]


def test_the_example_environment_names_every_setting() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    named = {line.lstrip("# ").partition("=")[0] for line in lines if "=" in line}

    assert named == {f"PAYYMO_{name.upper()}" for name in Settings.model_fields}


def test_the_readme_explains_every_setting() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert [n for n in Settings.model_fields if f"`PAYYMO_{n.upper()}`" not in readme] == []


def test_the_exported_document_is_the_apps(app: FastAPI) -> None:
    exported = (ROOT / "openapi" / "openapi.json").read_text(encoding="utf-8")

    assert json.loads(exported) == json.loads(json.dumps(app.openapi()))
