"""Data flows one way: which part of GraphFlow may import which, at any level of a file."""

import pytest

from tests.architecture.sources import (
    PACKAGES,
    imports,
    is_module,
    module_name,
    python_files,
    relative,
    report,
    top_level_imports,
)

# From the bottom up. A package may import itself and what stands before it, nothing after it.
LAYERS = [
    "protobuf",      # messages
    "framework",     # graphs, ops' definitions, types
    "io",            # file formats
    "platform",      # flags, logging, files by name
    "ops",
    "compiler",      # graph -> plan
    "runtime",       # plan -> numbers
    "client",        # Session
    "summary",
    "training",
    # What TensorFlow builds on top of training and sessions.
    "data", "losses", "metrics", "layers", "nn", "distributions",
    "saved_model", "feature_column", "estimator", "keras",
    "contrib", "examples",
    "test",          # tf.test
]

# Modules directly in graphflow/ that know nothing and may be imported by all.
LEAVES = {"graphflow.version", "graphflow.api_index"}

# `import graphflow as tf` reads the public names: for what is written as a user would write it.
USERS = {"feature_column", "estimator", "keras", "contrib", "examples"}

KERNEL_LOADERS = {"graphflow.framework.kernel_loader", "graphflow.runtime.kernel_loader"}

# What kernels may import. `scalar` and `registry` are what the three tiers share.
KERNELS_MAY_IMPORT = ("graphflow.framework", "graphflow.io", "graphflow.protobuf")
KERNELS_SHARED = ("graphflow.kernels.registry", "graphflow.kernels.scalar")
TIERS = ("reference", "cpu", "cuda")

COMPILERS = {"numba", "llvmlite"}
HEAVY = {"numba", "llvmlite", "scipy", "google", "networkx", "PIL", "matplotlib", "tensorboardX",
         "ml_dtypes", "tqdm", "sklearn"}
NEVER = {"tensorflow", "pickle", "dill", "cloudpickle", "six"}


def _layer(name):
    """The package below graphflow/ that a dotted name belongs to, or None for the top itself."""
    parts = name.split(".")
    if len(parts) > 1 and is_module(f"graphflow.{parts[1]}"):
        return parts[1]
    return None


def _within(name, packages):
    return any(name == package or name.startswith(package + ".") for package in packages)


def test_every_package_has_a_layer():
    folders = {p.parent.name for p in python_files("graphflow")
               if p.name == "__init__.py" and p.parents[1].name == "graphflow"}
    assert folders <= set(LAYERS), f"give these a place in LAYERS: {sorted(folders - set(LAYERS))}"


def test_arrows_point_down():
    rank = {name: i for i, name in enumerate(LAYERS)}
    problems = []
    for path in python_files("graphflow"):
        here = module_name(path)
        own = _layer(here)
        if own not in rank:
            continue
        for line, name in imports(path):
            if name.split(".")[0] != "graphflow" or name in LEAVES:
                continue
            layer = _layer(name)
            allowed = own in USERS if layer is None else rank.get(layer, len(rank)) <= rank[own]
            if not allowed:
                problems.append(f"{relative(path)}:{line}: {own} must not import {name}")
    report(problems)


def test_one_file_loads_kernels():
    """Kernels are found by name, through one loader: `graphflow` imports without them."""
    problems = [f"{relative(path)}:{line}: only the kernel loader may import {name}"
                for path in python_files("graphflow") if module_name(path) not in KERNEL_LOADERS
                for line, name in imports(path) if _within(name, ["graphflow.kernels"])]
    report(problems)


def test_kernels_know_no_graphs():
    problems = []
    for path in python_files("kernels"):
        for line, name in imports(path):
            if name.split(".")[0] == "graphflow" and not _within(
                    name, (*KERNELS_MAY_IMPORT, "graphflow.kernels")):
                problems.append(f"{relative(path)}:{line}: a kernel must not import {name}")
    report(problems)


@pytest.mark.parametrize("tier", TIERS)
def test_tiers_are_independent(tier):
    """A tier that borrowed from another could not be checked against it."""
    own = f"graphflow.kernels.{tier}"
    others = [f"graphflow.kernels.{other}" for other in TIERS if other != tier]
    problems = [f"{relative(path)}:{line}: {tier} must not import {name}"
                for path in python_files("kernels") if _within(module_name(path), [own])
                for line, name in imports(path)
                if _within(name, others) and not _within(name, KERNELS_SHARED)]
    report(problems)


def test_compilers_stay_in_kernels():
    problems = [f"{relative(path)}:{line}: {name} is imported under kernels/ only"
                for path in python_files("graphflow")
                for line, name in imports(path) if name.split(".")[0] in COMPILERS]
    report(problems)


def test_absl_serves_flags_and_tests():
    problems = [f"{relative(path)}:{line}: {name} is imported under platform/ and test/ only"
                for path in python_files(*PACKAGES)
                if not _within(module_name(path), ("graphflow.platform", "graphflow.test"))
                for line, name in imports(path) if name.split(".")[0] == "absl"]
    report(problems)


def test_heavy_packages_are_imported_late():
    """Nothing pays for a heavy package before it uses it; nor does a reference kernel."""
    files = [p for p in python_files(*PACKAGES)
             if not _within(module_name(p), ("graphflow.kernels.cpu", "graphflow.kernels.cuda"))]
    problems = []
    for path in files:
        for line, name in top_level_imports(path):
            heavy = name.split(".")[0] in HEAVY
            shared = name.split(".")[0] in COMPILERS and _within(module_name(path), KERNELS_SHARED)
            if heavy and not shared:
                problems.append(f"{relative(path)}:{line}: import {name} in the function using it")
    report(problems)


def test_nothing_is_imported_that_is_not_ours_to_need():
    problems = [f"{relative(path)}:{line}: {name} must not be imported"
                for path in python_files(*PACKAGES)
                for line, name in imports(path) if name.split(".")[0] in NEVER]
    report(problems)
