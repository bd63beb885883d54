"""Importing one module of a package whose own import takes seconds."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def import_alone(name: str) -> ModuleType:
    """The module `name` ("package.folder.module"), without running the `__init__` of its packages.

    `--help` of a command needs its arguments, and not the torch that its package imports.
    """
    if name in sys.modules:
        return sys.modules[name]
    package, *rest = name.split(".")
    found = importlib.util.find_spec(package)  # of a top-level package: finds it without importing it
    path = Path(found.origin).parent.joinpath(*rest).with_suffix(".py")
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
