import pytest

from tests.browser import chromium


@pytest.fixture(scope="session")
def browser():
    program = chromium.find()
    if program is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    started = chromium.Chromium(program)
    yield started
    started.close()
