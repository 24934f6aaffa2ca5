"""The NWB validator and inspector, in process: their command lines cannot read this kind of store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import nwbinspector
import pynwb
from nwbinspector import Importance

from miniscope_to_nwb_zarr.core.errors import VerificationError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity

if TYPE_CHECKING:
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


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the inspector said."""

    report: str
    findings: tuple[Finding, ...]


def inspect(nwbfile: NWBFile, io: HDMFIO, session: str) -> Inspection:
    """Run the validator and the inspector on a file that was read back.

    Raises
    ------
    VerificationError
        The validator found an error, or the inspector something critical.
    """
    errors = pynwb.validate(io=io)
    if errors:
        listed = "; ".join(str(error) for error in errors[:5])
        raise VerificationError(f"{session}: the NWB validator reports {len(errors)} error(s): {listed}")
    messages = sorted(
        nwbinspector.inspect_nwbfile_object(nwbfile, config=nwbinspector.load_config("dandi")),
        key=lambda message: (-message.importance.value, message.check_function_name, message.location or ""),
    )
    critical = [m for m in messages if m.importance is Importance.CRITICAL and m.check_function_name not in _LAB_FACTS]
    if critical:
        listed = "; ".join(f"{m.check_function_name} at {m.location}: {m.message}" for m in critical[:5])
        raise VerificationError(f"{session}: the NWB inspector reports {len(critical)} critical problem(s): {listed}")
    return Inspection(_report(session, messages), tuple(_finding(message) for message in messages))


def _finding(message: InspectorMessage) -> Finding:
    return Finding(
        Code.INSPECTOR,
        Severity.INFO,
        message.location or "/",
        f"NWB inspector ({message.importance.name.lower().replace('_', ' ')}): {message.message}",
        {"check": message.check_function_name},
    )


def _report(session: str, messages: list[InspectorMessage]) -> str:
    head = (
        f"NWB inspector {nwbinspector.__version__} and validator of pynwb {pynwb.__version__}, configuration dandi\n"
        f"session: {session}\nvalidator: no errors\ninspector: "
    )
    if not messages:
        return head + "no messages\n"
    lines = [
        f"{m.importance.name}  {m.check_function_name}\n    at {m.location or '/'} ({m.object_type} {m.object_name!r})\n"
        f"    {m.message}\n"
        for m in messages
    ]
    return head + f"{len(messages)} message(s)\n\n" + "\n".join(lines)
