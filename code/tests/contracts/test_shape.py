"""The shape of the code: what makes it readable is counted, so that it stays."""

import ast
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

CODE = Path(__file__).resolve().parents[2]
PACKAGE = CODE / "miniscope_to_nwb_zarr"
MODULES = sorted(PACKAGE.rglob("*.py"))
MAIN = CODE / "run_capsule.py"
PROGRAM = [*MODULES, *([MAIN] if MAIN.exists() else [])]
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in PROGRAM}

MAX_LINES = 350
MAX_MEDIAN_LINES = 120
MAX_FUNCTION_LINES = 40
SHARE_OF_SHORT_FUNCTIONS = 0.9
MAY_PRINT = {PACKAGE / "run" / "console.py"}
UNTOLD_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "tools", "stuff"}
HEAVY = {"aind_data_schema", "av", "h5py", "hdmf", "hdmf_zarr", "numpy", "pandas", "pynwb", "rich", "zarr"}


def shown(path, node=None):
    where = path.relative_to(CODE)
    return f"{where}:{node.lineno}" if node is not None else str(where)


def n_lines(path):
    return len(path.read_text(encoding="utf-8").splitlines())


def nodes(*types):
    return [(path, node) for path, tree in TREES.items() for node in ast.walk(tree) if isinstance(node, types)]


def functions():
    return nodes(ast.FunctionDef, ast.AsyncFunctionDef)


def test_no_module_is_long():
    long = {shown(path): n_lines(path) for path in PROGRAM if n_lines(path) > MAX_LINES}
    assert not long


def test_the_usual_module_is_short():
    # an __init__ that holds a docstring only would flatter the figure
    assert statistics.median(n_lines(path) for path in PROGRAM if n_lines(path) > 5) <= MAX_MEDIAN_LINES


def test_functions_are_short():
    lengths = {shown(path, node): node.end_lineno - node.lineno + 1 for path, node in functions()}
    long = {where: length for where, length in lengths.items() if length > MAX_FUNCTION_LINES}
    assert len(long) <= (1 - SHARE_OF_SHORT_FUNCTIONS) * len(lengths), long
    assert not {where: length for where, length in long.items() if length > 2 * MAX_FUNCTION_LINES}


def test_everything_is_annotated():
    bare = []
    for path, node in functions():
        given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        missing = [arg.arg for arg in given if arg and arg.annotation is None and arg.arg not in {"self", "cls"}]
        if node.returns is None or missing:
            bare.append((shown(path, node), node.name, missing))
    assert not bare


def test_nothing_is_validated_by_assert():
    assert not [shown(path, node) for path, node in nodes(ast.Assert)]


def test_only_the_console_prints():
    calls = [
        shown(path, node)
        for path, node in nodes(ast.Call)
        if isinstance(node.func, ast.Name) and node.func.id == "print" and path not in MAY_PRINT
    ]
    assert not calls


def test_the_only_broad_except_is_in_main():
    broad = []
    for path, node in nodes(ast.ExceptHandler):
        caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        if any(part is None or getattr(part, "id", "") in {"Exception", "BaseException"} for part in caught):
            broad.append((path, node))
    assert not [shown(path, node) for path, node in broad if path != PACKAGE / "run" / "main.py"]
    assert len(broad) <= 1


def test_only_what_is_started_ends_the_process():
    exits = [
        shown(path, node)
        for path, node in nodes(ast.Attribute)
        if isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in {("sys", "exit"), ("os", "_exit"), ("os", "abort")}
        and path not in {MAIN, PACKAGE / "data_conversion" / "create_inputs.py"}
    ]
    assert not exits


def test_modules_are_named_after_what_they_hold():
    assert not [shown(path) for path in PROGRAM if path.stem in UNTOLD_NAMES]


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def test_core_imports_only_the_standard_library_numpy_and_itself():
    foreign = [
        (shown(path), name)
        for path, tree in TREES.items()
        if path.is_relative_to(PACKAGE / "core")
        for name in imported(tree)
        if not name.startswith("miniscope_to_nwb_zarr.core.")
        and name != "miniscope_to_nwb_zarr.core"
        and name.partition(".")[0] not in sys.stdlib_module_names | {"numpy"}
    ]
    assert not foreign


def test_core_opens_nothing_and_reads_no_clock():
    impure = {
        "open",
        "input",
        "read_text",
        "read_bytes",
        "write_text",
        "write_bytes",
        "now",
        "utcnow",
        "monotonic",
        "time_ns",
    }
    calls = [
        (shown(path, node), name)
        for path, node in nodes(ast.Call)
        if path.is_relative_to(PACKAGE / "core")
        for name in [getattr(node.func, "id", getattr(node.func, "attr", ""))]
        if name in impure
    ]
    assert not calls


@pytest.mark.parametrize("module", ["options", "option_table", "option_values", "panel", "rows", "progress"])
def test_the_command_line_is_read_before_anything_heavy_is_loaded(module):
    program = f"import sys, miniscope_to_nwb_zarr.run.{module}; print(*sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=CODE, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("module", ["conversion_utils", "miniscope.run_conversion", "nwb.run_conversion"])
def test_no_library_of_nwb_or_of_an_analysis_is_loaded_before_the_workers_are_at_work(module):
    late = {"aind_data_schema", "distributed", "hdmf", "ndx_miniscope", "nwbinspector", "pandas", "pynwb"}
    late |= {"cv2", "matplotlib", "numba", "scipy"}
    program = f"import sys, miniscope_to_nwb_zarr.data_conversion.{module}; print(*sorted({late} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=CODE, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
