"""A new password through the real passwd and chpasswd, before the real pam_unix."""
import contextlib
import os
import pathlib
import re
import subprocess

import pexpect
import pytest
from bastion import BUILD, CONF, SCRATCH, Log, User, spawn

COMMON = pathlib.Path("/etc/pam.d/common-password")
UNIX = ("password [success=1 default=ignore] pam_unix.so {words} yescrypt\n"
        "password requisite pam_deny.so\npassword required pam_permit.so\n")
OURS = "password requisite pam_bastion.so {words}\n" + UNIX.format(words="use_authtok")
GOOD = "rain over 7 hills"


@contextlib.contextmanager
def stack(text):
    kept = COMMON.read_text(encoding="utf-8")
    COMMON.write_text(text, encoding="utf-8")
    try:
        yield
    finally:
        COMMON.write_text(kept, encoding="utf-8")


@pytest.fixture(autouse=True)
def ours():
    with stack(OURS.format(words="")):
        yield


@contextlib.contextmanager
def configured(*lines):
    kept = CONF.read_text(encoding="utf-8")
    CONF.write_text(kept + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    try:
        yield
    finally:
        CONF.write_text(kept, encoding="utf-8")


@pytest.fixture
def user():
    return User(password="correct horse 7")


def field(user):
    lines = pathlib.Path("/etc/shadow").read_text(encoding="utf-8").splitlines()
    return next(line.split(":")[1] for line in lines if line.startswith(f"{user.name}:"))


class Told:
    def __init__(self, text, status):
        self.text, self.status = text, status

    def __repr__(self):
        return f"exit {self.status}:\n{self.text}"


def passwd(*answers, user=None, of=None, language="C.UTF-8"):
    """What passwd says when all prompts are answered in this order."""
    env = {"PATH": os.environ["PATH"], "HOME": "/", "TERM": "dumb", "LC_ALL": language}
    words = [of.name] if of else []
    child = spawn("passwd", *words, env=env, preexec_fn=user.become if user else None)
    text, left = "", list(answers)
    while True:
        seen = child.expect([r"(?:[Pp]assword|암호): ", pexpect.EOF])
        text += child.before + (child.after if seen == 0 else "")
        if seen == 1:
            break
        assert child.waitnoecho(5)
        if not left:
            child.sendeof()
            continue
        child.sendline(left.pop(0))
    child.close()
    told = Told(text.replace("\r", ""), child.exitstatus)
    assert not left, told
    return told


def chpasswd(user, password, language="C.UTF-8"):
    done = subprocess.run(["chpasswd"], input=f"{user.name}:{password}\n", text=True,
                          env={"PATH": os.environ["PATH"], "LC_ALL": language},
                          capture_output=True, check=False)
    return Told(done.stdout + done.stderr, done.returncode)


def test_a_user_changes_a_password(user, log, since):
    before = field(user)
    told = passwd(user.password, GOOD, GOOD, user=user)
    assert told.status == 0 and field(user) != before, told
    line = log.wait(r"passwd:chauthtok", since)
    assert f"user={user.name} verdict=ok method=password " in line
    assert GOOD not in "\n".join(log.lines(since)) and GOOD not in told.text
