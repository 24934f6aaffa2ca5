"""Nothing in data is run: the calls with which Python does that are not in the program, told by its syntax trees."""

import ast
from pathlib import Path

import pytest

CODE = Path(__file__).resolve().parents[2]
PACKAGE = CODE / "miniscope_to_nwb_zarr"
PROGRAM = [*PACKAGE.rglob("*.py"), CODE / "run_capsule.py", *(CODE.parent / "scripts").glob("*.py")]
# reads pickled references of NWB-Zarr stores, and admits nothing else
UNPICKLES = PACKAGE / "data_conversion" / "reference_codec.py"
SAFE_LOADERS = {"yaml.BaseLoader", "yaml.SafeLoader", "yaml.CSafeLoader", "yaml.CBaseLoader"}
RUN_DATA = {
    *("eval", "exec", "compile", "__import__", "builtins.eval", "builtins.exec", "builtins.compile"),
    *("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "code.interact", "runpy.run_path"),
    *("yaml.unsafe_load", "yaml.unsafe_load_all", "yaml.full_load", "yaml.full_load_all", "pandas.read_pickle"),
    *("pandas.eval", "joblib.load", "torch.load", "jsonpickle.decode", "numpy.lib.format.read_array"),
}
HARMLESS = {"PickleError", "PicklingError", "UnpicklingError"}
MODULES_THAT_RUN_DATA = {"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "jsonpickle"}
READ_YAML = {"yaml.load", "yaml.load_all", "yaml.compose", "yaml.compose_all", "yaml.parse", "yaml.scan"}


def dangers(text):
    """Line and name of every call that may run what it reads, and of every use of a module that does nothing else."""
    tree = ast.parse(text)
    names = imported(tree)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found += [(node.lineno, f"{node.module}.{one.name}") for one in node.names]
        elif isinstance(node, ast.Attribute):
            found.append((node.lineno, full_name(node, names)))
    found = [(line, name) for line, name in found if name.partition(".")[0] in MODULES_THAT_RUN_DATA]
    found = [(line, name) for line, name in found if name.rpartition(".")[2] not in HARMLESS]
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    found += [(node.lineno, name) for node in calls if (name := danger_of(node, names))]
    return found


def imported(tree):
    """What the names of a module stand for: ``np`` for ``numpy``."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {one.asname or one.name.partition(".")[0]: one.name if one.asname else one.name.partition(".")[0]
                      for one in node.names}  # fmt: skip
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
    return names


def full_name(node, names):
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        return f"{full_name(node.value, names)}.{node.attr}"
    return "?"


def danger_of(call, names):
    name = full_name(call.func, names)
    given = {one.arg: one.value for one in call.keywords}
    if name in RUN_DATA:
        return name
    if "shell" in given and not is_false(given["shell"]):
        return f"{name}(shell=...)"
    if name.endswith("load") and "allow_pickle" in given and not is_false(given["allow_pickle"]):
        return f"{name}(allow_pickle=...)"
    if name in READ_YAML:
        loader = given.get("Loader", call.args[1] if len(call.args) > 1 else None)
        return None if full_name(loader, names) in SAFE_LOADERS else name
    return None


def is_false(node):
    return isinstance(node, ast.Constant) and node.value is False


def test_the_program_runs_nothing_that_it_reads():
    found = {
        str(path.relative_to(CODE.parent)): wrong
        for path in PROGRAM
        if path != UNPICKLES and (wrong := dangers(path.read_text(encoding="utf-8")))
    }
    assert not found


def test_the_one_place_that_unpickles_finds_no_other_names():
    text = UNPICKLES.read_text(encoding="utf-8")
    assert {name for _, name in dangers(text)} == {"pickle.Unpickler"}
    calls = [full_name(node.func, imported(ast.parse(text))) for node in ast.walk(ast.parse(text))
             if isinstance(node, ast.Call)]  # fmt: skip
    assert not {"pickle.load", "pickle.loads"} & set(calls)
    assert "def find_class(" in text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("eval(text)", "eval"),
        ("import builtins\nbuiltins.exec(text)", "builtins.exec"),
        ("import pickle\npickle.loads(content)", "pickle.loads"),
        ("from pickle import loads as read", "pickle.loads"),
        ("import shelve as kept\nkept.open(path)", "shelve.open"),
        ("import marshal\nread = marshal.load", "marshal.load"),
        ("import os as system\nsystem.system(text)", "os.system"),
        ("from os import popen\npopen(text)", "os.popen"),
        ("import subprocess as s\ns.run(text, shell=True)", "subprocess.run(shell=...)"),
        ("import subprocess\nsubprocess.run(text, shell=chosen)", "subprocess.run(shell=...)"),
        ("import yaml\nyaml.load(text)", "yaml.load"),
        ("import yaml\nyaml.load(text, Loader=yaml.FullLoader)", "yaml.load"),
        ("from yaml import load, Loader\nload(text, Loader)", "yaml.load"),
        ("import yaml\nyaml.unsafe_load(text)", "yaml.unsafe_load"),
        ("import numpy as np\nnp.load(path, allow_pickle=True)", "numpy.load(allow_pickle=...)"),
        ("import pandas as pd\npd.read_pickle(path)", "pandas.read_pickle"),
    ],
)
def test_what_runs_data_is_told(text, name):
    assert [found for _, found in dangers(text)] == [name]


@pytest.mark.parametrize(
    "text",
    [
        "import re\nre.compile(text)",
        "import yaml\nyaml.load(text, Loader=yaml.BaseLoader)",
        "import subprocess\nsubprocess.run(words, shell=False)",
        "import numpy as np\nnp.load(path, allow_pickle=False)\nnp.load(path)",
        "model.eval()",
        "import pickle\nERRORS = (pickle.UnpicklingError,)",
    ],
)
def test_what_runs_no_data_is_told_too(text):
    assert not dangers(text)
