"""Write the JSON schemas of the session metadata file and of the table of animals, by which editors check them.

The program itself reads these files by its own models, of which the schemas are made: everything is read as the text
that was typed, a name with nothing after it is not given, and one item may stand for a list of one. The schemas allow
all this, so that an editor does not complain of what the program accepts.

Run in `code/`: ``uv run python ../scripts/make_sidecar_schema.py``
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from miniscope_to_nwb_zarr.aind_data_schema import templates
from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.aind_data_schema.subjects_file import SubjectRow

FOLDER = Path(templates.__file__).parent / "templates"
_DRAFT = "http://json-schema.org/draft-07/schema#"
_NUMBER_AS_TEXT = {"type": "string", "pattern": r"^\s*[-+]?[0-9.]+([eE][-+]?[0-9]+)?\s*$"}


def main() -> None:
    """Write the files."""
    for name, text in schemas().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"wrote {name}")


def schemas() -> dict[str, str]:
    """The text of each schema by the name of its file."""
    table = TypeAdapter(list[SubjectRow]).json_schema()
    table["$defs"]["SubjectRow"]["required"] = ["subject_id"]
    made = {
        templates.SIDECAR_SCHEMA: _document("Session metadata of a Miniscope recording", Sidecar.model_json_schema()),
        templates.SUBJECTS_SCHEMA: _document("The animals of a lab", table),
    }
    return {name: json.dumps(schema, indent=1) + "\n" for name, schema in made.items()}


def _document(title: str, schema: dict[str, Any]) -> dict[str, Any]:
    definitions = {name: _section(part) for name, part in schema.pop("$defs").items()}
    if "items" not in schema:
        schema = _section(schema)
    return {"$schema": _DRAFT} | schema | {"title": title, "$defs": definitions}


def _section(schema: dict[str, Any]) -> dict[str, Any]:
    """A group of lines, of which each may stand there with nothing after it."""
    del schema["title"]
    return schema | {"properties": {name: _line(line) for name, line in schema["properties"].items()}}


def _line(schema: dict[str, Any]) -> dict[str, Any]:
    words = {key: schema[key] for key in ("title", "description", "examples") if key in schema}
    rest = {key: value for key, value in schema.items() if key not in {*words, "default"}}
    values = [inner for option in rest.get("anyOf", [rest]) for inner in _value(option) if option != {"type": "null"}]
    return words | {"anyOf": [*values, {"type": "null"}]}


def _value(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """What may stand for a value where everything is read as text."""
    kind = schema.get("type")
    if kind == "array":
        items = _value(schema["items"])
        return [{"type": "array", "items": {"anyOf": [*items, {"type": "null"}]}}, *items]
    if kind == "number":
        return [schema, _NUMBER_AS_TEXT]
    if schema == {"type": "string"}:
        # stands beside a number that is kept with all its digits
        return []
    if kind == "string" and "format" in schema:
        return [{"type": "string", "format": schema["format"]}]
    if kind == "string" and not {"enum", "pattern"} & schema.keys():
        # an editor takes the animal 007 for a number
        return [schema, {"type": "number"}]
    return [schema]


if __name__ == "__main__":
    main()
