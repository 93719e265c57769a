"""bastionctl audit host: ways round the code that sshd's configuration leaves open."""
import contextlib
import datetime
import json
import os
import pathlib
import subprocess
import time

import pytest
from bastion import BUILD, SCRATCH, Sshd, User, run

CONFIG = pathlib.Path("/etc/ssh/sshd_config")
ALT = pathlib.Path("/etc/ssh/sshd_config_alt")
UNIT = pathlib.Path("/etc/systemd/system/ssh.service.d/own.conf")
EIC = "/opt/aws/bin/eic_run_authorized_keys"
ASKS = ("UsePAM yes\nKbdInteractiveAuthentication yes\nPasswordAuthentication no\n"
        "AuthenticationMethods publickey,keyboard-interactive\n")


@pytest.fixture(scope="module", autouse=True)
def host_keys():
    run("ssh-keygen", "-A")
    yield
    for key in pathlib.Path("/etc/ssh").glob("ssh_host_*"):
        key.unlink()


@pytest.fixture
def config():
    before = CONFIG.read_bytes()

    def write(text, path=CONFIG):
        path.write_text(text, encoding="utf-8")
    yield write
    CONFIG.write_bytes(before)
    for path in (ALT, UNIT):
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def alternative(*options):
    """A second sshd, as somebody starts it by hand."""
    with subprocess.Popen(["/usr/sbin/sshd", "-D", *options]) as process:
        time.sleep(0.5)
        assert process.poll() is None
        try:
            yield process
        finally:
            process.terminate()


def audit(*checks):
    done = subprocess.run([BUILD / "bastionctl", "audit", "host", "--json", "--check",
                           ",".join(checks)], check=False, capture_output=True, text=True)
    assert done.stderr == "", done.stderr
    return {x["id"]: x for x in json.loads(done.stdout)["findings"]}


def notes(x, status):
    return [n["text"] for n in x["evidence"] if n["status"] == status]


def assert_fails(check, text):
    x = audit(check)[check]
    assert x["status"] == "FAIL", x
    assert any(text in n for n in notes(x, "FAIL")), x


def test_root_by_key_alone_is_not_refused_by_prohibit_password(config):
    config(f"{ASKS}PermitRootLogin prohibit-password\n")
    assert audit("MFA-11")["MFA-11"]["status"] == "PASS"
    config(f"{ASKS}PermitRootLogin prohibit-password\nMatch User root\n"
           "  AuthenticationMethods publickey keyboard-interactive\n")
    assert_fails("MFA-11", f"{CONFIG}:7: AuthenticationMethods publickey keyboard-interactive: root:")


def test_one_who_is_refused_does_not_stand_for_others_under_a_match(config):
    first, other = User("a-first"), User("a-other")  # of many names the first are told
    rest = "Match Address 10.0.0.0/8\n  AuthenticationMethods publickey\n"
    config(f"{ASKS}PermitRootLogin no\nDenyUsers {first.name}\n{rest}")
    assert_fails("MFA-11", other.name)
    config(f"{ASKS}PermitRootLogin no\nAllowUsers {first.name}\n{rest}  AllowUsers *\n")
    assert_fails("MFA-11", other.name)
    config(f"{ASKS}PermitRootLogin no\nMatch Address 10.*\n  AuthenticationMethods publickey\n")
    assert_fails("MFA-11", f"{CONFIG}:7: AuthenticationMethods publickey: ")
    config(f"{ASKS}PermitRootLogin no\nMatch Group ldapadmins\n  PubkeyAuthentication yes\n")
    assert audit("MFA-11")["MFA-11"]["status"] == "ERROR"


ALL = "AuthenticationMethods publickey,keyboard-interactive\n"
KEY = "AuthenticationMethods publickey\n"
ELSEWHERE = {
    "all but a network": (f"Match Address *,!10.0.0.0/8\n{ALL}Match all\n{KEY}", "addr=10."),
    "a network in a network": (f"Match Address 10.0.0.0/24\n{ALL}Match Address 10.0.0.0/8\n{KEY}",
                               "addr=10.9.8.7,"),
    "the second of a list": (f"Match Address 10.1.0.0/16\n{ALL}"
                             f"Match Address 10.1.0.0/16,192.168.0.0/16\n{KEY}", "addr=192.168."),
    "another port": (f"Match LocalPort 22\n{ALL}Match all\n{KEY}", "lport=2222"),
    "another address of the host": (f"Match LocalAddress 127.0.0.1\n{ALL}Match all\n{KEY}",
                                    "laddr=198.51.100.1,"),
}


@pytest.fixture(scope="module", name="other")
def other_user():
    return User("a-else")


@pytest.mark.parametrize("name", ELSEWHERE)
def test_key_alone_from_elsewhere_is_found(config, other, name):
    """Where a login that was made up for a Match comes under an earlier one, or under none."""
    lines, place = ELSEWHERE[name]
    before = f"Port 22\nPort 2222\n{ASKS}PermitRootLogin no\n"
    config(f"{before}{lines}")
    x = audit("MFA-11")["MFA-11"]
    assert x["status"] == "FAIL", x
    assert any(place in n and other.name in n for n in notes(x, "FAIL")), x
    config(f"{before}{lines.replace(KEY, ALL)}")
    assert audit("MFA-11")["MFA-11"]["status"] == "PASS"


def test_port_of_a_listen_address_is_one_where_a_match_may_not_hold(config, other):
    config(f"Port 22\nListenAddress 0.0.0.0:2222\n{ASKS.replace(ALL, '')}PermitRootLogin no\n"
           f"Match LocalPort 22\n{ALL}Match all\n{KEY}")
    assert_fails("MFA-11", other.name)


def test_match_of_an_included_file_holds_under_the_one_around_it(config):
    config(f"Match Address 10.0.0.0/8\n{KEY}", ALT)
    config(f"{ASKS}PermitRootLogin no\nMatch RDomain x\n  Include {ALT}\n")
    assert_fails("MFA-11", f"{ALT}:2: {KEY.strip()}: ")


@pytest.fixture
def exempt():
    path = pathlib.Path("/etc/pam-bastion/pam_bastion.conf")
    before = path.read_bytes()
    until = (datetime.date.today() + datetime.timedelta(days=30)).isoformat()

    def write(*those):
        path.write_bytes(before + "".join(f"exempt = {x} until {until}\n" for x in those).encode())
    yield write
    path.write_bytes(before)


def test_robot_that_is_let_off_from_its_network_may_come_by_key_from_there(config, exempt, other):
    robot = other
    config(f"{ASKS}PermitRootLogin no\nMatch User {robot.name} Address 10.0.0.0/8\n{KEY}")
    assert_fails("MFA-11", robot.name)
    exempt(f"user:{robot.name}@10.0.0.0/8")
    told = audit("MFA-11", "MFA-12")
    for x in told.values():
        assert any(robot.name in n for n in notes(x, "INFO")), x
        assert not any(robot.name in n for n in notes(x, "FAIL")), x
    exempt(f"user:{robot.name}@10.0.0.0/24")
    assert_fails("MFA-11", "addr=10.9.8.7,")


def test_many_robots_from_networks_of_their_own_are_all_looked_at(config, exempt, other):
    names = [f"robot{i}" for i in range(50)]
    before = {p: p.read_bytes() for p in map(pathlib.Path, ("/etc/passwd", "/etc/shadow"))}
    try:
        for i, name in enumerate(names):
            User._append("/etc/passwd", f"{name}:x:{30001 + i}:{other.uid}::/nowhere:/bin/sh")
            User._append("/etc/shadow", f"{name}:*:19000:0:99999:7:::")
        config(f"{ASKS}PermitRootLogin no\n" + "".join(
            f"Match User {name} Address 10.{i}.0.0/16\n{KEY}" for i, name in enumerate(names)))
        exempt(*(f"user:{name}@10.{i}.0.0/16" for i, name in enumerate(names)),
               "user:somebody@10.one.example", *(f"user:{other.name}@10.{i}.9.0/24" for i in range(5)))
        x = audit("MFA-11")["MFA-11"]
        assert x["status"] == "INFO" and not notes(x, "ERROR"), x
    finally:
        for path, text in before.items():
            path.write_bytes(text)


def test_port_of_the_command_line_is_one_where_a_match_may_not_hold(config):
    config(f"{ASKS}PermitRootLogin no\n")
    config(f"{ASKS.replace(ALL, '')}PidFile none\nMatch LocalPort 22\n{ALL}Match all\n{KEY}", ALT)
    with alternative("-p", "2222", "-f", str(ALT)) as process:
        x = audit("MFA-11")["MFA-11"]
    assert any(n.startswith(f"{ALT}:") and "AuthenticationMethods publickey: " in n
               for n in notes(x, "FAIL")), (process.pid, x)


def test_match_that_leaves_out_the_first_of_its_addresses_is_asked_about(config):
    config(f"{ASKS}PermitRootLogin no\nMatch Address 10.0.0.0/8,!10.0.0.0/24\n"
           "  KbdInteractiveAuthentication yes\n")
    x = audit("MFA-11")["MFA-11"]
    assert x["status"] == "PASS", x
    config(f"{ASKS}PermitRootLogin no\nMatch Address 10.0.0.0/8,!10.0.0.0/24\n  {KEY}")
    assert_fails("MFA-11", f"{CONFIG}:7: {KEY.strip()}: ")


def test_file_that_sshd_does_not_read_is_told_once(config, other):
    config(f"{ASKS}Match Address *,!10.0.0.0/8\n  NoSuchKey x\n")
    x = audit("MFA-11")["MFA-11"]
    assert x["status"] == "ERROR" and not any("place:" in n for n in notes(x, "ERROR")), (x, other.name)


def test_answer_in_general_is_had_where_a_match_names_a_port(config):
    config(f"{ASKS}PermitRootLogin yes\nMatch LocalPort 22\n  X11Forwarding no\n")
    told = audit("MFA-16", "EIC-04")
    assert any("permitrootlogin yes" in n for n in notes(told["MFA-16"], "WARN")), told
    assert told["EIC-04"]["status"] == "PASS", told


def test_kerberos_is_asked_before_pam(config):
    config(f"{ASKS}KerberosAuthentication yes\nPasswordAuthentication yes\nMatch all\n".replace(
        "keyboard-interactive\n", "password\n").replace("PasswordAuthentication no\n", ""))
    assert_fails("MFA-11", "AuthenticationMethods publickey,password")


def test_sshd_that_no_unit_starts_is_judged(config):
    user = User("a-round")
    config(f"{ASKS}PermitRootLogin no\n")
    config("Port 2222\nListenAddress 127.0.0.1\nPidFile none\nUsePAM no\n"
           f"AuthenticationMethods publickey\nAuthorizedKeysCommand {EIC} %u %f\n"
           "AuthorizedKeysCommandUser nobody\n", ALT)
    with alternative("-f", str(ALT)):
        told = audit("MFA-11", "EIC-04")
    found = notes(told["MFA-11"], "FAIL")
    assert told["MFA-11"]["status"] == "FAIL", told
    assert any(n.startswith(f"{ALT}:4: UsePAM no: ") and user.name in n for n in found), found
    assert f"{ALT}:6: AuthorizedKeysCommand {EIC} %u %f" in notes(told["EIC-04"], "FAIL"), told
    with alternative("-p", "2222", "-o", "PidFile none", "-o",
                     "AuthenticationMethods publickey") as process:
        assert_fails("MFA-11", f"process {process.pid}: AuthenticationMethods publickey: ")
    with Sshd(service="own-sshd"):
        assert_fails("MFA-10", "service own-sshd: ")
    with Sshd():
        x = audit("MFA-11")["MFA-11"]
        assert x["status"] == "PASS", x
        assert any(n.startswith("process ") for n in notes(x, "PASS")), x


def test_file_that_the_unit_names_is_read(config):
    config(f"{ASKS}PermitRootLogin no\n")
    config(f"{ASKS}PermitRootLogin no\nAuthorizedKeysCommand {EIC} %u %f\n"
           "AuthorizedKeysCommandUser nobody\n", ALT)
    UNIT.parent.mkdir(parents=True, exist_ok=True)
    config(f"[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D -f {ALT}\n", UNIT)
    found = notes(audit("EIC-04")["EIC-04"], "FAIL")
    assert f"{ALT}:6: AuthorizedKeysCommand {EIC} %u %f" in found, found
    assert any(n.startswith("sshd -T (ssh.service)") for n in found), found


def test_process_of_a_user_is_no_sshd(config):
    """He runs a program of root's under its name, and its words are his."""
    config(f"{ASKS}PermitRootLogin no\n")
    user = User()
    link = user.home / "sshd"
    link.symlink_to("/usr/bin/su")
    master, slave = os.openpty()
    with subprocess.Popen(["/usr/sbin/sshd", "-f", "root"], executable=link, stdin=slave,
                          stdout=slave, stderr=slave, user=user.uid, group=user.uid) as process:
        time.sleep(0.3)
        told = json.dumps(audit("MFA-11", "EIC-05"))
        assert process.poll() is None
        process.kill()
    os.close(master)
    os.close(slave)
    assert "sshd -f root" not in told and f"process {process.pid}" not in told, told


def test_keys_outside_of_homes_make_a_login(config):
    user = User()
    (user.home / ".ssh/authorized_keys").unlink(missing_ok=True)
    config(f"{ASKS}PermitRootLogin no\n")
    told = json.dumps(audit("MFA-12"))
    assert user.name not in told, told
    config(f"{ASKS}PermitRootLogin no\nAuthorizedKeysFile /etc/ssh/keys/%u\n")
    assert_fails("MFA-12", f"{user.name}: not enrolled")


def test_sshd_without_host_keys_is_asked_or_told_as_an_error(config):
    config(f"{ASKS}PermitRootLogin no\n")
    away = SCRATCH / "host-keys"
    away.mkdir()
    keys = list(pathlib.Path("/etc/ssh").glob("ssh_host_*"))
    for key in keys:
        run("mv", key, away)
    try:
        x = audit("MFA-11")["MFA-11"]
    finally:
        for key in keys:
            run("mv", away / key.name, key)
    if x["status"] != "PASS":  # below OpenSSH 9.3
        assert x["status"] == "ERROR" and notes(x, "PASS") == [], x
        assert any("ssh-keygen -A" in n for n in notes(x, "ERROR")), x
