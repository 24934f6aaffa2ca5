"""Errors that stop a session or the run, grouped by what the caller does next. What is merely wrong with a recording is
a `Finding`, not an error.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of the program; they are part of its interface."""

    DONE = 0
    INTERNAL = 1
    USAGE = 2
    INVALID_INPUT = 3
    SOME_FAILED = 4
    CONFLICT = 5
    VERIFICATION = 6
    TEMPORARY = 75
    INTERRUPTED = 130
    TERMINATED = 143


class MiniscopeError(Exception):
    """Base of all errors that this program raises on purpose."""

    exit_code = ExitCode.INTERNAL


class UsageError(MiniscopeError):
    """The command line or an option is wrong: correct it and call again."""

    exit_code = ExitCode.USAGE


class InputError(MiniscopeError):
    """The input cannot be converted as it is: mend it or supply what is missing."""

    exit_code = ExitCode.INVALID_INPUT


class FaultsError(InputError):
    """Several faults of one input, a sentence each. A sentence may hold a line break that stands in a name."""

    @property
    def sentences(self) -> tuple[str, ...]:
        """The faults one by one."""
        return tuple(map(str, self.args))

    def __str__(self) -> str:
        return "\n".join(self.sentences)


class ConflictError(MiniscopeError):
    """An output of that name exists and differs: choose what to do with it."""

    exit_code = ExitCode.CONFLICT


class VerificationError(MiniscopeError):
    """What was written is not what was read: do not use the output."""

    exit_code = ExitCode.VERIFICATION


class TemporaryError(MiniscopeError):
    """Disk full, a lost worker, the network: call again later, unchanged."""

    exit_code = ExitCode.TEMPORARY


class Stopped(BaseException):
    """A signal asked the program to stop.

    No `Exception`, as `KeyboardInterrupt` is none: the NWB inspector goes on with its next check after any of those.
    """

    def __init__(self, exit_code: ExitCode) -> None:
        super().__init__("stopped by a signal; no output is half-written. Run the same command again to go on")
        self.exit_code = exit_code


class MetadataError(MiniscopeError):
    """The metadata files of a session contradict each other or the schema: nothing of that session is published."""

    exit_code = ExitCode.SOME_FAILED
