import os
import subprocess
import sys
from pathlib import Path

import zarr

from tests.conversions import convert

CODE = Path(__file__).resolve().parents[2]


def object_ids(store):
    found = {}
    zarr.open(str(store), mode="r").visititems(lambda path, item: found.__setitem__(path, item.attrs.get("object_id")))
    return {path: identity for path, identity in found.items() if identity}


def test_two_runs_give_the_same_ids_and_the_same_content(rich, tmp_path):
    again = convert(rich.session, tmp_path, sidecar=_sidecar())
    ids = object_ids(rich.store)
    assert len(ids) > 40
    assert len(set(ids.values())) == len(ids)
    assert object_ids(tmp_path / rich.session.name / rich.store.name) == ids
    assert again.receipt.content_digest == rich.outcome.receipt.content_digest
    assert again.receipt.plan_digest == rich.outcome.receipt.plan_digest


def test_other_chunks_give_the_same_frames_digest(rich, tmp_path):
    again = convert(rich.session, tmp_path, chunk_bytes=1_000_000, compression_level=3, sidecar=_sidecar())
    assert again.receipt.series == rich.outcome.receipt.series
    assert again.receipt.content_digest != rich.outcome.receipt.content_digest


def test_the_order_of_sets_and_the_number_of_workers_change_nothing(tiny, tmp_path):
    program = """
import sys
from pathlib import Path
from tests.conversions import convert, sessions_in
if __name__ == "__main__":
    (session,) = sessions_in(Path(sys.argv[1]))
    print(convert(session, Path(sys.argv[2]), in_process=False, workers=int(sys.argv[3])).receipt.content_digest)
"""
    script = tmp_path / "program.py"
    script.write_text(program)
    runs = [
        subprocess.Popen(
            [sys.executable, script, tiny.folder, tmp_path / seed, workers],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(CODE)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed, workers in (("1", "1"), ("4242", "2"))
    ]
    digests = [run.communicate(timeout=60)[0].strip() for run in runs]
    assert digests[0] == digests[1]
    assert len(digests[0]) == 64
    # and as in this process
    assert convert(tiny.session, tmp_path / "here").receipt.content_digest == digests[0]


def _sidecar():
    from tests.data_conversion.conftest import FACTS

    return FACTS
