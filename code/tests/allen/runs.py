"""Run a data set from the command line, and look at what it left."""

from contextlib import contextmanager

import boto3
from hdmf_zarr import NWBZarrIO
from moto.server import ThreadedMotoServer

from miniscope_to_nwb_zarr.core.receipt import Receipt
from miniscope_to_nwb_zarr.run.main import main


def run(dataset, results, *more):
    return main(["--dataset", dataset, "--results_dir", str(results), "--workers", "1", *map(str, more)], {})


def receipt_of(results, name):
    return Receipt.from_text((results / name / "receipt.json").read_text())


def store_of(results, name):
    return results / name / f"{name}.nwb.zarr"


@contextmanager
def opened(results, name):
    with NWBZarrIO(str(store_of(results, name)), "r") as io:
        yield io.read()


def outputs(results):
    return sorted(path.name for path in results.iterdir() if not path.name.startswith(("run-", ".")))


def doubts(results, name):
    """Findings that deserve a look, as (code, where); not the facts that only the lab knows."""
    found = [one for one in receipt_of(results, name).findings if one.code != "fact_missing"]
    return [(str(one.code), one.where) for one in found if one.severity != "info"]


@contextmanager
def bucket(name, below, folder, monkeypatch):
    """A server of S3 on this machine that holds a folder's files."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
        client = boto3.client("s3", **keys)
        client.create_bucket(Bucket=name)
        for path in (path for path in folder.rglob("*") if path.is_file()):
            key = "/".join([*below, path.relative_to(folder).as_posix()])
            client.put_object(Bucket=name, Key=key, Body=path.read_bytes(), ACL="public-read")
        yield
    finally:
        server.stop()
