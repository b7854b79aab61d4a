"""Hashes of strings that TensorFlow programs depend on: MurmurHash, FarmHash, SipHash. Holds no state."""

import struct

_MASK = 0xFFFFFFFFFFFFFFFF
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F
_MURMUR, _MURMUR_SEED = 0xC6A4A7935BD1E995, 0xDECAFCAFFE


def _word(data, start):
    return int.from_bytes(data[start:start + 8], "little")


def _half(data, start):
    return int.from_bytes(data[start:start + 4], "little")


def _rotated(value, bits):
    """`value` rotated right."""
    value &= _MASK
    return (value >> bits | value << (64 - bits)) & _MASK


def _mixed(value):
    value &= _MASK
    return value ^ value >> 47


def murmur64(data):
    """MurmurHash64A with TensorFlow's seed."""
    result = _MURMUR_SEED ^ len(data) * _MURMUR & _MASK
    whole = len(data) // 8 * 8
    for start in range(0, whole, 8):
        word = _mixed(_word(data, start) * _MURMUR) * _MURMUR & _MASK
        result = (result ^ word) * _MURMUR & _MASK
    if whole < len(data):
        result = (result ^ int.from_bytes(data[whole:], "little")) * _MURMUR & _MASK
    return _mixed(_mixed(result) * _MURMUR)


def _pair(u, v, factor):
    """16 bytes to 8."""
    a = _mixed((u ^ v) * factor)
    b = _mixed((v ^ a) * factor)
    return b * factor & _MASK


def _up_to_16(data):
    size = len(data)
    factor = _K2 + size * 2
    if size >= 8:
        a, b = _word(data, 0) + _K2, _word(data, size - 8)
        c, d = _rotated(b, 37) * factor + a, (_rotated(a, 25) + b) * factor
        return _pair(c & _MASK, d & _MASK, factor)
    if size >= 4:
        return _pair(size + (_half(data, 0) << 3), _half(data, size - 4), factor)
    if size:
        y, z = data[0] + (data[size >> 1] << 8), size + (data[-1] << 2)
        return _mixed(y * _K2 & _MASK ^ z * _K0 & _MASK) * _K2 & _MASK
    return _K2


def _ends(data, factor, first):
    """What strings of 17 to 64 bytes make of their first and last 16; also the first word's product."""
    size = len(data)
    a, b = _word(data, 0) * first, _word(data, 8)
    c, d = _word(data, size - 8) * factor, _word(data, size - 16) * _K2
    y = (_rotated(a + b, 43) + _rotated(c, 30) + d) & _MASK
    return a, y, (a + _rotated(b + _K2, 18) + c) & _MASK


def _up_to_64(data):
    factor = _K2 + len(data) * 2
    a, y, z = _ends(data, factor, _K2)
    z = _pair(y, z, factor)
    e, f = _word(data, 16) * factor, _word(data, 24)
    g = (y + _word(data, len(data) - 32)) * factor
    h = (z + _word(data, len(data) - 24)) * factor
    return _pair((_rotated(e + f, 43) + _rotated(g, 30) + h) & _MASK, (e + _rotated(f + a, 18) + g) & _MASK, factor)


def _weak(data, start, a, b):
    """32 bytes and two seeds to 16 bytes."""
    w, x, y, z = (_word(data, start + 8 * i) for i in range(4))
    a += w
    b = _rotated(b + a + z, 21)
    c = a
    a += x + y
    b += _rotated(a, 44)
    return (a + z) & _MASK, (b + c) & _MASK


class _Long:
    """The state that strings of more than 64 bytes pass through, 64 bytes at a time."""

    def __init__(self, data):
        self.x = 81 * _K2 + _word(data, 0)
        self.y = 81 * _K1 + 113
        self.z = _mixed(self.y * _K2 + 113) * _K2
        self.v = self.w = (0, 0)

    def step(self, data, start, factor, weight_w, weight_v):
        """Takes the 64 bytes at `start`."""
        (v1, v2), (w1, w2) = self.v, self.w
        x = _rotated(self.x + self.y + v1 + _word(data, start + 8), 37) * factor & _MASK
        y = _rotated(self.y + v2 + _word(data, start + 48), 42) * factor & _MASK
        x ^= w2 * weight_w & _MASK
        y += v1 * weight_v + _word(data, start + 40)
        z = _rotated(self.z + w1, 33) * factor
        self.v = _weak(data, start, v2 * factor, x + w1)
        self.w = _weak(data, start + 32, z + w2, y + _word(data, start + 16))
        self.x, self.y, self.z = z & _MASK, y & _MASK, x & _MASK


def farm64(data):
    """FarmHash's Fingerprint64."""
    size = len(data)
    if size <= 16:
        return _up_to_16(data)
    if size <= 32:
        factor = _K2 + size * 2
        _, y, z = _ends(data, factor, _K1)
        return _pair(y, z, factor)
    if size <= 64:
        return _up_to_64(data)
    state = _Long(data)
    for start in range(0, (size - 1) // 64 * 64, 64):
        state.step(data, start, _K1, 1, 1)
    factor = _K1 + ((state.z & 0xFF) << 1)
    w1 = state.w[0] + (size - 1 & 63)
    v1 = state.v[0] + w1
    state.v, state.w = (v1, state.v[1]), (w1 + v1, state.w[1])
    state.step(data, size - 64, factor, 9, 9)
    first = _pair(state.v[0], state.w[0], factor) + _mixed(state.y) * _K0 + state.z
    second = _pair(state.v[1], state.w[1], factor) + state.x
    return _pair(first & _MASK, second & _MASK, factor)


def _sip_round(v):
    v0, v1, v2, v3 = v
    v0, v2 = v0 + v1 & _MASK, v2 + v3 & _MASK
    v1, v3 = _rotated(v1, 51) ^ v0, _rotated(v3, 48) ^ v2
    v0, v2 = _rotated(v0, 32) + v3 & _MASK, v2 + v1 & _MASK
    v3, v1 = _rotated(v3, 43) ^ v0, _rotated(v1, 47) ^ v2
    return v0, v1, _rotated(v2, 32), v3


def sip64(data, key):
    """SipHash-2-4 with a key of two integers."""
    k0, k1 = (k & _MASK for k in key)
    v = (k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573)
    padded = data + bytes(-(len(data) + 1) % 8) + bytes([len(data) & 0xFF])
    for (word,) in struct.iter_unpack("<Q", padded):
        v = (*v[:3], v[3] ^ word)
        v = _sip_round(_sip_round(v))
        v = (v[0] ^ word, *v[1:])
    v = (v[0], v[1], v[2] ^ 0xFF, v[3])
    for _ in range(4):
        v = _sip_round(v)
    return v[0] ^ v[1] ^ v[2] ^ v[3]
