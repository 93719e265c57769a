"""What somebody without a key learns about names: nothing."""
import contextlib
import pathlib
import re
import subprocess
import time

import pytest
from bastion import SCRATCH, User, is_in


class Stranger:
    """A name without an account."""

    def __init__(self, user):
        self.name = f"no{user.name}"
        self.client_key = user.client_key


def shape(talk, name):
    return talk.text.replace(name, "NAME"), talk.status


@pytest.fixture
def three(user):
    """Enrolled, an account only, not even that."""
    return {"enrolled": user, "unenrolled": User(), "unknown": Stranger(user)}


def test_everybody_gets_the_same_prompts_and_texts(sshd_code, three, log, since):
    shapes = {}
    for kind, who in three.items():
        wrong = three["enrolled"].wrong_code()
        talk = sshd_code.ssh(who, *[wrong] * 3, PubkeyAuthentication="no")
        assert len(talk.prompts) == 3, talk
        shapes[kind] = shape(talk, who.name)[0].replace(wrong, "CODE"), talk.status
    assert shapes["enrolled"] == shapes["unenrolled"] == shapes["unknown"]
    # And once the bucket is full, still the same words.
    for kind, who in three.items():
        wrong = three["enrolled"].wrong_code()
        talk = sshd_code.ssh(who, *[wrong] * 3, PubkeyAuthentication="no")
        assert (shape(talk, who.name)[0].replace(wrong, "CODE"), talk.status) == shapes["enrolled"]
    text = "\n".join(log.module(since))
    assert f"user={three['unenrolled'].name} verdict=not_enrolled" in text
    assert re.search(rf"user={three['unknown'].name} verdict=not_enrolled reason=no_account", text)


def test_a_right_code_of_a_name_without_account_lets_nobody_in(sshd_code, user):
    assert not is_in(sshd_code.ssh(Stranger(user), user.code(), PubkeyAuthentication="no"), user)


@contextlib.contextmanager
def traced(pid, directory):
    """The system calls of a process and its children, a file each."""
    directory.mkdir()
    with subprocess.Popen(["strace", "-ff", "-qq", "-s", "256", "-o", f"{directory}/process",
                           "-p", str(pid)]) as tracer:
        end = time.monotonic() + 10
        status = pathlib.Path(f"/proc/{pid}/status")
        while "TracerPid:\t0\n" in status.read_text(encoding="ascii"):
            assert tracer.poll() is None and time.monotonic() < end, "strace cannot attach"
            time.sleep(0.02)
        try:
            yield
        finally:
            tracer.terminate()
            tracer.wait()


def judged(directory):
    """The names of the system calls between the first answer and its log line,
    in the process that runs the module."""
    texts = [p.read_text(encoding="utf-8", errors="replace") for p in directory.iterdir()]
    (text,) = [t for t in texts if "pam_bastion(" in t]
    calls = text[:text.index("pam_bastion(")].splitlines()
    # sshd replaces the answer of a name without an account.
    start = max(i for i, call in enumerate(calls)
                if call.startswith("read(") and re.search(r"482913|\\177IN", call))
    return [call.split("(")[0] for call in calls[start + 1:]]


def test_enrolled_unenrolled_and_unknown_cost_the_same_system_calls(sshd_code, three):
    seen = {}
    for kind, who in three.items():
        path = SCRATCH / f"trace.{who.name}"
        with traced(sshd_code.process.pid, path):
            sshd_code.ssh(who, "482913", PubkeyAuthentication="no")
        seen[kind] = judged(path)
    assert "fdatasync" in seen["enrolled"] and len(seen["enrolled"]) > 10
    assert seen["unenrolled"] == seen["enrolled"]
    assert seen["unknown"] == seen["enrolled"]
