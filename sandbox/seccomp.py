"""Which system calls may the confined process make? An allow-list as classic BPF for x86-64 and aarch64.

What is not listed fails with EPERM; what no analysis ever needs ends the process. The numbers are those of the kernel
(arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h).
"""

from __future__ import annotations

import errno
import os
import struct
from dataclasses import dataclass

from sandbox.linux import load_seccomp_filter, machine

ALLOW, KILL, FAIL = 0x7FFF0000, 0x80000000, 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ARGUMENTS = 16
PROT_EXEC, CLONE_THREAD, PR_SET_NAME, TCGETS = 4, 0x10000, 15, 0x5401
_X32 = 0x40000000
_FILE_COMMANDS = (*range(8), 36, 37, 38, 1030)
"""Of fcntl: duplicates, flags and locks of a descriptor (F_DUPFD to F_SETLKW, F_OFD_*, F_DUPFD_CLOEXEC)."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """The system calls of one processor family: its audit number, and numbers by name."""

    audit: int
    allowed: dict[str, int]
    killed: dict[str, int]
    guarded: dict[str, int]


def _numbers(text: str) -> dict[str, int]:
    return {name: int(number) for name, _, number in (entry.partition("=") for entry in text.split())}


X86_64 = Table(
    audit=0xC000003E,
    allowed=_numbers(
        "read=0 write=1 open=2 close=3 stat=4 fstat=5 lstat=6 poll=7 lseek=8 munmap=11 brk=12 rt_sigaction=13"
        " rt_sigprocmask=14 rt_sigreturn=15 pread64=17 pwrite64=18 readv=19 writev=20 access=21 sched_yield=24"
        " mremap=25  msync=26 mincore=27 madvise=28 dup=32 nanosleep=35 getpid=39 exit=60 uname=63"
        " flock=73 fsync=74  fdatasync=75 truncate=76 ftruncate=77 getdents=78 getcwd=79 rename=82 mkdir=83"
        " rmdir=84 unlink=87 readlink=89  gettimeofday=96 getrusage=98 sysinfo=99 times=100 getuid=102"
        " getgid=104 geteuid=107 getegid=108 getppid=110  sigaltstack=131 statfs=137 fstatfs=138"
        " sched_getparam=143 sched_getscheduler=145 gettid=186 futex=202 "
        " sched_getaffinity=204 getdents64=217 set_tid_address=218 restart_syscall=219 fadvise64=221"
        " clock_gettime=228 clock_getres=229 clock_nanosleep=230 exit_group=231 get_mempolicy=239 openat=257"
        " mkdirat=258  newfstatat=262 unlinkat=263 renameat=264 readlinkat=267 faccessat=269 ppoll=271"
        " set_robust_list=273  fallocate=285 dup3=292 pipe2=293 preadv=295 pwritev=296 getcpu=309"
        " renameat2=316 getrandom=318 membarrier=324  copy_file_range=326 statx=332 rseq=334 faccessat2=439"
        " futex_waitv=449"
    ),
    killed=_numbers(
        "fork=57 vfork=58 execve=59 execveat=322 ptrace=101 process_vm_readv=310 process_vm_writev=311"
        " socket=41 connect=42  accept=43 sendto=44 sendmsg=46 bind=49 listen=50 socketpair=53 accept4=288"
        " sendmmsg=307 kexec_load=246  init_module=175 finit_module=313 delete_module=176 bpf=321 mount=165"
        " umount2=166 pivot_root=155 chroot=161  setns=308 unshare=272 keyctl=250 add_key=248 request_key=249"
        " perf_event_open=298 userfaultfd=323  io_uring_setup=425 io_uring_enter=426 memfd_create=319"
        " name_to_handle_at=303 open_by_handle_at=304  pidfd_open=434 pidfd_getfd=438 pidfd_send_signal=424"
        " process_madvise=440 setuid=105 setgid=106 setreuid=113  setregid=114 setgroups=116 setresuid=117"
        " setresgid=119 setfsuid=122 setfsgid=123 capset=126 tkill=200 rt_sigqueueinfo=129"
        " rt_tgsigqueueinfo=297 link=86 symlink=88 linkat=265 symlinkat=266 mknod=133 mknodat=259  shmget=29"
        " shmat=30 msgget=68 semget=64 mq_open=240 open_tree=428 move_mount=429 fsopen=430 mount_setattr=442"
        " quotactl=179 syslog=103 acct=163 swapon=167 reboot=169 personality=135 modify_ldt=154 iopl=172"
        " ioperm=173"
    ),
    guarded=_numbers(
        "mmap=9 mprotect=10 pkey_mprotect=329 ioctl=16 clone=56 clone3=435 prctl=157 tgkill=234 kill=62 prlimit64=302"
        " fcntl=72 sched_setaffinity=203"
    ),
)
AARCH64 = Table(
    audit=0xC00000B7,
    allowed=_numbers(
        "getcwd=17 dup=23 dup3=24 flock=32 mkdirat=34 unlinkat=35 renameat=38 statfs=43 fstatfs=44"
        " truncate=45  ftruncate=46 fallocate=47 faccessat=48 openat=56 close=57 pipe2=59 getdents64=61"
        " lseek=62 read=63 write=64  readv=65 writev=66 pread64=67 pwrite64=68 preadv=69 pwritev=70 ppoll=73"
        " readlinkat=78 newfstatat=79 fstat=80  fsync=82 fdatasync=83 exit=93 exit_group=94 set_tid_address=96"
        " futex=98 set_robust_list=99 nanosleep=101  clock_gettime=113 clock_getres=114 clock_nanosleep=115"
        " sched_getscheduler=120 sched_getparam=121  sched_getaffinity=123"
        " sched_yield=124 restart_syscall=128 sigaltstack=132 rt_sigaction=134  rt_sigprocmask=135"
        " rt_sigreturn=139 times=153 uname=160 getrusage=165 getcpu=168 gettimeofday=169 getpid=172"
        " getppid=173 getuid=174 geteuid=175 getgid=176 getegid=177 gettid=178 sysinfo=179 brk=214 munmap=215"
        " mremap=216  fadvise64=223 msync=227 mincore=232 madvise=233 get_mempolicy=236 renameat2=276"
        " getrandom=278 membarrier=283  copy_file_range=285 statx=291 rseq=293 faccessat2=439 futex_waitv=449"
    ),
    killed=_numbers(
        "execve=221 execveat=281 ptrace=117 process_vm_readv=270 process_vm_writev=271 socket=198"
        " socketpair=199 bind=200  listen=201 accept=202 connect=203 sendto=206 sendmsg=211 accept4=242"
        " sendmmsg=269 kexec_load=104 init_module=105  finit_module=273 delete_module=106 bpf=280 mount=40"
        " umount2=39 pivot_root=41 chroot=51 setns=268 unshare=97  keyctl=219 add_key=217 request_key=218"
        " perf_event_open=241 userfaultfd=282 io_uring_setup=425 io_uring_enter=426  memfd_create=279"
        " name_to_handle_at=264 open_by_handle_at=265 pidfd_open=434 pidfd_getfd=438  pidfd_send_signal=424"
        " process_madvise=440 setuid=146 setgid=144 setreuid=145 setregid=143 setgroups=159  setresuid=147"
        " setresgid=149 setfsuid=151 setfsgid=152 capset=91 tkill=130 rt_sigqueueinfo=138"
        " rt_tgsigqueueinfo=240 linkat=37 symlinkat=36 mknodat=33 shmget=194 shmat=196 msgget=186 semget=190"
        " mq_open=180  open_tree=428 move_mount=429 fsopen=430 mount_setattr=442 quotactl=60 syslog=116"
        " acct=89 swapon=224 reboot=142  personality=92"
    ),
    guarded=_numbers(
        "mmap=222 mprotect=226 pkey_mprotect=288 ioctl=29 clone=220 clone3=435 prctl=167 tgkill=131 kill=129"
        " prlimit64=261 fcntl=25 sched_setaffinity=122"
    ),
)
TABLES = {"x86_64": X86_64, "aarch64": AARCH64}

Instruction = tuple[int, int, int, int]


def _argument(index: int, *, high: bool = False) -> int:
    return _ARGUMENTS + 8 * index + (4 if high else 0)


def _only_if_equal(index: int, value: int, otherwise: int, *, then: int = ALLOW) -> list[Instruction]:
    return [(_LOAD, _argument(index), 0, 0), (_EQUAL, value, 0, 1), (_RETURN, then, 0, 0), (_RETURN, otherwise, 0, 0)]


def _only_if_any(index: int, values: tuple[int, ...], otherwise: int) -> list[Instruction]:
    """Allow the call when an argument is one of the values; the last instruction is where none of them was."""
    tests = [(_EQUAL, value, len(values) - number, 0) for number, value in enumerate(values)]
    return [(_LOAD, _argument(index), 0, 0), *tests, (_RETURN, otherwise, 0, 0), (_RETURN, ALLOW, 0, 0)]


def _unless_bit(index: int, bit: int, otherwise: int) -> list[Instruction]:
    return [(_LOAD, _argument(index), 0, 0), (_ANY_BIT, bit, 0, 1), (_RETURN, otherwise, 0, 0), (_RETURN, ALLOW, 0, 0)]


def _only_with_bit(index: int, bit: int, otherwise: int) -> list[Instruction]:
    return [(_LOAD, _argument(index), 0, 0), (_ANY_BIT, bit, 0, 1), (_RETURN, ALLOW, 0, 0), (_RETURN, otherwise, 0, 0)]


def _only_if_null(index: int, otherwise: int) -> list[Instruction]:
    low, high = _argument(index), _argument(index, high=True)
    return [
        (_LOAD, low, 0, 0),
        (_EQUAL, 0, 0, 3),
        (_LOAD, high, 0, 0),
        (_EQUAL, 0, 0, 1),
        (_RETURN, ALLOW, 0, 0),
        (_RETURN, otherwise, 0, 0),
    ]


def _guards(own_process: int) -> dict[str, list[Instruction]]:
    denied = FAIL | errno.EPERM
    return {
        "mmap": _unless_bit(2, PROT_EXEC, denied),
        "mprotect": _unless_bit(2, PROT_EXEC, denied),
        "pkey_mprotect": _unless_bit(2, PROT_EXEC, denied),
        "ioctl": _only_if_equal(1, TCGETS, denied, then=FAIL | errno.ENOTTY),
        "clone": _only_with_bit(0, CLONE_THREAD, KILL),
        # The flags of clone3 lie behind a pointer: say that the call is unknown, so that libc falls back to clone.
        "clone3": [(_RETURN, FAIL | errno.ENOSYS, 0, 0)],
        "prctl": _only_if_equal(0, PR_SET_NAME, denied),
        # No leases, which hold up whoever opens a file to write, no notes about files of others, no signals on input.
        "fcntl": _only_if_any(1, _FILE_COMMANDS, denied),
        "sched_setaffinity": _only_if_equal(0, 0, denied),  # this thread, and no other process
        # The engine asks whether the owner of a spill folder, which is itself, is alive.
        "kill": _only_if_equal(0, own_process, denied),
        "tgkill": _only_if_equal(0, own_process, denied),
        "prlimit64": _only_if_null(2, denied),
    }


def program(table: Table, own_process: int) -> bytes:
    """The filter for `table` as BPF bytes; only `own_process` may be signalled."""
    code: list[Instruction] = [(_LOAD, 4, 0, 0), (_EQUAL, table.audit, 1, 0), (_RETURN, KILL, 0, 0)]
    code += [(_LOAD, 0, 0, 0), (_AT_LEAST, _X32, 0, 1), (_RETURN, KILL, 0, 0)]
    for number in table.allowed.values():
        code += [(_EQUAL, number, 0, 1), (_RETURN, ALLOW, 0, 0)]
    for name, body in _guards(own_process).items():
        code += [(_EQUAL, table.guarded[name], 0, len(body)), *body]
    for number in table.killed.values():
        code += [(_EQUAL, number, 0, 1), (_RETURN, KILL, 0, 0)]
    code.append((_RETURN, FAIL | errno.EPERM, 0, 0))
    return b"".join(struct.pack("HBBI", op, yes, no, value) for op, value, yes, no in code)


def supported() -> bool:
    """Whether the table of this machine's system calls is known."""
    return machine() in TABLES


def enforce() -> None:
    """Bind this process to the filter for good; no_new_privs must be set. Raises OSError where it cannot stand."""
    if not supported():
        raise OSError(errno.ENOSYS, f"no table of system calls for {machine()}")
    load_seccomp_filter(program(TABLES[machine()], os.getpid()))
