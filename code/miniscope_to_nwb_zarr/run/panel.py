"""The form in which Code Ocean shows the options (``.codeocean/app-panel.json``)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from miniscope_to_nwb_zarr.run.option_table import OPTIONS, Category, Kind, Option

_VALUE_TYPES = {Kind.BOOLEAN: "boolean", Kind.INTEGER: "integer", Kind.NUMBER: "number"}

_INSTRUCTIONS = (
    "Attach a data asset with recordings and run. Every field may stay empty: it then has its default. "
    "With 'demo' as the data set no data are needed."
)


def build_panel() -> dict[str, Any]:
    """The document, in the order of the options; the same for the same options."""
    return {
        "version": 1,
        "named_parameters": True,
        "general": {"title": "Miniscope recordings to NWB on Zarr", "instructions": _INSTRUCTIONS},
        "categories": [{"id": _identifier(f"category {category}"), "name": str(category)} for category in Category],
        "parameters": [_parameter(option) for option in OPTIONS if option.is_on_panel],
    }


def panel_text() -> str:
    """The document as it is kept in the repository."""
    return json.dumps(build_panel(), indent=2, ensure_ascii=False) + "\n"


def _parameter(option: Option) -> dict[str, Any]:
    is_list = bool(option.choices) or option.kind is Kind.BOOLEAN
    parameter: dict[str, Any] = {
        "id": _identifier(option.name),
        "category": _identifier(f"category {option.category}"),
        "name": option.label,
        "param_name": option.name,
        "help_text": option.help[0].upper() + option.help[1:],
        "type": "list" if is_list else "text",
        "value_type": _VALUE_TYPES.get(option.kind, "string"),
        "required": False,
    }
    if option.default:
        parameter["default_value"] = option.default
    if is_list:
        parameter["extra_data"] = list(option.choices)
    if option.minimum is not None:
        parameter["minimum"] = option.minimum
    if option.maximum is not None:
        parameter["maximum"] = option.maximum
    return parameter


def _identifier(name: str) -> str:
    # Code Ocean draws 16 random characters; ours follow from the name, so that the file only changes with the options
    return hashlib.sha256(name.encode()).hexdigest()[:16]
