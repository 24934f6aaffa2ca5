"""Organizations in the schema's list, found by the names that people use."""

from __future__ import annotations

from typing import Any

from aind_data_schema_models.organizations import Organization

_NOT_NAMES = (Organization.OTHER, Organization.UNKNOWN)


def find(name: str) -> Any:  # noqa: ANN401 - the library has a class for each organization and no public base
    """The organization of that name or abbreviation, or None when the list lacks it.

    Capitals and a leading "The" make no difference: "The Jackson Laboratory" is in the list as "Jackson Laboratory".
    """
    wanted = _key(name)
    candidates = [organization for organization in Organization.name_map.values() if organization not in _NOT_NAMES]
    for attribute in ("name", "abbreviation"):
        for organization in candidates:
            if _key(getattr(organization, attribute) or "") == wanted:
                return organization
    return None


def _key(name: str) -> str:
    return name.casefold().removeprefix("the ").strip()
