"""The public namespace `tf.test`: what programs use to test their graphs.

`test_case` has TestCase with its sessions, `assertions` its checks, `gradient_checker` compares
gradients with differences, `benchmark` times ops, `environment` answers questions about this machine.
This module holds no state; public names load on first use.
"""

from graphflow.framework import api as _api

__getattr__, __dir__ = _api.namespace(__name__)
