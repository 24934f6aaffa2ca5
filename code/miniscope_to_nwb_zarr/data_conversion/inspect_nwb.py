"""The NWB validator and inspector, in process: their command lines cannot read this kind of store."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import nwbinspector
import pynwb
from hdmf.spec import SpecCatalog, SpecNamespace
from hdmf.validate import ValidatorMap
from nwbinspector import Importance

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.errors import VerificationError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hdmf.backends.io import HDMFIO
    from nwbinspector import InspectorMessage
    from pynwb import NWBFile

# Checks that only a fact of the lab can satisfy: they are findings, never a reason to withhold an output.
_LAB_FACTS = frozenset(
    {
        "check_subject_exists", "check_subject_id_exists", "check_subject_sex", "check_subject_age",
        "check_subject_species_exists", "check_experimenter_exists", "check_institution", "check_keywords",
        "check_imaging_plane_location", "check_session_start_time_old_date",
    }
)  # fmt: skip

# the namespaces that the core schema brings with it
_CORE = frozenset({"core", "hdmf-common", "hdmf-experimental"})


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the inspector said."""

    report: str
    findings: tuple[Finding, ...]


def inspect(nwbfile: NWBFile, io: HDMFIO, session: str, report: str) -> Inspection:
    """Run the validator and the inspector on a file that was read back; `report` is where their words will stand.

    Raises
    ------
    VerificationError
        The validator found an error, or the inspector something critical.
    """
    errors = validate(io)
    if errors:
        listed = "; ".join(str(error) for error in errors[:5])
        raise VerificationError(
            f"{session}: the NWB validator reports {counted(len(errors), 'error')}: {listed}. No output was made; "
            "please report this"
        )
    messages = messages_of(nwbfile)
    critical = [m for m in messages if m.importance is Importance.CRITICAL and m.check_function_name not in _LAB_FACTS]
    if critical:
        listed = "; ".join(f"{m.check_function_name} at {m.location}: {m.message}" for m in critical[:5])
        raise VerificationError(
            f"{session}: the NWB inspector reports {counted(len(critical), 'critical problem')}: {listed}. No output "
            "was made; please report this"
        )
    return Inspection(report_of(session, messages), _findings(messages, report))


def messages_of(nwbfile: NWBFile) -> list[InspectorMessage]:
    """What the inspector says of a file, the gravest first."""
    return sorted(
        nwbinspector.inspect_nwbfile_object(nwbfile, config=nwbinspector.load_config("dandi")),
        key=lambda message: (-message.importance.value, message.check_function_name, message.location or ""),
    )


def validate(io: HDMFIO) -> list[object]:
    """Errors of the file against the core schema and its extensions together.

    `pynwb.validate` takes the schema of the extension, and that of ndx-miniscope takes over one single type of the core
    schema: the file as a whole is unknown to it, and to the core schema a Miniscope is no Device.
    """
    known = io.manager.namespace_catalog
    catalog = SpecCatalog()
    registered: list[str] = []
    for name in ("core", *(name for name in known.namespaces if name not in _CORE)):
        namespace = known.get_namespace(name=name)
        for data_type in namespace.get_registered_types():
            # An extension lists the types that it takes over, too. The order matters: a type that came before the one
            # it is made from would not be known as such, and what is inside the file would pass without a look.
            if data_type not in registered:
                catalog.register_spec(namespace.get_spec(data_type), name)
                registered.append(data_type)
    together = SpecNamespace(
        doc="core and extensions", name="together", version="1", schema=[{"source": "memory"}], catalog=catalog
    )
    return list(ValidatorMap(together).validate(io.read_builder()))


def by_importance(messages: list[InspectorMessage]) -> Counter[str]:
    """How many messages there are of each importance."""
    return Counter(message.importance.name.lower().replace("_", " ") for message in messages)


def in_words(counts: Counter[str]) -> str:
    """What `by_importance` counted, such as "2 critical remarks, 1 best practice suggestion"."""
    return ", ".join(
        counted(count, name if name.startswith("best") else f"{name} remark") for name, count in counts.items()
    )


def _findings(messages: list[InspectorMessage], report: str) -> tuple[Finding, ...]:
    if not messages:
        return ()
    counts = by_importance(messages)
    listed = in_words(counts)
    return (
        Finding(
            Code.INSPECTOR,
            Severity.INFO,
            report,
            f"the NWB inspector has remarks ({listed}), listed in this file; those called critical are facts of the "
            "animal that --session_metadata can supply"
            if counts["critical"]
            else f"the NWB inspector has remarks ({listed}), listed in this file",
            dict(counts),
        ),
    )


def report_of(session: str, messages: list[InspectorMessage], errors: Sequence[str] = ()) -> str:
    """The words of validator and inspector as a text for people; there is one also where they say nothing."""
    told = "".join(f"    {visible(error)}\n" for error in errors)
    listed = f"{counted(len(errors), 'error')}\n{told}" if errors else "no errors\n"
    head = (
        f"NWB inspector {nwbinspector.__version__} and validator of pynwb {pynwb.__version__}, configuration dandi\n"
        f"session: {visible(session)}\nvalidator: {listed}inspector: "
    )
    if not messages:
        return head + "no messages\n"
    lines = [
        f"{m.importance.name}  {m.check_function_name}\n"
        f"    at {visible(m.location or '/')} ({m.object_type} {m.object_name!r})\n"
        f"    {visible(m.message)}\n"
        for m in messages
    ]
    return head + f"{counted(len(messages), 'message')}\n\n" + "\n".join(lines)
