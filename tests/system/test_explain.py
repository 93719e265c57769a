"""bastionctl explain, next to what the real sshd does."""
import contextlib
import datetime
import json
import pathlib

import pytest
from bastion import BUILD, CONF, Sshd, User, converse, is_in, run, spawn

SSHD_CONFIG = pathlib.Path("/etc/ssh/sshd_config")
AUTH_LOG = pathlib.Path("/var/log/auth.log")


def explain(*argv):
    return run(BUILD / "bastionctl", "explain", *argv)


@pytest.fixture(scope="module", autouse=True)
def host_keys():
    """`sshd -T` wants the machine's own; the private machine has none."""
    run("ssh-keygen", "-A")
    yield
    for key in pathlib.Path("/etc/ssh").glob("ssh_host_*"):
        key.unlink()


def told(*argv):
    return json.loads(explain(*argv, "--json"))


def day(ahead):
    return (datetime.datetime.now(datetime.timezone.utc)
            + datetime.timedelta(days=ahead)).strftime("%Y-%m-%d")


@contextlib.contextmanager
def more(path, text):
    """A file with lines at its end."""
    before = path.read_text(encoding="utf-8") if path.exists() else None
    path.write_text((before or "") + text, encoding="utf-8")
    try:
        yield
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before, encoding="utf-8")


def test_explain_says_what_a_login_would_meet(sshd, user, log, since):
    assert not is_in(sshd.ssh(user, user.wrong_code()), user)
    log.wait(rf"user={user.name} verdict=wrong", since)
    x = told(user.name, "--from", "127.0.0.1")
    assert x["required"] == "yes (require = all)" and x["exempt"] == "no"
    assert x["device"].startswith("phone, enrolled ")
    assert x["wrong_codes"].startswith("1 since ")
    assert x["sshd"].startswith("asks for the code (AuthenticationMethods publickey,")
    assert x["pam"].startswith("/etc/pam.d/sshd:") and "need_auth" in x["pam"]
    assert x["recovery"] == "10 codes left" and x["locked"] == "no"
    text = explain(user.name)
    print(text)
    assert text.count("\n") <= 24 + 5 and max(map(len, text.splitlines()[:18])) < 200
    assert "not enrolled" in explain(User().name) and "no such account" in explain("nobody9")


def test_login_round_the_code_is_told_as_refused_by_need_auth(log, since):
    user = User().enrol()
    match = f"\nMatch User {user.name}\n  AuthenticationMethods publickey\n"
    # The drop-in comes first, and would win.
    dropin = pathlib.Path("/etc/ssh/sshd_config.d/10-bastion-mfa.conf")
    without = "".join(line for line in dropin.read_text(encoding="utf-8").splitlines(True)
                      if "AuthenticationMethods" not in line)
    before = dropin.read_text(encoding="utf-8")
    dropin.write_text(without + match, encoding="utf-8")
    try:
        for rule, inside in ((f"require = user:nobody-{user.uid}\n", False),
                             (f"exempt = user:{user.name} until {day(30)}\n", True)):
            with more(CONF, rule):
                x = told(user.name, "--from", "127.0.0.1")
                with Sshd() as server:
                    assert is_in(server.ssh(user, BatchMode="yes"), user) == inside
            assert x["sshd"].startswith("does not ask PAM for a code: refused by need_auth "
                                        "(AuthenticationMethods publickey"), x
            assert x["login"].startswith("is let in without a code: exempt" if inside
                                         else "is refused by need_auth"), x
    finally:
        dropin.write_text(before, encoding="utf-8")
    assert log.wait(rf"user={user.name} verdict=error reason=need_auth", since)


def test_match_of_the_own_port_and_address_is_judged():
    user = User().enrol()
    dropin = pathlib.Path("/etc/ssh/sshd_config.d/10-bastion-mfa.conf")
    before = dropin.read_text(encoding="utf-8")
    without = "".join(line for line in before.splitlines(True)
                      if "AuthenticationMethods" not in line)
    asks = "publickey,keyboard-interactive:pam"
    try:
        for match, port, way in (("LocalPort 22", "", "publickey"),
                                 ("LocalPort 2200", "", asks),
                                 ("LocalPort 2200", "Port 2200\n", "publickey"),
                                 ("LocalAddress 127.0.0.1", "", "publickey"),
                                 ("LocalAddress 192.0.2.9", "", asks),
                                 ("LocalAddress 192.0.2.9", "ListenAddress 192.0.2.9\n",
                                  "publickey"),
                                 ("LocalAddress ::1", "ListenAddress [::1]:22\n", "publickey")):
            dropin.write_text(f"{port}Match {match}\n  AuthenticationMethods publickey\n"
                              f"Match all\n  AuthenticationMethods {asks}\n{without}",
                              encoding="utf-8")
            x = told(user.name)
            assert f"(AuthenticationMethods {way})" in x["sshd"], (match, port, x)
    finally:
        dropin.write_text(before, encoding="utf-8")


def test_sshd_that_does_not_answer_is_quoted():
    with more(SSHD_CONFIG, "\nNoSuchKeyword yes\n"):
        x = told(User().name)
    assert x["sshd"].startswith("cannot be told: /usr/sbin/sshd -T: "), x
    assert "NoSuchKeyword" in x["sshd"], x


def test_service_that_proves_nothing_lets_nobody_off():
    user = User().enrol()
    for words, way in (("", "is asked for a code (the service proves no"),
                       ("after_login", "is let in without a code: exempt")):
        with more(pathlib.Path("/etc/pam.d/plain"), f"auth required pam_bastion.so {words}\n"), \
             more(CONF, f"exempt = user:{user.name} until {day(30)}\n"):
            x = told(user.name, "--service", "plain")
        assert x["login"].startswith(way), x
        assert x["exempt"].startswith("yes, behind a proven first factor")


def test_enroll_by_too_far_ahead_lets_nobody_in():
    user = User()
    for ahead, way in ((30, "is let in without a code until enroll_by"),
                       (400, "is asked for a code and refused: not enrolled")):
        with more(CONF, f"enroll_by = {day(ahead)}\n"):
            x = told(user.name)
            with Sshd() as server:
                assert is_in(server.ssh(user, "000000", any_left=True), user) == (ahead == 30)
        assert x["login"].startswith(way), x


@contextlib.contextmanager
def before(path, text):
    """A file with lines at its beginning."""
    was = path.read_text(encoding="utf-8")
    path.write_text(text + was, encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(was, encoding="utf-8")


def test_whom_sshd_itself_refuses_is_told_so(user):
    run("usermod", "-aG", "games", user.name)
    code = user.code()
    for line in (f"DenyUsers {user.name}", "AllowUsers somebody else", f"DenyUsers *@127.0.0.0/8",
                 f"AllowUsers {user.name}@192.0.2.0/24", "DenyGroups g?mes", "AllowGroups wheel",
                 "PubkeyAuthentication no", "KbdInteractiveAuthentication no"):
        match = f"Match User {user.name}\n{line}\nMatch all\n"
        with before(SSHD_CONFIG, match if "Authentication" in line else line + "\n"):
            x = told(user.name, "--from", "127.0.0.1")
            with Sshd() as server:
                assert not is_in(server.ssh(user, code, any_left=True), user), line
        assert x["login"].startswith("is refused by sshd, whatever is answered"), (line, x)
        assert line.split()[0] in x["sshd"] and "sshd" in x["next"], (line, x)
    for line in ("AllowUsers nobody us*", f"AllowUsers {user.name}@127.0.0.1\nAllowGroups games",
                 f"DenyUsers {user.name}@192.0.2.*\nDenyGroups wheel"):
        with before(SSHD_CONFIG, line + "\n"):
            x = told(user.name, "--from", "127.0.0.1")
            with Sshd() as server:
                assert is_in(server.ssh(user, code or user.code()), user), line
            code = None
        assert x["login"].startswith("is asked for a code ("), (line, x)


def test_root_meets_permit_root_login(log):
    """Also prohibit-password refuses the code: it is no key."""
    root = pathlib.Path("/run/home/root/.ssh")
    run("mkdir", "-p", root)
    user = User()
    run("cp", f"{user.key}.pub", root / "authorized_keys")
    run("chmod", "-R", "go-rwx", root.parent)
    user.name = "root"
    user.enrol()
    try:
        for word, inside in (("no", False), ("prohibit-password", False), ("yes", True)):
            more_words = f"PermitRootLogin {word}\nAuthorizedKeysFile {root}/authorized_keys\n"
            with before(SSHD_CONFIG, more_words):
                x = told("root")
                with Sshd() as server:
                    talk = server.ssh(user, user.code(), any_left=True)
                    assert is_in(talk, user) == inside, talk
            assert x["login"].startswith("is asked for a code (" if inside else
                                         "is refused by sshd"), (word, x)
    finally:
        run(BUILD / "enroll-mfa", "remove", "root")


def test_expired_account_is_told_as_refused(sshd, user):
    for words in (("-E", "2001-01-01"), ("-E", "-1", "-M", "10", "-I", "5", "-d", "2001-01-01")):
        run("chage", *words, user.name)
        x = told(user.name)
        assert x["login"].startswith("is refused, whatever is answered: the account has exp"), x
        assert "expired since 2001-01-" in x["account"] and "chage" in x["next"], x
        assert not is_in(sshd.ssh(user, user.code()), user)
    run("chage", "-I", "-1", "-M", "-1", user.name)
    assert told(user.name)["login"].startswith("is asked for a code (")


def test_line_that_lets_everybody_in_is_told(user):
    hole = pathlib.Path("/etc/pam.d/sshd")
    assert "check" not in told(user.name)
    text = hole.read_text(encoding="utf-8")
    try:
        for inside, login in ((False, "is refused by need_auth where other lines"),
                              (True, "can get in without a code")):
            hole.write_text("auth sufficient pam_permit.so\n" + "".join(
                line for line in text.splitlines(True) if not inside or "need_auth" not in line),
                encoding="utf-8")
            x = told(user.name)
            with Sshd() as server:
                talk = server.ssh(user)
                assert is_in(talk, user) == inside and not talk.prompts, talk
            assert x["login"].startswith(login), x
            assert any(v.startswith("/etc/pam.d/sshd:1: service sshd: gets in without a code")
                       for k, v in x.items() if k.startswith("check")), x
            assert "`check`" in x["next"], x
    finally:
        hole.write_text(text, encoding="utf-8")


def test_forged_line_of_the_log_is_no_verdict():
    user = User().enrol()
    verdict = f"pam_bastion(sshd:auth): user={user.name} verdict="
    with more(AUTH_LOG, f"Nov 23 09:05:01 b sshd[7]: {verdict}ok device=mine\n"
              f"Nov 23 09:05:02 b mallory: sshd[7]: {verdict}wrong device=forged\n"
              f"Nov 23 09:05:03 b mallory: hello {verdict}wrong device=forged\n"):
        x = told(user.name)
        text = explain(user.name)
    assert len(x["log"]) == 1 and x["log"][0].endswith("device=mine"), x
    assert f"log says      the last verdicts: ({AUTH_LOG})" in text
