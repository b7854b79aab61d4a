"""What TensorFlow 1.x shipped as `tensorflow.examples` and programs import: the tutorials' helpers.

Holds no state. The programs to read and run are in the repository's `examples/` folder.
"""
