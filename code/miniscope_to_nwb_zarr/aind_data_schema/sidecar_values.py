"""What single lines of the session metadata file hold: texts, dates, numbers with their unit, and how they are read."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal
from typing import Annotated, Any, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from miniscope_to_nwb_zarr.aind_data_schema.placeholders import stands_for_nothing
from miniscope_to_nwb_zarr.core import naming

# ISO 8601 durations of whole years, months, weeks and days
_DURATION = r"P(?=\d)(?:\d{1,2}Y)?(?:\d{1,3}M)?(?:\d{1,3}W)?(?:\d{1,4}D)?"
_AGE = re.compile(rf"{_DURATION}(?:/(?:{_DURATION})?)?", re.ASCII)


def _plain(text: str) -> str:
    if any(unicodedata.category(char) == "Cc" and char not in "\n\t" for char in text):
        raise ValueError("it holds a control character")
    if stands_for_nothing(text):
        raise ValueError("it is a placeholder; leave it empty if the value is not known")
    return text


def _one_line(text: str) -> str:
    if "\n" in text:
        raise ValueError("it has more than one line")
    return text


def _age(text: str) -> str:
    if not _AGE.fullmatch(text):
        raise ValueError("it is not an age in whole years, months, weeks or days")
    return text


def _date(value: object) -> object:
    # pydantic would take "0" for a day in 1970
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise ValueError("it is not a date with year, month and day")
    return value


def _number(value: object) -> object:
    # Python takes 1_5 for 15 and reads the digits of every script
    if isinstance(value, str) and ("_" in value or not value.isascii()):
        raise PydanticCustomError("number", "it is not a number")
    return value


def _zone(name: str) -> str:
    # "localtime" and the like mean something else on every machine
    if "/" not in name and name != "UTC":
        raise ValueError("it is not an IANA time zone")
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("it is not an IANA time zone") from error
    return name


def _orcid(text: str) -> str:
    text = text.removeprefix("https://orcid.org/")
    if not re.fullmatch(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]", text, re.ASCII):
        raise ValueError("it does not have the form 0000-0000-0000-0000")
    # ISO 7064 mod 11-2, as ORCID computes the last character
    total = 0
    for digit in text[:-1].replace("-", ""):
        total = (total + int(digit)) * 2
    if text[-1] != "0123456789X"[(12 - total % 11) % 11]:
        raise ValueError(
            "its last character, which checks the others, does not agree with them; look for a mistyped digit"
        )
    return text


def _spellable(text: str) -> str:
    if naming.subject_id(text) is None:
        raise ValueError("it has none of the letters a-z and no digit, but names of outputs need one")
    return text


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str | dict) else value


PlainNumber = BeforeValidator(_number)
"""A number as it is typed: in figures, without underscores."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000), AfterValidator(_plain)]
Line = Annotated[Text, StringConstraints(max_length=500), AfterValidator(_one_line)]
AnimalId = Annotated[Line, AfterValidator(_spellable)]
LatinName = Annotated[Line, StringConstraints(pattern=r"^[A-Z][a-z]+ [a-z]+$")]
Age = Annotated[Line, AfterValidator(_age)]
Zone = Annotated[Line, AfterValidator(_zone)]
Orcid = Annotated[Line, AfterValidator(_orcid)]
Day = Annotated[dt.date, BeforeValidator(_date), Field(ge=dt.date(1950, 1, 1))]
Grams = Annotated[Decimal, Field(gt=0, le=10_000, decimal_places=3, max_digits=8), PlainNumber]
Nanometers = Annotated[float, Field(ge=200, le=2000), PlainNumber]
Micrometers = Annotated[float, Field(gt=0, le=10_000), PlainNumber]
Millimeters = Annotated[float, Field(gt=0, le=100), PlainNumber]
BregmaMillimeters = Annotated[float, Field(ge=-30, le=30), PlainNumber]
Centimeters = Annotated[float, Field(gt=0, le=10_000), PlainNumber]
Nanoliters = Annotated[float, Field(gt=0, le=100_000), PlainNumber]
Titer = Annotated[float, Field(ge=1e3, le=1e16), PlainNumber]

OneOrMore = BeforeValidator(_as_list)
"""A list, of which a single item may stand for itself."""
Lines = Annotated[tuple[Line, ...], OneOrMore]


class Facts(BaseModel):
    """Base of all sections: nothing but the known names, and a name with nothing after it counts as not given."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, values: Any) -> Any:  # noqa: ANN401 - whatever the file holds
        if not isinstance(values, dict):
            return values
        return {key: value for key, value in values.items() if value is not None or key not in cls.model_fields}


def section_of(annotation: Any) -> type[Facts] | None:  # noqa: ANN401 - any type expression
    """The model that holds the lines below a name, also where it is one of a list; None for a name with a value."""
    if isinstance(annotation, type) and issubclass(annotation, Facts):
        return annotation
    return next((found for part in get_args(annotation) if (found := section_of(part))), None)
