"""From a Python function to machine code, and into this process.

A kernel is `int32 f(int64* block)`. Either it writes its LLVM IR itself (`source/values.py`: 10 to
40 ms to compile) or it is a Python function that Numba types and lowers (50 to 150 ms, and 0.3 s
for the first); the module is then stripped to the one entry point and emitted as an object file.
Loading one never needs Numba, which is why its own cache is not used, and llvmlite (0.3 ms per kernel) only
where `object_loader.py` can't. Kernels must not raise or allocate: they return an error code.

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
    llvm.initialize_native_asmparser()      # for inline assembly
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3,
        reloc="default", codemodel="jitdefault", jit=True)


def compile_object(kernel, key):
    """Compiles a kernel to the bytes of an object file whose entry point is named after `key`.

    `kernel` is an IrKernel or a Python function for Numba. Raises numba's errors for what Numba
    cannot compile, ValueError for a kernel that would call into Numba's runtime.
    """
    with _lock:
        return _target_machine().emit_object(_module(kernel, _ENTRY + key))


def assembly(kernel):
    """The machine code of a kernel as text, for a reader who wants to see what was vectorised."""
    with _lock:
        return _target_machine().emit_assembly(_module(kernel, _ENTRY))


def _module(kernel, name):
    """The optimised LLVM module of a kernel, all but `name` internal."""
    import llvmlite.binding as llvm
    if hasattr(kernel, "module_text"):
        module = llvm.parse_assembly(kernel.module_text(name))
        module.verify()
        _optimise(module)
    else:
        module = llvm.parse_assembly(_numba_text(kernel, name))
    for function in module.functions:
        if function.is_declaration:
            _check_external(function.name, kernel)
        elif function.name != name:
            function.linkage = "internal"
    for variable in module.global_variables:
        # Numba's per-function environment: nothing refers to it, and its name may come twice.
        if str(variable.linkage) in ("Linkage.common", "Linkage.external"):
            variable.linkage = "internal"
    return module


def _numba_text(python_function, name):
    """What Numba makes of a kernel: optimised LLVM IR."""
    from numba import cfunc, types
    signature = types.int32(types.CPointer(types.int64))
    # Inlined into its wrapper, so that the wrapper's handling of errors it has none of goes away.
    compiled = cfunc(signature, nopython=True, error_model="numpy", forceinline=True)(
        python_function)
    return compiled.inspect_llvm().replace(compiled.native_name, name)


def _optimise(module):
    import llvmlite.binding as llvm
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = options.slp_vectorization = options.loop_interleaving = True
    builder = llvm.create_pass_builder(_target_machine(), options)
    builder.getModulePassManager().run(module, builder)


def _check_external(name, kernel):
    if not name.startswith("llvm.") and name not in _LIBRARY:
        raise ValueError(f"kernel {kernel} calls {name}: "
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
