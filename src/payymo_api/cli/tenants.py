"""What an operator does for a tenant."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from payymo_api.cli.running import AsJson, fail, run_once, show
from payymo_api.core.db import Database
from payymo_api.core.settings import Settings
from payymo_api.core.types import AccountId, TenantId, parse_public_id, public_id

app = typer.Typer()
tenant_app = typer.Typer(no_args_is_help=True, help="Tenants.")
key_app = typer.Typer(no_args_is_help=True, help="API keys.")
app.add_typer(tenant_app, name="tenant")
app.add_typer(key_app, name="key")
OfTenant = Annotated[str, typer.Option(help="The tenant's id.")]


@tenant_app.command("create")
def create_tenant(
    name: Annotated[str, typer.Option(help="The tenant's name.")],
    plan: Annotated[str, typer.Option(help="standard or premium.")] = "standard",
    *,
    as_json: AsJson = False,
) -> None:
    """Make a tenant."""
    from payymo_api.tenants import service

    if plan not in {"standard", "premium"}:
        fail("--plan is standard or premium")

    async def make(database: Database, _: Settings) -> TenantId:
        chosen = service.PREMIUM if plan == "premium" else service.STANDARD
        return await service.create_tenant(database, name=name, plan=chosen)

    show({"id": public_id("tenant", run_once(make)), "name": name, "plan": plan}, as_json=as_json)


@key_app.command("create")
def create_key(
    tenant: OfTenant,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "first key",
    per_minute: Annotated[int | None, typer.Option(min=1, help="Requests a minute.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make an API key that may do everything; it is shown this once."""
    from payymo_api.tenants import service

    tenant_id = _tenant(tenant)

    async def make(database: Database, settings: Settings) -> dict[str, Any]:
        made = await service.create_first_key(database, settings, tenant_id, name, per_minute)
        return {"id": public_id("key", made.row.id), "tenant_id": tenant, "key": made.key}

    show(run_once(make), as_json=as_json)


@app.command("import")
def import_statement(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A statement file.")],
    tenant: OfTenant,
    account: Annotated[str | None, typer.Option(help="The account's id.")] = None,
    mapping: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="For CSV: a mapping as JSON.")
    ] = None,
    *,
    preview: Annotated[
        bool, typer.Option("--preview", help="Store nothing, print it all.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Import a bank statement file, as POST /transactions/import does."""
    from payymo_api.banking.service import imports, previews
    from payymo_api.banking.statements import read_file
    from payymo_api.edge import exact

    tenant_id = _tenant(tenant)
    account_id = AccountId(_id("--account", "bacc", account)) if account else None
    order = imports.Order(account_id, _mapping(mapping))

    async def load(database: Database, _: Settings) -> dict[str, Any]:
        read = read_file(file.read_bytes(), file.name)
        async with database.scope(tenant_id) as scope:
            if preview:
                shown = await previews.preview(scope, read, order)
                return dict(json.loads(exact.dump(shown)))
            done = await imports.import_file(scope, read, order)
        return {"format": done.format, "read": done.read, "added": done.added} | {
            "warnings": [each.detail for part in done.imports for each in part.warnings]
        }

    show(run_once(load), as_json=as_json or preview)


@app.command("check-rollups")
def check_rollups(
    tenant: OfTenant,
    *,
    mend: Annotated[bool, typer.Option("--mend", help="Put right what differs.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare the statistics' daily rollups with the lines that they add up; 1 if they differ."""
    from payymo_api.banking.service import rollups

    tenant_id = _tenant(tenant)

    async def check(database: Database, _: Settings) -> int:
        return await rollups.check(database, tenant_id, mend=mend)

    wrong = run_once(check)
    show({"cells_that_differ": wrong, "mended": bool(wrong) and mend}, as_json=as_json)
    if wrong and not mend:
        raise typer.Exit(1)


def _mapping(file: Path | None) -> Any:  # noqa: ANN401  loaded when it is needed
    from payymo_api.banking.schemas.mappings import CsvMapping

    try:
        return CsvMapping.model_validate_json(file.read_bytes()) if file else None
    except ValidationError as error:
        first = error.errors()[0]
        fail(f"--mapping: {'.'.join(str(step) for step in first['loc'])}: {first['msg']}")


def _tenant(text: str) -> TenantId:
    return TenantId(_id("--tenant", "tenant", text))


def _id(option: str, prefix: str, text: str) -> Any:  # noqa: ANN401  the caller names the kind
    try:
        return parse_public_id(prefix, text)
    except ValueError as error:
        fail(f"{option}: {error}")
