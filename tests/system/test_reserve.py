"""A password is a try that is taken before it is judged: the shipped stacks with a
password, through the real sshd, sudo and pam_unix."""
import concurrent.futures
import json
import pathlib
import re
import subprocess
import time

import pytest
from bastion import (BUILD, CONF, PACKAGING, SCRATCH, SUDOERS, Sshd, User, converse, enroll_mfa, is_in,
                     spawn)
from test_strangers import Stranger, traced

PROMPT = r"(?:\[sudo\] password for \w+|Verification code|Password): "
PASSWORD = {"PubkeyAuthentication": "no"}


@pytest.fixture(scope="module")
def server():
    """sshd with the password, then the code, as shipped."""
    stack = pathlib.Path("/etc/pam.d/reservedsshd")
    stack.write_text((PACKAGING / "pam.d/sshd-password").read_text(encoding="utf-8"),
                     encoding="utf-8")
    with Sshd(stack.name, AuthenticationMethods="keyboard-interactive:pam") as it:
        yield it
    stack.unlink()


@pytest.fixture(scope="module")
def only():
    """sshd with the password alone: account gives back."""
    stack = pathlib.Path("/etc/pam.d/onlysshd")
    stack.write_text("auth requisite pam_bastion.so reserve\n@include common-auth\n"
                     "account required pam_bastion.so\n@include common-account\n"
                     "@include common-session\n", encoding="utf-8")
    with Sshd(stack.name, AuthenticationMethods="keyboard-interactive:pam") as it:
        yield it
    stack.unlink()


@pytest.fixture(scope="module")
def mixed():
    """The same, where sshd takes a password by itself, and a key."""
    stack = pathlib.Path("/etc/pam.d/mixedsshd")
    stack.write_text("auth requisite pam_bastion.so reserve\n@include common-auth\n"
                     "account required pam_bastion.so\n@include common-account\n"
                     "@include common-session\n", encoding="utf-8")
    with Sshd(stack.name, AuthenticationMethods="any", PasswordAuthentication="yes",
              LoginGraceTime="60") as it:
        yield it
    stack.unlink()


def failures(user, since, log):
    """The passwords of the user that pam_unix has judged and refused."""
    return [line for line in log.lines(since)
            if "pam_unix" in line and "authentication failure" in line and f"user={user.name}" in line]


def more_failures(user, since, log):
    """Those behind the first of a handle, which pam_unix sums up at its end."""
    found = (re.search(rf"PAM (\d+) more authentication failure.* user={user.name}\b", line)
             for line in log.lines(since))
    return sum(int(m[1]) for m in found if m)


def test_password_and_code_log_in_and_leave_nothing(server, user):
    for _ in range(3):
        talk = server.ssh(user, user.password, user.code(), **PASSWORD)
        assert is_in(talk, user) and len(talk.prompts) == 2, talk


def test_wrong_passwords_run_into_the_delay_and_are_judged_no_more(server, user, log, since):
    for _ in range(3):
        talk = server.ssh(user, "wrong", **PASSWORD)
        assert not is_in(talk, user) and len(talk.prompts) == 1, talk
    # What is open becomes wrong 15 s after it was taken.
    time.sleep(16)
    talk = server.ssh(user, user.password, **PASSWORD)
    assert not is_in(talk, user) and len(talk.prompts) == 1, talk
    assert "Verification" not in talk.text
    assert log.wait(rf"user={user.name} verdict=throttled ", since)
    assert len(failures(user, since, log)) == 3
    enroll_mfa("unlock", user.name)
    assert is_in(server.ssh(user, user.password, user.code(), **PASSWORD), user)


def test_wrong_codes_behind_a_right_password_are_not_forgotten(server, user, log, since):
    for _ in range(3):
        talk = server.ssh(user, user.password, user.wrong_code(), NumberOfPasswordPrompts=1,
                          **PASSWORD)
        assert not is_in(talk, user), talk
    talk = server.ssh(user, user.password, **PASSWORD)
    assert not is_in(talk, user) and len(talk.prompts) == 1, talk
    assert log.wait(rf"user={user.name} verdict=throttled ", since)


def test_passwords_in_parallel_no_more_are_judged_than_the_bucket_has(only, user, log, since):
    def guess(_):
        return only.ssh(user, "wrong", any_left=True, **PASSWORD)

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        for talk in pool.map(guess, range(12)):
            assert not is_in(talk, user)
    assert 1 <= len(failures(user, since, log)) <= 3


def test_right_passwords_in_parallel_are_all_let_in(only, user):
    def enter(_):
        return only.ssh(user, user.password, **PASSWORD)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for talk in pool.map(enter, range(8)):
            assert is_in(talk, user), talk
    assert is_in(only.ssh(user, user.password, **PASSWORD), user)


def test_account_without_a_device_gets_a_state_and_no_enrolment(only, log, since):
    user = User(password="correct horse 8")
    state = pathlib.Path("/var/lib/pam-bastion/hot") / user.name
    assert not is_in(only.ssh(user, "wrong", **PASSWORD), user) and not state.exists()
    assert is_in(only.ssh(user, user.password, **PASSWORD), user) and state.exists()
    assert is_in(only.ssh(user, user.password, **PASSWORD), user)
    told = json.loads(enroll_mfa("list", "--json"))
    assert user.name not in [x["user"] for x in told]
    status = subprocess.run([BUILD / "enroll-mfa", "status", user.name, "--json"], text=True,
                            capture_output=True, check=False)
    assert status.returncode == 1 and "trouble" not in status.stdout
    assert json.loads(status.stdout)[0]["enrolled"] is False
    user.enrol()
    assert is_in(only.ssh(user, user.password, **PASSWORD), user)
    enroll_mfa("remove", user.name)
    assert not state.exists()


@pytest.mark.parametrize("first", ["password", "keyboard-interactive,password"])
def test_a_key_behind_refused_passwords_takes_none_of_them_back(mixed, user, log, since, first):
    """sshd judges both in one handle; keyboard-interactive before it leaves its traces there."""
    options = {"PreferredAuthentications": f"{first},publickey", "NumberOfPasswordPrompts": 2}
    for _ in range(3):
        talk = mixed.ssh(user, *["wrong"] * 4, any_left=True, **options)
        assert is_in(talk, user) and talk.prompts, talk
    assert log.wait(rf"user={user.name} verdict=throttled ", since)
    # Three, and one that a delay which has run out meanwhile lets through.
    assert 3 <= len(failures(user, since, log)) + more_failures(user, since, log) <= 4


def test_keyboard_interactive_gives_back_where_a_key_is_taken_too(mixed, user):
    for _ in range(5):
        talk = mixed.ssh(user, user.password, PreferredAuthentications="keyboard-interactive",
                         **PASSWORD)
        assert is_in(talk, user), talk


def sudo(user, *answers):
    child = spawn("sudo", "sh", "-c", "echo I am $(id -un), called by $SUDO_USER",
                  preexec_fn=user.become)
    return converse(child, answers, prompt=PROMPT)


@pytest.fixture
def sudoer(user):
    SUDOERS.write_text("Defaults timestamp_timeout=0,lecture=never\n"
                       f"{user.name} ALL=(ALL:ALL) ALL\n", encoding="utf-8")
    SUDOERS.chmod(0o440)
    yield user
    SUDOERS.unlink(missing_ok=True)


def test_sudo_forgives_two_slips(sudoer, log, since):
    """Three tries of one sudo are one handle: each slip counts at once."""
    for _ in range(2):
        talk = sudo(sudoer, "slip", "slip", sudoer.password, sudoer.code())
        assert talk.status == 0 and f"called by {sudoer.name}" in talk.text, talk
    assert "throttled" not in "\n".join(log.module(since))


def test_sudo_is_refused_after_three_wrong_passwords(sudoer, log, since):
    talk = sudo(sudoer, "wrong", "wrong", "wrong")
    assert talk.status == 1 and "Verification" not in talk.text, talk
    time.sleep(16)
    talk = sudo(sudoer, sudoer.password, sudoer.password, sudoer.password)
    assert talk.status == 1 and "Verification" not in talk.text, talk
    assert log.wait(rf"user={sudoer.name} verdict=throttled .*service=sudo ", since)
    assert len(failures(sudoer, since, log)) <= 3


def reserved(directory):
    """The system calls between the password and pam_unix's first look at the shadow."""
    texts = [p.read_text(encoding="utf-8", errors="replace") for p in directory.iterdir()]
    (text,) = [t for t in texts if "fdatasync(" in t]
    calls = text.splitlines()
    start = max(i for i, call in enumerate(calls[:next(
        i for i, call in enumerate(calls) if call.startswith("fdatasync("))])
        if call.startswith("read(") and re.search(r"482913|\\177IN", call))
    end = next(i for i, call in enumerate(calls) if i > start and "F_UNLCK" in call)
    return [call.split("(")[0] for call in calls[start + 1:end + 8]]


def test_everybody_costs_the_same_system_calls(only, user):
    other = User(password="correct horse 9")
    seen = {}
    for kind, who in {"enrolled": user, "unenrolled": other, "unknown": Stranger(user)}.items():
        path = SCRATCH / f"reserve.{who.name}"
        with traced(only.process.pid, path):
            only.ssh(who, "482913", **PASSWORD)
        seen[kind] = reserved(path)
    assert "fdatasync" in seen["enrolled"] and len(seen["enrolled"]) > 10
    assert seen["unenrolled"] == seen["enrolled"]
    assert seen["unknown"] == seen["enrolled"]


def test_a_configuration_that_breaks_lets_nobody_in(only, user):
    kept = CONF.read_text(encoding="utf-8")
    try:
        CONF.write_text(kept + "reserve_wait = 1h\n", encoding="utf-8")
        assert not is_in(only.ssh(user, **PASSWORD), user)
    finally:
        CONF.write_text(kept, encoding="utf-8")
    assert is_in(only.ssh(user, user.password, **PASSWORD), user)
