"""The machine that the tests run on leaves the one it is made from alone.  Here
the outer private machine stands for the real one."""
import glob
import os
import subprocess

from bastion import checksum, run

HERE = os.path.dirname(os.path.abspath(__file__))
VANDAL = r"""
set -e
logger -t vandal said
echo x >>/etc/passwd
rm -rf /etc/ssh /etc/pam.d/sshd
echo x >"$(realpath "$("$1/../../packaging/securedir")")/pam_unix.so"
echo x >/var/lib/pam-bastion/x
echo x >/var/log/x
echo x >/run/x
! touch /var/lib/dpkg/x 2>/dev/null
rm /dev/fd /dev/log
sleep 1000 &
exit 7
"""


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()
    except OSError:  # it has just ended
        return ""


def real():
    modules = os.path.realpath(run(f"{HERE}/../../packaging/securedir").strip())
    return checksum("/etc", modules, "/var/lib/pam-bastion", "/var/lib/pam", "/var/log", "/run"), \
        sorted(os.listdir("/dev")), sorted(os.listdir("/var/lib"))


def test_nothing_of_the_real_machine_changes(tmp_path, log, since):
    before = real()
    done = subprocess.run([f"{HERE}/private-machine", tmp_path, "--", "bash", "-c", VANDAL,
                           "vandal", HERE],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 7, done
    assert real() == before
    assert "vandal: said" in (tmp_path / "log").read_text(encoding="utf-8")
    assert "vandal" not in "\n".join(log.lines(since))
    # No copy of /etc is left, and no process.
    assert sorted(os.listdir(tmp_path)) == ["log", "machine"]
    assert os.listdir(tmp_path / "machine") == []
    assert not [p for p in glob.glob("/proc/[0-9]*/cmdline") if "sleep\x001000" in read(p)]


def test_nothing_secret_is_copied():
    with open("/etc/shadow", encoding="utf-8") as f:
        real_users = [line.split(":") for line in f if not line.startswith("user2")]
    assert {fields[1] for fields in real_users} == {"*"}
    assert not [n for n in os.listdir("/etc/ssh") if n.startswith("ssh_host_")]
