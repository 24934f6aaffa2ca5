"""From the command line to an exit code. The one place that catches everything."""

from __future__ import annotations

import os
import signal
import traceback
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr import __version__
from miniscope_to_nwb_zarr.core.errors import ExitCode, FaultsError, MiniscopeError, Stopped, UsageError
from miniscope_to_nwb_zarr.core.findings import Severity
from miniscope_to_nwb_zarr.run import stop
from miniscope_to_nwb_zarr.run.options import parse_options

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from miniscope_to_nwb_zarr.run.console import Console
    from miniscope_to_nwb_zarr.run.options import Options


def main(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Run the program.

    Returns
    -------
    int
        The exit code, one of `ExitCode`.
    """
    try:
        options = parse_options(argv, env)
    except UsageError as error:
        return _refuse(argv, env, error)
    # rich takes a tenth of a second to import, which --help does without
    from miniscope_to_nwb_zarr.run.console import Console  # noqa: PLC0415

    console = Console(json=options.json, quiet=options.quiet, show_from=Severity(options.log_level))
    try:
        with obeying_signals():
            return int(_run(options, console))
    except (MiniscopeError, Stopped) as error:
        return _end(console, error.exit_code, *(error.sentences if isinstance(error, FaultsError) else [str(error)]))
    except BrokenPipeError:
        # the reader of our output has gone; so that Python does not complain of it once more on exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return int(ExitCode.TERMINATED)
    except OSError as error:
        from miniscope_to_nwb_zarr.data_conversion.disk import explain  # noqa: PLC0415 - see above

        reason = explain(error)
        return _end(console, reason.exit_code, str(reason))
    except Exception as error:  # noqa: BLE001 - the last resort: a fault of ours is said in one sentence and a report
        console.error(f"a fault of this program, please report it with the lines below: {error!r}")
        for line in traceback.format_exc().splitlines():
            console.error(line)
        console.end(ExitCode.INTERNAL, f"stopped by a fault of this program: {error!r}")
        return int(ExitCode.INTERNAL)


def _run(options: Options, console: Console) -> ExitCode:
    if options.version:
        console.summary(ExitCode.DONE, f"miniscope-to-nwb-zarr {__version__}", {"version": __version__})
        return ExitCode.DONE
    if options.write_templates:
        return _write_templates(options, console)
    if options.create_inputs:
        from miniscope_to_nwb_zarr.data_conversion.create_inputs import make_inputs  # noqa: PLC0415 - see above

        return make_inputs(options, console, options.results_dir)
    from miniscope_to_nwb_zarr.data_conversion.conversion_utils import run_dataset  # noqa: PLC0415 - see above

    return run_dataset(options, console)


def _write_templates(options: Options, console: Console) -> ExitCode:
    from miniscope_to_nwb_zarr.aind_data_schema.templates import write_templates  # noqa: PLC0415 - see above

    written, kept = write_templates(options.results_dir)
    for path in kept:
        console.warn(f"{path}: is there already and was left as it is")
    said = f"Wrote {', '.join(map(str, written))}." if written else "Nothing written."
    console.summary(
        ExitCode.DONE,
        f"{said} Fill them in with an editor, and give them with --session_metadata, --subjects and "
        "--analysis_parameters",
        {"written": [str(path) for path in written], "kept": [str(path) for path in kept]},
    )
    return ExitCode.DONE


def _end(console: Console, code: ExitCode, *sentences: str) -> int:
    for sentence in sentences:
        console.error(sentence)
    console.end(code, "\n".join(sentences))
    return int(code)


def _refuse(argv: Sequence[str], env: Mapping[str, str], error: UsageError) -> int:
    from miniscope_to_nwb_zarr.run.console import Console  # noqa: PLC0415 - see above

    given = [env.get("MINISCOPE_JSON", "")]
    given += [value for word, value in pairwise(argv) if word == "--json"]
    given += [word.removeprefix("--json=") for word in argv if word.startswith("--json=")]
    console = Console(json=any(value.strip().lower() == "true" for value in given))
    console.error(f"{error} (--help lists all options)")
    console.end(ExitCode.USAGE, str(error))
    return int(ExitCode.USAGE)


@contextmanager
def obeying_signals() -> Iterator[None]:
    """Turn a request to stop into an exception, so that staging folders are removed on the way out."""
    codes = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}

    def ask(number: int, _frame: object) -> None:
        # once is enough: a second signal must not cut the clearing up short
        for each in codes:
            signal.signal(each, signal.SIG_IGN)
        stop.request(codes[signal.Signals(number)])
        stop.obey()

    before = {each: signal.signal(each, ask) for each in codes}
    is_done = False
    try:
        yield
        is_done = True
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        try:
            if not is_done:
                # what was interrupted may have turned the request into an error of its own
                stop.obey()
        finally:
            stop.forget()
