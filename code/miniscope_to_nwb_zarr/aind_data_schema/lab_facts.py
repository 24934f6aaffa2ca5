"""What is said of an animal's sessions: session metadata file, the animal's row and metadata service, as one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.aind_data_schema.sidecar_imaging import name_key
from miniscope_to_nwb_zarr.core.errors import FaultsError, InputError
from miniscope_to_nwb_zarr.core.receipt import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from miniscope_to_nwb_zarr.aind_data_schema.sidecar import SubjectFacts
    from miniscope_to_nwb_zarr.aind_data_schema.subjects_file import Subjects


@dataclass(frozen=True, slots=True)
class Stated:
    """Facts, and where they stand."""

    facts: Sidecar
    source: str
    """What messages call it: the path of a file."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A fact of which two sources say different things."""

    fact: str
    """Sections and name, e.g. ``subject.sex``."""
    first: Any
    second: Any


def row_of(subjects: Subjects, animal: str) -> Stated | None:
    """What the table of animals says of an animal, named as in outputs; None where it has no row for it."""
    found = subjects.rows.get(animal)
    if found is None:
        return None
    row, line = found
    grouped = {"imaging", "surgeries"}
    values = row.model_dump(exclude_unset=True, include=grouped)
    # the id says which row it is; the session has its animal already
    subject = row.model_dump(exclude_unset=True, exclude={"subject_id", *grouped})
    if subject:
        values["subject"] = subject
    return Stated(Sidecar.model_validate(values), f"{subjects.name}, line {line}")


def merge(first: Stated, second: Stated) -> Stated:
    """All that two sources say.

    Raises
    ------
    InputError
        When they say different things of one fact, or what they say cannot go together.
    """
    differing = disagreements(first.facts, second.facts)
    if differing:
        raise FaultsError(
            *(
                f"`{one.fact}` is {shown(one.first)} in {first.source}, but {shown(one.second)} in {second.source}; "
                "correct one of them"
                for one in differing
            )
        )
    return Stated(complete(first, second), f"the lab's files ({first.source}; {second.source})")


def complete(first: Stated, second: Stated) -> Sidecar:
    """What the first source says, and what the second says beyond that.

    Raises
    ------
    InputError
        When what they say cannot go together.
    """
    values = _with_lists(_complete(_values(first.facts), _values(second.facts)))
    try:
        return Sidecar.model_validate(values)
    except ValidationError as error:
        reasons = "; ".join(detail["msg"].removeprefix("Value error, ") for detail in error.errors())
        raise InputError(f"{first.source} and {second.source} do not go together: {reasons}") from error


def with_record(lab: Stated, record: SubjectFacts, source: str) -> tuple[Stated, list[str]]:
    """What the lab says, completed with what a metadata service knows of the animal.

    Returns
    -------
    Stated, list of str
        The lab's word holds where the two differ, which a sentence each says.

    Raises
    ------
    InputError
        When they name different species: the record is that of another animal.
    """
    known = record.model_dump(exclude_unset=True)
    born = known.get("date_of_birth")
    remarks = []
    if born is not None and lab.facts.subject.age is not None:
        # an age holds for one session only, a date of birth for all
        remarks.append(f"{source} says that the animal was born on {born}; the age in {lab.source} is used")
        del known["date_of_birth"]
    if not known:
        return lab, remarks
    told = Stated(Sidecar.model_validate({"subject": known}), source)
    for one in disagreements(lab.facts, told.facts):
        sentence = f"`{one.fact}` is {shown(one.first)} in {lab.source}, but {shown(one.second)} in {source}"
        if one.fact == "subject.species":
            raise InputError(f"{sentence}; is it another animal? Correct one of them, or leave out --metadata_service")
        remarks.append(f"{sentence}; {shown(one.first)} is used")
    return Stated(complete(lab, told), f"{lab.source} and {source}"), remarks


def disagreements(first: Sidecar, second: Sidecar) -> list[Disagreement]:
    """The facts of which both say something, and not the same."""
    return list(_disagreements(_values(first), _values(second), ""))


def facts_digest(facts: Sidecar) -> str | None:
    """The sha256 of what is said, whatever file says it and in whatever order; None when nothing is."""
    values = _without_empty(facts.model_dump(mode="json", exclude_unset=True))
    return digest_of(values) if values else None


def stated_lines(facts: Sidecar) -> list[tuple[str, str]]:
    """All that is said, line by line: sections and name, items of lists counted from 1, and the value as a text.

    Examples
    --------
    >>> stated_lines(Sidecar.model_validate({"rig": {"arena": {"length_cm": 50}}, "session": {"keywords": ["CA1"]}}))
    [('session.keywords.1', 'CA1'), ('rig.arena.length_cm', '50')]
    """
    return list(_lines(_without_empty(facts.model_dump(mode="json", exclude_unset=True)), ()))


def shown(value: object) -> str:
    """A value for a message."""
    if not isinstance(value, list | tuple):
        return f"`{value}`"
    return f"a list of {len(value)}" if any(isinstance(one, dict) for one in value) else ", ".join(map(shown, value))


def _without_empty(value: Any) -> Any:  # noqa: ANN401 - a tree of JSON values
    if isinstance(value, dict):
        inner = {name: _without_empty(one) for name, one in value.items()}
        return {name: one for name, one in inner.items() if one not in ({}, [], None)}
    return [_without_empty(one) for one in value] if isinstance(value, list) else value


def _lines(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - a tree of JSON values
    if isinstance(value, dict | list):
        named = value.items() if isinstance(value, dict) else ((str(k), one) for k, one in enumerate(value, start=1))
        for name, one in named:
            yield from _lines(one, (*path, name))
    elif isinstance(value, float) and value.is_integer():
        yield ".".join(path), str(int(value))
    else:
        yield ".".join(path), value if isinstance(value, str) else json.dumps(value)


def _values(facts: Sidecar) -> dict[str, Any]:
    """What is said; the scopes by what their names have in common, so that two sources can each say a part."""
    values = facts.model_dump(exclude_unset=True)
    imaging = values.get("imaging", {})
    if "scopes" in imaging:
        imaging["scopes"] = {name_key(scope["name"]): scope for scope in imaging["scopes"]}
    return values


def _with_lists(values: dict[str, Any]) -> dict[str, Any]:
    imaging = values.get("imaging", {})
    return (
        values | {"imaging": imaging | {"scopes": list(imaging["scopes"].values())}} if "scopes" in imaging else values
    )


def _complete(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    made = {**second, **first}
    for name in first.keys() & second.keys():
        if isinstance(first[name], dict) and isinstance(second[name], dict):
            made[name] = _complete(first[name], second[name])
    return made


def _disagreements(first: Mapping[str, Any], second: Mapping[str, Any], path: str) -> Iterator[Disagreement]:
    for name in (name for name in first if name in second):
        one, other = first[name], second[name]
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _disagreements(one, other, f"{path}{name}.")
        elif one != other:
            yield Disagreement(f"{path}{name}", one, other)
