"""sudo and login: the password, then the code; or the code alone."""
import pathlib
import re

import pytest
from bastion import SUDOERS, User, converse, run, spawn

PROMPT = r"(?:\[sudo\] password for \w+|Verification code|Password|login): "


def sudo(user, *answers, args=()):
    child = spawn("sudo", *args, "sh", "-c", "echo I am $(id -un), called by $SUDO_USER",
                  preexec_fn=user.become)
    return converse(child, answers, prompt=PROMPT)


def is_root(talk, user):
    return talk.status == 0 and f"I am root, called by {user.name}" in talk.text


@pytest.fixture
def sudoers():
    def allow(user, *lines):
        SUDOERS.write_text("\n".join(["Defaults timestamp_timeout=0,lecture=never", *lines,
                                      f"{user.name} ALL=(ALL:ALL) ALL", ""]), encoding="utf-8")
        SUDOERS.chmod(0o440)
        run("visudo", "-cf", SUDOERS)
        return user

    yield allow
    SUDOERS.unlink(missing_ok=True)


@pytest.mark.parametrize("args,service", [((), "sudo"), (("-i",), "sudo-i")])
def test_sudo_takes_password_and_code(user, sudoers, log, since, args, service):
    sudoers(user)
    talk = sudo(user, user.password, user.code(), args=args)
    assert is_root(talk, user) and len(talk.prompts) == 2, talk
    assert log.wait(rf"user={user.name} verdict=ok method=totp .*source=local:{user.uid} "
                    rf"service={service} ", since)


def test_sudo_a_wrong_password_ends_before_the_code(user, sudoers, log, since):
    sudoers(user)
    talk = sudo(user, "wrong", "wrong", "wrong")
    assert talk.status == 1 and "Verification" not in talk.text, talk
    assert log.module(since) == []


def test_sudo_a_right_password_is_not_enough(user, sudoers):
    sudoers(user)
    talk = sudo(user, user.password, *[user.wrong_code() for _ in range(3)])
    assert not is_root(talk, user) and "Sorry, try again." in talk.text, talk


def test_sudo_code_alone_without_a_password(sudoers, log, since):
    user = User().enrol()
    sudoers(user, f"Defaults:{user.name} pam_service=sudo-code, pam_login_service=sudo-code")
    for args in ((), ("-i",)):
        talk = sudo(user, user.code(), args=args)
        assert is_root(talk, user) and talk.prompts == ["Verification code: "], talk
    log.wait(rf"user={user.name} verdict=ok .*service=sudo-code", since)
    talk = sudo(user, user.wrong_code(), user.wrong_code(), user.wrong_code())
    assert not is_root(talk, user), talk


def test_sudo_code_takes_no_code_of_somebody_not_enrolled(sudoers, log, since):
    user = User()
    sudoers(user, f"Defaults:{user.name} pam_service=sudo-code")
    assert not is_root(sudo(user, "123456"), user)
    assert log.wait(rf"user={user.name} verdict=not_enrolled", since)


def test_sudo_with_a_remembered_ticket_asks_nothing(user, sudoers):
    sudoers(user, "Defaults timestamp_timeout=5, timestamp_type=global")
    SUDOERS.write_text(SUDOERS.read_text().replace("timestamp_timeout=0,", ""))
    assert is_root(sudo(user, user.password, user.code()), user)
    talk = sudo(user)
    assert is_root(talk, user) and talk.prompts == [], talk


@pytest.mark.parametrize("service,line", [("sudo", ""),
                                          ("sudo-code", "Defaults pam_service=sudo-code")])
def test_the_first_factor_counts_as_proven(user, sudoers, log, since, service, line):
    """after_password and after_login do what the shipped lines want of them."""
    stack = pathlib.Path("/etc/pam.d") / service
    shipped = stack.read_text(encoding="utf-8")
    stack.write_text(re.sub(r"( after_\w+)$", r"\1 debug", shipped, flags=re.M), encoding="utf-8")
    sudoers(user, line)
    try:
        sudo(user, *([user.password] if service == "sudo" else []), user.code())
    finally:
        stack.write_text(shipped, encoding="utf-8")
    assert "account=yes proven=yes" in log.wait("proven=", since)


def console(user, *answers):
    def commands(child):
        child.expect(r"\$ ")
        child.sendline("echo I am $(id -un) on $(tty); exit")

    return converse(spawn("login"), [user.name, *answers], prompt=PROMPT, and_then=commands)


def test_login_takes_password_and_code(user, log, since):
    talk = console(user, user.password, user.code())
    assert re.search(rf"I am {user.name} on /dev/pts/\d+", talk.text), talk
    assert len(talk.prompts) == 3
    assert log.wait(rf"user={user.name} verdict=ok method=totp .*source=local:0 service=login ",
                    since)


def test_login_a_wrong_password_ends_before_the_code(user, log, since):
    talk = converse(spawn("login"), [user.name, "wrong"], prompt=PROMPT)
    assert "Login incorrect" in talk.text and "Verification" not in talk.text, talk
    assert log.module(since) == []


def test_login_a_right_password_is_not_enough(user):
    wrong = user.wrong_code()
    talk = converse(spawn("login"), [user.name, user.password, wrong, wrong, wrong], prompt=PROMPT)
    assert "Login incorrect" in talk.text and "I am" not in talk.text, talk
