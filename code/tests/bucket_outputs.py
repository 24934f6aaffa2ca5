"""Small finished outputs, as a conversion leaves them on the disk, to be published in a bucket."""

from datetime import UTC, datetime
from pathlib import Path

from miniscope_to_nwb_zarr.buckets.object_store import StorePlace
from miniscope_to_nwb_zarr.buckets.outputs import OutputStore
from miniscope_to_nwb_zarr.core.addresses import BucketAddress
from miniscope_to_nwb_zarr.core.receipt import Receipt
from miniscope_to_nwb_zarr.data_conversion import commit
from tests.s3_server import Bucket, address

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
NAME = "M1_2026-03-14_09-26-53"
TIME = "processing.json"
"""Carries the time of packaging."""


def small_output(folder: Path, plan: str = "plan", made: str = "first", n_chunks: int = 6, **more: bytes) -> Receipt:
    """Write an output below `folder`, equal for equal plans but for the file that carries the time of its making.

    Parameters
    ----------
    folder : Path
    plan : str
        Its plan digest, and the content of its chunks.
    made : str
        When, in the file that carries it.
    n_chunks : int
    **more
        Further files.
    """
    final = folder / NAME
    store = final / f"{NAME}.nwb.zarr"
    (store / "frames").mkdir(parents=True)
    (store / ".zattrs").write_text("{}")
    for k in range(n_chunks):
        (store / "frames" / f"{k}.0.0").write_bytes(f"{plan} {k} ".encode() * 50)
    (final / TIME).write_text(made)
    for name, content in more.items():
        (final / name).write_bytes(content)
    receipt = Receipt(
        session=NAME,
        plan_digest=plan,
        program_version="0.1.0",
        created=made,
        options={},
        sources=(),
        files=commit.list_files(final, {}),
        series=(),
        findings=(),
        nwb_digest="nwb",
    )
    (final / "receipt.json").write_text(receipt.as_text())
    return receipt


def outputs_of(bucket: Bucket, endpoint: str | None = None, folder: str = "out") -> OutputStore:
    """The outputs in a bucket."""
    return OutputStore(StorePlace(BucketAddress(bucket.name, folder), endpoint or address(), with_credentials=True))


def publish(store: OutputStore, folder: Path, receipt: Receipt, replaces: str | None = None) -> Receipt:
    """Publish an output that `small_output` has made."""
    return store.publish(folder / NAME, receipt, replaces=replaces, sources="", now=NOW)


def hold_whole(bucket: Bucket, receipt: Receipt, prefix: str = f"out/{NAME}") -> None:
    """Assert that a finished output is there: what its receipt lists, every byte of it, and nothing else."""
    text = bucket.get(f"{prefix}/receipt.json").decode()
    assert Receipt.from_text(text) == receipt
    listed = {key.removeprefix(f"{prefix}/") for key in bucket.objects(f"{prefix}/")}
    assert listed == {entry.path for entry in receipt.files} | {"receipt.json"}
    for entry in receipt.files:
        content = bucket.get(f"{prefix}/{entry.path}")
        assert (len(content), _sha256(content)) == (entry.size_bytes, entry.sha256), entry.path


def left_in(scratch: Path) -> list[Path]:
    """What is left in a scratch folder of the files that were fetched and made there."""
    return [path for path in scratch.rglob("*") if path.is_file() and path.parent.name != ".checksums"]


def _sha256(content: bytes) -> str:
    from hashlib import sha256

    return sha256(content).hexdigest()
