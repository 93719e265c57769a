"""bastionctl fix EIC-11: a pin that keeps apt from installing EC2 Instance Connect again."""
import hashlib
import os
import pathlib
import shutil
import subprocess

import killer
import pytest
from bastion import BUILD, SCRATCH, run
from test_fix_modes import TXN, ctl, history, status

PIN = pathlib.Path("/etc/apt/preferences.d/00-pam-bastion-ec2-instance-connect")
NAME = "ec2-instance-connect"


@pytest.fixture(autouse=True)
def unpinned():
    shutil.rmtree(TXN, ignore_errors=True)
    PIN.unlink(missing_ok=True)
    yield
    PIN.unlink(missing_ok=True)
    shutil.rmtree(TXN, ignore_errors=True)


@pytest.fixture(scope="module")
def apt():
    """An archive that has the package, and an apt that knows that one alone."""
    top = SCRATCH / "archive"
    tree = top / "tree/DEBIAN"
    tree.mkdir(parents=True)
    control = (f"Package: {NAME}\nVersion: 1.1.14\nArchitecture: all\nMaintainer: tests\n"
               "Description: a stand-in\n")
    (tree / "control").write_text(control, encoding="utf-8")
    run("dpkg-deb", "--root-owner-group", "-b", top / "tree", top / "eic.deb")
    text = (top / "eic.deb").read_bytes()
    (top / "Packages").write_text(f"{control}Filename: ./eic.deb\nSize: {len(text)}\n"
                                  f"SHA256: {hashlib.sha256(text).hexdigest()}\n", encoding="utf-8")
    (top / "list").write_text(f"deb [trusted=yes] file:{top} ./\n", encoding="utf-8")
    for name in ("lists/partial", "cache/archives/partial"):
        (top / name).mkdir(parents=True)
    words = ["-o", f"Dir::Etc::SourceList={top}/list", "-o", "Dir::Etc::SourceParts=/dev/null",
             "-o", f"Dir::State::Lists={top}/lists", "-o", f"Dir::Cache={top}/cache",
             "-o", "APT::Sandbox::User=root", "-o", "Debug::NoLocking=1"]
    run("apt-get", *words, "update")
    return words


def installs(words):
    done = subprocess.run(["apt-get", *words, "-s", "install", NAME], check=False,
                          capture_output=True, text=True)
    assert done.returncode == 0 or "no installation candidate" in done.stderr, done.stderr
    return done.returncode == 0


def test_apt_installs_it_no_more_until_that_is_taken_back(apt):
    assert installs(apt) and status("EIC-11") == "WARN"
    said = ctl("fix", "EIC-11", code=1)
    assert f"write {PIN}" in said and "+Pin-Priority: -1" in said and not PIN.exists(), said
    assert not history()
    ctl("fix", "EIC-11", "--yes")
    assert not installs(apt) and status("EIC-11") == "PASS"
    assert "nothing that could be put right" in ctl("fix", "EIC-11", "--yes")
    assert history() == [("fix EIC-11", "done")]
    ctl("rollback")
    assert installs(apt) and not PIN.exists()


@pytest.fixture
def host_keys():
    """Without them sshd tells nothing of its configuration, and the checks are no pass."""
    run("ssh-keygen", "-A")
    yield
    for key in pathlib.Path("/etc/ssh").glob("ssh_host_*"):
        key.unlink()


@pytest.mark.usefixtures("host_keys")
def test_fix_of_the_group_on_a_host_without_it_pins_and_restarts_nothing(apt):
    said = ctl("fix", "EIC", "--yes")
    assert "restart" not in said and "Gets in without" not in said, said
    assert not installs(apt)
    assert "Nothing of EC2 Instance Connect" in ctl("fix", "EIC", "--yes")
    ctl("rollback")
    assert installs(apt)


def test_pin_that_was_edited_since_stays(apt):
    assert apt
    ctl("fix", "EIC-11", "--yes")
    PIN.write_text("# mine\n", encoding="utf-8")
    assert "has been changed since" in ctl("rollback", code=1)
    assert PIN.read_text(encoding="utf-8") == "# mine\n"
    ctl("fix", "EIC-11", "--yes")
    ctl("rollback")
    assert PIN.read_text(encoding="utf-8") == "# mine\n"


def test_dry_run_makes_no_directory_of_states():
    top, conf = pathlib.Path("/run/nowhere"), pathlib.Path("/etc/pam-bastion/other.conf")
    conf.write_text(f"state_dir = {top}\n", encoding="utf-8")
    try:
        ctl("fix", "EIC-11", "--config", conf, code=1)
        assert "No fix was cut short" in ctl("fix", "--resume", "--config", conf)
        assert "no fix to take back" in ctl("rollback", "--config", conf, code=1)
        assert not top.exists() and not PIN.exists()
        ctl("fix", "EIC-11", "--yes", "--config", conf)
        assert PIN.exists() and top.stat().st_mode & 0o777 == 0o700
    finally:
        conf.unlink()
        shutil.rmtree(top, ignore_errors=True)


def test_exclude_of_dnf_is_told_and_not_written():
    conf = pathlib.Path("/etc/dnf/dnf.conf")
    conf.parent.mkdir(exist_ok=True)
    conf.write_text("[main]\nproxy_password=secret\n", encoding="utf-8")
    try:
        said = ctl("fix", "EIC-11", "--yes", code=3)
        assert f"{conf}: write below [main]" in said and "secret" not in said, said
        assert PIN.exists() and conf.read_text(encoding="utf-8") == "[main]\nproxy_password=secret\n"
        conf.write_text("[main]\nexclude=ec2-instance-connect*\n", encoding="utf-8")
        ctl("fix", "EIC-11", "--yes")
        assert status("EIC-11") == "PASS"
    finally:
        shutil.rmtree(conf.parent)


@pytest.mark.skipif(not killer.WORKS, reason="numbers of system calls are those of x86_64")
def test_fix_that_is_killed_anywhere_is_gone_on_with():
    fix = [BUILD / "bastionctl", "fix", "EIC-11", "--yes"]
    count, code = killer.run_killed(fix, 1e9, SCRATCH / "killed")
    assert code == 0
    ctl("rollback")
    points = [i / 2 for i in range(int(2 * count))]
    if os.environ.get("FIX_KILLS") != "all":
        points = points[::max(1, len(points) // 12)]
    for at in points:
        assert not PIN.exists()
        killer.run_killed(fix, at, SCRATCH / "killed")
        ctl("fix", "EIC-11", "--resume")
        if history() and history()[-1][1] == "done":
            assert "Pin-Priority: -1" in PIN.read_text(encoding="utf-8")
            ctl("rollback")
