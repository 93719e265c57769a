"""The drift timer: its service's line finds what has come back, and tells the log."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
import sandbox
from bastion import BUILD, PACKAGING, SCRATCH, User, run

UNITS = PACKAGING / "systemd"
CONFIG = pathlib.Path("/etc/ssh/sshd_config")
SCRIPT = "/usr/share/ec2-instance-connect/eic_run_authorized_keys"


def setting(name):
    text = (UNITS / "pam-bastion-drift.service").read_text(encoding="utf-8")
    return re.search(rf"^{name}=(.*)$", text, re.MULTILINE)[1]


@pytest.fixture(scope="module")
def command():
    """The service's line, with the capabilities that it leaves."""
    argv = setting("ExecStart").split()
    assert argv[0] == "/usr/sbin/bastionctl"
    caps = ",".join(f"+{c.removeprefix('CAP_').lower()}" for c in
                    setting("CapabilityBoundingSet").split())
    return ["setpriv", "--no-new-privs", f"--bounding-set=-all,{caps}", "--",
            BUILD / "bastionctl", *argv[1:]]


@pytest.fixture
def config():
    """A sshd that asks for key and code, and which can be told more."""
    before = CONFIG.read_bytes()
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/etc/ssh/ssh_host_ed25519_key")
    yield
    CONFIG.write_bytes(before)
    for key in pathlib.Path("/etc/ssh").glob("ssh_host_*"):
        key.unlink()


def logged(log, since):
    return [line for line in log.lines(since) if "bastionctl: audit check=" in line]


def raw(since):
    return (SCRATCH / "log").read_bytes()[since:].decode(errors="replace")


def test_key_command_that_has_come_back_is_told_at_crit(command, config, log, since):
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    before = logged(log, since)
    assert not [x for x in before if "check=EIC" in x or "check=MFA-11" in x], before
    assert done.returncode == (1 if before else 0), done.stdout
    since = log.mark()
    with open(CONFIG, "a", encoding="utf-8") as out:
        out.write(f"AuthorizedKeysCommand {SCRIPT} %u %f\nAuthorizedKeysCommandUser nobody\n"
                  "Match User root\n  AuthenticationMethods publickey\n  PermitRootLogin yes\n")
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout
    line = log.wait("bastionctl: audit check=EIC-04 status=FAIL severity=[a-z]+ notes=", since)
    assert f"{CONFIG}:" in line and "AuthorizedKeysCommand" in line, line
    crit = 10 * 8 + 2  # authpriv.crit
    assert re.search(rf"<{crit}>.*bastionctl.*check=EIC-04", raw(since)), raw(since)
    told = {x["id"]: x["status"] for x in findings(command)}
    fails = {x for x, status in told.items() if status == "FAIL"}
    assert {re.search(r"check=(\S+)", x)[1] for x in logged(log, since)} == fails


def findings(command):
    """Without --log."""
    done = subprocess.run([*command[:-1], "--json"], check=False, capture_output=True, text=True)
    return json.loads(done.stdout)["findings"]


def test_service_sees_what_root_sees(command, config):
    """Nothing that the unit takes from it is missed."""
    all_of_it = command[command.index("--") + 1:]
    assert {x["id"]: x["status"] for x in findings(command)} == \
        {x["id"]: x["status"] for x in findings(all_of_it)}


def test_muted_finding_is_not_logged(command, config, log, since):
    with open(CONFIG, "a", encoding="utf-8") as out:
        out.write(f"AuthorizedKeysCommand {SCRIPT} %u %f\nAuthorizedKeysCommandUser nobody\n")
    mute = SCRATCH / "mute"
    day = run("date", "-d", "+30 days", "+%F").strip()
    mute.write_text(f"EIC-04 until {day} known\n", encoding="utf-8")
    subprocess.run([*command, "--mute", mute], check=False, capture_output=True)
    assert not [x for x in logged(log, since) if "EIC-04" in x]


def test_mute_file_of_the_settings_counts_and_has_to_be_roots(command, config, log, since):
    with open(CONFIG, "a", encoding="utf-8") as out:
        out.write(f"AuthorizedKeysCommand {SCRIPT} %u %f\nAuthorizedKeysCommandUser nobody\n")
    top = pathlib.Path("/etc/pam-bastion")
    settings, mute = top / "bastionctl.conf", top / "mute"
    day = run("date", "-d", "+30 days", "+%F").strip()
    mute.write_text(f"EIC-04 until {day} known\n", encoding="utf-8")
    settings.write_text(f"mute_file = {mute}\n", encoding="utf-8")
    try:
        subprocess.run(command, check=False, capture_output=True)
        assert not [x for x in logged(log, since) if "EIC-04" in x]
        other = top / "other.conf"
        other.write_text("mute_file = none\n", encoding="utf-8")
        subprocess.run([*command, "--settings", other], check=False, capture_output=True)
        assert log.wait("check=EIC-04", since)
        other.unlink()
        for wrong, words in ((f"--settings={other}", "other.conf"), ("--config", None)):
            mute.chmod(0o666)
            argv = [*command, wrong] if words else command
            done = subprocess.run(argv, check=False, capture_output=True, text=True)
            assert done.returncode == 3 and (words or str(mute)) in done.stderr, done.stderr
        settings.write_text("mute_flie = /x\n", encoding="utf-8")
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 3 and f"{settings}:1: unknown key 'mute_flie'" in done.stderr
    finally:
        mute.unlink()
        settings.unlink()


def test_audit_that_breaks_off_is_told_at_crit(command, config, log, since):
    """No line would look like a host where nothing fails."""
    top = pathlib.Path("/etc/pam-bastion")
    settings = top / "bastionctl.conf"
    for text in ("mute_file = /etc/pam-bastion/none\n", "mute_flie = /x\n"):
        since = log.mark()
        settings.write_text(text, encoding="utf-8")
        try:
            done = subprocess.run(command, check=False, capture_output=True, text=True)
        finally:
            settings.unlink()
        assert done.returncode == 3, done.stderr
        assert log.wait("bastionctl: audit status=ERROR exit=3: broke off", since)
        assert re.search(r"<82>.*broke off", raw(since)), raw(since)
    since = log.mark()
    subprocess.run(command, check=False, capture_output=True)
    assert "broke off" not in raw(since)


def was_read(path):
    """By whom reads now; its last read is made older than its text."""
    st = path.stat()
    os.utime(path, ns=(st.st_mtime_ns - 10 ** 12, st.st_mtime_ns))
    before = path.stat().st_atime_ns
    return lambda: path.stat().st_atime_ns != before


def test_what_is_not_asked_about_keeps_no_drift_from_being_told(command, config):
    """A home or a store that hangs would."""
    user = User().enrol()
    file = user.home / ".bashrc"
    file.write_text("x\n", encoding="utf-8")
    looked = {path: was_read(path) for path in (file, pathlib.Path("/etc/pam-bastion/keyring"))}
    subprocess.run(command, check=False, capture_output=True)
    assert not [path for path, read in looked.items() if read()]
    subprocess.run([BUILD / "bastionctl", "audit"], check=False, capture_output=True)
    assert all(read() for read in looked.values())


def test_check_that_is_asked_for_alone_says_what_it_says_among_all(config):
    User().enrol()
    whole = findings([BUILD / "bastionctl", "audit", ""])
    alone = [x for one in whole for x in
             findings([BUILD / "bastionctl", "audit", "--check", one["id"], ""])]
    assert [(x["id"], x["status"]) for x in alone] == [(x["id"], x["status"]) for x in whole]


@pytest.mark.skipif(not sandbox.WORKS or shutil.which("systemd-analyze") is None,
                    reason="there is no systemd-analyze, or no number of a system call")
def test_service_sees_the_same_behind_all_that_its_unit_takes(command, config):
    walls = [sys.executable, sandbox.__file__, setting("SystemCallFilter")]
    assert setting("ProtectSystem") == "strict" and setting("MemoryDenyWriteExecute") == "yes"
    assert setting("SystemCallErrorNumber") == "EPERM"
    told = findings([*walls, *command])
    assert {x["id"]: x["status"] for x in told} == \
        {x["id"]: x["status"] for x in findings(command)}, told
    refused = subprocess.run([*walls, "mount", "-t", "tmpfs", "x", "/mnt"], check=False,
                             capture_output=True)
    assert refused.returncode != 0


def test_log_is_for_this_host_alone():
    done = subprocess.run([BUILD / "bastionctl", "audit", "--log", "--facts", "-"], check=False,
                          capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 2 and "--log is for this host" in done.stderr, done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
def test_units_are_what_systemd_takes(tmp_path):
    names = []
    for unit in UNITS.iterdir():
        text = unit.read_text(encoding="utf-8").replace("/usr/sbin/bastionctl",
                                                        str(BUILD / "bastionctl"))
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
        names.append(tmp_path / unit.name)
    done = subprocess.run(["systemd-analyze", "--man=no", "verify", *names], check=False,
                          capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "", done.stderr
