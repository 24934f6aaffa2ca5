import pickle
import shutil
from pathlib import Path

import numcodecs
import numpy as np
import pytest
import zarr

import view
from tests.conversions import convert, sessions_in
from tests.data_conversion.test_reference_codec import Touch
from tests.recordings import SCOPE, small_recording
from tests.s3_server import Bucket, address


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("view")
    truth = small_recording(folder / "data")
    (session,) = sessions_in(folder / "data")
    output = convert(session, folder / "results").output
    return truth.devices[SCOPE.folder_name], str(output / f"{session.name}.nwb.zarr")


def test_scopes_are_shown_upright_and_at_their_times(made):
    truth, store = made
    first = next(one for one in view.layers_of(store) if one.name == SCOPE.folder_name)
    np.testing.assert_array_equal(first.data[3].compute(), truth.frame(3))
    stamps_s = np.asarray(truth.rows.stamp_ms) / 1000
    assert first.translate[0] == pytest.approx(stamps_s[0])
    assert first.translate[0] + first.scale[0] * (len(stamps_s) - 1) == pytest.approx(stamps_s[-1])


def test_a_store_in_a_public_bucket_is_read_over_its_address(made, monkeypatch):
    bucket = Bucket()
    bucket.put_folder(Path(made[1]), "lab/store.nwb.zarr")
    monkeypatch.setenv("AWS_ENDPOINT_URL", address())
    (there, here) = (view.layers_of(store) for store in (f"{bucket}/lab/store.nwb.zarr", made[1]))
    assert [one.name for one in there] == [one.name for one in here]
    np.testing.assert_array_equal(there[0].data[3].compute(), here[0].data[3].compute())


def test_a_hostile_store_is_shown_without_running_what_it_says(made, tmp_path):
    store, trap = tmp_path / "hostile.nwb.zarr", tmp_path / "trap"
    shutil.copytree(made[1], store)
    name = f"acquisition/OnePhotonSeries_{SCOPE.folder_name}/timestamps"
    stamps = zarr.open_group(str(store), "a").empty(
        name, shape=(1,), dtype=object, object_codec=numcodecs.Pickle(), compressor=None, overwrite=True
    )
    stamps.store[f"{name}/0"] = pickle.dumps(Touch(str(trap)))
    zarr.consolidate_metadata(str(store))
    with pytest.raises(pickle.UnpicklingError):
        view.layers_of(str(store))
    assert not trap.exists()


def test_without_napari_it_says_how_to_get_it(made, capsys):
    assert view.main([made[1]]) == 2
    assert "uv run --with" in capsys.readouterr().err
