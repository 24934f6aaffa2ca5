"""What holds for all tests."""

from hypothesis import settings

# machines are shared: how long an example takes says nothing of the program
settings.register_profile("shared machine", parent=settings(), deadline=None)
settings.load_profile("shared machine")


def pytest_collection_modifyitems(items):
    """Tests of faults come first: they fork this process, the faster the less it has imported."""
    items.sort(key=lambda item: "faults" not in item.path.parts)
