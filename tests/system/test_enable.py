"""bastionctl enable, confirm, disable: a code in sshd, sudo and login, and the way back."""
import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest
from bastion import (BUILD, CLIENT_ENV, CONF, SUDOERS, Sshd, User, converse, is_in, run, spawn)

BASTIONCTL = BUILD / "bastionctl"
FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "fixtures"
PAM = pathlib.Path("/etc/pam.d")
DROPIN = pathlib.Path("/etc/ssh/sshd_config.d/10-bastion-mfa.conf")
TXN = pathlib.Path("/var/lib/pam-bastion/txn")
FILES = [PAM / "sshd", PAM / "sudo", PAM / "sudo-i", PAM / "login", DROPIN]
PROMPT = r"(?:\[sudo\] password for \w+|Verification code|[Pp]assword|Type yes to go on): "


def texts():
    return {str(f): f.read_text(encoding="utf-8") if f.exists() else None for f in FILES}


def call(*argv, **kw):
    return subprocess.run([BASTIONCTL, *map(str, argv)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60, check=False, **kw)


def enable(target, *answers, args=("--yes",), **kw):
    """On a terminal, as an admin does it."""
    return converse(spawn(BASTIONCTL, "enable", target, *args, **kw), answers, prompt=PROMPT)


def is_open():
    return bool(list(TXN.glob("*/manifest")))


def wait(what, seconds=20):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.1)


@pytest.fixture(autouse=True)
def machine():
    """The files of the distribution, and nothing enabled.  Put back afterwards."""
    before = texts(), CONF.read_text(encoding="utf-8"), pathlib.Path("/etc/group").read_text()
    for name in ("sshd", "sudo", "sudo-i", "login"):
        shutil.copy(FIXTURES / "debian-12" / name, PAM / name)
    DROPIN.unlink(missing_ok=True)
    run("ssh-keygen", "-A")
    yield
    if is_open():
        for manifest in TXN.glob("*/manifest"):
            call("disable", "--unconfirmed", manifest.parent.name)
    assert not is_open()
    for path, text in before[0].items():
        if text is None:
            pathlib.Path(path).unlink(missing_ok=True)
        else:
            pathlib.Path(path).write_text(text, encoding="utf-8")
    CONF.write_text(before[1], encoding="utf-8")
    pathlib.Path("/etc/group").write_text(before[2], encoding="utf-8")
    for key in pathlib.Path("/etc/ssh").glob("ssh_host_*"):
        key.unlink()


@pytest.fixture
def admin(user):
    """An enrolled user who can become root, without a password for sudo."""
    run("usermod", "-aG", "sudo", user.name)
    SUDOERS.write_text(f"Defaults lecture=never\n{user.name} ALL=(ALL:ALL) NOPASSWD: ALL\n",
                       encoding="utf-8")
    SUDOERS.chmod(0o440)
    yield user
    SUDOERS.unlink(missing_ok=True)


@pytest.fixture
def server():
    """The sshd of the machine, as its configuration has it."""
    with Sshd(PidFile="/run/sshd.pid") as s:
        yield s


def login(server, user, *answers, command=("echo", "I", "am", "$(id -un)"), **options):
    return server.ssh(user, *answers, command=command, **options)


def confirm_by_ssh(server, user):
    return login(server, user, user.code(),
                 command=("sudo", "-n", str(BASTIONCTL), "confirm"))


def test_enable_sshd_and_confirm_from_a_new_login(server, admin, log, since):
    before = texts()
    assert is_in(login(server, admin), admin)  # the key alone
    talk = enable("sshd", admin.code(), args=("--yes", "--admin", admin.name))
    assert talk.status == 0, talk
    assert "--- /etc/pam.d/sshd" in talk.text and "+++ " + str(DROPIN) in talk.text, talk
    assert "Way back: the old files come back after 300 s" in talk.text, talk
    talk = login(server, admin, admin.code())
    assert is_in(talk, admin) and len(talk.prompts) == 1, talk
    talk = confirm_by_ssh(server, admin)
    assert talk.status == 0 and "Confirmed" in talk.text, talk
    assert not is_open()
    assert log.wait("bastionctl.*confirmed", since)
    done = call("enable", "sshd")
    assert done.returncode == 0 and "already" in done.stdout, done
    done = call("disable", "sshd", "--yes")
    assert done.returncode == 0, done
    assert texts() == before
    wait(lambda: is_in(login(server, admin), admin))
    done = call("disable", "sshd", "--yes")
    assert done.returncode == 0 and "not enabled" in done.stdout, done
