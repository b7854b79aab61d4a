"""Place: checks the devices that operations ask for against those there are.

Everything runs on the CPU unless a GPU is there. With soft placement a request that cannot be met is
ignored, as TensorFlow does; otherwise it is an error that names the operation. Holds no state.
"""

from graphflow.framework import errors
from graphflow.framework.device_spec import DeviceSpec

_LOCAL = "/job:localhost/replica:0/task:0"


def check_devices(operations, available, soft):
    """Raises InvalidArgumentError for the op created first of those that ask for a device that is not `available`.

    `available`: device types there are, e.g. {"CPU": 1}. `soft`: allow_soft_placement.
    """
    if soft:
        return
    seen, misplaced = {}, []
    for op in operations:
        if op.device and op.device not in seen:
            seen[op.device] = _is_available(op.device, available)
        if op.device and not seen[op.device]:
            misplaced.append(op)
    if misplaced:
        op = min(misplaced, key=lambda op: op._id)
        names = ", ".join(f"{_LOCAL}/device:{kind}:{i}" for kind, n in available.items() for i in range(n))
        raise errors.InvalidArgumentError(
            op.node_def, op,
            f"Cannot assign a device for operation {op.name}: it was explicitly assigned to {op.device} but "
            f"available devices are [ {names} ]. Make sure the device specification refers to a valid device, "
            "or use ConfigProto(allow_soft_placement=True)",
        )


def _is_available(device, available):
    spec = DeviceSpec.from_string(device)
    if spec.job not in (None, "localhost") or spec.replica not in (None, 0) or spec.task not in (None, 0):
        return False
    if spec.device_type is None:
        return True
    count = available.get(spec.device_type, 0)
    return (spec.device_index or 0) < count


def placement_log(operations):
    """One line an operation, as `log_device_placement` prints them."""
    return [f"{op.name}: ({op.type}): {_LOCAL}/device:CPU:0" for op in operations]
