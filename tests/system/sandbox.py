"""Runs a program with what a unit of systemd takes from it, where there is no systemd: a tree
that is read-only, no memory that is written and run, and system calls of a list alone.

    sandbox.py FILTER PROGRAM ARGUMENT...      FILTER: as SystemCallFilter= has it
"""
import ctypes
import errno
import os
import pathlib
import platform
import re
import struct
import subprocess
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
HEADER = pathlib.Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
WORKS = platform.machine() == "x86_64" and HEADER.exists()
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
CLONE_NEWNS = 0x20000
NO_NEW_PRIVS, SECCOMP, MDWE = 38, 22, 65
X86_64 = 0xc000003e


def must(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), what)


def make_read_only():
    """As ProtectSystem=strict: all but /dev, /proc and /sys."""
    must(LIBC.unshare(CLONE_NEWNS), "unshare")
    must(LIBC.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "mount")
    for line in pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        at = line.split()[4].encode().decode("unicode_escape")
        if not re.match(r"/(dev|proc|sys)(/|$)", at):
            if LIBC.mount(None, os.fsencode(at), None, MS_REMOUNT | MS_BIND | MS_RDONLY, None) != 0:
                assert ctypes.get_errno() in (errno.ENOENT, errno.EINVAL), at  # covered by another
    try:
        pathlib.Path("/etc/sandbox").touch()
    except OSError as e:
        assert e.errno == errno.EROFS
        return
    raise AssertionError("/etc can be written")


def names_of(words):
    """The system calls of names and of systemd's groups."""
    names = set()
    for word in words:
        if word[0] != "@":
            names.add(word)
            continue
        said = subprocess.run(["systemd-analyze", "--man=no", "--no-pager", "syscall-filter", word],
                              check=True, capture_output=True, text=True).stdout
        names |= names_of([x.strip() for x in said.splitlines()[1:] if x.strip() and "#" not in x])
    return names


def program_of(names):
    """One of the kernel's: what is not named has no permission."""
    numbers = dict(re.findall(r"#define __NR_(\w+) (\d+)", HEADER.read_text(encoding="utf-8")))
    allow = struct.pack("HBBI", 6, 0, 0, 0x7fff0000)
    deny = struct.pack("HBBI", 6, 0, 0, 0x50000 | errno.EPERM)
    text = struct.pack("HBBI", 0x20, 0, 0, 4) + struct.pack("HBBI", 0x15, 1, 0, X86_64) + deny
    text += struct.pack("HBBI", 0x20, 0, 0, 0)
    for name in sorted(names & set(numbers)):
        text += struct.pack("HBBI", 0x15, 0, 1, int(numbers[name])) + allow
    return text + deny


def main():
    names = names_of(sys.argv[1].split())
    assert {"read", "openat", "execve", "socket", "wait4"} <= names and "mount" not in names, names
    text = program_of(names)
    make_read_only()
    memory = ctypes.create_string_buffer(text)
    must(LIBC.prctl(NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    LIBC.prctl(MDWE, 1, 0, 0, 0)  # kernels before 6.3 have none
    must(LIBC.prctl(SECCOMP, 2, struct.pack("HxxxxxxP", len(text) // 8, ctypes.addressof(memory)), 0, 0),
         "seccomp")
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
