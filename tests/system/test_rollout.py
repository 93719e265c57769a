"""Who must, until when, and enrolment at the prompt, by the real server and client."""
import datetime
import json
import pathlib
import re
import subprocess
import time

import pexpect
import picture
import pytest
from bastion import (BUILD, CODE_PROMPT, CONF, PACKAGING, SCRATCH, Sshd, User, enroll_mfa, is_in,
                     run, spawn)

QUESTION = "Code: "


def day(ahead):
    return (datetime.datetime.now(datetime.timezone.utc)
            + datetime.timedelta(days=ahead)).strftime("%Y-%m-%d")


class Service:
    """The shipped stack under another name, with words on the module's auth line."""

    def __init__(self, name, words, account=""):
        text = (PACKAGING / "pam.d/sshd").read_text(encoding="utf-8")
        text = re.sub(r"(default=die\]\s+pam_bastion\.so)$", rf"\1 {words}", text, flags=re.M)
        text = re.sub(r"(pam_bastion\.so\s+need_auth)$", rf"\1 {account}", text, flags=re.M)
        self.name, self.path = name, pathlib.Path("/etc/pam.d") / name
        self.path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def first_trust():
    service = Service("trustsshd", "enroll_here enroll=login")
    with Sshd(service.name) as server:
        yield server
    service.path.unlink()


@pytest.fixture(scope="module")
def invited():
    service = Service("invitesshd", "enroll_here")
    with Sshd(service.name) as server:
        yield server
    service.path.unlink()


class Shown:
    """An enrolment on a terminal of 80x24, waiting for its code."""

    def __init__(self, server, user, args=(), **options):
        options.setdefault("NumberOfPasswordPrompts", 1)
        self.user = user
        self.child = spawn("ssh", "-F", server.config(user, **options), *args, "bastion",
                           "echo", "I", "am", "$(id -un)")
        self.text = ""

    def wait(self, prompt=QUESTION):
        self.child.expect_exact(prompt)
        self.text += self.child.before + self.child.after
        return self

    def lines(self):
        return picture.screen(self.text, 80, 24)

    def uri(self, light=False):
        path = SCRATCH / f"{self.user.name}.png"
        picture.draw(self.lines(), path, light)
        return picture.read_qr(path)

    def key(self):
        return re.findall(r"((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})", self.text)[-1].replace(" ", "")

    def answer(self, text):
        self.child.sendline(text)
        return self

    def end(self):
        self.child.expect_exact(pexpect.EOF)
        self.text += self.child.before
        self.child.close()
        return self.child.exitstatus == 0 and f"I am {self.user.name}" in self.text

    def hang_up(self):
        self.child.close(force=True)


def test_qr_code_of_the_prompt_scans_in_both_polarities(first_trust, log, since):
    user = User()
    shown = Shown(first_trust, user).wait()
    assert len(shown.lines()) == 24
    uri = shown.uri()
    assert uri and uri.startswith("otpauth://totp/") and f"secret={shown.key()}" in uri, uri
    shown.answer("i").wait()
    assert shown.uri(light=True) == uri
    user.secret = shown.key()
    shown.answer(user.code())
    assert shown.end(), shown.text
    assert "Enrolled." in shown.text
    log.wait(rf"user={user.name} verdict=shown device=phone key={re.escape(user.fingerprint())}",
             since)
    log.wait(rf"user={user.name} verdict=enrolled method=totp device=phone", since)
    # From now on it is an ordinary enrolment: no QR code, the confirming code is spent.
    talk = first_trust.ssh(user, user.code_at(user.last_step), user.code())
    assert is_in(talk, user) and "already used" in talk.text, talk


def test_the_same_place_sees_the_same_secret_and_another_one_never(first_trust):
    user = User()
    first = Shown(first_trust, user).wait()
    first.hang_up()
    again = Shown(first_trust, user).wait()
    assert again.key() == first.key()
    other = Shown(first_trust, user, args=("-b", "127.0.0.2")).wait()
    assert other.key() != first.key()
    # A code of the other's secret is none here; the first right one wins.
    user.secret = other.key()
    again.answer(user.code()).wait(CODE_PROMPT)
    user.secret, user.last_step = first.key(), 0
    again.answer(user.code())
    assert again.end(), again.text
    assert "1 other enrolment" in again.text
    user.secret, user.last_step, mine = other.key(), 0, user.secret
    other.answer(user.code())
    other.wait(CODE_PROMPT)
    assert "Refused" in other.text
    other.hang_up()
    user.secret, user.last_step = mine, int(time.time()) // 30
    assert is_in(first_trust.ssh(user, user.code()), user)


def at_the_picture(shown, _):
    shown.wait()


def at_the_other_polarity(shown, _):
    shown.wait().answer("i").wait()


def at_the_second_prompt(shown, user):
    shown.wait().answer(user.wrong_code()).wait(CODE_PROMPT)


def behind_the_right_code(shown, user):
    shown.wait()
    user.secret = shown.key()
    shown.answer(user.code())


@pytest.mark.parametrize("point", [at_the_picture, at_the_other_polarity, at_the_second_prompt,
                                   behind_the_right_code])
@pytest.mark.parametrize("by_word", [False, True], ids=["first_trust", "invited"])
def test_a_client_that_hangs_up_goes_on_where_it_was(first_trust, invited, point, by_word):
    """Killed there, the same place sees the same secret again, or it is in force."""
    user = User()
    server = invited if by_word else first_trust
    word = ""
    if by_word:
        word = json.loads(enroll_mfa("invite", user.name, "--json"))["word"]

    def begin():
        shown = Shown(server, user, NumberOfPasswordPrompts=2)
        if by_word:
            shown.wait(CODE_PROMPT).answer(word)
        return shown

    shown = begin()
    point(shown, user)
    first = shown.key()
    shown.hang_up()
    # The server judges what was typed and notices the closed connection, in its time.
    devices = settled_devices(user)
    user.secret = first
    if devices:
        assert is_in(server.ssh(user, user.code()), user)
        return
    again = begin().wait()
    assert again.key() == first
    again.answer(user.code())
    assert again.end(), again.text


def settled_devices(user):
    """How many devices the user has once no process of sshd holds a login of theirs."""
    end = time.monotonic() + 10
    while time.monotonic() < end and subprocess.run(
            ["pgrep", "-f", rf"sshd: {user.name} \[(priv|net|pam)\]"], check=False,
            capture_output=True).returncode == 0:
        time.sleep(0.05)
    told = subprocess.run([BUILD / "enroll-mfa", "status", user.name, "--json"], check=False,
                          capture_output=True, text=True).stdout
    return len(json.loads(told)[0]["devices"])


def test_a_client_that_hangs_up_before_the_word_leaves_the_invitation(invited):
    user = User()
    word = json.loads(enroll_mfa("invite", user.name, "--json"))["word"]
    shown = Shown(invited, user).wait(CODE_PROMPT)
    shown.hang_up()
    shown = Shown(invited, user).wait(CODE_PROMPT).answer(word).wait()
    user.secret = shown.key()
    assert shown.answer(user.code()).end(), shown.text


def test_a_user_with_a_device_is_never_shown_one(first_trust, user):
    talk = first_trust.ssh(user, user.wrong_code(), user.code())
    assert is_in(talk, user) and "otpauth" not in talk.text and "Scan" not in talk.text


def test_a_name_alone_is_shown_nothing(log, since):
    """Without a key in front: the same prompt for everybody, and nobody gets in."""
    service = Service("namesshd", f"enroll_here enroll=login enroll_by={day(3)}")
    users = [User(), User().enrol()]
    with open(CONF, "r+", encoding="utf-8") as f:
        before = f.read()
        f.write(f"exempt = user:{users[0].name} until {day(2)}\nrequire = user:nobody\n")
    try:
        with Sshd(service.name, AuthenticationMethods="keyboard-interactive:pam") as server:
            for user in users:
                talk = server.ssh(user, "", "123456", "ABCD-EFGH-IJKL-MNOP")
                assert talk.status == 255 and len(talk.prompts) == 3, talk
                assert "Scan" not in talk.text and "enrolled" not in talk.text
    finally:
        CONF.write_text(before, encoding="utf-8")
        service.path.unlink()
    assert not re.findall("verdict=(?:exempt|grace|shown|bypass|remembered)",
                          "\n".join(log.lines(since)))


def test_grace_lets_in_with_a_notice_until_its_day(log, since):
    user = User()
    for ahead, inside in ((1, True), (0, True), (-1, False)):
        service = Service("gracesshd", f"enroll_by={day(ahead)}")
        with Sshd(service.name) as server:
            talk = server.ssh(user)
        service.path.unlink()
        assert is_in(talk, user) == inside, talk
        assert ("not enrolled yet" in talk.text) == inside
    assert log.wait(rf"user={user.name} verdict=grace", since)


def test_an_empty_answer_at_the_picture_waits_within_enroll_by(log, since):
    user = User()
    service = Service("laterssh", f"enroll_here enroll=login enroll_by={day(1)}")
    with Sshd(service.name) as server:
        shown = Shown(server, user).wait()
        shown.answer("")
        assert shown.end(), shown.text
    service.path.unlink()
    assert log.wait(rf"user={user.name} verdict=grace", since)


def test_a_machine_account_gets_in_from_its_network_until_its_day(log, since):
    user = User()
    cases = ((f"user:{user.name}@127.0.0.0/8 until {day(5)}", True),
             (f"user:{user.name}@10.0.0.0/8 until {day(5)}", False),
             (f"user:{user.name}@127.0.0.0/8 until {day(-1)}", False),
             (f"user:{user.name}@127.0.0.0/8 until {day(400)}", False))
    before = CONF.read_text(encoding="utf-8")
    for rule, inside in cases:
        CONF.write_text(before + f"exempt = {rule}\n", encoding="utf-8")
        try:
            with Sshd(AuthenticationMethods="publickey") as server:
                done = server.ssh(user, BatchMode="yes")
            assert is_in(done, user) == inside, (rule, done)
            # Behind the key it is not asked either.
            with Sshd() as server:
                talk = server.ssh(user)
            assert is_in(talk, user) == inside, (rule, talk)
        finally:
            CONF.write_text(before, encoding="utf-8")
    assert log.wait(rf"sshd:account\): user={user.name} verdict=exempt reason=ends_soon", since)
    assert log.wait("note=exemption_without_effect", since)
    assert log.wait(rf"user={user.name} verdict=error reason=need_auth", since)


def test_a_code_is_remembered_for_the_same_place_and_keys(user, log, since):
    service = Service("remembersshd", "remember=1h")
    with Sshd(service.name) as server:
        assert is_in(server.ssh(user, user.code()), user)
        assert is_in(server.ssh(user), user)
        assert not is_in(server.ssh(user, args=("-b", "127.0.0.2")), user)
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", SCRATCH / "otherkey")
        with open(user.home / ".ssh/authorized_keys", "a", encoding="utf-8") as f:
            f.write((SCRATCH / "otherkey.pub").read_text(encoding="utf-8"))
        assert not is_in(server.ssh(user, IdentityFile=SCRATCH / "otherkey"), user)
    service.path.unlink()
    assert log.wait(rf"user={user.name} verdict=remembered", since)


def test_a_client_without_unicode_still_gets_the_key(first_trust):
    user = User()
    child = Shown.__new__(Shown)
    child.user, child.text = user, ""
    env = {"PATH": "/usr/bin:/bin", "HOME": "/root", "TERM": "dumb", "LC_ALL": "C"}
    child.child = spawn("ssh", "-F", first_trust.config(user), "bastion", "echo", "I", "am",
                        "$(id -un)", env=env)
    child.wait()
    assert child.uri() is None
    user.secret = child.key()
    child.answer(user.code())
    assert child.end(), child.text


@pytest.mark.parametrize("program", ["scp", "sftp"])
def test_copies_can_be_the_first_login(first_trust, program):
    user = User()
    words = {"scp": ["/etc/hostname", "bastion:first"], "sftp": ["bastion"]}[program]
    shown = Shown.__new__(Shown)
    shown.user, shown.text = user, ""
    shown.child = spawn(program, "-F", first_trust.config(user), *words)
    shown.wait()
    assert f"secret={shown.key()}" in shown.uri()
    user.secret = shown.key()
    shown.answer(user.code())
    if program == "sftp":
        shown.wait("sftp> ").answer("put /etc/hostname first").wait("sftp> ").answer("bye")
    shown.end()
    assert shown.child.exitstatus == 0, shown.text
    assert (user.home / "first").read_bytes() == pathlib.Path("/etc/hostname").read_bytes()


def test_a_shared_connection_enrols_once(first_trust):
    user = User()
    path = SCRATCH / f"cm-{user.name}"
    shown = Shown(first_trust, user, args=("-o", f"ControlPath={path}", "-o", "ControlMaster=yes",
                                           "-o", "ControlPersist=30"))
    shown.wait()
    user.secret = shown.key()
    shown.answer(user.code())
    assert shown.end(), shown.text
    talk = first_trust.ssh(user, args=("-o", f"ControlPath={path}"))
    assert is_in(talk, user) and not talk.prompts, talk
    run("ssh", "-F", first_trust.config(user), "-o", f"ControlPath={path}", "-O", "exit", "bastion")


ASKPASS = """#!/bin/sh
printf '%s' "$1" >"$0.prompt"
key=$(printf '%s' "$1" | grep -oE '([A-Z2-7]{4} ){7}[A-Z2-7]{4}' | tr -d ' ')
exec oathtool --totp -b "$key"
"""


def test_an_askpass_program_gets_the_whole_prompt(first_trust):
    user = User()
    program = SCRATCH / "askpass"
    program.write_text(ASKPASS, encoding="utf-8")
    program.chmod(0o755)
    env = {"PATH": "/usr/bin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8",
           "SSH_ASKPASS": str(program), "SSH_ASKPASS_REQUIRE": "force"}
    done = subprocess.run(["ssh", "-F", first_trust.config(user), "bastion", "id", "-un"],
                          capture_output=True, text=True, env=env, stdin=subprocess.DEVNULL,
                          start_new_session=True, check=False, timeout=60)
    assert done.returncode == 0 and done.stdout == f"{user.name}\n", done
    prompt = pathlib.Path(f"{program}.prompt").read_text(encoding="utf-8")
    assert prompt.splitlines()[-1].endswith("Code: ") and len(prompt.splitlines()[-1]) < 80


def test_a_jump_through_the_bastion_enrols_on_the_way(first_trust):
    user = User()
    config = first_trust.config(user)
    shown = Shown(first_trust, user, args=("-o", f"ProxyCommand=ssh -F {config} -W %h:%p bastion"))
    shown.wait()
    user.secret = shown.key()
    shown.answer(user.code())
    shown.wait(CODE_PROMPT).answer(user.code())
    assert shown.end(), shown.text
