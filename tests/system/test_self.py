"""enroll-mfa by ordinary users, through sudo and the example drop-in."""
import fcntl
import os
import re
import shutil
import subprocess
import time

import pexpect
import pytest
from bastion import BUILD, CONF, PACKAGING, SCRATCH, SUDOERS, User, enroll_mfa, is_in, run, spawn

SHIPPED = "/usr/sbin/enroll-mfa"
PROGRAM = "/run/home/enroll-mfa"  # the machine's own /usr is left alone


@pytest.fixture(scope="module", autouse=True)
def drop_in():
    """The shipped drop-in, the command in its place, and a group `mfa`."""
    shutil.copy(BUILD / "enroll-mfa", PROGRAM)
    with open("/etc/group", "a", encoding="utf-8") as f:
        f.write("mfa:x:29999:\n")
    text = (PACKAGING / "sudoers.d/enroll-mfa").read_text(encoding="utf-8")
    assert text.count(SHIPPED) == 1
    SUDOERS.write_text(text.replace(SHIPPED, PROGRAM), encoding="utf-8")
    SUDOERS.chmod(0o440)
    run("visudo", "-cf", SUDOERS)
    yield
    SUDOERS.unlink()


@pytest.fixture
def enroll():
    """Sets the key `enroll`; put back afterwards."""
    before = CONF.read_text(encoding="utf-8")

    def set_it(word):
        CONF.write_text(re.sub(r"(?m)^enroll *=.*\n", "", before) + f"enroll = {word}\n",
                        encoding="utf-8")
    yield set_it
    CONF.write_text(before, encoding="utf-8")


def member(**kw):
    user = User(**kw)
    with open("/etc/group", encoding="utf-8") as f:
        text = f.read()
    with open("/etc/group", "w", encoding="utf-8") as f:
        f.write(re.sub(r"(?m)^mfa:x:29999:(.*)$",
                       lambda m: f"mfa:x:29999:{m[1]}{',' if m[1] else ''}{user.name}", text))
    return user


class Self:
    """`sudo enroll-mfa` on a terminal of the user's."""

    def __init__(self, user, *argv, env=None):
        self.user, self.text = user, ""
        env = {"PATH": "/usr/sbin:/usr/bin:/bin", "TERM": "dumb", "LC_ALL": "C.UTF-8", **(env or {})}
        groups = [29999] if user.name in run("getent", "group", "mfa") else []

        def become():
            os.setgroups(groups)
            os.setgid(user.uid)
            os.setuid(user.uid)

        self.child = spawn("sudo", "-n", *(argv or (PROGRAM,)), preexec_fn=become, env=env)

    def at(self, prompt, *answers):
        self.child.expect_exact(prompt)
        self.text += self.child.before + self.child.after
        for answer in answers:
            self.child.sendline(answer)
        return self

    def key(self):
        return re.findall(r"((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})", self.text)[-1].replace(" ", "")

    def end(self):
        self.child.expect(pexpect.EOF)
        self.text += self.child.before
        self.child.close()
        return self.child.exitstatus


def test_a_user_enrols_where_login_allows_it(sshd, enroll):
    enroll("login")
    user = member()
    self = Self(user).at("Code: ", "i").at("Code: ")
    user.secret = self.key()
    self.child.sendline(user.wrong_code())
    self.at("Wrong code.").at("Code: ", user.code())
    assert self.end() == 0, self.text
    user.recovery = re.findall(r"\b(?:[A-Z2-7]{4}-){3}[A-Z2-7]{4}\b", self.text)
    assert len(user.recovery) == 10
    assert is_in(sshd.ssh(user, user.code()), user)
    assert is_in(sshd.ssh(user, user.recovery[0]), user)


def test_who_has_a_device_proves_it_first(sshd, enroll):
    enroll("login")
    user = member().enrol()
    self = Self(user).at("recovery code: ", user.wrong_code()).at("Refused.")
    self.at("recovery code: ", user.code()).at("q: nothing: ", "a").at("Code: ")
    assert self.text.count("Scan this") == 1
    old, user.secret, user.last_step = user.secret, self.key(), 0
    self.child.sendline(user.code())
    assert self.end() == 0, self.text
    assert is_in(sshd.ssh(user, user.code()), user)
    user.secret, user.last_step = old, int(time.time()) // 30
    assert is_in(sshd.ssh(user, user.code()), user), "the first device stays"
    assert "phone-2" in enroll_mfa("status", user.name)


def test_the_only_device_stays(enroll):
    enroll("invite")
    user = member().enrol()
    self = Self(user).at("recovery code: ", user.code()).at("q: nothing: ", "r")
    assert self.end() == 1 and "only device" in self.text


def test_admin_keeps_people_out(enroll):
    enroll("admin")
    assert Self(member()).end() == 1
    assert Self(member().enrol()).end() == 1


def test_invite_wants_a_word(enroll):
    enroll("invite")
    self = Self(member())
    assert self.end() == 1 and "invitation" in self.text


def test_guesses_are_counted(enroll, log, since):
    enroll("invite")
    user = member().enrol()
    for _ in range(2):
        self = Self(user)
        for _ in range(3):
            self.at("recovery code: ", user.wrong_code())
        assert self.end() == 1
    assert log.wait(rf"user={user.name} verdict=throttled .*service=enroll-mfa", since)
    self = Self(user).at("recovery code: ", user.code()).at("too many tries")
    self.child.close(force=True)


@pytest.mark.parametrize("argv", [(PROGRAM, "root"), (PROGRAM, "--json"), (PROGRAM, "init"),
                                  (PROGRAM, "--config", "/tmp/x"), (PROGRAM, ""),
                                  ("SUDO_UID=0", PROGRAM), ("LD_PRELOAD=/tmp/x.so", PROGRAM)])
def test_arguments_and_environment_are_refused(enroll, argv):
    enroll("login")
    self = Self(member(), *argv)
    assert self.end() == 1 and "Scan" not in self.text, self.text


def test_the_callers_environment_names_nobody_else(enroll):
    enroll("login")
    user = member()
    self = Self(user, env={"SUDO_UID": "0", "SUDO_USER": "root", "USER": "root"}).at("Code: ", "")
    self.child.close(force=True)
    assert user.name in run("ls", "/var/lib/pam-bastion/enroll").split()
    assert "root" not in run("ls", "/var/lib/pam-bastion/enroll").split()


def test_others_are_refused(enroll, user):
    enroll("login")
    assert Self(user).end() == 1, "not of the group"
    www = subprocess.run(["setpriv", "--reuid=33", "--regid=33", "--clear-groups", "sudo", "-n",
                          PROGRAM], capture_output=True, text=True, check=False)
    assert www.returncode == 1
    direct = subprocess.run(["setpriv", "--reuid=33", "--regid=33", "--clear-groups", PROGRAM],
                            capture_output=True, text=True, check=False)
    assert direct.returncode == 3 and "sudo" in direct.stderr
    env = {"SUDO_UID": "33", "SUDO_USER": "www-data", "PATH": "/usr/bin:/bin"}
    told = subprocess.run([PROGRAM], capture_output=True, text=True, check=False, env=env)
    assert told.returncode == 1 and "login shell" in told.stderr
    env = {"SUDO_UID": str(user.uid), "SUDO_USER": "root", "PATH": "/usr/bin:/bin"}
    assert subprocess.run([PROGRAM], capture_output=True, check=False, env=env).returncode == 1
    assert subprocess.run([PROGRAM], capture_output=True, check=False,
                          env={"PATH": "/usr/bin"}).returncode == 2


def test_a_session_ends_with_what_proved_it(enroll):
    """An administrator removes and enrols anew while the menu stands open."""
    enroll("login")
    for choice in "ac":
        user = member().enrol()
        self = Self(user).at("recovery code: ", user.code()).at("q: nothing: ")
        enroll_mfa("remove", user.name)
        user.enrol()
        self.child.sendline(choice)
        assert self.end() == 1 and "counts no longer" in self.text, self.text
        assert "Scan" not in self.text and "Recovery codes" not in self.text
    user = member().enrol()
    self = Self(user).at("recovery code: ", user.code()).at("q: nothing: ", "a").at("Code: ")
    user.secret, user.last_step = self.key(), 0
    enroll_mfa("remove", user.name)
    self.child.sendline(user.code())
    self.at("Wrong code.")
    self.child.close(force=True)
    assert user.name not in run("ls", "/var/lib/pam-bastion/enroll").split()


def test_a_recovery_code_proves_a_session_too(enroll):
    enroll("login")
    user = member().enrol()
    self = Self(user).at("recovery code: ", user.recovery[0]).at("q: nothing: ", "c")
    assert self.end() == 0, self.text
    assert len(re.findall(r"\b(?:[A-Z2-7]{4}-){3}[A-Z2-7]{4}\b",
                          self.text.split("Recovery codes")[1])) == 10


def test_people_of_a_shared_account_ask_the_administrator(enroll):
    enroll("login")
    user = member().enrol("--device", "anna", "--key", "SHA256:" + 43 * "A")
    user.enrol("--device", "spare")
    self = Self(user).at("recovery code: ", user.code())
    assert self.end() == 1 and "shared" in self.text, self.text


def test_the_owner_hears_of_wrong_codes_and_of_what_is_left(enroll):
    enroll("login")
    user = member().enrol()
    self = Self(user).at("recovery code: ", user.wrong_code())
    self.at("recovery code: ", user.recovery[0]).at("q: nothing: ", "q")
    assert self.end() == 0
    assert re.search(rf"1 wrong code since .* UTC, last from local:{user.uid}\.", self.text)
    assert "9 recovery codes left." in self.text
    self = Self(user).at("recovery code: ", user.code()).at("q: nothing: ", "q")
    assert self.end() == 0 and "wrong code" not in self.text and "left." not in self.text


def test_ctrl_c_behind_the_confirming_code_leaves_nobody_without_recovery_codes(enroll):
    enroll("login")
    user = member()
    self = Self(user).at("Code: ")
    user.secret = self.key()
    store = os.open("/var/lib/pam-bastion", os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(store, fcntl.LOCK_EX)  # it waits in the midst of it
    self.child.sendline(user.code())
    time.sleep(1)
    self.child.sendintr()
    self.child.sendcontrol("\\")
    self.child.sendcontrol("z")
    time.sleep(0.5)
    os.close(store)
    self.at("Recovery codes")
    self.child.expect(r"(?:(?:[A-Z2-7]{4}-){3}[A-Z2-7]{4}\s+){10}")
    self.child.close(force=True)
    assert enroll_mfa("status", user.name)


@pytest.fixture
def notify():
    """The program that is told, writing down what it is told."""
    program, told = CONF.parent / "notify", SCRATCH / "told"
    program.write_text(f'#!/bin/sh\necho "$1,$2,$3" >>{told}\n'
                       f"grep SigBlk /proc/self/status >>{told}\n", encoding="utf-8")
    program.chmod(0o700)

    def wait(count):
        end = time.monotonic() + 10
        lines = []
        while time.monotonic() < end and len(lines) < 2 * count:
            lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
            time.sleep(0.05)
        assert all(line.split()[1] == 16 * "0" for line in lines[1::2]), lines
        return lines[::2]
    yield wait
    program.unlink()
    told.unlink(missing_ok=True)


def test_enrolments_and_removals_by_root_are_told(notify):
    user = member().enrol()
    assert notify(1) == [f"enrolled,{user.name},phone"]
    user.enrol("--device", "tablet")
    assert notify(2)[1] == f"enrolled,{user.name},tablet"
    enroll_mfa("remove", user.name, "--device", "phone")
    assert notify(3)[2] == f"removed,{user.name},phone"
    enroll_mfa("remove", user.name, "--device", "tablet")
    assert notify(4)[3] == f"removed,{user.name},", "all of it"
    user.enrol()
    notify(5)
    enroll_mfa("remove", user.name)
    assert notify(6)[5] == f"removed,{user.name},"


def test_an_enrolment_in_self_service_is_told(enroll, notify):
    enroll("login")
    user = member()
    self = Self(user).at("Code: ")
    user.secret = self.key()
    self.child.sendline(user.code())
    assert self.end() == 0
    assert notify(1) == [f"enrolled,{user.name},phone"]
