"""YAML as people mean it: a key given twice is a mistake, and 1e-3 is a number."""

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from jointsearch.errors import UserError


def load(path: Path) -> Any:
    """Read a YAML file.

    Raises
    ------
    UserError
        If the file is missing, is no YAML, or has a key twice.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); give the path of a YAML file") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: no valid YAML: {' '.join(str(error).split())}") from None


def dump(model: BaseModel) -> bytes:
    """Write what differs from the defaults of a model, so that reading it gives the same model."""
    values = model.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True).encode()


class _Loader(yaml.SafeLoader):
    """Safe YAML that refuses a key given twice and reads 1e-3 as a number."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: list[Any] = []
        for key_node, _ in node.value:
            # A merge (`<<`) is no key; what it brings may be overridden.
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice; remove one", key_node.start_mark
                )
            seen.append(key)
        return super().construct_mapping(node, deep)


# YAML 1.1, which PyYAML follows, wants a dot in the mantissa and a sign in the exponent.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?\d[\d_]*(\.[\d_]*)?[eE][-+]?\d+$"), list("-+0123456789")
)
