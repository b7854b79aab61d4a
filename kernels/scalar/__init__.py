"""Scalar functions of elementwise ops, written once for all compiled targets."""
