"""What is written down twice says the same."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

from fastapi import FastAPI

from payymo_api.core.settings import Settings
from payymo_api.webhooks.schemas.catalogue import EVENT_TYPES

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


def _events() -> ModuleType:
    """Return what `make events` runs."""
    spec = importlib.util.spec_from_file_location("events", ROOT / "openapi" / "events.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_events_is_the_catalogues() -> None:
    assert (ROOT / "docs" / "events.md").read_text(encoding="utf-8") == _events().page()


def test_there_is_a_body_of_each_event_type_and_no_other() -> None:
    written = {
        path.stem: path.read_text(encoding="utf-8")
        for path in (ROOT / "examples" / "events").glob("*")
    }

    assert written == {name: _events().body(type) for name, type in EVENT_TYPES.items()}
