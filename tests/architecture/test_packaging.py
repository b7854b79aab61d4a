"""setup.cfg lists every package by hand, because setuptools cannot both search and rename."""

import configparser

from tests.architecture.sources import PACKAGES, ROOT, module_name, python_files


def _setup():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config


def test_every_package_is_listed():
    listed = _setup()["options"]["packages"].split()
    found = sorted(module_name(path) for path in python_files(*PACKAGES)
                   if path.name == "__init__.py")
    wanted = "\n    ".join(["packages =", *found])
    assert listed == found, f"setup.cfg should say:\n{wanted}"


def test_folders_with_modules_are_packages():
    bare = {path.parent for path in python_files(*PACKAGES)
            if not (path.parent / "__init__.py").is_file()}
    assert not bare, f"these folders lack an __init__.py: {sorted(map(str, bare))}"


def test_nothing_but_graphflow_is_installed():
    listed = _setup()["options"]["packages"].split()
    assert {name.split(".")[0] for name in listed} == {"graphflow"}
