"""Asks a metadata service of the Allen Institute (``--metadata_service``) what it knows of an animal.

The service is never needed: whatever goes wrong with it becomes a sentence, and the conversion goes on without it. How
its client behaves was tried against servers of every kind (reference aind-metadata, section 4): it waits for ever and
tries again unless it is told otherwise, an empty body is an answer, and a refusal may carry the record.
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from pydantic import ValidationError

from miniscope_to_nwb_zarr.aind_data_schema.placeholders import stands_for_nothing
from miniscope_to_nwb_zarr.aind_data_schema.sidecar import SubjectFacts
from miniscope_to_nwb_zarr.core.errors import UsageError
from miniscope_to_nwb_zarr.core.secrets import without_secrets

CLIENT = "aind_metadata_service_client"
_EXTRA = "metadata-service"
_TIMEOUT_S = (3.0, 10.0)
"""To connect, and between two pieces of an answer."""
_REMEDY = "check the address and the network, or leave out --metadata_service. The run goes on without the service"
_SEX = {"Female": "F", "Male": "M"}


class MetadataService:
    """A service, asked once for each animal.

    Parameters
    ----------
    url : str
        Where it answers, e.g. ``http://aind-metadata-service``. Name and password in it are shown nowhere.

    Raises
    ------
    UsageError
        When the client, an optional part of this program, is not installed.
    """

    def __init__(self, url: str) -> None:
        try:
            self._client: Any = import_module(CLIENT)
        except ImportError as error:
            raise UsageError(
                f"--metadata_service needs a package that is not installed: install it with `uv sync --extra {_EXTRA}` "
                f"or `pip install {CLIENT.replace('_', '-')}`, or leave the option out"
            ) from error
        self._exceptions: Any = import_module("urllib3.exceptions")
        self._is_silent = False
        self._host = url
        self.url = without_secrets(url)

    def subject(self, animal: str) -> tuple[SubjectFacts, tuple[str, ...]]:
        """What the service knows of an animal, and what there is to say of its answer.

        A service that does not answer once is not asked again.
        """
        record, remarks = self.record("subject", animal)
        if record is None:
            return SubjectFacts(), remarks
        facts, unread = _facts(record)
        return facts, tuple(f"{self.url}: of the animal {animal}, {sentence}" for sentence in unread)

    def record(self, kind: str, animal: str) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
        """The whole record that the service has of an animal, ``subject`` or ``procedures``, and what there is to say.

        A service that does not answer once is not asked again.
        """
        if self._is_silent:
            return None, ()
        try:
            record = self._record(animal, kind)
        except self._exceptions.HTTPError as error:
            self._is_silent = True
            return None, (f"{self.url}: {self._silence(error)}, and it is not asked again",)
        except self._client.ApiException as error:
            return None, (f"{self.url}: {_refusal(error, animal)}",)
        except ValueError:
            return None, (f"{self.url}: the answer for the animal {animal} cannot be read",)
        if not isinstance(record, dict):
            return None, (f"{self.url}: what it sent is not a record of the animal {animal}",)
        return record, ()

    def _silence(self, error: Any) -> str:  # noqa: ANN401 - the client is not typed here
        """Why there is no answer; what the client says of it names its own classes and cuts off the cause."""
        cause = getattr(error, "reason", None) or error
        if isinstance(cause, self._exceptions.NameResolutionError):
            return f"there is no server of that name; {_REMEDY}"
        if isinstance(cause, self._exceptions.NewConnectionError):
            return f"no server answers there; {_REMEDY}"
        if isinstance(cause, self._exceptions.TimeoutError):
            return f"does not answer in time; {_REMEDY}"
        return f"does not answer as a metadata service does ({_short(cause)}); {_REMEDY}"

    def _record(self, animal: str, kind: str = "subject") -> object:
        configuration = self._client.Configuration(host=self._host, retries=0)
        with self._client.ApiClient(configuration) as connection:
            ask = getattr(self._client.DefaultApi(connection), f"get_{kind}")
            try:
                answer: object = ask(animal, _request_timeout=_TIMEOUT_S)
            except self._client.exceptions.BadRequestException as error:
                # the body holds the record that the service's own schema refuses
                return _json(error.body)
        return answer


def _facts(record: dict[str, Any]) -> tuple[SubjectFacts, list[str]]:
    """The facts of a record in the schema's words, and what of it cannot be used."""
    details = record.get("subject_details")
    told = details if isinstance(details, dict) else record
    sex = told.get("sex")
    values = {
        "species": _name(told.get("species")),
        "sex": _SEX.get(sex, sex) if isinstance(sex, str) else None,
        "date_of_birth": told.get("date_of_birth"),
        "genotype": told.get("genotype"),
        "strain": _name(told.get("strain")),
        "source": _name(told.get("source")),
    }
    facts, unread = {}, []
    for name, value in values.items():
        if value is None or (isinstance(value, str) and (not value.strip() or stands_for_nothing(value))):
            continue
        try:
            SubjectFacts.model_validate({name: value})
        except ValidationError:
            expected = SubjectFacts.model_fields[name].description
            unread.append(f"`{name}` is `{_short(value)}`, expected {expected}; it was not used")
        else:
            facts[name] = value
    return SubjectFacts.model_validate(facts), unread


def _name(entry: object) -> object:
    """The name of an entry of the schema's lists of species, strains and organizations."""
    return entry.get("name") if isinstance(entry, dict) else entry


def _refusal(error: Any, animal: str) -> str:  # noqa: ANN401 - the client is not typed here
    if error.status == 404:
        # anything may answer under that address, a proxy for one
        return f"has no record of the animal {animal}, or is not a metadata service (404)"
    return f"refused to give the record of the animal {animal} ({error.status} {_short(error.reason)})"


def _json(body: object) -> object:
    try:
        return json.loads(body) if isinstance(body, str | bytes) else None
    except ValueError:
        return None


def _short(value: object) -> str:
    text = without_secrets(" ".join(str(value).split()))
    return text if len(text) <= 120 else text[:117] + "..."
