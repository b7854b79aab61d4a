"""Variable-length integers: seven bits a byte, lowest first, high bit set on all but the last.

Holds no state.
"""

from graphflow.framework import errors


def encode_varint(value):
    """Returns the bytes of a non-negative integer below 2**64."""
    result = bytearray()
    while value > 0x7F:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    result.append(value)
    return bytes(result)


def decode_varint(data, position):
    """Reads one integer of at most 64 bits from `data`; returns (value, next position).

    Raises DataLossError where the data ends early, the value is too large, or its encoding is
    longer than needed: no writer produces that, so it is a sign of damage.
    """
    value = shift = 0
    while position < len(data):
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >> 64 or (byte == 0 and shift):
                break
            return value, position
        shift += 7
        if shift > 63:
            break
    raise errors.DataLossError(None, None, "malformed variable-length integer")
