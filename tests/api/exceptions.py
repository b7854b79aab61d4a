"""Public names whose signature differs from TensorFlow 1.15's on purpose, and why."""

REASONS = {
    # Programs get operations and tensors from a graph; nobody calls these.
    "Operation.__init__": "made by graphs, from what our graphs know",
    "Tensor.__init__": "made by operations, which give the static shape along",
    "all_variables": "tf.global_variables under its older name, whose scope it takes",
    # One function is TensorFlow's public and its internal one.
    "convert_to_tensor": "as_ref, last, is the internal function's, which programs import from framework.ops",
    # TensorFlow's decorator hides what it takes.
    "train.Coordinator.stop_on_exception": "called on a Coordinator, without arguments, as there",
    # Recorded without arguments: a decorator hid them there.
    "train.Supervisor.managed_session": "the arguments are those that TensorFlow 1.15 documents",
    **{f"nn.rnn_cell.{cell}.build": "TensorFlow's decorator calls self `instance`"
       for cell in ("BasicLSTMCell", "BasicRNNCell", "GRUCell", "LSTMCell")},
    **{f"nn.rnn_cell.{cell}.__init__": "a class between ours and the user hides what it takes"
       for cell in ("DeviceWrapper", "DropoutWrapper", "ResidualWrapper")},
}
