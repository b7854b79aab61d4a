"""`python -m graphflow SCRIPT [ARGS]` runs a program that imports TensorFlow, unmodified, on GraphFlow.

    python -m graphflow train.py --steps=100
    python -m graphflow -m package.train --steps=100
    python -m graphflow warmup

Holds no state; `as_tensorflow` says what `import tensorflow` then means.
"""

import os
import runpy
import sys

USAGE = """usage: python -m graphflow SCRIPT [ARGS]
       python -m graphflow -m MODULE [ARGS]
       python -m graphflow warmup

Runs a Python program that imports TensorFlow 1 with GraphFlow in its place; or compiles the kernels that
most programs use, into the cache (GRAPHFLOW_CACHE_DIR, else the user's cache directory)."""


def run_script(arguments):
    """Runs the file `arguments[0]` as the main program, with the rest as its arguments."""
    from graphflow.as_tensorflow import install_as_tensorflow

    if not os.path.exists(arguments[0]):
        print(f"python -m graphflow: no such file: {arguments[0]}", file=sys.stderr)
        sys.exit(2)
    install_as_tensorflow()
    sys.argv[:] = arguments
    sys.path[0] = os.path.dirname(os.path.abspath(arguments[0]))
    runpy.run_path(arguments[0], run_name="__main__")


def run_module(arguments):
    """Runs the module `arguments[0]` as the main program, found from the working directory."""
    from graphflow.as_tensorflow import install_as_tensorflow

    if not arguments:
        sys.exit(USAGE)
    install_as_tensorflow()
    sys.argv[:] = arguments
    sys.path[0] = os.getcwd()
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)


def run_warmup(arguments):
    """Fills the kernel cache."""
    from graphflow.warmup import main as warm_up_all

    warm_up_all(arguments)


# First argument -> what takes the others; anything else is a script.
COMMANDS = {"-m": run_module, "warmup": run_warmup}


def main(arguments):
    """Runs what the command line says; prints the usage and exits 2 if it says nothing."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE, file=sys.stderr if not arguments else sys.stdout)
        sys.exit(0 if arguments else 2)
    command = COMMANDS.get(arguments[0])
    if command is not None:
        command(arguments[1:])
    else:
        run_script(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
