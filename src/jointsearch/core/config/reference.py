"""The settings of a typed class as a list in Markdown: allowed values, default, meaning.

They come from its JSON schema, and so from its types and docstrings.
"""

import math
import re
import textwrap
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

WIDTH = 120
Schema = dict[str, Any]


def reference(kind: type[BaseModel], title: str) -> str:
    """List all settings of a class, section by section.

    Parameters
    ----------
    kind
        The class.
    title
        Heading of the settings that are in no section, in Markdown.

    Raises
    ------
    ValueError
        If a setting or a section has no docstring.
    """
    schema = kind.model_json_schema()
    return "\n\n".join(_sections(schema, schema.get("$defs", {}), title, "")) + "\n"


def inserted(page: str, name: str, text: str) -> str:
    """Replace what stands in a page between the comments `<!-- NAME: ... -->` and `<!-- end of NAME -->`.

    Raises
    ------
    ValueError
        If the page does not have both comments, once.
    """
    block = re.compile(rf"(<!-- {re.escape(name)}: [^>]*-->\n).*?(<!-- end of {re.escape(name)} -->)", re.DOTALL)
    replaced, count = block.subn(lambda found: f"{found[1]}\n{text}\n{found[2]}", page)
    if count != 1:
        raise ValueError(f"expected <!-- {name}: ... --> and <!-- end of {name} --> once, found {count}")
    return replaced


def _sections(section: Schema, kinds: Schema, title: str, prefix: str) -> Iterator[str]:
    """Write a section, and then those within it, each as one block of text or list."""
    below = {}
    items = []
    for key, field in section["properties"].items():
        name = f"{prefix}{key}"
        choices = _choices(field)
        inner = next((kinds[one["$ref"].rpartition("/")[2]] for one in choices if "$ref" in one), None)
        if inner is not None and len(choices) == 1:
            below[name] = inner
            continue
        items.append(_item(name, field, section))
        if isinstance(each := field.get("additionalProperties"), dict):
            refs = [one["$ref"] for one in _choices(each) if "$ref" in one]
            below |= {f"{name}.<name>": kinds[ref.rpartition("/")[2]] for ref in refs}
        if inner is not None:
            items += [_item(f"{name}.{one}", about, inner) for one, about in inner["properties"].items()]
    yield _wrapped(title)
    if items:
        yield "\n".join(items)
    for name, inner in below.items():
        yield from _sections(inner, kinds, f"**`{name}`**: {_meaning(name, inner)}", f"{name}.")


def _item(name: str, field: Schema, section: Schema) -> str:
    allowed = " or ".join(map(_allowed, _choices(field)))
    required = name.rpartition(".")[2] in section.get("required", ())
    return _wrapped(f"- `{name}` ({allowed}; {_default(field, required)}): {_meaning(name, field)}", "  ")


def _meaning(name: str, field: Schema) -> str:
    if "description" not in field:
        raise ValueError(f"{name} has no docstring")
    meaning: str = field["description"]
    return meaning


def _choices(field: Schema) -> list[Schema]:
    """The alternatives of a field, but null, which stands for a key that is left out."""
    return [one for one in field.get("anyOf", [field]) if one.get("type") != "null"]


def _allowed(field: Schema, many: bool = False) -> str:
    """Say in words what a value may be."""
    match field:
        case {"enum": [*others, last]}:
            return f"{', '.join(f'`{one}`' for one in others)} or `{last}`"
        case {"const": only}:
            return f"`{only}`"
        case {"type": "boolean"}:
            return "`true` or `false`"
        case {"type": "array", "prefixItems": items}:
            return f"list of {len(items)} {_allowed(items[0], many=True)}"
        case {"type": "array", "items": items}:
            return f"list of {_allowed(items, many=True)}"
        case {"type": "integer" | "number" | "string" as kind}:
            noun = field.get("format", "word") if kind == "string" else kind
            return noun + ("s" if many else "") + _range(field)
        case {"type": "object"} | {"$ref": _}:
            return "keys and values"
    return "anything"


def _range(field: Schema) -> str:
    if field["type"] == "integer" and "exclusiveMaximum" in field:
        field = field | {"maximum": field["exclusiveMaximum"] - 1}
    match field:
        case {"minimum": low, "maximum": high}:
            return f" from {_number(low)} to {_number(high)}"
        case {"minimum": low, "exclusiveMaximum": high}:
            return f" from {_number(low)} to below {_number(high)}"
        case {"minimum": low}:
            return f" of {_number(low)} or more"
    bounds = {"exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
    words = [f"{word} {_number(field[bound])}" for bound, word in bounds.items() if bound in field]
    return f" {' and '.join(words)}" if words else ""


def _number(value: float) -> str:
    exponent = round(math.log10(value)) if value > 0 else 0
    if exponent >= 6 and value == 10**exponent:
        return f"10^{exponent}"
    return str(int(value)) if value == int(value) else f"{value:g}"


def _default(field: Schema, required: bool) -> str:
    if required:
        return "required"
    value = field.get("default")
    if value and value == field.get("items", {}).get("enum"):
        return "default all"
    return "optional" if value is None or value == {} else f"default `{_yaml(value)}`"


def _yaml(value: Any) -> str:
    """Write a value as in a configuration file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_yaml, value))}]"
    return value if isinstance(value, str) else _number(value)


def _wrapped(text: str, indent: str = "") -> str:
    text = re.sub(r"config/README\.md#([\w-]+)", lambda found: f"[{found[1].replace('-', ' ')}](#{found[1]})", text)
    text = re.sub(r"(?<![\w/])docs/\w+\.md", lambda found: f"[{found[0]}](../{found[0]})", text)
    # A no-break space stands for one at which no line ends: within a link or a code span.
    text = re.sub(r"`[^`]+`|\[[^\]]*\]\([^)]*\)", lambda found: found[0].replace(" ", "\xa0"), " ".join(text.split()))
    lines = textwrap.fill(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return lines.replace("\xa0", " ")
