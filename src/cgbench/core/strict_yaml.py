"""YAML files without values that are easily misread: keys that occur twice, octal and base-60 numbers."""

import re
from pathlib import Path
from typing import Any

import yaml

from cgbench.core.errors import InputError

_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_MERGE = "tag:yaml.org,2002:merge"  # the key <<
_OCTAL = re.compile(r"[-+]?0[0-7_]+")


def read_yaml(path: Path | str) -> Any:
    """Read YAML 1.1 that consists of texts, numbers, dates, lists and mappings.

    Raises
    ------
    InputError
        If the file is missing, is not such YAML or not UTF-8, if a mapping has a key twice, of which YAML
        would keep the last, or if a number is octal (0123 is 83) or to the base 60 (4:00 is 240).
    """
    try:
        loader = _StrictLoader(Path(path).read_text(encoding="utf-8"))
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; check the path") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a text in UTF-8 ({error}); save it in this encoding") from None
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        cure = "; indent with spaces, not with tabs" if "'\\t'" in str(error.problem) else ""
        raise InputError(f"{path}: not valid YAML: {line}{error.problem}{cure}") from None
    except Exception as error:
        # The parser also lets through errors of the constructors of numbers and dates.
        raise InputError(f"{path}: not valid YAML: {str(error) or type(error).__name__}") from None


class _StrictLoader(yaml.SafeLoader):
    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Check the keys before ``<<`` merges those of other mappings, which may be replaced."""
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                if (key.tag, key.value) in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"key {key.value!r} occurs twice; keep one of them",
                        problem_mark=key.start_mark,
                    )
                seen.add((key.tag, key.value))
        return node

    def compose_scalar_node(self, anchor: Any) -> yaml.ScalarNode:
        """Check numbers; quoted texts are none."""
        node: yaml.ScalarNode = super().compose_scalar_node(anchor)
        if node.tag in _NUMBERS and (":" in node.value or _OCTAL.fullmatch(node.value)):
            kind = "a number to the base 60" if ":" in node.value else "an octal number"
            raise yaml.MarkedYAMLError(
                problem=f"{node.value} is {kind} in YAML; write a decimal number, or put a text in quotes",
                problem_mark=node.start_mark,
            )
        return node
