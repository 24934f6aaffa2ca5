"""What an option is: its name, what kind of value it takes, what it is for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How the text of an option is read."""

    BOOLEAN = "boolean"
    CHOICE = "choice"
    COMPRESSION = "compression"
    ENGINE = "engine"
    INTEGER = "integer"
    INSTANT = "instant"
    LIMITS = "limits"
    NUMBER = "number"
    PATH = "path"
    PATHS = "paths"
    PLACE = "place"
    """A path, or the address of a folder in a bucket."""
    TEXT = "text"
    URL = "url"
    ZONE = "zone"


class Category(StrEnum):
    """The groups in which options are shown to people."""

    WHAT = "What to convert"
    FACTS = "Facts the recording may lack"
    OUTPUT = "What is written"
    ANALYSIS = "Analysis of the movies"
    CHECKS = "Checks and existing outputs"
    MACHINE = "Machine"
    MESSAGES = "Messages"


@dataclass(frozen=True, slots=True)
class Option:
    """One option. Every option takes a value, given as text.

    Examples
    --------
    >>> Option("dry_run", Kind.BOOLEAN, "False", "show the plan, write nothing", Category.CHECKS).environment_name
    'MINISCOPE_DRY_RUN'
    """

    name: str
    kind: Kind
    default: str
    """Text that means the same as leaving the option out; empty: no value, or one that is found out at run time."""
    help: str
    category: Category
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    changes_output: bool = False
    """True if two runs that differ only in this option write different outputs."""
    is_on_panel: bool = True
    """False for what only makes sense in a terminal."""

    @property
    def flag(self) -> str:
        """The option as it is typed."""
        return f"--{self.name}"

    @property
    def environment_name(self) -> str:
        """The environment variable that stands in for the option where it is not given."""
        return f"MINISCOPE_{self.name.upper()}"

    @property
    def label(self) -> str:
        """The option's name for a form."""
        return self.name.replace("_", " ").capitalize()
