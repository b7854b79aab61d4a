"""Device names: `/job:worker/replica:0/task:1/device:GPU:0`, parsed, merged and written.

Holds no state and knows no real devices; the runtime does.
"""

from graphflow.framework.api import tf_export

_FIELDS = ("job", "replica", "task", "device_type", "device_index")


def _device_type(kind):
    """`kind` as text; the everyday types may be written in lower case."""
    kind = None if kind is None else str(kind)
    return kind.upper() if kind in ("cpu", "gpu") else kind


@tf_export("DeviceSpec")
class DeviceSpec:
    """A partial or full device name.

    Args: job (str), replica (int), task (int), device_type ("CPU", "GPU"), device_index (int); all
    optional. Raises ValueError if a string does not parse.
    """

    def __init__(self, job=None, replica=None, task=None, device_type=None, device_index=None):
        self.job = None if job is None else str(job)
        self.replica = None if replica is None else int(replica)
        self.task = None if task is None else int(task)
        self.device_type = _device_type(device_type)
        self.device_index = None if device_index is None else int(device_index)

    @classmethod
    def from_string(cls, spec):
        """A DeviceSpec from text such as "/cpu:0" or "/job:ps/task:1/device:GPU:*"."""
        return cls().parse_from_string(spec)

    def parse_from_string(self, spec):
        """Sets the fields from text and returns self."""
        self.__init__()
        for part in filter(None, spec.split("/")):
            self._parse_part(part.split(":"), spec)
        return self

    def _parse_part(self, items, spec):
        key = items[0].lower()
        if key in ("cpu", "gpu", "tpu", "device") and self.device_type is not None:
            raise ValueError(f"Cannot specify multiple device types: {spec!r}")
        try:
            if key == "job" and len(items) == 2:
                self.job = items[1]
            elif key in ("replica", "task") and len(items) == 2:
                setattr(self, key, int(items[1]))
            elif key in ("cpu", "gpu", "tpu") and len(items) <= 2:
                self._set_device(items[0], items[1] if len(items) == 2 else None)
            elif key == "device" and len(items) in (2, 3):
                self._set_device(items[1], items[2] if len(items) == 3 else None)
            else:
                raise ValueError
        except ValueError:
            raise ValueError(f"Unknown attribute: '{items[0]}' in device name {spec!r}: expected parts like "
                             "'/job:NAME', '/task:N', '/device:CPU:0' or '/cpu:0'") from None

    def _set_device(self, kind, index):
        self.device_type = kind.upper() if kind.lower() in ("cpu", "gpu", "tpu") else kind
        self.device_index = None if index in (None, "*") else int(index)

    def merge_from(self, dev):
        """Takes the fields that `dev` states."""
        for field in _FIELDS:
            value = getattr(dev, field)
            if value is not None:
                setattr(self, field, value)

    def make_merged_spec(self, dev):
        """A new spec: the fields of `dev`, and of this one what `dev` leaves open."""
        merged = self.replace()
        merged.merge_from(dev)
        return merged

    def replace(self, **kwargs):
        """A new spec with the fields in `kwargs` (named as the constructor's arguments) replaced.

            spec = tf.DeviceSpec(job="ps", task=1)
            print(spec.replace(task=None, device_type="CPU").to_string())  # /job:ps/device:CPU:*
        """
        return type(self)(**{**{field: getattr(self, field) for field in _FIELDS}, **kwargs})

    def to_string(self):
        """The canonical text of this spec."""
        parts = []
        if self.job is not None:
            parts.append(f"/job:{self.job}")
        if self.replica is not None:
            parts.append(f"/replica:{self.replica}")
        if self.task is not None:
            parts.append(f"/task:{self.task}")
        if self.device_type is not None:
            index = "*" if self.device_index is None else self.device_index
            parts.append(f"/device:{self.device_type}:{index}")
        return "".join(parts)

    def _key(self):
        return tuple(getattr(self, field) for field in _FIELDS)

    def __eq__(self, other):
        return isinstance(other, DeviceSpec) and self._key() == other._key()

    def __hash__(self):
        return hash(self._key())

    def __repr__(self):
        return f"DeviceSpec({self.to_string()!r})"


def merge(outer, inner):
    """The device text `inner`, with what it leaves open taken from `outer`."""
    spec = DeviceSpec.from_string(outer)
    spec.merge_from(DeviceSpec.from_string(inner))
    return spec.to_string()
