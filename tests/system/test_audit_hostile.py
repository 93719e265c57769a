"""bastionctl audit host: what a user of the host does to stop it or to be believed."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest
from bastion import BUILD, SCRATCH, User, run

KEY = "AKIA" + "QWERTYUIOPASDFGH"
WITHIN = 90  # seconds: what stops it stops it for good


def audit(*checks):
    """Statuses by id, and the evidence of all in one text."""
    done = subprocess.run([BUILD / "bastionctl", "audit", "--json", "--check", ",".join(checks)],
                          check=False, capture_output=True, text=True, timeout=WITHIN)
    assert done.stderr == "", done.stderr
    told = json.loads(done.stdout)["findings"]
    return {x["id"]: x["status"] for x in told}, json.dumps(told)


@pytest.fixture
def user():
    """His keys do not stay for those who come after."""
    it = User()
    yield it
    shutil.rmtree(it.home)


def own(user, path, text=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    if text is not None:
        path.write_text(text, encoding="utf-8")
        os.chown(path, user.uid, user.uid)
    return path


def test_a_link_from_a_home_to_what_never_ends_stops_nothing(user):
    before = audit("KEY-09")[0]
    for target in ("/proc/self/pagemap", "/proc/self/mem", "/proc/kcore", "/dev/zero",
                   "/dev/watchdog", str(SCRATCH / "fifo")):
        if target.endswith("fifo"):
            os.mkfifo(target)
        link = own(user, user.home / ".bash_history")
        link.symlink_to(target)
        try:
            assert audit("KEY-09")[0] == before, target
        finally:
            link.unlink()
    # A link to a file is looked at: its keys are as open as anybody's.
    file = own(user, user.home / "dotfiles" / "credentials", f"id = {KEY}\n")
    file.chmod(0o644)
    link.symlink_to(file)
    status, told = audit("KEY-09")
    assert status["KEY-09"] == "FAIL" and f"{link}:1: mode=0644" in told, told


def test_key_behind_a_link_or_in_the_variables_of_a_unit_is_found(user):
    file, env = SCRATCH / "k.sh", SCRATCH / "app-1.env"
    link, unit = pathlib.Path("/etc/profile.d/aws.sh"), pathlib.Path("/etc/systemd/system/app@.service")
    for path in (file, env):
        path.write_text(f"export AWS_ACCESS_KEY_ID={KEY}\n", encoding="utf-8")
        path.chmod(0o644)
    link.symlink_to(file)
    try:
        status, told = audit("KEY-09")
        assert status["KEY-09"] == "FAIL" and f"{link}:1: mode=0644" in told, told
        link.unlink()
        unit.write_text(f"[Service]\nEnvironmentFile=-{SCRATCH}/app-%i.env\n", encoding="utf-8")
        status, told = audit("KEY-09")
        assert status["KEY-09"] == "FAIL" and f"{env}:1: mode=0644" in told, told
    finally:
        for path in (link, unit, file, env):
            path.unlink(missing_ok=True)


def test_directory_that_cannot_be_read_is_no_pass():
    cron, away = pathlib.Path("/etc/cron.d"), pathlib.Path("/etc/cron.d.away")
    if cron.exists():
        cron.rename(away)
    cron.symlink_to("cron.d")
    try:
        told = audit("KEY-09")[1]
        assert "not all files could be read in full" in told, told
    finally:
        cron.unlink()
        if away.exists():
            away.rename(cron)


def test_keys_of_one_user_do_not_hide_those_of_another(user):
    other = User()
    for name in (".env", ".bashrc", ".profile", ".zshrc", ".aws/config"):
        own(user, user.home / name, f"{KEY}\n" * 300).chmod(0o600)
    file = own(other, other.home / ".aws" / "credentials", f"\n{KEY}\n")
    file.chmod(0o666)
    status, told = audit("KEY-09")
    file.unlink()
    assert status["KEY-09"] == "FAIL" and f"{file}:2: mode=0666" in told, told


def test_a_key_of_the_last_of_many_accounts_is_found(user):
    passwd = pathlib.Path("/etc/passwd")
    before = passwd.read_text(encoding="utf-8")
    file = own(user, pathlib.Path("/run/home/last/.aws/credentials"), f"{KEY}\n")
    file.chmod(0o644)
    try:
        with passwd.open("a", encoding="utf-8") as out:
            for n in range(2100):
                out.write(f"many{n}:x:{70000 + n}:{70000 + n}::/run/home/many{n}:/bin/bash\n")
            out.write("last:x:79999:79999::/run/home/last:/bin/bash\n")
        status, told = audit("KEY-09")
    finally:
        passwd.write_text(before, encoding="utf-8")
        shutil.rmtree("/run/home/last")
    assert status["KEY-09"] == "FAIL" and f"{file}:1: mode=0644" in told, told


def test_a_program_of_a_telling_name_is_a_door_where_it_is_roots(user):
    program = pathlib.Path("/run/in.telnetd")
    shutil.copy("/bin/sleep", program)
    program.chmod(0o755)
    mine = subprocess.Popen([program, "60"], user=user.uid, group=user.uid)
    try:
        status, told = audit("MFA-16")
        assert status["MFA-16"] == "WARN", told
        assert f"process in.telnetd {mine.pid} runs, not root's: uid {user.uid}" in told, told
        roots = subprocess.Popen([program, "60"])
        try:
            status, told = audit("MFA-16")
            assert status["MFA-16"] == "FAIL", told
            assert f"process in.telnetd {roots.pid} runs\"" in told, told
        finally:
            roots.kill()
            roots.wait()
    finally:
        mine.kill()
        mine.wait()


def test_a_command_of_sshd_that_never_ends_stops_nothing(user):
    fifo = own(user, user.home / "keys")
    os.mkfifo(fifo)
    config = pathlib.Path("/etc/ssh/sshd_config")
    before = config.read_text(encoding="utf-8")
    config.write_text(f"AuthorizedKeysCommand {fifo}\nAuthorizedKeysCommandUser nobody\n{before}",
                      encoding="utf-8")
    try:
        status, told = audit("EIC-04")
    finally:
        config.write_text(before, encoding="utf-8")
    assert status["EIC-04"] == "ERROR" and f"eic-in {fifo}: cannot be told: no regular" in told


def test_a_program_is_looked_into_to_its_end():
    config = pathlib.Path("/etc/ssh/sshd_config")
    before = config.read_text(encoding="utf-8")
    program = pathlib.Path("/run/program")
    config.write_text(f"AuthorizedKeysCommand {program}\nAuthorizedKeysCommandUser nobody\n{before}",
                      encoding="utf-8")
    try:
        for lead in (b"\0" * (3 << 20), b"x" * 2041, b"\n" * (2 << 20)):
            program.write_bytes(lead + b"/opt/aws/bin/eic_run_authorized_keys\n")
            status, told = audit("EIC-04")
            assert "calls it: " in told and status["EIC-04"] == "FAIL", told
    finally:
        config.write_text(before, encoding="utf-8")


def test_who_may_change_what_pam_reads_fails(user):
    sshd = pathlib.Path("/etc/pam.d/sshd")
    before = sshd.read_text(encoding="utf-8")
    modules = next(pathlib.Path("/lib").glob("*/security/pam_permit.so")).parent
    ours = modules / "pam_bastion.so"
    real = ours.read_bytes()
    assert audit("MFA-10")[0]["MFA-10"] != "FAIL", audit("MFA-10")[1]
    try:
        sshd.chmod(0o666)
        status, told = audit("MFA-10")
        assert status["MFA-10"] == "FAIL" and "/etc/pam.d/sshd: others than root" in told
        sshd.chmod(0o644)
        fake = own(user, user.home / "lib" / "pam_bastion.so")
        shutil.copy(modules / "pam_permit.so", fake)
        os.chown(fake.parent, user.uid, user.uid)
        sshd.write_text(before.replace("pam_bastion.so", str(fake)), encoding="utf-8")
        status, told = audit("MFA-10")
        assert status["MFA-10"] == "FAIL" and f"{fake}: others than root may change it" in told
        assert f"{fake} is another file than " in told
        sshd.write_text(before, encoding="utf-8")
        ours.unlink()
        ours.symlink_to(fake)
        status, told = audit("MFA-10")
        assert status["MFA-10"] == "FAIL" and f"{ours}: others than root may change it" in told
    finally:
        ours.unlink()
        ours.write_bytes(real)
        ours.chmod(0o644)
        sshd.write_text(before, encoding="utf-8")
        sshd.chmod(0o644)


def test_no_secret_of_a_unit_a_variable_or_a_pam_line_is_a_fact():
    drop = pathlib.Path("/etc/systemd/system/service.d/proxy.conf")
    default = pathlib.Path("/etc/default/ssh")
    before = default.read_text(encoding="utf-8") if default.exists() else ""
    pam = pathlib.Path("/etc/pam.d/vsftpd")
    drop.parent.mkdir(parents=True, exist_ok=True)
    drop.write_text("[Service]\nEnvironment=HTTPS_PROXY=http://u:S3CRET1@proxy:3128 \\\n  \"A=b S3CRET2\"\n"
                    "SetCredential=x:S3CRET3\nEnvironment=SSHD_OPTS=-oBanner=none\n", encoding="utf-8")
    default.write_text(before + "AWS_SECRET_ACCESS_KEY=\"S3CRET4\nS3CRET5\"\n#X=S3CRET6\n",
                       encoding="utf-8")
    pam.write_text("auth optional pam_mysql.so user=pam passwd=S3CRET7 db=x\n"
                   "auth optional pam_x.so [bindpw=a S3CRET8] \\\n  secret=S3CRET9\n", encoding="utf-8")
    facts = SCRATCH / "facts"
    try:
        subprocess.run([BUILD / "bastionctl", "audit", "--save-facts", facts], check=False,
                       capture_output=True, timeout=60)
    finally:
        drop.unlink()
        default.write_text(before, encoding="utf-8")
        pam.unlink()
    text = facts.read_text(encoding="utf-8", errors="replace")
    assert "S3CRET" not in text, [x for x in text.splitlines() if "S3CRET" in x]
    assert "SSHD_OPTS=-oBanner=none" in text and "pam_mysql.so user=pam" in text
