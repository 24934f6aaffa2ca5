"""The metadata service, as a real server on this machine that answers in every way that one can."""

import json
import sys
import time

import pytest

from miniscope_to_nwb_zarr.aind_data_schema import lab_facts, metadata_service
from miniscope_to_nwb_zarr.aind_data_schema.lab_facts import Stated, with_record
from miniscope_to_nwb_zarr.aind_data_schema.metadata_service import CLIENT, MetadataService
from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar, SubjectFacts
from miniscope_to_nwb_zarr.core.errors import InputError, UsageError
from tests.metadata_server import RECORD, serving

KNOWN = {
    "species": "Mus musculus",
    "sex": "F",
    "genotype": "Thy1-GCaMP6f/wt",
    "source": "Jackson Laboratory",
}


@pytest.fixture
def client():
    return pytest.importorskip(CLIENT, reason="the optional extra metadata-service is not installed")


def test_without_the_optional_package_a_sentence_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, CLIENT, None)
    with pytest.raises(UsageError, match=r"not installed.*uv sync --extra metadata-service.*leave the option out"):
        MetadataService("http://127.0.0.1:1")


@pytest.mark.usefixtures("client")
def test_a_record_is_read_in_the_words_of_the_session_metadata_file():
    with serving(body=json.dumps(RECORD).encode()) as (url, asked):
        facts, remarks = MetadataService(url).subject("m 1/2")
    assert facts.model_dump(mode="json", exclude_unset=True) == KNOWN | {"date_of_birth": "2025-12-01"}
    assert remarks == ()
    assert asked == ["/api/v2/subject/m%201%2F2"]


@pytest.mark.usefixtures("client")
def test_a_refused_record_is_read_from_the_body_of_the_refusal():
    old = RECORD | {"subject_details": RECORD["subject_details"] | {"date_of_birth": "Jan 2026", "sex": "male?"}}
    with serving(400, json.dumps(old).encode()) as (url, _):
        facts, remarks = MetadataService(url).subject("m1")
    assert facts.model_dump(exclude_unset=True) == {name: KNOWN[name] for name in ("species", "genotype", "source")}
    assert len(remarks) == 2
    assert all("it was not used" in remark for remark in remarks)
    assert "`Jan 2026`, expected a date as YYYY-MM-DD" in " ".join(remarks)


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"body": b""}, "is not a record"),
        ({"body": b"null"}, "is not a record"),
        ({"body": b"[1, 2]"}, "is not a record"),
        ({"body": b"<html>Sign in</html>", "content_type": "text/html"}, "is not a record"),
        ({"body": b"\xff\xfe\x00"}, "cannot be read"),
        ({"body": b'{"subject_details": '}, "127.0.0.1"),
        ({"status": 400, "body": b"Bad request"}, "is not a record"),
        ({"status": 400}, "is not a record"),
        ({"status": 404}, "has no record of the animal m1, or is not a metadata service"),
        ({"status": 422, "body": b'{"detail": []}'}, "422"),
        ({"status": 500, "body": b"oops"}, "500"),
        ({"status": 503}, "503"),
        ({"status": 302, "headers": (("Location", "/elsewhere"),)}, "127.0.0.1"),
    ],
)
def test_every_other_answer_is_a_sentence_and_nothing_more(answer, words):
    with serving(**answer) as (url, _):
        facts, (remark,) = MetadataService(url).subject("m1")
    assert facts == SubjectFacts()
    assert words in remark
    assert url in remark


@pytest.mark.usefixtures("client")
def test_a_service_that_hangs_is_left_after_the_time_out_and_not_asked_again(monkeypatch):
    monkeypatch.setattr(metadata_service, "_TIMEOUT_S", (0.3, 0.3))
    with serving(wait_s=60) as (url, asked):
        service = MetadataService(url)
        began = time.monotonic()
        facts, (remark,) = service.subject("m1")
        assert service.subject("m2") == (SubjectFacts(), ())
        seconds = time.monotonic() - began
    assert facts == SubjectFacts()
    assert "does not answer in time; check the address" in remark
    assert len(asked) == 1
    assert seconds < 3


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:1", "no server answers there"),
        ("http://no-such-host.invalid", "there is no server of that name"),
    ],
)
def test_a_service_that_is_not_there_is_a_sentence(url, words):
    _, (remark,) = MetadataService(url).subject("m1")
    assert remark.startswith(f"{url}: {words}; check the address and the network, or leave out --metadata_service")
    assert not [word for word in ("HTTPConnectionPool", "Caused by", "object at") if word in remark]


def lab(**subject):
    return Stated(Sidecar.model_validate({"subject": subject} if subject else {}), "lab.yml")


def test_the_record_fills_in_what_the_lab_does_not_say():
    stated, remarks = with_record(lab(sex="F", weight_g="23.1"), SubjectFacts.model_validate(KNOWN), "http://x")
    assert stated.facts.subject.model_dump(mode="json", exclude_unset=True) == KNOWN | {"weight_g": "23.1"}
    assert remarks == []


def test_another_species_is_another_animal():
    with pytest.raises(InputError, match=r"`Rattus norvegicus` in lab.yml, but `Mus musculus` in http://x"):
        with_record(lab(species="Rattus norvegicus"), SubjectFacts.model_validate(KNOWN), "http://x")


def test_of_other_disagreements_the_lab_is_right_and_it_is_said():
    stated, (remark,) = with_record(lab(sex="M"), SubjectFacts.model_validate(KNOWN), "http://x")
    assert stated.facts.subject.sex == "M"
    assert remark == "`subject.sex` is `M` in lab.yml, but `F` in http://x; `M` is used"


def test_an_age_of_the_lab_is_kept_beside_a_date_of_birth_of_the_service():
    record = SubjectFacts.model_validate(KNOWN | {"date_of_birth": "2025-12-01"})
    stated, (remark,) = with_record(lab(age="P90D"), record, "http://x")
    assert (stated.facts.subject.age, stated.facts.subject.date_of_birth) == ("P90D", None)
    assert "born on 2025-12-01" in remark
    assert lab_facts.facts_digest(stated.facts) != lab_facts.facts_digest(lab(age="P90D").facts)
