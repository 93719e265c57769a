"""bastionctl audit and fix EIC where rpm has the package: the real rpm, with a database of its own,
and a package in the shapes of Amazon Linux (lines in sshd_config) and of RHEL 9 (a part)."""
import pathlib
import shutil
import subprocess

import pytest
from bastion import SCRATCH, Sshd, run
from test_audit_eic import audit, notes, private_usr
from test_fix_eic import CONFIG, PART, PUSHED, TXN, alone, ctl, gets_in, history, people

__all__ = ["alone", "people", "private_usr"]
NAME = "ec2-instance-connect"
BIN = pathlib.Path("/opt/aws/bin")
KEYS = (f"AuthorizedKeysCommand {BIN}/eic_run_authorized_keys %u %f",
        f"AuthorizedKeysCommandUser {NAME}")
SPEC = """\
Name: {name}
Version: 1.1
Release: 19test
Summary: a stand-in
License: none
BuildArch: noarch
%description
A stand-in.
%pre
getent passwd {name} >/dev/null || useradd --system --no-create-home --shell /usr/sbin/nologin {name}
%post
{post}
%preun
if [ $1 -eq 0 ]; then {preun}; userdel {name}; fi
%install
mkdir -p %{{buildroot}}{bin}
printf '#!/bin/sh\\ncat {pushed}\\n' >%{{buildroot}}{bin}/eic_run_authorized_keys
printf '#!/bin/sh\\n' >%{{buildroot}}{bin}/eic_curl_authorized_keys
printf '#!/bin/sh\\n' >%{{buildroot}}{bin}/eic_parse_authorized_keys
%files
%attr(0755,root,root) {bin}/eic_*
"""
SHAPES = {"lines": (CONFIG, ">>", ":"), "part": (PART, ">", f"rm -f {PART}")}


@pytest.fixture(scope="module", autouse=True)
def private_database():
    """rpm of Debian keeps its database in root's home."""
    home = SCRATCH / "root"
    home.mkdir(mode=0o700)
    run("mount", "-n", "--bind", home, "/root")
    yield
    run("umount", "-n", "-l", "/root")


def build(shape):
    top = SCRATCH / f"rpm-{shape}"
    shutil.rmtree(top, ignore_errors=True)
    top.mkdir()
    file, how, preun = SHAPES[shape]
    lines = " ".join(f"'{line}'" for line in KEYS)
    spec = top / "eic.spec"
    spec.write_text(SPEC.format(name=NAME, bin=BIN, pushed=PUSHED, preun=preun,
                                post=f"printf '%%s\\n' {lines} {how}{file}"), encoding="utf-8")
    run("rpmbuild", "-bb", "--define", f"_topdir {top}", spec)
    (package,) = top.glob("RPMS/noarch/*.rpm")
    return package


def is_installed():
    return subprocess.run(["rpm", "-q", NAME], check=False, capture_output=True).returncode == 0


@pytest.fixture(params=list(SHAPES), name="host")
def host_(request, people):  # noqa: F811
    before = CONFIG.read_bytes()
    shutil.rmtree(TXN, ignore_errors=True)
    run("rpm", "-i", "--force-debian", "--nodeps", build(request.param))
    PUSHED.write_bytes((SCRATCH / "pushed.pub").read_bytes())
    try:
        with Sshd(AuthenticationMethods="publickey", UsePAM="no", PidFile="/run/sshd.pid") as server:
            yield server, *people, request.param
    finally:
        if is_installed():
            run("rpm", "-e", NAME)
        PART.unlink(missing_ok=True)
        CONFIG.write_bytes(before)
        shutil.rmtree(BIN, ignore_errors=True)
        subprocess.run(["userdel", NAME], check=False, capture_output=True)


def test_package_of_rpm_is_found_with_what_belongs_to_it(host):
    shape = host[3]
    told = audit(code=1)
    assert notes(told["EIC-01"])[0] == f"{NAME} 1.1-19test: installed"
    assert told["EIC-02"]["status"] == "FAIL" and len(notes(told["EIC-02"], "FAIL")) == 3
    assert all(f"package {NAME}" in n for n in notes(told["EIC-02"], "FAIL")), told["EIC-02"]
    assert notes(told["EIC-04"], "FAIL")[0].startswith(f"{SHAPES[shape][0]}:"), told["EIC-04"]


def test_package_of_rpm_goes_and_what_was_there_comes_back(host):
    server, user, pushed, shape = host
    watched = [CONFIG, PART, *(BIN / f"eic_{n}_authorized_keys" for n in ("run", "curl", "parse"))]
    before = [p.read_bytes() if p.exists() else None for p in watched]
    assert gets_in(server, user, pushed) and gets_in(server, user, user.client_key)
    ctl("fix", "EIC", "--yes")
    assert not is_installed() and not any(BIN.glob("eic_*"))
    assert not gets_in(server, user, pushed) and gets_in(server, user, user.client_key)
    told = audit()
    assert all(told[f"EIC-{n}"]["status"] == "PASS" for n in ("01", "02", "03", "04", "06")), told
    # Without dnf nothing can bring the package back; its files and the way in it can.
    assert "is not installed again" in ctl("rollback")
    assert [p.read_bytes() if p.exists() else None for p in watched] == before, shape
    assert gets_in(server, user, pushed) and gets_in(server, user, user.client_key)
    assert [x["state"] for x in history()] == ["returned"]


def test_rpm_that_does_not_remove_takes_all_back(host):
    """Another package needs it: rpm refuses."""
    server, user, pushed, shape = host
    top = SCRATCH / "rpm-other"
    top.mkdir(exist_ok=True)
    spec = top / "other.spec"
    spec.write_text(f"Name: needs-it\nVersion: 1\nRelease: 1\nSummary: x\nLicense: none\nBuildArch: noarch\n"
                    f"Requires: {NAME}\n%description\nx\n%files\n", encoding="utf-8")
    run("rpmbuild", "-bb", "--define", f"_topdir {top}", spec)
    (package,) = top.glob("RPMS/noarch/*.rpm")
    run("rpm", "-i", "--force-debian", "--nodeps", package)
    before = SHAPES[shape][0].read_bytes()
    try:
        assert "is needed by" in ctl("fix", "EIC", "--yes", code=3)
        assert is_installed() and SHAPES[shape][0].read_bytes() == before
        assert gets_in(server, user, pushed) and gets_in(server, user, user.client_key)
        assert history()[0]["state"] == "returned"
    finally:
        run("rpm", "-e", "needs-it")
