"""Attacks by system calls that no analysis needs: each must end before the kernel looks at its arguments.

The arguments are all zero. Without the filter the kernel itself answers: with a refusal of its own where the process
lacks the right, or by doing nothing much. The filter and nothing else stands before its code.
"""

from __future__ import annotations

from functools import partial

from sandbox.confine import SECCOMP
from tests.sandbox.attacks.aftermath import reaches
from tests.sandbox.attacks.attack import DIED, Attack, Ground, Native
from tests.sandbox.attacks.kernel import NUMBERS, call

_CALLS = (
    "accept accept4 add_key bind bpf connect delete_module execve execveat finit_module fsopen init_module "
    "io_uring_enter io_uring_setup ioperm iopl kexec_load keyctl link linkat listen mknodat modify_ldt mount_setattr "
    "move_mount mq_open msgget name_to_handle_at open_tree perf_event_open pidfd_getfd pidfd_send_signal "
    "process_madvise process_vm_writev quotactl recvmsg request_key rt_sigqueueinfo rt_tgsigqueueinfo semget sendmmsg "
    "sendmsg sendto setfsgid setfsuid setgid setns setregid setresgid setreuid setuid shmat symlinkat syslog tkill "
    "userfaultfd"
).split()


def _bare(name: str, ground: Ground) -> None:
    call(name)


ATTACKS = tuple(
    Attack(name=f"call {name}", how=Native(act=partial(_bare, name)), walls={SECCOMP: DIED}, through=reaches(DIED))
    for name in _CALLS
    if name in NUMBERS
)
