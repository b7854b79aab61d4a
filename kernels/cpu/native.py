"""Compiled functions of the cpu tier: found by name, compiled on demand, cached on disk.

A native function is `int32 f(int64* block)`. Its Python source is what a *template* in
`kernels/cpu/source/` returns, and it is named by template and arguments:

    add = native.function("elementwise.binary", "Add", "float32")
    add.ready()        # compiled in this process, or on disk? Never compiles, imports no Numba.
    add.address        # machine address; compiles if need be
    native.compile_in_background([add])

The disk cache holds object files (see `object_cache.py`), keyed by everything they depend on: the
sources of all templates, the compilers' versions, the CPU. Only compiling imports Numba, so a
process whose kernels are all on disk never does.

State: the functions named so far, the cache, the background compiler.
"""

import hashlib
import importlib
import importlib.util
import os
import platform
import sys
import threading
import warnings

from . import compiler, object_loader
from .object_cache import ObjectCache

# Error codes of kernels. A kernel that can fail keeps its block's first two words for the details.
OK = 0
INDEX_OUT_OF_RANGE = 1      # word 0: flat position in the index tensor, word 1: the index
CANCELLED = 2
DIVISION_BY_ZERO = 3        # word 0: flat position
PAUSED = 4                  # no error: the kernel wants to be called again, after Python has looked in
ASSERTION_FAILED = 5
EMPTY_RANGE = 6
SINGULAR = 7
NOT_POSITIVE_DEFINITE = 8
NO_EIGENVALUES = 9
NO_SINGULAR_VALUES = 10
CALL_FAILED = 9             # of a step that the tape called: it keeps the error
# What to say where the reference kernel finds no fault: another order of rounding may make the difference.
MESSAGES = {SINGULAR: "Input matrix is not invertible.",
            NOT_POSITIVE_DEFINITE: "Cholesky decomposition was not successful. The input might not be valid.",
            NO_EIGENVALUES: "Self-adjoint eigen decomposition was not successful. The input might not be valid.",
            NO_SINGULAR_VALUES: "Singular value decomposition was not successful. The input might not be valid."}

# Seconds before compiling begins: the step that asked for it runs first, undisturbed.
_PATIENCE = 0.2

_functions = {}
_lock = threading.RLock()
_cache = None
_fingerprint = None


def cache():
    """The process's ObjectCache."""
    global _cache
    if _cache is None:
        _cache = ObjectCache()
    return _cache


def _cpu_identity():
    """What tells one CPU model from another, without asking LLVM (40 ms)."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            lines = file.read(16384).split("\n\n")[0].splitlines()
    except OSError:
        return platform.machine() + platform.processor()
    wanted = ("vendor_id", "cpu family", "model", "flags", "Features", "CPU implementer",
              "CPU part")
    return "\n".join(line for line in lines if line.split("\t")[0].strip() in wanted)


def fingerprint():
    """Hash of what all compiled code depends on: sources, compilers, Python, CPU."""
    global _fingerprint
    if _fingerprint is None:
        digest = hashlib.sha256()
        here = os.path.dirname(os.path.abspath(__file__))
        folders = [os.path.join(here, "source"), os.path.join(os.path.dirname(here), "scalar")]
        for folder in folders:
            for name in sorted(os.listdir(folder)):
                if name.endswith(".py"):
                    with open(os.path.join(folder, name), "rb") as file:
                        digest.update(file.read())
        with open(os.path.join(here, "compiler.py"), "rb") as file:
            digest.update(file.read())
        for package in ("numba", "llvmlite"):       # their version files, without importing them
            folder = os.path.dirname(importlib.util.find_spec(package).origin)
            with open(os.path.join(folder, "_version.py"), "rb") as file:
                digest.update(file.read())
        parts = [sys.version, sys.platform, _cpu_identity()]
        digest.update("\n".join(parts).encode())
        _fingerprint = digest.digest()
    return _fingerprint


class NativeFunction:
    """One compiled kernel, by name. Made by `function`; cheap until its address is asked for."""

    __slots__ = ("template", "arguments", "_key", "_address", "_compiling")

    def __init__(self, template, arguments):
        self.template = template
        self.arguments = arguments
        self._key = None
        self._address = None
        self._compiling = threading.Lock()

    def __repr__(self):
        return f"{self.template}({', '.join(map(str, self.arguments))})"

    @property
    def key(self):
        """Name of the cache entry: a hash of this function's name and the fingerprint."""
        if self._key is None:
            self._key = hashlib.sha256(fingerprint() + repr(self).encode()).hexdigest()[:32]
        return self._key

    def ready(self):
        """Whether `address` can be had without compiling."""
        return self._address is not None or self.key in cache()

    @property
    def address(self):
        """Machine address of the code; loads it from disk or compiles it on first use."""
        if self._address is None:
            with self._compiling:
                if self._address is None:
                    self._address = self._load()
        return self._address

    def _load(self):
        body = cache().read(self.key) if self.key in cache() else None
        if body is None:
            body = compiler.compile_object(self.python_function(), self.key)
            cache().write(self.key, body)
        return object_loader.load(body) or compiler.load_object(body, self.key)

    def python_function(self):
        """The kernel as a Python function over its block (imports Numba)."""
        module, name = self.template.split(".")
        source = importlib.import_module(f"{__package__}.source.{module}")
        return getattr(source, name)(*self.arguments)

    def components(self):
        """The functions to compile: itself."""
        return (self,)

    def compile_in_background(self):
        """Has this function compiled behind the program's back; returns at once."""
        compile_in_background([self])


class Code:
    """Argument word: the address of a native function."""

    __slots__ = ("function",)

    def __init__(self, function):
        self.function = function


class Composite:
    """A native function that works through others: ready when all are.

    `prepare` is called once its address is wanted, for what must run by then.
    """

    __slots__ = ("_parts", "_prepare")

    def __init__(self, parts, prepare):
        self._parts = parts
        self._prepare = prepare

    def __repr__(self):
        return f"{self._parts[0].template} of {self._parts[-1]}"

    def ready(self):
        """Whether nothing is left to compile."""
        return all(part.ready() for part in self._parts)

    @property
    def address(self):
        """Machine address of the first function."""
        self._prepare()
        return self._parts[0].address

    def components(self):
        """The functions to compile."""
        return self._parts


def function(template, *arguments):
    """The native function of `source/<module>.py`'s template "module.name" for string arguments."""
    name = (template, arguments)
    found = _functions.get(name)
    if found is None:
        with _lock:
            found = _functions.setdefault(name, NativeFunction(template, arguments))
    return found


def _try_compiling(item):
    """Compiles for the background thread, which must outlive what cannot be compiled.

    A program that needs the function at once gets the error from `address` itself.
    """
    try:
        item.address  # noqa: B018  (compiles)
    except Exception as error:  # noqa: BLE001
        warnings.warn(f"{item!r} could not be compiled and runs on NumPy: {error}", RuntimeWarning, stacklevel=2)


class _BackgroundCompiler:
    """Compiles in one subprocess at a time, which fills the disk cache.

    A subprocess because compiling holds Python's lock: in a thread it would take half of the
    program's throughput. Where no cache can be written, a thread is all there is.
    """

    def __init__(self):
        self._pending = {}
        self._asked = set()
        self._thread = None
        self._hurry = threading.Event()

    def ask(self, functions):
        """Queues what is neither ready nor asked for already."""
        with _lock:
            for item in (part for whole in functions for part in whole.components()):
                if item not in self._asked and not item.ready():
                    self._asked.add(item)
                    self._pending[item] = None
            if self._pending and self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True,
                                                name="graphflow-compiler")
                self._thread.start()

    def _work(self):
        self._hurry.wait(_PATIENCE)
        while True:
            with _lock:
                batch, self._pending = list(self._pending), {}
                if not batch:
                    self._thread = None
                    return
            if not cache().writable or not _compile_in_subprocess(batch):
                for item in batch:
                    _try_compiling(item)

    def wait(self, timeout=None):
        """Waits until everything asked for is compiled."""
        thread = self._thread
        if thread is not None:
            self._hurry.set()
            thread.join(timeout)
            self._hurry.clear()


def _compile_in_subprocess(functions):
    """Whether a subprocess compiled all of `functions` into the cache."""
    import subprocess

    lines = "\n".join("\t".join((item.template, *item.arguments)) for item in functions)
    root = os.path.dirname(os.path.dirname(os.path.abspath(sys.modules["graphflow"].__file__)))
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join(
        [root, *filter(None, [environment.get("PYTHONPATH")])])
    environment["GRAPHFLOW_CACHE_DIR"] = os.path.dirname(cache().directory)
    program = ("from graphflow.framework.kernel_loader import kernels\n"
               "kernels('cpu.native').compile_lines()")
    try:
        done = subprocess.run([sys.executable, "-c", program], input=lines, text=True, check=False,
                              env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        return False
    return done.returncode == 0 and all(item.ready() for item in functions)


def compile_lines(stream=None):
    """Compiles the functions that `stream` (stdin) names, one per line: the subprocess's main."""
    if hasattr(os, "nice"):
        os.nice(5)      # the program that we work for runs meanwhile; 19 would be 1 % of a busy core
    for line in (stream or sys.stdin).read().splitlines():
        template, *arguments = line.split("\t")
        item = function(template, *arguments)
        if not item.ready():
            cache().write(item.key, compiler.compile_object(item.python_function(), item.key))


_background = _BackgroundCompiler()


def compile_in_background(functions):
    """Has `functions` compiled in a subprocess; returns at once. Poll their `ready()`."""
    _background.ask(functions)


def wait_for_background(timeout=None):
    """Waits until all that was asked for in the background is compiled (tests, warm-up)."""
    _background.wait(timeout)


def _after_fork():
    """A child has no background thread, and its parent may have held the locks."""
    global _background, _lock
    _lock = threading.RLock()
    _background = _BackgroundCompiler()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
