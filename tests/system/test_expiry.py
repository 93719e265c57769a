"""A password that is too old, through the shipped stack, a real sshd, sudo and passwd."""
import pathlib
import re
import time

import pytest
from bastion import CONF, SUDOERS, User, converse, is_in, run, spawn

PROMPT = r"(?:\[sudo\] password for \w+|Verification code|[Pp]assword): "
NEW = "a horse of 2 colours"


def set_last(user, days_ago):
    """shadow's last change; None: empty."""
    path = pathlib.Path("/etc/shadow")
    last = "" if days_ago is None else str(int(time.time()) // 86400 - days_ago)
    path.write_text(re.sub(rf"(?m)^({user.name}:[^:]*):[^:]*:", rf"\g<1>:{last}:",
                           path.read_text(encoding="utf-8")), encoding="utf-8")


def last_of(user):
    line = next(line for line in pathlib.Path("/etc/shadow").read_text(encoding="utf-8").splitlines()
                if line.startswith(f"{user.name}:"))
    return int(line.split(":")[2])


@pytest.fixture
def enforced():
    before = CONF.read_text(encoding="utf-8")
    CONF.write_text(before + "\nage = enforce\n", encoding="utf-8")
    yield
    CONF.write_text(before, encoding="utf-8")


def test_new_password_is_set_inside_the_login_which_goes_on(sshd, user, enforced, log, since):
    set_last(user, 90)
    talk = sshd.ssh(user, user.code(), user.password, NEW, NEW)
    assert is_in(talk, user), talk
    assert "Your password is too old; choose a new one." in talk.text
    assert len(talk.prompts) == 4, talk
    assert last_of(user) == int(time.time()) // 86400
    assert log.wait(rf"user={user.name} verdict=error reason=password_too_old ", since)
    talk = sshd.ssh(user, user.code())
    assert is_in(talk, user) and len(talk.prompts) == 1, talk


def test_login_ends_without_the_present_password(sshd, user, enforced):
    set_last(user, 90)
    talk = sshd.ssh(user, user.code(), "not this one", any_left=True)
    assert not is_in(talk, user), talk
    assert last_of(user) == int(time.time()) // 86400 - 90


def test_young_password_key_only_account_and_exempt_user_are_not_asked(sshd, user, enforced):
    set_last(user, 89)
    talk = sshd.ssh(user, user.code())
    assert is_in(talk, user) and "has to be changed within 1 day." in talk.text, talk
    keyed = User().enrol()
    set_last(keyed, 4000)
    talk = sshd.ssh(keyed, keyed.code())
    assert is_in(talk, keyed) and "password" not in talk.text, talk
    set_last(user, 4000)
    with CONF.open("a", encoding="utf-8") as f:
        f.write(f"age_exempt = user:{user.name}\n")
    talk = sshd.ssh(user, user.code())
    assert is_in(talk, user) and "password" not in talk.text, talk


def test_last_change_in_the_future_does_not_escape(sshd, user, enforced):
    set_last(user, -400)
    talk = sshd.ssh(user, user.code(), any_left=True)
    assert not is_in(talk, user) and "too old" in talk.text, talk


def test_warning_lets_in(sshd, user):
    set_last(user, 400)
    talk = sshd.ssh(user, user.code())
    assert is_in(talk, user) and "change it with passwd" in talk.text, talk


def test_hard_expiry_refuses_and_root_sets_a_new_one(sshd, user, enforced, tmp_path):
    policy = pathlib.Path("/etc/pam-bastion/iam.json")
    policy.write_text('{"PasswordPolicy": {"MinimumPasswordLength": 8, "MaxPasswordAge": 90, '
                      '"ExpirePasswords": true, "HardExpiry": true}}', encoding="utf-8")
    policy.chmod(0o600)
    with CONF.open("a", encoding="utf-8") as f:
        f.write(f"password_policy = iam\npolicy_file = {policy}\n")
    set_last(user, 90)
    talk = sshd.ssh(user, user.code(), any_left=True)
    assert not is_in(talk, user) and "an administrator has to set a new one" in talk.text, talk
    run("chpasswd", "-c", "SHA512", input=f"{user.name}:{NEW}\n")
    talk = sshd.ssh(user, user.code())
    assert is_in(talk, user), talk


def test_sudo_and_su_are_not_concerned(user, enforced):
    SUDOERS.write_text(f"{user.name} ALL=(ALL) ALL\n", encoding="utf-8")
    set_last(user, 400)
    talk = converse(spawn("sudo", "-k", "sh", "-c", "echo I am $(id -un)", preexec_fn=user.become),
                    [user.password, user.code()], prompt=PROMPT)
    assert talk.status == 0 and "I am root" in talk.text, talk
    talk = converse(spawn("su", "-", user.name, "-c", "echo I am $(id -un)"), [], prompt=PROMPT)
    assert is_in(talk, user), talk
