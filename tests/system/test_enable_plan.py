"""bastionctl enable before it changes anything: who could log in with what it plans."""
import contextlib
import os
import pathlib
import re
import shutil
import time

import pytest
from bastion import BUILD, CONF, SUDOERS, Sshd, User, enroll_mfa, is_in, run, spawn
# pylint: disable-next=unused-import
from test_enable import (BASTIONCTL, DROPIN, FIXTURES, PAM, admin, call, enable, image, is_open,
                         machine, make_admin, refused, server, terms, texts)

SSHD_CONFIG = pathlib.Path("/etc/ssh/sshd_config")
SHARED_KEYS = pathlib.Path("/etc/ssh/keys")


@contextlib.contextmanager
def sshd_says(text, path=SSHD_CONFIG):
    """The file with lines at its beginning."""
    was = path.read_text(encoding="utf-8") if path.exists() else None
    path.write_text(text + (was or ""), encoding="utf-8")
    try:
        yield
    finally:
        if was is None:
            path.unlink()
        else:
            path.write_text(was, encoding="utf-8")


def configure(text):
    CONF.write_text(CONF.read_text(encoding="utf-8") + text, encoding="utf-8")


def flat(talk):
    return " ".join((talk.text if hasattr(talk, "text") else talk.stdout + talk.stderr).split())


# ---- sshd ----

def test_password_is_not_taken_out_where_the_code_alone_would_let_in(admin):
    """The line with the password goes, so every way in must need a key."""
    before = texts()
    local = DROPIN.parent / "05-local.conf"
    for methods in ("keyboard-interactive:pam", "keyboard-interactive:pam,publickey",
                    "publickey,keyboard-interactive:pam keyboard-interactive:pam"):
        with sshd_says(f"KbdInteractiveAuthentication yes\nAuthenticationMethods {methods}\n", local):
            refused(call("enable", "sshd", *terms(admin)), 1, "the code alone would let in",
                    f"authenticationmethods {methods}")
    # Another user's way in counts, too.
    other = User(password="correct horse 8")
    with sshd_says(f"Match User {other.name}\nAuthenticationMethods keyboard-interactive:pam\n"
                   "Match all\n", local):
        refused(call("enable", "sshd", *terms(admin)), 1, "the code alone would let in",
                f"for {other.name} ")
    assert texts() == before


def test_admin_whom_no_method_lets_in_is_refused(admin):
    local = DROPIN.parent / "05-local.conf"
    for line in ("KbdInteractiveAuthentication no", "PubkeyAuthentication no"):
        with sshd_says(f"Match User {admin.name}\n{line}\nMatch all\n", local):
            refused(call("enable", "sshd", *terms(admin)), 1, "nothing would let",
                    line.lower())
    for line in (f"DenyUsers {admin.name}", "AllowGroups wheel"):
        with sshd_says(f"{line}\n", local):
            refused(call("enable", "sshd", *terms(admin)), 1, "would not get in by ssh",
                    line.split()[0])


def test_match_of_a_port_does_not_keep_enable_from_its_work(admin):
    local = DROPIN.parent / "05-local.conf"
    with sshd_says("Match LocalPort 2222 LocalAddress 192.0.2.9\nBanner none\nMatch all\n", local):
        talk = enable("sshd", admin.code(), args=terms(admin))
        assert talk.status == 0, talk
    with sshd_says("Match LocalPort 22\nAuthenticationMethods publickey\nMatch all\n", local):
        assert call("disable", "sshd", "--yes").returncode == 0
        refused(call("enable", "sshd", *terms(admin)), 1, "authenticationmethods publickey")


def test_match_of_the_address_is_judged_through_sudo_too(server, admin):
    """sudo takes SSH_CONNECTION away."""
    with sshd_says("Match Address 127.0.0.0/8\nAuthenticationMethods publickey\nMatch all\n",
                   DROPIN.parent / "05-local.conf"):
        talk = server.ssh(admin, command=("sudo", "-n", str(BASTIONCTL), "enable", "sshd", "--yes"))
        refused(talk, 1, "authenticationmethods publickey")
    assert not DROPIN.exists()


def test_admin_without_a_key_that_sshd_finds_is_refused(admin):
    """A password would let nobody in any more."""
    before = texts()
    keys = admin.home / ".ssh" / "authorized_keys"
    text = keys.read_text(encoding="utf-8")
    for broken in (lambda: keys.unlink(), lambda: keys.write_text("# " + text, encoding="utf-8"),
                   lambda: keys.write_text("ssh-ed25519 AAAA\n", encoding="utf-8"),
                   lambda: keys.chmod(0o666), lambda: os.chown(keys, 1, 1),
                   lambda: (os.chown(keys, 0, 0), keys.chmod(0o600)),
                   lambda: admin.home.chmod(0o777)):
        broken()
        refused(call("enable", "sshd", *terms(admin)), 1, f"no public key of {admin.name}",
                "AuthorizedKeysFile .ssh/authorized_keys", "--admin")
        keys.unlink(missing_ok=True)
        keys.write_text(f'from="127.0.0.1",command="echo # a" {text}', encoding="utf-8")
        os.chown(keys, admin.uid, admin.uid)
        admin.home.chmod(0o755)
    assert texts() == before
    talk = enable("sshd", admin.code(), args=terms(admin))
    assert talk.status == 0, talk


def test_key_is_looked_for_where_sshd_does(admin):
    keys = admin.home / ".ssh" / "authorized_keys"
    SHARED_KEYS.mkdir()
    try:
        shutil.move(keys, SHARED_KEYS / admin.name)
        os.chown(SHARED_KEYS / admin.name, admin.uid, admin.uid)
        with sshd_says("AuthorizedKeysFile none\n"):
            refused(call("enable", "sshd", *terms(admin)), 1, "AuthorizedKeysFile none")
        for setting in ("AuthorizedKeysCommand /bin/true\nAuthorizedKeysCommandUser nobody",
                        f"TrustedUserCAKeys {admin.key}.pub"):
            with sshd_says(setting + "\n"):
                talk = enable("sshd", admin.code(), args=terms(admin))
            assert talk.status == 0 and f"whether {admin.name} has a key is not known" in \
                flat(talk), talk
            assert call("disable", "sshd").returncode == 0
        with sshd_says(f"AuthorizedKeysFile .nothing {SHARED_KEYS}/%u\n"):
            talk = enable("sshd", admin.code(), args=terms(admin))
        assert talk.status == 0 and "is not known" not in flat(talk), talk
    finally:
        shutil.move(SHARED_KEYS / admin.name, keys)
        shutil.rmtree(SHARED_KEYS)


def test_users_with_a_password_and_no_key_are_counted_and_named(admin):
    keyless = [User(password="correct horse 9") for _ in range(2)]
    no_password = User()
    for user in (*keyless, no_password):
        (user.home / ".ssh" / "authorized_keys").unlink()
    no_shell = User(password="correct horse 9")
    run("usermod", "-s", "/usr/sbin/nologin", no_shell.name)
    (no_shell.home / ".ssh" / "authorized_keys").unlink()
    talk = enable("sshd", admin.code(), args=terms(admin))
    assert talk.status == 0, talk
    named = re.search(r"warn sshd (\d+) with a password have no public key .*?: ([\w, ]*?)"
                      r"(?: warn| Trial)", flat(talk))
    assert named and int(named[1]) == 2, talk
    assert sorted(named[2].split(", ")) == sorted(u.name for u in keyless), talk
    for user in keyless:
        user.home.joinpath(".ssh", "authorized_keys").write_bytes(
            pathlib.Path(f"{user.key}.pub").read_bytes())


def test_users_with_a_key_and_no_code_are_counted_and_named(admin):
    invited, nobody, exempt = User(), User(), User()
    enroll_mfa("invite", invited.name)
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86400))
    with CONF.open("a", encoding="utf-8") as f:
        f.write(f"exempt = user:{exempt.name} until {day}\n")
    talk = enable("sshd", admin.code(), args=terms(admin))
    assert talk.status == 0, talk
    named = re.search(r"warn sshd (\d+) with a public key have no device and no invitation, and "
                      r"would be asked for a code in vain: ([\w, ]*?)(?: warn| Trial)", flat(talk))
    assert named, talk
    told = named[2].replace(" and ", ", ").split(", ")
    assert nobody.name in told or int(named[1]) > 5, talk
    assert invited.name not in told and exempt.name not in told and admin.name not in told, talk


def test_enrolled_users_for_whom_sshd_has_other_settings_are_named(admin):
    robot = User().enrol()
    with sshd_says(f"Match User {robot.name}\nAuthenticationMethods publickey\nMatch all\n",
                   DROPIN.parent / "05-local.conf"):
        talk = enable("sshd", admin.code(), args=terms(admin))
        assert talk.status == 0, talk
        assert f"(a Match, or an earlier line), and what goes past the code is refused: " \
            f"{robot.name}" in flat(talk), talk
        assert "for 1 sshd -T does not say" in flat(talk), talk


# ---- the trial ----

def test_trial_that_asks_for_no_code_changes_nothing(admin):
    before = texts()
    enroll_mfa("bypass", admin.name, "--for", "1h")
    for target in ("sudo", "login"):
        refused(enable(target, args=terms(admin)), 1, "is on a bypass", "--for 0")
    # sshd is shown no key, so the bypass does not count there.
    talk = enable("sshd", admin.code(), args=terms(admin))
    assert talk.status == 0 and len(talk.prompts) == 1, talk
    assert call("disable", "sshd").returncode == 0
    enroll_mfa("bypass", admin.name, "--for", "0")
    until = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86400))
    configure(f"exempt = user:{admin.name} until {until}\n")
    refused(enable("sudo", args=terms(admin)), 1, f"is exempt (`exempt = user:{admin.name} until")
    assert texts() == before and not is_open()


def test_trial_of_somebody_who_is_not_required_changes_nothing(admin):
    before = texts()
    configure("require = group:games\n")
    refused(enable("sudo", args=terms(admin)), 1, "is not required to show a code")
    assert texts() == before


@pytest.mark.parametrize("target", ["sudo", "login"])
def test_trial_asks_whom_the_console_exempts_for_the_code_all_the_same(admin, target):
    before = texts()
    configure(f"exempt = user:{admin.name}@local\n")
    talk = enable(target, admin.password, admin.code(), args=terms(admin))
    assert talk.status == 0 and len(talk.prompts) == 2, talk
    assert f"Way back: {admin.name} gets in at the console" in talk.text or target == "sudo", talk
    assert call("disable", target).returncode == 0
    wrong = [admin.wrong_code() for _ in range(3)]
    refused(enable(target, admin.password, *wrong, args=terms(admin)), 1, "does not let")
    assert texts() == before


def test_stack_that_lets_in_without_the_code_does_not_pass_the_trial(admin):
    """Whatever the reason: a code must have been spent.  The line that exempts here
    reads a configuration of its own, which bastionctl does not."""
    before = texts()
    other = pathlib.Path("/etc/pam-bastion/other.conf")
    until = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86400))
    other.write_text(f"exempt = user:{admin.name} until {until}\n", encoding="utf-8")
    module = run("sh", "-c", "ls /usr/lib/*/security/pam_exec.so /usr/lib64/security/pam_exec.so"
                 " 2>/dev/null || true").split()
    assert module
    # After the plan is made, and before the trial, somebody else opens the door.
    (PAM / "common-auth").rename(PAM / "common-auth.kept")
    (PAM / "common-auth").write_text(
        "auth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\n"
        "auth required pam_permit.so\n"
        f"auth optional pam_exec.so quiet /usr/bin/install -m 644 {other} {CONF}\n",
        encoding="utf-8")
    try:
        refused(enable("sudo", admin.password, args=terms(admin)), 1,
                "has let", "without a code", "nothing is changed")
        assert texts() == before
    finally:
        (PAM / "common-auth.kept").rename(PAM / "common-auth")


# ---- images ----

def enrol_at_the_prompt(there, user, *answers):
    """A login that shows the key, and the code of it."""
    child = spawn("ssh", "-F", there.config(user), "-tt", "bastion")
    for answer in answers:
        child.expect("Verification code: ")
        child.sendline(answer)
    child.expect(r"((?:[A-Z2-7]{4}[ -]){7}[A-Z2-7]{4})")
    user.secret = re.sub("[ -]", "", child.match.group(1))
    child.sendline(user.code())
    child.expect_exact("$ ")
    child.close(force=True)


def test_no_confirm_wants_an_invitation_where_that_is_how_one_enrols(image):
    """The default configuration, and then a login by the word."""
    refused(call("enable", "sshd", "--yes", "--no-confirm"), 3, "nobody is invited",
            "enroll-mfa invite USER")
    assert not DROPIN.exists()
    enroll_mfa("invite", "no-account-of-this-name")
    refused(call("enable", "sshd", "--yes", "--no-confirm"), 3, "nobody is invited")
    user = User()
    word = re.search(r"^ +((?:[A-Z2-7]{4}-?){4})$", enroll_mfa("invite", user.name), re.M)[1]
    local = DROPIN.parent / "05-local.conf"
    with sshd_says(f"DenyUsers {user.name}\n", local):
        refused(call("enable", "sshd", "--yes", "--no-confirm"), 3,
                f"{user.name} is invited and would not get in by ssh (DenyUsers names {user.name})")
    with sshd_says(f"Match User {user.name}\nAuthenticationMethods publickey\nMatch all\n", local):
        refused(call("enable", "sshd", "--yes", "--no-confirm"), 1,
                "authenticationmethods publickey")
    assert not DROPIN.exists()
    done = call("enable", "sshd", "--yes", "--no-confirm")
    refused(done, 0, "Way back: none", f"by invitation, the first is {user.name}")
    with Sshd() as there:
        enrol_at_the_prompt(there, user, user.wrong_code(), word)
        assert is_in(there.ssh(user, user.code()), user)
    assert call("disable", "sshd", "--yes").returncode == 0


def test_user_data_of_the_manual_lets_the_admin_in(image, tmp_path):
    page = pathlib.Path(__file__).resolve().parents[2] / "man/bastionctl.8"
    example = page.read_text(encoding="utf-8").split("\nIn user data")[1].split(".Sh")[0]
    user = make_admin(User())
    for path in image.iterdir():  # nothing has been initialised
        run("rm", "-r", path)
    script = "\n".join(re.findall(r"^\.Dl (.*)$", example, re.M))
    assert "invite admin >/root/invitation" in script, script
    script = script.replace("invite admin", f"invite {user.name}")
    script = script.replace("/root/invitation", str(tmp_path / "word"))
    run("sh", "-e", "-c", script, env={**os.environ, "PATH": f"{BUILD}:{os.environ['PATH']}"})
    text = (tmp_path / "word").read_text(encoding="utf-8")
    with Sshd() as there:
        enrol_at_the_prompt(there, user, re.search(r"(?:[A-Z2-7]{4}-){3}[A-Z2-7]{4}", text)[0])
        assert is_in(there.ssh(user, user.code()), user)
    assert call("disable", "sshd", "--yes").returncode == 0
    SUDOERS.unlink()


def test_no_confirm_counts_devices_and_not_invitations(image):
    configure("enroll = login\n")
    user = User()
    enroll_mfa("invite", user.name)
    done = call("enable", "sshd", "--yes", "--no-confirm")
    refused(done, 0, "whoever comes through sshd with a key can enrol")
    with Sshd() as there:
        enrol_at_the_prompt(there, user)
    assert call("disable", "sshd", "--yes").returncode == 0
    refused(call("enable", "sshd", "--yes", "--no-confirm"), 3, "and somebody is")


def test_no_confirm_until_a_day_lets_in_who_is_not_enrolled(image):
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 20 * 86400))
    configure(f"enroll = admin\nenroll_by = {day}\n")
    done = call("enable", "sshd", "--yes", "--no-confirm")
    refused(done, 0, f"is let in without a code until {day}")
    user = User()
    with Sshd() as there:
        assert is_in(there.ssh(user), user)
    assert call("disable", "sshd", "--yes").returncode == 0


def test_no_confirm_does_not_lock_a_console_whose_line_proves_no_password(image):
    """As RHEL has it: a substack's wrong password does not end the stack."""
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 20 * 86400))
    configure(f"enroll_by = {day}\n")
    names = ("login", "system-auth", "password-auth", "postlogin")
    kept = {n: (PAM / n).read_text(encoding="utf-8") if (PAM / n).exists() else None
            for n in names}
    try:
        for name in names:
            shutil.copy(FIXTURES / "rhel-9" / name, PAM / name)
        before = texts()
        refused(call("enable", "login", "--yes", "--no-confirm"), 3,
                "through login there is none", "enrol an admin")
        assert texts() == before
    finally:
        for name, text in kept.items():
            if text is None:
                (PAM / name).unlink()
            else:
                (PAM / name).write_text(text, encoding="utf-8")
    # Debian's knows it.
    refused(call("enable", "login", "--yes", "--no-confirm"), 0, "key or password", day)
    assert call("disable", "login", "--yes").returncode == 0
