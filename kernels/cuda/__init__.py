"""The cuda kernels, one file per op family.

The contract. A maker gets a KernelContext with all shapes known, and returns `run` or None: not
supported here, use the next tier. It chooses the variant, the grid, the block and the stream once;
`run(*inputs, *outputs)` only launches, and never waits for the device:

    run = registry.cuda.find("Exp", "unary", attrs)(ctx)
    run(x, y)           # flat device arrays; y holds exp(x) when the stream gets there

* Device arrays are flat: one-dimensional, dense, row-major, of the context's dtypes and sizes.
  Shapes are the maker's business, so compiled code knows dtypes and numbers of dimensions only.
* Inputs that the maker took from `ctx.value(i)` are passed to `run` and not looked at.
* An elementwise kernel may write into an operand of the output's shape and dtype size; others not.
* A maker may keep device memory for itself (partial sums, tables): what it bound runs on one stream.
* A device cannot raise. Indices are checked before memory is touched; each kernel says what a bad
  one gives.
* The same shapes give the same bits: no atomics on floats, the trees of sums depend on shapes only.

Makers import no Numba until one runs: `source/` has the device code, as templates by dtype whose
results are kept, so that nothing is compiled twice. With NUMBA_ENABLE_CUDASIM=1, set before Numba is
imported, all of this runs in Numba's simulator, without a GPU.
"""
