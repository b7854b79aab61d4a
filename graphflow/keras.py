"""Says that tf.keras is not here: importing this module raises ImportError. Holds no state."""

raise ImportError("tf.keras is not part of GraphFlow: use Keras 3 (pip install keras) for it.")
