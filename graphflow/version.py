"""The version of GraphFlow, and of the TensorFlow API it follows. Holds no state."""

VERSION = "0.1.0"
TF_API_VERSION = "1.15.0"
