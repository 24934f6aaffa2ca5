"""What holds for all tests."""

from hypothesis import settings

# machines are shared: how long an example takes says nothing of the program
settings.register_profile("shared machine", parent=settings(), deadline=None)
settings.load_profile("shared machine")
