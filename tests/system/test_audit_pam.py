"""bastionctl audit host of PAM lines, next to what the real sshd and passwd do."""
import contextlib
import json
import pathlib
import subprocess

from bastion import BUILD, is_in

PAMD = pathlib.Path("/etc/pam.d")


def finding(which):
    said = subprocess.run([BUILD / "bastionctl", "audit", "host", "--check", which, "--json"],
                          stdout=subprocess.PIPE, text=True, check=False)
    (x,) = json.loads(said.stdout)["findings"]
    return x


def notes(which):
    """What it says, as one text."""
    return json.dumps(finding(which))


@contextlib.contextmanager
def lines_on_top(service, text, guard=True):
    path = PAMD / service
    before = path.read_text(encoding="utf-8")
    below = before if guard else before.replace("pam_bastion.so  need_auth", "pam_permit.so")
    path.write_text(text + below, encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(before, encoding="utf-8")


def test_the_shipped_lines_have_no_way_past_the_code(sshd, user):
    told = notes("MFA-10")
    assert "service sshd: each way in passes this line" in told
    assert not is_in(sshd.ssh(user, user.wrong_code()), user)


def test_a_way_that_is_told_is_one(sshd, user):
    with lines_on_top("sshd", "auth sufficient pam_permit.so\n"):
        assert "need_auth in its account lines still refuses these" in notes("MFA-10")
        assert not is_in(sshd.ssh(user), user)
    with lines_on_top("sshd", "auth sufficient pam_permit.so\n", guard=False):
        told = notes("MFA-10")
        assert finding("MFA-10")["status"] == "FAIL"
        assert "service sshd: gets in without a code:" in told
        assert "/etc/pam.d/sshd:1: pam_permit.so: answers success" in told
        assert is_in(sshd.ssh(user), user)


def test_who_is_let_past_by_nobodys_choice_is_in(sshd, user):
    for line in ("auth sufficient pam_rootok.so\n",
                 "auth sufficient pam_succeed_if.so user notingroup no-such-group\n",
                 "auth sufficient pam_succeed_if.so quiet service = sshd\n"):
        with lines_on_top("sshd", line, guard=False):
            assert finding("MFA-10")["status"] == "FAIL", line
            assert is_in(sshd.ssh(user), user), line


def test_the_configuration_that_a_line_names_is_the_one_that_is_looked_at():
    line = "auth requisite pam_bastion.so conf={}\nauth requisite pam_deny.so\n"
    with lines_on_top("sudo", line.format("/etc/pam-bastion/pam_bastion.conf")):
        assert "stands in place" not in notes("MFA-10")
    with lines_on_top("sudo", line.format("/etc/pam-bastion/other.conf")):
        assert "conf=/etc/pam-bastion/other.conf stands in place" in notes("MFA-10")


def test_a_module_that_is_not_there_is_seen_as_libpam_sees_it(sshd, user):
    with lines_on_top("sshd", "auth [success=ignore module_unknown=done default=die] pam_gone.so\n"):
        # Nothing has counted before it, so its code ends the stack as it is.
        assert "gets in without" not in notes("MFA-10")
        assert not is_in(sshd.ssh(user), user)
    with lines_on_top("sshd", "auth required pam_permit.so\n"
                      "auth [module_unknown=4 default=die] pam_gone.so\n", guard=False):
        assert "/etc/pam.d/sshd:2: pam_gone.so: answers module_unknown" in notes("MFA-10")
        assert is_in(sshd.ssh(user), user)


def test_passwords_that_nothing_counts_are_found():
    assert "reserve" in notes("PWD-09")
    with lines_on_top("sudo", "auth sufficient pam_unix.so\n"):
        assert "/etc/pam.d/sudo:1: service sudo: pam_unix.so judges passwords" in notes("PWD-09")


def test_an_unjudged_password_is_found():
    with lines_on_top("passwd", "password requisite pam_bastion.so\n"
                      "password [success=done default=die] pam_unix.so use_authtok\n"):
        assert "/etc/pam.d/passwd:1: service passwd: pam_bastion.so judges each" in notes("PWD-06")
    with lines_on_top("passwd", "password sufficient pam_unix.so\n"):
        assert finding("PWD-06")["status"] == "FAIL"
