"""YAML as people mean it: words as in YAML 1.2, 1e-3 is a number, and a key that appears twice is a mistake."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from jointsearch.core.errors import UserError


def load(path: Path) -> Any:
    """Read a YAML file, or a JSON file by the end of its name.

    Raises
    ------
    UserError
        If the file is missing, is no YAML (or JSON), or has a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); give the path of a YAML file") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: no valid YAML: {error}; save it as UTF-8") from None
    if path.suffix.lower() == ".json":
        return _parse_json(text, str(path))
    return parse(text, str(path))


def parse(text: str, where: str) -> Any:
    """Read YAML; `where` names it in messages.

    Raises
    ------
    UserError
        As `load`.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError, KeyError, RecursionError) as error:
        # The library names no file, as it was given a text.
        message = " ".join(str(error).split()).replace('in "<unicode string>",', "at")
        raise UserError(f"{where}: no valid YAML: {message}") from None


def dump(model: BaseModel) -> bytes:
    """Write what differs from the defaults of a model, so that reading it gives the same model."""
    values = model.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True).encode()


def load_version_1_1(path: Path) -> Any:
    """Read a file that `load` can read as YAML 1.1, which the library that wrote it has quoted words for."""
    return yaml.load(path.read_bytes(), Loader=_Loader11)


def _parse_json(text: str, where: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: no valid JSON: {error}") from None


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} appears twice; remove one")
        found[key] = value
    return found


class _Loader(yaml.SafeLoader):
    """Safe YAML with the scalars of the core schema of YAML 1.2; refuses a key that appears twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: list[Any] = []
        for key_node, _ in node.value:
            # A merge (`<<`) is no key; what it brings may be overridden.
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} appears twice; remove one", key_node.start_mark
                )
            seen.append(key)
        return super().construct_mapping(node, deep)

    def construct_whole(self, node: yaml.ScalarNode) -> int:
        """Read an integer; a leading 0 alone does not make it an octal one."""
        text = self.construct_scalar(node)
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


class _Loader11(yaml.SafeLoader):
    """Safe YAML 1.1, in which 1e3 is a word."""


class _Dumper(yaml.SafeDumper):
    """Quotes a word that either version of YAML would read as something else."""


# YAML 1.2.2, section 10.3.2; and the merge of YAML 1.1, which many files have.
_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", list("-+.")),
    ("merge", r"<<", ["<"]),
):
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first)
_Loader.yaml_constructors = {
    tag: construct
    for tag, construct in yaml.SafeLoader.yaml_constructors.items()
    if tag is None or tag.split(":")[-1] in {"null", "bool", "float", "str", "seq", "map"}
} | {
    "tag:yaml.org,2002:int": _Loader.construct_whole,
    # ConfigSpace's `to_yaml` writes some of its lists as tuples.
    "tag:yaml.org,2002:python/tuple": _Loader.construct_yaml_seq,
}
_Loader11.yaml_constructors = yaml.SafeLoader.yaml_constructors | {
    "tag:yaml.org,2002:python/tuple": _Loader11.construct_yaml_seq,
}
