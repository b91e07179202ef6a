"""Rules that no linter knows."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "payymo_api"
SOURCES = sorted(SOURCE.rglob("*.py"))
NAMES = [str(path.relative_to(SOURCE)) for path in SOURCES]
TRANSACTION_VERBS = {"commit", "rollback", "begin", "begin_nested"}
OUTSIDE = {"BankGateway", "ConnectPlatform", "Queue", "Sender", "StripeAccount", "Stripes"}
TRANSACTION = {"Scope", "ScopeDep", "WriteScope", "WriteScopeDep", "AnyScope", "AsyncSession"}


def _functions(path: Path) -> list[ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)]


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_only_db_opens_or_closes_transactions(path: Path) -> None:
    calls = {
        node.func.attr
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    is_db = path == SOURCE / "core" / "db.py"
    assert is_db or not calls & (TRANSACTION_VERBS - {"begin"})
    assert is_db or path.parts[-2:] == ("edge", "scope.py") or "begin" not in calls


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_no_function_holds_a_transaction_and_the_network(path: Path) -> None:
    for node in _functions(path):
        arguments = [*node.args.args, *node.args.kwonlyargs]
        takes = {ast.unparse(each.annotation) for each in arguments if each.annotation}
        assert not (takes & TRANSACTION and takes & OUTSIDE), f"{node.name} holds both"


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_only_the_clock_asks_for_the_time(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    allowed = path.name == "clock.py" or "sandbox" in path.parts or "local" in path.parts
    assert allowed or "datetime.now(" not in text


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_only_assembly_reads_the_environment(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "local" in path.parts or "os.environ" not in text
