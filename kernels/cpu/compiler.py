"""From a Python function to machine code, and into this process.

Numba types and lowers a kernel `int32 f(int64* block)`; its optimised LLVM IR is then stripped to
the one entry point and emitted as an object file. Loading an object file needs llvmlite alone:
1 ms per kernel and no Numba import (0.3 s), which is why Numba's own cache is not used. Kernels
must not raise or allocate: they return an error code.

State: the LLVM engine that holds all loaded code.
"""

import threading

_ENTRY = "graphflow_kernel_"
# What object files may call besides LLVM's own helpers: the C library, present in every process.
_LIBRARY = frozenset(
    name + suffix for suffix in ("", "f") for name in (
        "acos acosh asin asinh atan atan2 atanh cbrt ceil cos cosh erf erfc exp exp2 expm1 floor "
        "fma fmod ldexp lgamma log log10 log1p log2 pow round sin sinh sqrt tan tanh tgamma trunc "
        "frexp nextafter copysign rint").split()
) | {"memcpy", "memset", "memmove", "memcmp"}

_lock = threading.Lock()
_engine = None


def _target_machine():
    import llvmlite.binding as llvm
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3,
        reloc="default", codemodel="jitdefault", jit=True)


def compile_object(python_function, key):
    """Compiles a kernel to the bytes of an object file whose entry point is named after `key`.

    Raises numba's errors for what Numba cannot compile, ValueError for a kernel that would call
    into Numba's runtime.
    """
    import llvmlite.binding as llvm
    from numba import cfunc, types
    signature = types.int32(types.CPointer(types.int64))
    compiled = cfunc(signature, nopython=True, error_model="numpy")(python_function)
    text = compiled.inspect_llvm().replace(compiled.native_name, _ENTRY + key)
    with _lock:
        module = llvm.parse_assembly(text)
        for function in module.functions:
            if function.is_declaration:
                _check_external(function.name, python_function)
            elif function.name != _ENTRY + key:
                function.linkage = "internal"
        for variable in module.global_variables:
            # Numba's per-function environment: nothing refers to it, and its name may come twice.
            if str(variable.linkage) in ("Linkage.common", "Linkage.external"):
                variable.linkage = "internal"
        return _target_machine().emit_object(module)


def _check_external(name, python_function):
    if not name.startswith("llvm.") and name not in _LIBRARY:
        raise ValueError(f"kernel {python_function.__qualname__} calls {name}: "
                         "kernels may not raise or allocate")


def load_object(body, key):
    """Links an object file into this process; returns the address of its entry point."""
    import llvmlite.binding as llvm
    global _engine
    with _lock:
        if _engine is None:
            _engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target_machine())
        _engine.add_object_file(llvm.ObjectFileRef.from_data(body))
        _engine.finalize_object()
        return _engine.get_function_address(_ENTRY + key)


def assembly(python_function):
    """The machine code of a kernel as text, for a reader who wants to see what was vectorised."""
    import llvmlite.binding as llvm
    from numba import cfunc, types
    signature = types.int32(types.CPointer(types.int64))
    compiled = cfunc(signature, nopython=True, error_model="numpy")(python_function)
    return _target_machine().emit_assembly(llvm.parse_assembly(compiled.inspect_llvm()))


