"""The one place that imports `graphflow.kernels`.

Installed, the folder `kernels/` is the package `graphflow.kernels`; in a checkout it stands beside
`graphflow/`, and is loaded under that name from there. Holds no state of its own.
"""

import importlib
import importlib.util
import os
import sys

_NAME = "graphflow.kernels"


def _load_package():
    if _NAME in sys.modules:
        return
    if importlib.util.find_spec(_NAME) is None:
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        folder = os.path.join(root, "kernels")
        spec = importlib.util.spec_from_file_location(
            _NAME, os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
        )
        module = importlib.util.module_from_spec(spec)
        sys.modules[_NAME] = module
        spec.loader.exec_module(module)


def kernels(module):
    """The module `graphflow.kernels.<module>`, e.g. "registry" or "cpu.tape"."""
    _load_package()
    return importlib.import_module(f"{_NAME}.{module}")
