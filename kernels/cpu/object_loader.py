"""Puts an object file into this process: of a linker, what our kernels need.

LLVM has one, but takes 47 MB and 25 ms of a process that compiles nothing (of 28 kernels this takes 3 ms).
The objects that LLVM makes for its own linker on x86 hold code, constants, and 64-bit addresses of these and
of a few functions of the C library. What has anything else in it, other systems and processors are
left to `compiler.load_object`. Code stays in memory as long as the process. Holds no state but addresses
of library functions.
"""

import ctypes
import functools
import struct
import sys

_SECTION, _SYMBOL, _RELOCATION = struct.Struct("<IIQQQQIIQQ"), struct.Struct("<IBBHQQ"), struct.Struct("<QQq")
# 64 bits, little-endian, version 1; then: relocatable, x86-64.
_IDENTITY, _KIND = b"\x7fELF\x02\x01\x01", struct.pack("<HH", 1, 62)
_PROGBITS, _SYMTAB, _RELA, _REL = 1, 2, 4, 9
_WRITE, _ALLOC = 1, 2
_UNWINDING = 0x70000001     # what debuggers want to know of stack frames
_ABSOLUTE = 1               # R_X86_64_64
_GLOBAL_FUNCTION = 0x12
_READ_WRITE, _READ_EXECUTE = 3, 5
_PRIVATE, _ANONYMOUS, _PAGE = 2, 0x20, 4096
_WORD = (1 << 64) - 1


class _Unsupported(Exception):
    """LLVM's linker is needed."""


@functools.cache
def _system():
    """(mmap, mprotect) of the C library, typed."""
    library = ctypes.CDLL(None)
    reserve, protect = library.mmap, library.mprotect
    word = ctypes.c_size_t
    reserve.restype, reserve.argtypes = word, [word, word, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    protect.argtypes = [word, word, ctypes.c_int]
    return reserve, protect


@functools.cache
def _library_function(name):
    """Address of a function of the C library."""
    for library in (None, "libm.so.6"):
        try:
            return ctypes.cast(getattr(ctypes.CDLL(library), name), ctypes.c_void_p).value
        except (AttributeError, OSError):
            continue
    raise _Unsupported


class _Object:
    """An object file, its code and constants laid out one after the other.

    Attributes: size: of the memory they take. entry: where the function stands that others may call. fixups:
    (position, number, whether the memory's own address is to be added to it) of 64-bit words.
    """

    def __init__(self, body):
        self._body = body
        table, = struct.unpack_from("<Q", body, 40)
        count, = struct.unpack_from("<H", body, 60)
        self._sections = [_SECTION.unpack_from(body, table + _SECTION.size * i) for i in range(count)]
        self._places, self.size = {}, 0
        for number, (_, kind, flags, _, offset, size, _, _, alignment, _) in enumerate(self._sections):
            if flags & _ALLOC and kind != _UNWINDING and size:
                if flags & _WRITE or kind != _PROGBITS or offset + size > len(body) or alignment > _PAGE:
                    raise _Unsupported
                self.size += -self.size % max(1, alignment)
                self._places[number] = self.size
                self.size += size
        symbols, self._names = self._symbols()
        entries = [symbol for symbol in symbols if symbol[1] == _GLOBAL_FUNCTION and symbol[3]]
        if len(entries) != 1:
            raise _Unsupported
        self.entry, _ = self._address(entries[0])
        self.fixups = list(self._fixups(symbols))
        if self.entry >= self.size or any(where + 8 > self.size for where, _, _ in self.fixups):
            raise _Unsupported

    def _symbols(self):
        for _, kind, _, _, offset, size, names, _, _, _ in self._sections:
            if kind == _SYMTAB:
                return list(_SYMBOL.iter_unpack(self._body[offset:offset + size])), self._sections[names][4]
        raise _Unsupported

    def _address(self, symbol):
        """(number, whether it counts from the memory's beginning)."""
        name, _, _, section, value, _ = symbol
        if section == 0:
            start = self._names + name
            return _library_function(self._body[start:self._body.index(b"\0", start)].decode()), False
        if section not in self._places:
            raise _Unsupported
        return self._places[section] + value, True

    def _fixups(self, symbols):
        for _, kind, _, _, offset, size, _, target, _, _ in self._sections:
            if kind == _REL and target in self._places:
                raise _Unsupported
            if kind == _RELA and target in self._places:
                for where, info, addend in _RELOCATION.iter_unpack(self._body[offset:offset + size]):
                    if info & 0xffffffff != _ABSOLUTE:
                        raise _Unsupported
                    number, moves = self._address(symbols[info >> 32])
                    yield self._places[target] + where, number + addend, moves

    def image(self, base):
        """What its memory at the address `base` holds."""
        image = bytearray(self.size)
        for number, place in self._places.items():
            offset, size = self._sections[number][4:6]
            image[place:place + size] = self._body[offset:offset + size]
        for where, number, moves in self.fixups:
            struct.pack_into("<Q", image, where, (number + base if moves else number) & _WORD)
        return bytes(image)


def load(body):
    """The address of the function that an object file is for, or None where loading it is left to LLVM."""
    if not sys.platform.startswith("linux") or body[:7] != _IDENTITY or body[16:20] != _KIND:
        return None
    try:
        read = _Object(body)
    except (_Unsupported, struct.error, IndexError, OverflowError, ValueError):     # cut off, or astray
        return None
    reserve, protect = _system()
    base = reserve(0, read.size, _READ_WRITE, _PRIVATE | _ANONYMOUS, -1, 0)
    if base % _PAGE:
        return None     # an error code: no memory
    ctypes.memmove(base, read.image(base), read.size)
    return base + read.entry if protect(base, read.size, _READ_EXECUTE) == 0 else None
