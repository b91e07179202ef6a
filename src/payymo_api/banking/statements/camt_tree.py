"""A CAMT file as a tree without namespaces, and how its elements are read."""

from typing import cast

from lxml import etree

from payymo_api.banking.errors import StatementUnreadable


def parsed(content: bytes) -> etree._Element:
    """Parse without DTD, entities or network; libxml2 bounds depth and text size."""
    if (doctype := content.find(b"<!DOCTYPE")) >= 0:
        _refuse_doctype(content.count(b"\n", 0, doctype) + 1)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise StatementUnreadable.at_line(error.lineno or 1, "XML", str(error.msg)) from error
    if root.getroottree().docinfo.internalDTD is not None:  # one in UTF-16, say
        _refuse_doctype(1)
    for element in root.iter("*"):
        element.tag = element.tag.rpartition("}")[2]
    return root


def _refuse_doctype(line: int) -> None:
    raise StatementUnreadable.at_line(line, "DOCTYPE", "a statement declares no document type")


def refusal(element: etree._Element, field: str, what: str) -> StatementUnreadable:
    return StatementUnreadable.at_line(line_of(element), field, what)


def line_of(element: etree._Element) -> int:
    # lxml-stubs leave the type of sourceline open.
    return cast("int | None", element.sourceline) or 1


def text_of(element: etree._Element, *paths: str) -> str | None:
    """Return the first text that is not blank."""
    found = ((element.findtext(path) or "").strip() for path in paths)
    return next(filter(None, found), None)


def node_of(element: etree._Element, *paths: str) -> etree._Element | None:
    return next((node for path in paths if (node := element.find(path)) is not None), None)


def needed(element: etree._Element, name: str) -> etree._Element:
    found = element.find(name)
    if found is None:
        raise refusal(element, f"{element.tag}/{name}", "is missing")
    return found


def placed(node: etree._Element) -> tuple[str, int, str]:
    """Return text, line and name, as the readers of `fields` take them."""
    parent = node.getparent()
    field = node.tag if parent is None else f"{parent.tag}/{node.tag}"
    return (node.text or "").strip(), line_of(node), field


Plain = str | dict[str, "Plain | list[Plain]"]


def plain(element: etree._Element) -> Plain:
    """Turn an element into JSON: attributes as "@name", what repeats as a list."""
    text = (element.text or "").strip()
    children: dict[str, list[Plain]] = {}
    for child in element:
        children.setdefault(child.tag, []).append(plain(child))
    if not children and not element.attrib:
        return text
    found: dict[str, Plain | list[Plain]] = {
        f"@{name!s}": str(value) for name, value in element.attrib.items()
    }
    found |= {name: many[0] if len(many) == 1 else many for name, many in children.items()}
    return found | ({"text": text} if text else {})
