"""Credentials in addresses and in the environment: in nothing that a run writes or says, also when it fails."""

import json

import pytest

from miniscope_to_nwb_zarr.aind_data_schema.metadata_service import CLIENT
from miniscope_to_nwb_zarr.buckets import patience
from miniscope_to_nwb_zarr.buckets.object_store import StorePlace
from miniscope_to_nwb_zarr.core.addresses import BucketAddress
from miniscope_to_nwb_zarr.core.errors import ExitCode, TemporaryError, UsageError
from miniscope_to_nwb_zarr.core.secrets import without_secrets
from miniscope_to_nwb_zarr.run.main import main
from tests.faults.program import run_in_child, words_for
from tests.metadata_server import RECORD, serving

USER, SECRET = "jane-of-the-lab", "pass-w0rd-that-is-secret"
AMAZON = {
    "AWS_ACCESS_KEY_ID": "AKIA0000SECRETKEYID0",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCY",
    "AWS_SESSION_TOKEN": "token-that-is-secret",
}
SECRETS = (USER, SECRET, *AMAZON.values())


def with_credentials(url):
    scheme, _, place = url.partition("://")
    return f"{scheme}://{USER}:{SECRET}@{place}"


def shown_in(text):
    return [secret for secret in SECRETS if secret in text]


@pytest.mark.parametrize(("status", "code"), [(200, ExitCode.DONE), (500, ExitCode.DONE), (None, ExitCode.DONE)])
def test_a_run_writes_and_says_no_credentials(status, code, tmp_path, monkeypatch):
    pytest.importorskip(CLIENT, reason="the optional extra metadata-service is not installed")
    for name, value in AMAZON.items():
        monkeypatch.setenv(name, value)
    with serving(status or 200, json.dumps(RECORD).encode()) as (url, asked):
        place = url if status else "http://127.0.0.1:9"
        options = {"metadata_service": with_credentials(place), "subject_id": "m-1", "existing": "verify"}
        words = words_for("Miniscope Open Ephys", tmp_path / "results", **options, log_level="info")
        said = run_in_child(words, tmp_path / "said")
    assert said.code == code, said
    assert bool(asked) == bool(status)
    assert "127.0.0.1" in said.err or status == 200
    assert not shown_in(said.out + said.err)
    files = [path for path in (tmp_path / "results").rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert not shown_in(path.read_bytes().decode("latin-1")), path


@pytest.mark.parametrize(
    "words",
    [
        ["--metadata_service", f"ftp://{USER}:{SECRET}@host"],
        ["--metadata_service", f"http://{USER}:{SECRET}/x@host:port"],
        ["--metadata_service", with_credentials("http://")],
        ["--dataset", "Visual Coding Ephys", "--data_dir", with_credentials("s3://bucket/folder")],
        ["--dataset", "Visual Coding Ephys", "--data_dir", f"s3://{USER}:{SECRET}/x@bucket/folder"],
        ["--metadata_service", f"{USER}:{SECRET}@host/x"],
        ["--data_dir", f"https://{USER}:{SECRET}@host/folder"],
        ["--data_dir", f"https://bucket.s3.amazonaws.com/folder?X-Amz-Signature={SECRET}"],
        ["--results_dir", f"http:/{USER}:{SECRET}@host/folder"],
    ],
)
def test_an_address_that_is_refused_is_shown_without_its_credentials(words, tmp_path, capsys):
    given = ["--data_dir", str(tmp_path), "--results_dir", str(tmp_path / "results"), "--json", "True", *words]
    assert main(given, {}) == ExitCode.USAGE
    said = capsys.readouterr()
    assert words[-2] in said.err or "credentials" in said.err
    assert not shown_in(said.out + said.err)


@pytest.mark.parametrize(
    "text",
    [
        f"https://{USER}:{SECRET}@host/x",
        f"s3:/{USER}:{SECRET}@bucket/x",
        f"GET https://host/x?a=1&X-Amz-Signature={SECRET}&X-Amz-Credential={USER} failed",
        f"s3://bucket/f%3FX-Amz-Security-Token%3D{SECRET}%26x=1",
        f"http://host/api?Token={SECRET}",
    ],
)
def test_what_stands_in_an_address_is_left_out(text):
    assert not shown_in(without_secrets(text))


def test_what_is_no_address_stays():
    for text in ("C:/data/lab@home/0.avi", "jane@lab.org: 3 frames", "/data/a?b=c", "M1: 12 of 13 @ 20 Hz"):
        assert without_secrets(text) == text


def test_a_store_that_does_not_answer_is_shown_without_credentials(monkeypatch):
    for name, value in AMAZON.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", with_credentials("http://127.0.0.1:9"))
    monkeypatch.setattr(patience, "_TRIES_WITHOUT_ANSWER", 1)
    with pytest.raises(TemporaryError, match="connection failed") as error:
        StorePlace(BucketAddress("bucket", "folder"), with_credentials=True).open().files()
    assert "127.0.0.1" in str(error.value)
    assert not shown_in(str(error.value))


def test_a_bucket_with_credentials_is_told_how_to_give_them():
    with pytest.raises(UsageError, match="AWS_ACCESS_KEY_ID") as error:
        BucketAddress.parse(with_credentials("s3://bucket/folder"))
    assert not shown_in(str(error.value))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://jane:word@host/x", "http://***@host/x"),
        ("http://jane@host", "http://***@host"),
        ("http://jane:w@r/d@host and s3://a:b@c", "http://***@host and s3://***@c"),
        ("http://host/x: jane@lab.edu", "http://host/x: jane@lab.edu"),
        ("nothing", "nothing"),
    ],
)
def test_only_credentials_are_left_out_of_an_address(text, shown):
    assert without_secrets(text) == shown
