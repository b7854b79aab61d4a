"""Op families: definition, shape rule, gradient, public function and documentation of each op.

One family a file; its kernels stand in `kernels/<device>/` under the same stem.
"""
