"""bastionctl audit host: EC2 Instance Connect in every place that it hides in.

A package of its name is built here and installed with dpkg, over a private /usr and a
private copy of dpkg's database; each shape is that of one distribution.
"""
import json
import os
import pathlib
import shutil
import subprocess
import textwrap
import time

import pytest
from bastion import BUILD, CONF, SCRATCH, Sshd, User, run

SCRIPTS = pathlib.Path("/usr/share/ec2-instance-connect")
DROPIN = pathlib.Path("/lib/systemd/system/ssh.service.d/ec2-instance-connect.conf")
CONFIG = pathlib.Path("/etc/ssh/sshd_config")
PART = pathlib.Path("/etc/ssh/sshd_config.d/60-ec2-instance-connect.conf")
MFA = pathlib.Path("/etc/ssh/sshd_config.d/10-bastion-mfa.conf")
COMMAND = f"AuthorizedKeysCommand {SCRIPTS}/eic_run_authorized_keys %u %f"
USER = "AuthorizedKeysCommandUser ec2-instance-connect"
# As the postinst of Ubuntu's package writes it.
UNIT = ('[Service]\\nExecStart=\\nExecStart=/usr/sbin/sshd -D -o \\"AuthorizedKeysCommand '
        f'{SCRIPTS}/eic_run_authorized_keys %%%%u %%%%f\\" '
        '-o \\"AuthorizedKeysCommandUser ec2-instance-connect\\" \\$SSHD_OPTS\\n')
# What postinst and prerm do, for each shape.
SHAPES = {
    "drop-in": (f'mkdir -p {DROPIN.parent}; printf "{UNIT}" >{DROPIN}', f"rm -f {DROPIN}"),
    "lines": (f"printf '%s\\n' '{COMMAND}' '{USER}' >>{CONFIG}", ":"),
    "part": (f"printf '%s\\n' '{COMMAND}' '{USER}' >{PART}", f"rm -f {PART}"),
    "match": (f"printf '%s\\n' 'Match User nobody' '  {COMMAND}' '  {USER}' >>{CONFIG}", ":"),
}


@pytest.fixture(scope="module", autouse=True)
def private_usr():
    """What dpkg writes goes to memory, and with the machine."""
    top = pathlib.Path("/run/eic")
    top.mkdir()
    run("mount", "-n", "-t", "tmpfs", "tmpfs", top)
    for name in ("usr", "work", "opt"):
        (top / name).mkdir()
    shutil.copytree("/var/lib/dpkg", top / "dpkg", symlinks=True)
    run("mount", "-n", "-t", "overlay", "overlay", "-o",
        f"lowerdir=/usr,upperdir={top}/usr,workdir={top}/work", "/usr")
    run("mount", "-n", "--bind", top / "dpkg", "/var/lib/dpkg")
    run("mount", "-n", "--bind", top / "opt", "/opt")
    run("ssh-keygen", "-A")
    yield
    for key in pathlib.Path("/etc/ssh").glob("ssh_host_*"):
        key.unlink()
    for path in ("/opt", "/var/lib/dpkg", "/usr", top):
        run("umount", "-n", "-l", path)
    top.rmdir()


def script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\nset -e\n" + textwrap.dedent(text), encoding="utf-8")
    path.chmod(0o755)


def build_package(shape):
    tree = SCRATCH / f"eic-{shape}"
    put, take = SHAPES[shape]
    account = "useradd --system --no-create-home --home-dir /nonexistent " \
              "--shell /usr/sbin/nologin ec2-instance-connect"
    for name in ("run", "curl", "parse"):
        script(tree / str(SCRIPTS)[1:] / f"eic_{name}_authorized_keys", "exit 0\n")
    script(tree / "DEBIAN/postinst",
           f"getent passwd ec2-instance-connect >/dev/null || {account}\n{put}\n")
    script(tree / "DEBIAN/prerm", f"{take}\nuserdel ec2-instance-connect\n")
    script(tree / "DEBIAN/postrm", ":\n")  # so that a removed one stays configured
    (tree / "DEBIAN/control").write_text(
        "Package: ec2-instance-connect\nVersion: 1.1.14-0test1\nArchitecture: all\n"
        "Maintainer: tests\nDescription: a stand-in\n", encoding="utf-8")
    deb = SCRATCH / f"eic-{shape}.deb"
    run("dpkg-deb", "--root-owner-group", "-b", tree, deb)
    return deb


@pytest.fixture(params=list(SHAPES))
def shape(request):
    before = {p: p.read_bytes() for p in (CONFIG,)}
    run("dpkg", "-i", build_package(request.param))
    yield request.param
    run("dpkg", "--purge", "ec2-instance-connect")
    for path, text in before.items():
        path.write_bytes(text)


def audit(*argv, code=None):
    done = subprocess.run([BUILD / "bastionctl", "audit", "host", "--json", *argv], check=False,
                          capture_output=True, text=True)
    assert done.stderr == "", done.stderr
    told = {x["id"]: x for x in json.loads(done.stdout)["findings"]}
    if code is not None:
        assert done.returncode == code, told
    return told


def notes(x, status=None):
    return [n["text"] for n in x["evidence"] if status in (None, n["status"])]


def statuses(told):
    return {k: v["status"] for k, v in told.items() if k.startswith("EIC") or k == "MFA-11"}


def test_clean_host_passes_and_is_audited_quickly(capsys):
    start = time.monotonic()
    told = audit()
    seconds = time.monotonic() - start
    with capsys.disabled():
        print(f"whole audit: {seconds:.2f} s ", end="")
    assert statuses(told) == {
        "MFA-11": "PASS", "EIC-01": "PASS", "EIC-02": "PASS", "EIC-03": "PASS",
        "EIC-04": "PASS", "EIC-05": "SKIP", "EIC-06": "PASS", "EIC-07": "PASS",
        "EIC-08": "SKIP", "EIC-11": "WARN"}, told


def test_each_shape_is_found_where_it_stands(shape):
    told = audit(code=1)
    where = {"drop-in": ("EIC-03", f"/usr{DROPIN}:3: "), "part": ("EIC-04", f"{PART}:1: "),
             "lines": ("EIC-04", f"{CONFIG}:"), "match": ("EIC-04", f"{CONFIG}:")}
    check, place = where[shape]
    assert told[check]["status"] == "FAIL", told[check]
    found = notes(told[check], "FAIL")
    assert found[0].startswith(place) and "eic_run_authorized_keys %u %f" in found[0], found
    if shape in ("lines", "match"):
        line = int(found[0].split(":")[1])
        text = CONFIG.read_text(encoding="utf-8").splitlines()[line - 1]
        assert "AuthorizedKeysCommand " in text
        assert ("(in Match User nobody)" in found[0]) == (shape == "match"), found
    other = "EIC-04" if check == "EIC-03" else "EIC-03"
    assert told[other]["status"] == "PASS", told[other]
    assert told["EIC-01"]["status"] == "FAIL"
    assert notes(told["EIC-01"])[0] == "ec2-instance-connect 1.1.14-0test1: installed"
    assert told["EIC-02"]["status"] == "FAIL" and len(notes(told["EIC-02"], "FAIL")) == 3
    assert "package ec2-instance-connect" in notes(told["EIC-02"])[0]
    assert told["EIC-06"]["status"] == "WARN"
    if shape == "part":
        assert any(n.startswith("sshd -T (config)") for n in found), found
    # What the unit adds is asked about too, and the code is still needed.
    # Nobody who works here comes under that Match.
    assert told["MFA-11"]["status"] == ("INFO" if shape == "match" else "PASS"), told["MFA-11"]


def test_package_that_is_removed_is_not_called_installed(shape):
    run("dpkg", "-r", "ec2-instance-connect")
    told = audit()
    assert told["EIC-01"]["status"] == "WARN"
    assert "deinstall ok config-files" in notes(told["EIC-01"], "WARN")[0]
    assert told["EIC-02"]["status"] == "PASS"
    assert told["EIC-03"]["status"] == "PASS"
    # Its lines stay in sshd_config, and so does the finding.
    left = shape in ("lines", "match")
    assert told["EIC-04"]["status"] == ("FAIL" if left else "PASS"), told["EIC-04"]


def test_copy_of_the_drop_in_below_etc_outlives_the_package():
    run("dpkg", "-i", build_package("drop-in"))
    copy = pathlib.Path("/etc/systemd/system/sshd.service.d/90-keys.conf")
    copy.parent.mkdir(parents=True)
    shutil.copy(DROPIN, copy)
    run("dpkg", "--purge", "ec2-instance-connect")
    try:
        told = audit(code=1)
        assert told["EIC-01"]["status"] == "PASS" and told["EIC-02"]["status"] == "PASS"
        alias = os.path.islink("/etc/systemd/system/sshd.service")
        assert told["EIC-03"]["status"] == ("FAIL" if alias else "WARN")
        assert notes(told["EIC-03"])[0].startswith(f"{copy}:3: "), told["EIC-03"]
        # Masked by a link to nothing of the same name in a stronger directory.
        mask = pathlib.Path("/run/systemd/system.control/sshd.service.d/90-keys.conf")
        mask.parent.mkdir(parents=True)
        mask.symlink_to("/dev/null")
        assert audit()["EIC-03"]["status"] == "WARN"
    finally:
        shutil.rmtree(copy.parent)
        shutil.rmtree("/run/systemd/system.control", ignore_errors=True)


def test_options_file_and_own_program_are_found():
    default = pathlib.Path("/etc/default/ssh")
    before = default.read_text(encoding="utf-8") if default.exists() else None
    keys = pathlib.Path("/opt/keys")
    script(keys, f"exec {SCRIPTS}/eic_run_authorized_keys \"$@\"\n")
    try:
        default.write_text(f'# x\nSSHD_OPTS="-o AuthorizedKeysCommand={keys} '
                           '-o AuthorizedKeysCommandUser=nobody"\n', encoding="utf-8")
        told = audit(code=1)
        found = notes(told["EIC-03"], "FAIL")
        assert found[0].startswith("/etc/default/ssh:2: ") and f"{keys}:3: exec" in found[0]
        assert told["EIC-04"]["status"] == "PASS"
    finally:
        keys.unlink()
        default.write_text(before or "", encoding="utf-8")


def test_scripts_units_and_links_without_a_package_are_leftovers():
    old = pathlib.Path("/opt/aws/bin/parse_authorized_keys")
    unit = pathlib.Path("/etc/systemd/system/ec2-instance-connect-harvest-hostkeys.service")
    want = pathlib.Path("/etc/systemd/system/multi-user.target.wants") / unit.name
    want.parent.mkdir(exist_ok=True)
    script(old, "exit 0\n")
    unit.write_text("[Service]\nExecStart=/bin/true\n", encoding="utf-8")
    want.symlink_to(unit)
    try:
        told = audit()
        assert told["EIC-02"]["status"] == "WARN"
        assert "sha256 " in notes(told["EIC-02"])[0] and "package -" in notes(told["EIC-02"])[0]
        assert told["EIC-06"]["status"] == "WARN"
        assert {n.split(":")[0] for n in notes(told["EIC-06"])} == {str(unit), str(want)}
    finally:
        for path in (old, unit, want):
            path.unlink()


def test_running_daemon_is_found_by_its_title():
    command = f"{SCRIPTS}/eic_run_authorized_keys %u %f"
    with Sshd() as server:
        x = audit()["EIC-05"]
        assert x["status"] == "PASS" and str(server.port) in notes(x)[0], x
        os.utime(CONFIG, (time.time() + 60, time.time() + 60))
        try:
            x = audit()["EIC-05"]
            assert x["status"] == "WARN" and str(CONFIG) in notes(x, "WARN")[0], x
        finally:
            os.utime(CONFIG, (time.time() - 3600, time.time() - 3600))
    with Sshd(AuthorizedKeysCommand=command, AuthorizedKeysCommandUser="nobody"):
        x = audit(code=1)["EIC-05"]
        assert x["status"] == "FAIL" and command in notes(x, "FAIL")[0], x


def test_use_is_read_from_the_log():
    log = pathlib.Path("/var/log/auth.log")
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() - 86400))
    log.write_text(f"{stamp} host ec2-instance-connect[7]: Providing ssh key from EC2 Instance "
                   "Connect with fingerprint: SHA256:x, request-id: 1, for IAM principal: "
                   "arn:aws:sts::1:assumed-role/admin/alice\n", encoding="utf-8")
    try:
        x = audit()["EIC-07"]
        assert x["status"] == "WARN" and "for IAM principal" in notes(x, "WARN")[0], x
    finally:
        log.unlink()


def test_pin_keeps_it_from_coming_back():
    pin = pathlib.Path("/etc/apt/preferences.d/no-eic.pref")
    pin.write_text("Package: ec2-instance-connect*\nPin: release *\nPin-Priority: -1\n",
                   encoding="utf-8")
    try:
        assert audit()["EIC-11"]["status"] == "PASS"
    finally:
        pin.unlink()


def test_login_round_the_code_fails_with_the_line_of_its_match():
    user = User()
    before = MFA.read_text(encoding="utf-8")
    lines = "".join(line for line in before.splitlines(True) if "AuthenticationMethods" not in line)
    asks = "publickey,keyboard-interactive:pam"
    top = f"Match User {user.name}\n  AuthenticationMethods publickey\n"
    net = "Match Address 198.51.100.0/24\n  AuthenticationMethods publickey\n"
    gone = "Match Group no-such-group\n  AuthenticationMethods publickey\n"
    rest = f"Match all\n  AuthenticationMethods {asks}\n" + lines
    conf = CONF.read_text(encoding="utf-8")
    try:
        MFA.write_text(top + rest, encoding="utf-8")
        x = audit(code=1)["MFA-11"]
        assert notes(x, "FAIL") == [f"{MFA}:2: AuthenticationMethods publickey: {user.name}: "
                                    "in without a code"], x
        CONF.write_text(conf + f"exempt = user:{user.name} until 2026-12-31\n", encoding="utf-8")
        x = audit()["MFA-11"]
        CONF.write_text(conf, encoding="utf-8")
        if time.time() < 1798675200:
            assert x["status"] == "INFO", x
        MFA.write_text(net + rest, encoding="utf-8")
        x = audit(code=1)["MFA-11"]
        assert notes(x, "FAIL")[0].startswith(f"{MFA}:2: AuthenticationMethods publickey: "), x
        MFA.write_text(gone + rest, encoding="utf-8")
        x = audit(code=1)["MFA-11"]
        assert notes(x, "INFO")[0].startswith(f"{MFA}:1: Match Group"), x
        assert notes(x, "FAIL")[0].startswith(f"{MFA}:2: AuthenticationMethods publickey: in "), x
    finally:
        MFA.write_text(before, encoding="utf-8")
        CONF.write_text(conf, encoding="utf-8")


def test_option_of_the_unit_wins_over_the_configuration():
    part = pathlib.Path("/etc/systemd/system/ssh.service.d/own.conf")
    part.parent.mkdir(parents=True, exist_ok=True)
    part.write_text("[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D "
                    "-oAuthenticationMethods=any\n", encoding="utf-8")
    try:
        x = audit(code=1)["MFA-11"]
        assert any("ssh.service: AuthenticationMethods any" in n for n in notes(x, "FAIL")), x
    finally:
        part.unlink()
