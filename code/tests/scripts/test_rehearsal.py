"""The rehearsal of scripts/rehearsal.py with a few recordings: workers killed, requests that fail, and all is there."""

import rehearsal


def test_a_few_recordings_come_through(tmp_path, capfd):
    given = ["--recordings", "2", "--kills", "1", "--format", "hdf5", "--work", str(tmp_path)]
    assert rehearsal.main(given) == 0, capfd.readouterr().out
    said = capfd.readouterr().out
    assert "2 outputs in the bucket are what the plain run made" in said
    assert "met trouble" in said
