"""bastionctl fix EIC, rollback and history: a stand-in of EC2 Instance Connect, through
which a pushed key logs in, is taken off the host of a real sshd, and comes back.
"""
import json
import os
import pathlib
import shutil
import subprocess
import time

import killer
import pytest
from bastion import BUILD, SCRATCH, Sshd, User, run
from test_audit_eic import (COMMAND, CONFIG, DROPIN, PART, SCRIPTS, SHAPES, USER, build_package,
                            private_usr, script)

__all__ = ["private_usr"]
STATE = pathlib.Path("/var/lib/pam-bastion")
TXN = STATE / "txn"
PUSHED = pathlib.Path("/run/eic/pushed")
CACHE = pathlib.Path("/var/cache/apt/archives")
NAME = "ec2-instance-connect"
PIN = pathlib.Path("/etc/apt/preferences.d/00-pam-bastion-ec2-instance-connect")


def ctl(*argv, code=0):
    done = subprocess.run([BUILD / "bastionctl", *argv], check=False, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == code, done.stdout[:1500] + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def people():
    """One with a key of their own; the pushed key is for the same account."""
    user = User()
    user.enrol()
    pushed = SCRATCH / "pushed"
    if not pushed.exists():
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", pushed)
    rights = pathlib.Path("/etc/sudoers.d/fix")
    rights.write_text(f"{user.name} ALL=(ALL) NOPASSWD: ALL\n", encoding="utf-8")
    rights.chmod(0o440)
    yield user, pushed
    rights.unlink()


@pytest.fixture(scope="module", autouse=True)
def alone():
    """Nobody of other tests has a key to get in by."""
    keys = [p.rename(p.with_name("away")) for p in
            pathlib.Path("/run/home").glob("*/.ssh/authorized_keys")]
    yield
    for path in keys:
        path.rename(path.with_name("authorized_keys"))


@pytest.fixture(scope="module", autouse=True)
def private_apt(private_usr):  # noqa: F811
    """apt-get works on copies in memory."""
    paths = [pathlib.Path(p) for p in ("/var/lib/apt", "/var/cache")]
    for path in paths:
        copy = pathlib.Path("/run/eic") / path.name
        copy.mkdir()
        run("mount", "-n", "--bind", copy, path)
    CACHE.mkdir(parents=True)
    yield
    for path in paths:
        run("umount", "-n", "-l", path)


@pytest.fixture
def host(people, request):
    """The package in one shape, and a sshd that has it."""
    shape = getattr(request, "param", "lines")
    before = {p: p.read_bytes() for p in (CONFIG,)}
    shutil.rmtree(TXN, ignore_errors=True)
    deb = build_package(shape)
    run("dpkg", "-i", deb)
    script(SCRIPTS / "eic_run_authorized_keys", f"cat {PUSHED}\n")
    PUSHED.write_bytes((SCRATCH / "pushed.pub").read_bytes())
    try:
        with Sshd(AuthenticationMethods="publickey", UsePAM="no", PidFile="/run/sshd.pid") as server:
            yield server, people[0], people[1], deb
    finally:
        for path in (PART, PIN, CACHE / f"{NAME}_1.1.14-0test1_all.deb"):
            path.unlink(missing_ok=True)
        run("dpkg", "--purge", NAME)
        shutil.rmtree(SCRIPTS, ignore_errors=True)
        DROPIN.unlink(missing_ok=True)
        for path, text in before.items():
            path.write_bytes(text)
        subprocess.run(["userdel", NAME], check=False, capture_output=True)


def gets_in(server, user, key):
    config = server.config(user, IdentityFile=key, BatchMode="yes", ControlPath="none")
    end = time.monotonic() + 10
    while True:
        done = subprocess.run(["ssh", "-F", config, "x", "true"], check=False, capture_output=True,
                              text=True)
        # A sshd that reads its files again does not listen for a moment.
        if "Connection refused" not in done.stderr or time.monotonic() > end:
            break
        time.sleep(0.1)
    assert done.returncode == 0 or "Permission denied (publickey" in done.stderr, done.stderr
    return done.returncode == 0


def look(path):
    """All that has to come back of a file."""
    if not os.path.lexists(path):
        return None
    st = path.lstat()
    text = os.readlink(path) if path.is_symlink() else path.read_bytes()
    return st.st_mode, st.st_uid, st.st_gid, text


def watched():
    return {p: look(p) for p in [CONFIG, PART, DROPIN, PIN,
                                 *[SCRIPTS / f"eic_{n}_authorized_keys" for n in
                                   ("run", "curl", "parse")]]}


def eic_statuses():
    done = subprocess.run([BUILD / "bastionctl", "audit", "--json", "--check", "EIC"], check=False,
                          capture_output=True, text=True)
    return {x["id"]: x["status"] for x in json.loads(done.stdout)["findings"]}


def package_state():
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Status}", NAME], check=False,
                          capture_output=True, text=True)
    return done.stdout


def history():
    return json.loads(ctl("history", "--json"))["transactions"]


def assert_gone():
    told = eic_statuses()
    assert all(told[f"EIC-{n}"] == "PASS" for n in ("01", "02", "03", "04", "06", "11")), told
    assert told["EIC-05"] in ("PASS", "WARN"), told


def test_pushed_key_is_refused_after_the_fix_and_the_normal_one_is_not(host):
    server, user, pushed, _ = host
    assert gets_in(server, user, pushed) and gets_in(server, user, user.client_key)
    before = watched()
    said = ctl("fix", "EIC", code=1)
    assert f"-{COMMAND}" in said and f"-{USER}" in said and "Nothing was changed" in said, said
    assert watched() == before and not history()
    said = ctl("fix", "EIC", "--yes")
    assert f"127.0.0.1 port {server.port}" in said and user.name in said, said
    assert not gets_in(server, user, pushed)
    assert gets_in(server, user, user.client_key)
    assert_gone()
    assert [x["state"] for x in history()] == ["done"], history()
    assert "Nothing of EC2 Instance Connect" in ctl("fix", "EIC", "--yes")


@pytest.mark.parametrize("host", list(SHAPES), indirect=True)
def test_each_shape_goes_and_comes_back_byte_for_byte(host):
    server, user, _, deb = host
    before = watched()
    shutil.copy(deb, CACHE / f"{NAME}_1.1.14-0test1_all.deb")
    ctl("fix", "EIC", "--yes")
    assert_gone()
    assert package_state() in ("", "unknown ok not-installed"), package_state()
    assert gets_in(server, user, user.client_key)
    ctl("rollback")
    assert watched() == before
    assert package_state() == "install ok installed"
    assert gets_in(server, user, user.client_key)
    assert [x["state"] for x in history()] == ["returned"]


def test_rollback_without_a_copy_of_the_package_says_so_and_opens_the_way_again(host):
    server, user, pushed, _ = host
    before = watched()
    ctl("fix", "EIC", "--yes")
    assert not gets_in(server, user, pushed)
    said = ctl("rollback")
    assert "no copy of its version" in said and "All is as it was" not in said, said
    assert watched() == before
    assert gets_in(server, user, pushed) and gets_in(server, user, user.client_key)


def test_without_another_way_in_it_is_refused(host):
    server, user, pushed, _ = host
    keys = user.home / ".ssh/authorized_keys"
    away = keys.with_name("away")
    before = watched()
    keys.rename(away)
    try:
        others = [p for p in pathlib.Path("/home").glob("*/.ssh/authorized_keys*")]
        if others:
            pytest.skip(f"{others[0]} lets somebody in")
        assert "nobody who may log in" in ctl("fix", "EIC", "--yes", code=1)
        assert watched() == before and not history()
        ctl("fix", "EIC", "--yes", "--i-have-console")
        assert not gets_in(server, user, pushed)
    finally:
        away.rename(keys)


def test_step_that_fails_takes_all_back(host):
    server, user, pushed, _ = host
    prerm = pathlib.Path(f"/var/lib/dpkg/info/{NAME}.prerm")
    good, before = prerm.read_text(encoding="utf-8"), watched()
    prerm.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    try:
        assert "all is as it was" in ctl("fix", "EIC", "--yes", code=3)
    finally:
        prerm.write_text(good, encoding="utf-8")
    assert watched() == before and history()[0]["state"] == "returned"
    assert package_state() == "install ok installed", package_state()
    assert gets_in(server, user, pushed) and gets_in(server, user, user.client_key)


def test_sshd_that_does_not_answer_brings_the_files_back(host):
    server, user, _, _ = host
    prerm = pathlib.Path(f"/var/lib/dpkg/info/{NAME}.prerm")
    before = watched()
    key = server.dir / "host_key"  # what it was started with: `sshd -t` does not see it
    prerm.write_text(f"#!/bin/sh\nmv {key} {key}.away\n", encoding="utf-8")
    said = ctl("fix", "EIC", "--yes", code=3)
    assert f"does not answer at 127.0.0.1 port {server.port}" in said, said
    assert watched() == before and history()[0]["state"] == "returning"
    assert "is open" in ctl("fix", "EIC", "--yes", code=1)
    key.with_name("host_key.away").rename(key)
    server.stop()
    server.start()
    ctl("rollback")
    assert watched() == before and history()[0]["state"] == "returned"
    assert gets_in(server, user, user.client_key)


def test_file_that_was_changed_since_is_not_written_over(host):
    ctl("fix", "EIC", "--yes")
    text = CONFIG.read_text(encoding="utf-8")
    CONFIG.write_text(text + "# mine\n", encoding="utf-8")
    assert "has been changed since" in ctl("rollback", code=1)
    assert CONFIG.read_text(encoding="utf-8") == text + "# mine\n"
    assert history()[0]["state"] == "done"


def settle(before, server, user, pushed):
    """Whatever was killed: nobody is shut out, and --resume ends it."""
    assert gets_in(server, user, user.client_key)
    ctl("fix", "EIC", "--resume")
    if not history() or history()[-1]["state"] != "done":
        assert watched() == before  # it was killed before anything was changed
        ctl("fix", "EIC", "--yes")
    assert not gets_in(server, user, pushed)
    assert gets_in(server, user, user.client_key)
    assert_gone()
    ctl("rollback")
    assert watched() == before and package_state() == "install ok installed"


@pytest.mark.skipif(not killer.WORKS, reason="numbers of system calls are those of x86_64")
def test_fix_that_is_killed_anywhere_ends_well(host, capsys):
    server, user, pushed, deb = host
    before = watched()
    shutil.copy(deb, CACHE / f"{NAME}_1.1.14-0test1_all.deb")
    fix = [BUILD / "bastionctl", "fix", "EIC", "--yes"]
    count, status = killer.run_killed(fix, 1e9, SCRATCH / "killed")
    assert status == 0, (SCRATCH / "killed").read_text(encoding="utf-8")
    settle(before, server, user, pushed)
    # What a dry run does, too, leaves no transaction behind.
    first, status = killer.run_killed([*fix, "--dry-run"], 1e9, SCRATCH / "killed")
    assert status == 1
    points = [first + i / 2 for i in range(int(2 * (count - first)))]
    if os.environ.get("FIX_KILLS") != "all":
        points = points[::max(1, len(points) // 3)]
    for at in points:
        shutil.copy(deb, CACHE / f"{NAME}_1.1.14-0test1_all.deb")
        killer.run_killed(fix, at, SCRATCH / "killed")
        settle(before, server, user, pushed)
    with capsys.disabled():
        print(f"killed at {len(points)} of {int(2 * (count - first))} places ", end="")


@pytest.mark.skipif(not killer.WORKS, reason="numbers of system calls are those of x86_64")
def test_fix_that_is_killed_on_its_way_back_goes_all_the_way(host, capsys):
    server, user, _, deb = host
    before = watched()
    shutil.copy(deb, CACHE / f"{NAME}_1.1.14-0test1_all.deb")
    info = pathlib.Path("/var/lib/dpkg/info")
    (info / f"{NAME}.postinst").write_text("#!/bin/sh\n", encoding="utf-8")
    (info / f"{NAME}.prerm").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    fix = [BUILD / "bastionctl", "fix", "EIC", "--yes"]
    first, _ = killer.run_killed([*fix, "--dry-run"], 1e9, SCRATCH / "killed")
    count, status = killer.run_killed(fix, 1e9, SCRATCH / "killed")
    assert status == 3 and watched() == before, (SCRATCH / "killed").read_text(encoding="utf-8")
    points = [first + i / 2 for i in range(int(2 * (count - first)))]
    points = points[len(points) // 2:]  # the package is in the first half
    if os.environ.get("FIX_KILLS") != "all":
        points = points[::max(1, len(points) // 4)]
    for at in points:
        killer.run_killed(fix, at, SCRATCH / "killed")
        run("/usr/sbin/sshd", "-t")
        assert gets_in(server, user, user.client_key)
        subprocess.run([*fix[:2], "--resume"], check=False, capture_output=True)
        assert history()[-1]["state"] == "returned" and watched() == before
        assert package_state() == "install ok installed"
    (info / f"{NAME}.prerm").write_text("#!/bin/sh\n", encoding="utf-8")
    with capsys.disabled():
        print(f"killed at {len(points)} of {int(2 * (count - first))} places ", end="")
