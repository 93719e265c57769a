"""bastionctl audit host: users, secrets, doors, sudo, keys and passwords of a real host."""
import json
import os
import pathlib
import socket
import subprocess

import pytest
from bastion import BUILD, CONF, SCRATCH, User, run

STATE = pathlib.Path("/var/lib/pam-bastion")
KEYRING = pathlib.Path("/etc/pam-bastion/keyring")
KEY = "AKIA" + "QWERTYUIOPASDFGH"


def audit(check):
    """The status of one check, and its evidence in one text."""
    done = subprocess.run([BUILD / "bastionctl", "audit", "--json", "--check", check], check=False,
                          capture_output=True, text=True)
    assert done.stderr == "", done.stderr
    (told,) = json.loads(done.stdout)["findings"]
    return told["status"], json.dumps(told)


def assert_says(check, status, *texts):
    is_now, told = audit(check)
    assert is_now == status, told
    for text in texts:
        assert text in told, told


@pytest.fixture
def conf():
    before = CONF.read_text(encoding="utf-8") if CONF.exists() else None

    def add(*lines):
        CONF.write_text((before or "") + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    yield add
    if before is None:
        CONF.unlink(missing_ok=True)
    else:
        CONF.write_text(before, encoding="utf-8")


def test_who_has_a_key_and_no_code_is_named(conf):
    alice, bob, carol = User().enrol(), User(), User()
    run("usermod", "-s", "/usr/sbin/nologin", carol.name)
    status, told = audit("MFA-12")
    assert status == "FAIL"
    assert f"{alice.name}: enrolled, 1 devices" in told
    assert f"{bob.name}: not enrolled" in told
    assert carol.name not in told
    conf(f"exempt = user:{bob.name}@local")
    told = audit("MFA-12")[1]
    assert f"{bob.name}: exempt on the host itself, without a last day" in told, told
    conf(f"require = user:{alice.name}")
    assert f"{bob.name}: asked for no code, without a last day" in audit("MFA-12")[1]


def test_secrets_that_others_may_read_fail():
    User().enrol()
    assert_says("MFA-13", "PASS", str(KEYRING), f"{STATE}: everything in it")
    KEYRING.chmod(0o640)
    assert_says("MFA-13", "FAIL", f"{KEYRING}: file 0640 0 0")
    KEYRING.chmod(0o600)
    copy = KEYRING.with_name(f".{KEYRING.name}.swp")
    copy.write_bytes(KEYRING.read_bytes())
    copy.chmod(0o644)
    assert_says("MFA-13", "FAIL", f"{KEYRING}: file 0644 0 0", copy.name)
    copy.chmod(0o600)
    assert_says("MFA-13", "PASS", str(KEYRING))
    copy.unlink()
    record = next(p for p in (STATE / "enroll").iterdir() if p.is_file())
    os.chown(record, 1, 0)
    status, told = audit("MFA-13")
    os.chown(record, 0, 0)
    assert status == "FAIL" and f"{record}: others than root" in told.replace(" 1 /", " /"), told


def test_a_record_that_does_not_open_fails():
    user = User().enrol()
    assert_says("MFA-15", "PASS", f"file:{STATE}")
    record = STATE / "enroll" / user.name
    text = record.read_bytes()
    record.write_bytes(bytes(len(text)))
    assert_says("MFA-15", "FAIL", f"{user.name}: no code of theirs is taken")
    record.write_bytes(text)
    assert_says("MFA-15", "PASS")


def test_an_open_telnet_port_fails():
    assert audit("MFA-16")[0] == "WARN"  # su asks for no code
    with socket.create_server(("127.0.0.1", 23)):
        assert_says("MFA-16", "FAIL", "port 23 of 127.0.0.1 is open: telnet")
    with socket.create_server(("::1", 513), family=socket.AF_INET6):
        assert_says("MFA-16", "FAIL", "port 513 of ::1 is open: rlogin")


def test_rules_of_sudo_are_told_with_file_and_line():
    part = pathlib.Path("/etc/sudoers.d/80-audit")
    part.write_text("# one\nalice ALL=(ALL) \\\n  NOPASSWD: ALL\n", encoding="utf-8")
    part.chmod(0o440)
    assert_says("MFA-17", "FAIL", f"{part}:2: alice ALL=(ALL)   NOPASSWD: ALL")
    part.write_text("alice ALL=(www-data) NOPASSWD: ALL\n", encoding="utf-8")
    assert str(part) not in audit("MFA-17")[1]
    part.unlink()


def test_keys_are_found_and_never_kept():
    user = User()
    file = user.home / ".aws/credentials"
    file.parent.mkdir()
    file.write_text(f"[default]\naws_access_key_id = {KEY}\nno = X{KEY}\n", encoding="utf-8")
    os.chown(file, user.uid, user.uid)
    file.chmod(0o644)
    assert_says("KEY-09", "FAIL", f"{file}:2: mode=0644 uid={user.uid}", "AKIA...DFGH")
    file.chmod(0o600)
    assert_says("KEY-09", "INFO", f"{file}:2: mode=0600")
    # Neither a fifo nor a link to a device keeps it waiting.
    os.mkfifo(user.home / ".bash_history")
    (user.home / ".zsh_history").symlink_to("/dev/zero")
    assert audit("KEY-09")[0] == "INFO"
    facts = SCRATCH / "facts"
    subprocess.run([BUILD / "bastionctl", "audit", "--save-facts", facts], check=False,
                   capture_output=True)
    assert KEY not in facts.read_text(encoding="utf-8", errors="replace")
    file.unlink()


def test_passwords_are_judged_and_no_hash_is_kept():
    alice, bob = User(password="correct horse 1"), User()
    assert_says("PWD-10", "PASS", f"{alice.name}: hashed by sha512")
    assert_says("PWD-08", "FAIL", f"{alice.name}: max is 99999 days")
    assert bob.name not in audit("PWD-08")[1]
    run("chage", "-M", "90", alice.name)
    assert f"{alice.name}: max is 90 days" in audit("PWD-08")[1]
    shadow = pathlib.Path("/etc/shadow")
    before = shadow.read_text(encoding="utf-8")
    md5 = "$1$abcdefgh$AAAAAAAAAAAAAAAAAAAAA."
    shadow.write_text(before.replace(f"{bob.name}:*:", f"{bob.name}:{md5}:"), encoding="utf-8")
    assert_says("PWD-10", "FAIL", f"{bob.name}: hashed by md5")
    shadow.write_text(before.replace(f"{bob.name}:*:", f"{bob.name}::"), encoding="utf-8")
    assert_says("PWD-10", "FAIL", f"{bob.name}: the password is empty")
    shadow.write_text(before, encoding="utf-8")
    facts = SCRATCH / "facts"
    subprocess.run([BUILD / "bastionctl", "audit", "--save-facts", facts], check=False,
                   capture_output=True)
    text = facts.read_text(encoding="utf-8", errors="replace")
    assert f"= account {alice.name}" in text and "$6$" not in text


def test_what_is_weaker_than_the_mirror_fails(conf):
    assert audit("PWD-07")[0] == "SKIP"
    policy = SCRATCH / "iam.json"
    policy.write_text(json.dumps({"PasswordPolicy": {"MinimumPasswordLength": 14}}), encoding="utf-8")
    run(BUILD / "bastionctl", "policy", "import", policy)
    conf("password_policy = kisa")
    assert_says("PWD-07", "FAIL", "MinimumPasswordLength: IAM has 14, this host 8")
    conf("password_policy = kisa, iam")
    assert_says("PWD-07", "PASS", "got 0 hours ago")
    (STATE / "policy.json").unlink()
    assert_says("PWD-07", "FAIL", "names iam")
