"""JSON schema of the configuration, for editors."""

import inspect
import re
from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core.core_schema import ModelSchema

from cgbench.config.program import USE, Program
from cgbench.config.schema import NAME_PATTERN, PLUG_IN_SECTIONS, RawConfig
from cgbench.core import registry


class _DocumentedSchema(GenerateJsonSchema):
    """JSON schema with the descriptions of models and keys that their docstrings give."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def model_schema(self, schema: ModelSchema) -> JsonSchemaValue:
        generated = super().model_schema(schema)
        del generated["title"]
        for base in reversed(schema["cls"].__mro__):
            docstring = inspect.cleandoc(base.__doc__ or "")
            generated["description"] = _plain(docstring.partition("\n\n")[0])
            for names, text in re.findall(r"^(\w[\w, ]*)\n((?: {4}.+\n?)+)", docstring, re.MULTILINE):
                for name in generated.get("properties", {}).keys() & set(names.split(", ")):
                    generated["properties"][name]["description"] = _plain(text)
        return generated


def _plain(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


def json_schema() -> dict[str, Any]:
    """Return the JSON schema (2020-12) of the configuration, including the settings of all plug-ins.

    No section is required, because a file that is merged over ``config/config.yaml`` may leave any out.
    """
    models = {
        (kind, name): registry.load(kind, name).Settings
        for kind, _ in PLUG_IN_SECTIONS.values()
        for name in registry.names(kind)
    }
    models["methods", USE] = Program
    references, generated = models_json_schema(
        [(model, "validation") for model in dict.fromkeys([RawConfig, *models.values()])],
        schema_generator=_DocumentedSchema,
    )
    definitions = generated["$defs"]
    schema = definitions.pop("RawConfig")
    del schema["required"], definitions["Run"]["required"]
    definitions["Run"]["properties"]["metrics"]["items"]["enum"] = registry.names("metrics")
    for section, (kind, key) in PLUG_IN_SECTIONS.items():
        names = sorted(use for of, use in models if of == kind)
        for name in names:
            reference = references[models[kind, name], "validation"]["$ref"]
            definitions[f"{section}.{name}"] = _entry(section, key, name, reference, definitions)
        definitions[section] = {
            "type": "object",
            "required": [key],
            "properties": {key: {"enum": names}},
            "allOf": [
                {"if": {"properties": {key: {"const": name}}}, "then": _reference(f"{section}.{name}")}
                for name in names
            ],
        }
        by_name = {
            name: {
                "if": {"type": "object", "required": [key]},
                "then": _reference(section),
                "else": _reference(f"{section}.{name}"),
            }
            for name in names
        }
        schema["properties"][section] = {
            "type": "object",
            "description": schema["properties"][section]["description"],
            "propertyNames": {"pattern": NAME_PATTERN},
            "properties": by_name,
            "additionalProperties": _reference(section),
        }
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "title": "Configuration of cgbench",
        **schema,
        "$defs": dict(sorted(definitions.items())),
    }


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/$defs/{name}"}


def _entry(
    section: str, key: str, name: str, reference: str, definitions: Mapping[str, Any]
) -> dict[str, Any]:
    """JSON schema of an entry of a section that is set up by the plug-in ``name``."""
    model = definitions[reference.rpartition("/")[2]]
    settings = {setting: {"$ref": f"{reference}/properties/{setting}"} for setting in model["properties"]}
    closed = {"type": "object", "additionalProperties": False, "properties": settings}
    chosen: dict[str, Any] = {key: {"const": name, "description": f"Plug-in of this entry: `{name}`."}}
    if section == "methods" and name != USE:
        chosen["for"] = {
            "type": "object",
            "description": "Settings for single datasets, by name of the dataset; they replace those above.",
            "additionalProperties": closed,
        }
    required = model.get("required", [])
    return closed | {
        "type": "object" if required or section == "datasets" else ["object", "null"],
        "description": model["description"],
        "required": required,
        "properties": chosen | settings,
    }
