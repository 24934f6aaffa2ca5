"""Change what hdmf lets be set only once, a name for example: make the container anew from what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hdmf.container import AbstractContainer, Container
from hdmf.utils import get_docval

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pynwb import NWBFile

# an argument of classes that are made from a namespace; no part of what a container holds
_NO_FIELD = "skip_post_init"
# where the children of a file lie in it, by the field of NWBFile
_PLACES = {
    "acquisition": "acquisition",
    "analysis": "analysis",
    "scratch": "scratch",
    "processing": "processing",
    "stimulus": "stimulus/presentation",
    "stimulus_template": "stimulus/templates",
    "intervals": "intervals",
    "epochs": "intervals",
    "trials": "intervals",
    "invalid_times": "intervals",
    "subject": "general",
    "lab_meta_data": "general",
    "devices": "general/devices",
    "electrodes": "general/extracellular_ephys",
    "electrode_groups": "general/extracellular_ephys",
    "imaging_planes": "general/optophysiology",
    "ogen_sites": "general/optogenetics",
    "icephys_electrodes": "general/intracellular_ephys",
}


def rebuilt(container: Any, **changes: Any) -> Any:  # noqa: ANN401 - a container of any type
    """A container of the same class, object id and contents but for `changes`.

    Parameters
    ----------
    container : AbstractContainer
        It must have been taken out of its parent, and loses its children to the new one.
    **changes
        Arguments of the class's constructor.
    """
    cls = type(container)
    names = {argument["name"] for argument in get_docval(cls.__init__)} - {_NO_FIELD}
    values = {name: _held(container, name) for name in names - changes.keys()}
    for child in container.children:
        child.reset_parent()
    made: Any = cls.__new__(cls, object_id=container.object_id)  # type: ignore[call-overload] # hdmf's own arguments
    made.__init__(**{name: value for name, value in {**values, **changes}.items() if value is not None})
    return made


def set_field(container: Any, name: str, value: Any) -> None:  # noqa: ANN401 - a container of any type
    """Set a field that already has a value; a child that was there is taken out, one that is given is taken in.

    Parameters
    ----------
    container : AbstractContainer
    name : str
        Of the field; neither a name nor a parent, which need `rebuilt`.
    value
        Of the field's type.
    """
    former = container.fields.get(name)
    if isinstance(former, AbstractContainer) and former.parent is container:
        former.reset_parent()
    if isinstance(value, AbstractContainer) and value.parent is None:
        value.parent = container
    container.fields[name] = value
    container.set_modified()


def path_of(container: AbstractContainer) -> str:
    """The path of a container in its file, as the schema places it.

    Examples
    --------
    >>> path_of(nwbfile.electrodes["x"])  # doctest: +SKIP
    '/general/extracellular_ephys/electrodes/x'
    """
    names: list[str] = []
    at: Any = container
    while isinstance(at.parent, AbstractContainer):
        names.append(at.name)
        if at.parent.parent is None:
            names.append(_place_of(at.parent, at))
        at = at.parent
    return "/" + "/".join(name for name in reversed(names) if name)


def _place_of(nwbfile: Any, child: AbstractContainer) -> str:  # noqa: ANN401 - an NWBFile, or what stands alone
    """The group of a file in which one of its own children lies."""
    for field, place in _PLACES.items():
        held = nwbfile.fields.get(field)
        if held is child or (isinstance(held, dict) and held.get(child.name) is child):
            return place
    return ""


def all_objects(nwbfile: NWBFile) -> Iterable[Any]:
    """Every object of a file, also those that were added since it was read."""
    objects: list[Any] = nwbfile.all_children()
    return objects


def _held(container: Any, name: str) -> Any:  # noqa: ANN401 - whatever a field holds
    value = container.fields.get(name, getattr(container, name, None))
    # what holds several containers gives them by name, and its constructor takes them in a row
    if isinstance(value, dict) and all(isinstance(one, Container) for one in value.values()):
        return tuple(value.values()) or None
    return value
