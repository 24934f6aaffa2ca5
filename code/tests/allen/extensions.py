"""Extensions of the Allen data sets as our own minimal definitions, for the files that tests make.

They are loaded into a manager of their own, never into pynwb's: a file is read by what it carries along.
"""

from pathlib import Path

import pynwb
from hdmf.build import BuildManager

NAMESPACES = Path(__file__).parent / "namespaces"


class Extensions:
    """The classes of some namespaces, by name, and a manager that can write them."""

    def __init__(self, *names):
        self._names = names
        self._types = pynwb.get_type_map()
        for name in names:
            self._types.load_namespaces(str(NAMESPACES / f"{name}.namespace.yaml"))

    @property
    def manager(self):
        return BuildManager(self._types)

    def __getattr__(self, data_type):
        known = self._types.namespace_catalog
        for name in self._names:
            if data_type in known.get_namespace(name).get_registered_types():
                return self._types.get_dt_container_cls(data_type, name)
        raise AttributeError(data_type)
