"""How does plain Python ask the Linux kernel for what its library does not offer? Thin, typed calls through ctypes."""

from __future__ import annotations

import ctypes
import os
import platform
import struct

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_KEEPCAPS = 8
PR_SET_NO_NEW_PRIVS = 38
CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWUTS = 0x08000000, 0x10000000, 0x40000000, 0x04000000
CLONE_NEWNS = 0x00020000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = (
    1,
    2,
    4,
    8,
    32,
    4096,
    16384,
    1 << 18,
)
_MNT_DETACH = 2
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
_CAPABILITY_VERSION_3 = 0x20080522
_CALLS = {
    "x86_64": {"seccomp": 317, "capget": 125, "capset": 126, "pivot_root": 155},
    "aarch64": {"seccomp": 277, "capget": 90, "capset": 91, "pivot_root": 41},
}
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
_libc = ctypes.CDLL(None, use_errno=True)


def machine() -> str:
    """The name of the processor family, as the kernel gives it."""
    return platform.machine()


def call_number(name: str) -> int:
    """The number of a system call on this machine. Raises OSError where the machine is not known."""
    try:
        return _CALLS[machine()][name]
    except KeyError:
        raise OSError(f"system calls of {machine()} are not known") from None


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def prctl(option: int, value: int) -> None:
    """Set an attribute of this process, by prctl with one argument. Raises OSError."""
    arguments = [ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)]
    _checked(_libc.prctl(ctypes.c_int(option), *arguments), f"prctl {option}")


def unshare(flags: int) -> None:
    """Leave the namespaces of `flags` for new ones. Raises OSError."""
    _checked(_libc.unshare(ctypes.c_int(flags)), "unshare")


def mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """Put a file system or a bound file at `target`, or change what is there. Raises OSError. Source: man 2 mount."""
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
    from_, to, of, with_ = map(ctypes.c_char_p, texts)
    _checked(_libc.mount(from_, to, of, ctypes.c_ulong(flags), with_), "mount")


def pivot_root() -> None:
    """Make the working folder, which must be a mount, the root; the old root is gone. Raises OSError."""
    syscall(call_number("pivot_root"), b".", b".")
    _checked(_libc.umount2(ctypes.c_char_p(b"."), ctypes.c_int(_MNT_DETACH)), "umount")


def set_file_owner(uid: int, gid: int) -> None:
    """Whose permissions the next file accesses have (setfsuid, setfsgid); the kernel reports no error."""
    _libc.setfsgid(ctypes.c_uint(gid))
    _libc.setfsuid(ctypes.c_uint(uid))


def syscall(number: int, *arguments: int | bytes | None) -> int:
    """A raw system call with integers and byte buffers. Raises OSError."""
    converted = [ctypes.c_char_p(a) if isinstance(a, bytes) or a is None else ctypes.c_long(a) for a in arguments]
    return _checked(_libc.syscall(ctypes.c_long(number), *converted), f"syscall {number}")


def permitted_capabilities() -> int:
    """The permitted capabilities of this process as a bit set."""
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    data = ctypes.create_string_buffer(24)
    _checked(_libc.syscall(ctypes.c_long(call_number("capget")), ctypes.c_char_p(header), data), "capget")
    low, high = struct.unpack_from("I", data, 4)[0], struct.unpack_from("I", data, 16)[0]
    return int(low) | int(high) << 32


def keep_capabilities(kept: int) -> None:
    """Reduce the effective and permitted capabilities of this process to the bit set `kept`."""
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    low, high = kept & 0xFFFFFFFF, kept >> 32
    syscall(call_number("capset"), header, struct.pack("6I", low, low, 0, high, high, 0))


def load_seccomp_filter(program: bytes) -> None:
    """Bind this thread, and what it starts, to a classic BPF program for good. Raises OSError."""
    buffer = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer))
    syscall(call_number("seccomp"), 1, 0, described)
