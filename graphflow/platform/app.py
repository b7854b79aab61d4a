"""`tf.app.run`. Holds no state."""

import sys

from graphflow.framework.api import tf_export


@tf_export("app.run")
def run(main=None, argv=None):
    """Parses the flags, calls `main(argv)` with the arguments that are none, and exits with its result.

    `main` defaults to the function of that name in the program. Arguments that are not known flags
    are passed to `main`, as in TensorFlow. Never returns: ends in SystemExit.
    """
    from absl import app

    from graphflow.platform.flags import FLAGS

    def parse(arguments):
        return FLAGS(sys.argv if arguments is None else arguments, known_only=True)

    app.run(main or sys.modules["__main__"].main, argv=argv, flags_parser=parse)
