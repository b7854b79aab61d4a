"""What a Saver asks of things that it can save: their tensors, and how to set them again. Holds no state."""


class SaveSpec:
    """One tensor of a SaveableObject.

    Args: tensor: Tensor, or function that makes it. slice_spec: what part of which whole it is, "" for
      all. name: key in the checkpoint. dtype, device: of the tensor, needed where it is a function.
    """

    def __init__(self, tensor, slice_spec, name, dtype=None, device=None):
        if callable(tensor) and (dtype is None or device is None):
            raise AssertionError("When passing a callable `tensor` to SaveSpec, dtype and device must be given.")
        self._tensor = tensor
        self.slice_spec = slice_spec
        self.name = name
        self.dtype = (tensor.dtype if dtype is None else dtype).base_dtype
        self.device = tensor.device if device is None else device

    @property
    def tensor(self):
        """The tensor to save."""
        return self._tensor() if callable(self._tensor) else self._tensor


class SaveableObject:
    """Base of what can be saved and restored: subclasses say how in `restore`.

    Args: op: the thing itself. specs: list of SaveSpec. name: of the whole.
    """

    def __init__(self, op, specs, name):
        self.op = op
        self.specs = specs
        self.name = name

    @property
    def device(self):
        """Where its tensors are."""
        return self.specs[0].device

    def restore(self, restored_tensors, restored_shapes):
        """An operation that sets the object to what was read from a checkpoint.

        Args: restored_tensors: one per spec. restored_shapes: None, or the shapes to give them.
        """
        raise ValueError("Calling an abstract method.")
