"""The devices of this machine, as sessions see them. Holds no state."""

import collections

DeviceAttributes = collections.namedtuple(
    "DeviceAttributes", ["name", "device_type", "memory_limit_bytes", "incarnation"])


def device_counts(config=None):
    """How many devices of each type a session may use, e.g. {"CPU": 1}."""
    cpus = 1
    if config is not None and "CPU" in config.device_count:
        cpus = max(1, config.device_count["CPU"])
    return {"CPU": cpus}


def available_devices(config=None):
    """DeviceAttributes of every device that a session with `config` may use, CPUs first."""
    return [DeviceAttributes(f"/job:localhost/replica:0/task:0/device:{kind}:{i}", kind, 268435456, i + 1)
            for kind, count in device_counts(config).items() for i in range(count)]
