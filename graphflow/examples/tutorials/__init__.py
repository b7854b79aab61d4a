"""Helper modules of the TensorFlow 1.x tutorials. Holds no state."""
