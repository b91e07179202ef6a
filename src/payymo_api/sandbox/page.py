"""The pages that a person sees: consent at a bank, 3-D Secure, Connect."""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font:1.1rem/1.5 system-ui;max-width:34rem;margin:12vh auto;padding:0 1rem}}
button{{font:inherit;padding:.5rem 1.4rem;margin-right:.6rem}}</style>
<h1>{title}</h1><p>{text}</p>{form}</html>
"""


def page(title: str, text: str, status: int = 200, *, form: str = "") -> HTMLResponse:
    return HTMLResponse(_PAGE.format(title=escape(title), text=escape(text), form=form), status)


async def choice(request: Request) -> dict[str, str]:
    """What was clicked, or what a script put into the address."""
    if request.method != "POST":
        return dict(request.query_params)
    async with request.form() as form:
        return {name: str(value) for name, value in form.items()}
