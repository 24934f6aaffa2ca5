"""Organizations in the schema's list, found by the names that people use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aind_data_schema_models.organizations import Organization

from miniscope_to_nwb_zarr.aind_data_schema.missing import reworded, unknown

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.core.findings import Finding

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


def maker(file: str, fact: str, name: str | None) -> tuple[Any, str | None, list[Finding]]:
    """Who made a device.

    Parameters
    ----------
    file
        The metadata file that the device goes into, for findings.
    fact
        Where the session metadata file has the maker, as in `missing.missing`.
    name
        The maker by the session metadata file.

    Returns
    -------
    organization
        The schema's "unknown" where the maker is not known, its "other" where its list lacks the maker.
    str or None
        A note with the maker's name where the list lacks it.
    list of Finding
    """
    if name is None:
        return Organization.UNKNOWN, None, [unknown(file, fact)]
    organization = find(name)
    if organization is None:
        return Organization.OTHER, f"Made by {name}.", [reworded(file, fact, name, "the notes")]
    return organization, None, []


def _key(name: str) -> str:
    return name.casefold().removeprefix("the ").strip()
