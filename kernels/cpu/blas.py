"""Matrix products and decompositions from an OpenBLAS of our own (the package scipy-openblas32), by pointer.

Ours means: loaded by path, one thread (graphflow splits products itself), and told which kernels suit
the CPU where its own detection errs. It takes Zen 5 for a CPU without AVX-512, which halves its speed,
and gives Zen 4, which does 512 bits in two halves, kernels for AVX-512 that are 5 to 8 % slower there
than those for 256 bits (1024^3 in float32: 103 and 109 GFLOP/s of 118). The environment variables this
takes are set only while the library loads, and a core type that the user chose is respected.
State: the loaded library.
"""

import ctypes
import glob
import importlib.util
import os

_library = None
_addresses = {}


def _path():
    spec = importlib.util.find_spec("scipy_openblas32")
    folder = os.path.join(os.path.dirname(spec.origin), "lib")
    found = sorted(path for path in glob.glob(os.path.join(folder, "*scipy_openblas*"))
                   if path.endswith((".so", ".dylib", ".dll")))
    if not found:
        raise OSError(f"no OpenBLAS library in {folder}; reinstall scipy-openblas32")
    return found[0]


def _processor():
    """What Linux says of the first CPU: name -> value."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            lines = file.read(16384).split("\n\n")[0].splitlines()
    except OSError:
        return {}
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def has_avx512():
    """Whether this CPU has the AVX-512 that OpenBLAS's SkylakeX kernels need."""
    flags = set(_processor().get("flags", "").split())
    return {"avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512cd"} <= flags


def zen():
    """4 on Zen 4, which does 512 bits in two halves; 5 on later ones; 0 on other CPUs, and those without AVX-512."""
    cpu = _processor()
    if not has_avx512() or cpu.get("vendor_id") != "AuthenticAMD":
        return 0
    return {"25": 4, "26": 5}.get(cpu.get("cpu family"), 0)


def _core_type():
    """OpenBLAS's name for the kernels that suit this CPU, or None: let it choose."""
    if not has_avx512():
        return None
    return "Haswell" if zen() == 4 else "SkylakeX"


def _environment():
    """Environment for loading: variable -> value."""
    wanted = {"OPENBLAS_NUM_THREADS": "1"}
    core = _core_type()
    if core is not None and "OPENBLAS_CORETYPE" not in os.environ:
        wanted["OPENBLAS_CORETYPE"] = core
    return wanted


def library():
    """The OpenBLAS library (ctypes.CDLL), loaded on first use."""
    global _library
    if _library is None:
        wanted = _environment()
        before = {name: os.environ.get(name) for name in wanted}
        os.environ.update(wanted)
        try:
            loaded = ctypes.CDLL(_path())
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
        loaded.scipy_openblas_set_num_threads(1)
        _library = loaded
    return _library


def core_name():
    """The core type whose kernels OpenBLAS uses, e.g. "SkylakeX"."""
    function = library().scipy_openblas_get_corename
    function.restype = ctypes.c_char_p
    return function().decode()


def address(name):
    """Machine address of a CBLAS function, e.g. "sgemm" for cblas_sgemm."""
    return _address(f"scipy_cblas_{name}")


def lapack_address(name):
    """Machine address of a function of LAPACK, as Fortran calls it: all arguments are addresses."""
    return _address(f"scipy_{name}_")


def _address(symbol):
    found = _addresses.get(symbol)
    if found is None:
        found = _addresses[symbol] = ctypes.cast(getattr(library(), symbol), ctypes.c_void_p).value
    return found
