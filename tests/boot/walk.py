"""What happens at each boot of tests/boot/run, as root of that machine, with its systemd."""
import json
import os
import pathlib
import re
import subprocess
import time

import pexpect

HERE = pathlib.Path("/walk")
OWN, PUSHED, SECRET = HERE / "own", HERE / "pushed", HERE / "secret"
NAME = "ec2-instance-connect"
SCRIPTS = pathlib.Path("/usr/share/ec2-instance-connect")
DROPIN = pathlib.Path("/lib/systemd/system/ssh.service.d/ec2-instance-connect.conf")
USER = "walker"
SSH = ("ssh", "-F", "none", "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no", "-o",
       "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ControlPath=none")
# As the postinst of Ubuntu's package writes it.
UNIT = ('[Service]\\nExecStart=\\nExecStart=/usr/sbin/sshd -D -o "AuthorizedKeysCommand '
        f'{SCRIPTS}/eic_run_authorized_keys %%%%u %%%%f" -o "AuthorizedKeysCommandUser {NAME}" $SSHD_OPTS\\n')
RESTART = "systemctl daemon-reload; systemctl restart ssh.service\n"


def run(*argv, code=0, text=None):
    done = subprocess.run(argv, check=False, capture_output=True, text=True, input=text, timeout=150)
    assert code is None or done.returncode == code, done
    return done.stdout


def holds(what, true):
    assert true, what
    print(f"  ok     {what}", flush=True)


def is_active(unit):
    return subprocess.run(["systemctl", "-q", "is-active", unit], check=False).returncode == 0


def by_key(key):
    """Whether a key alone gets in."""
    done = subprocess.run([*SSH, "-o", "BatchMode=yes", "-i", key, f"{USER}@127.0.0.1", "true"], check=False,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 255), done
    return done.returncode == 0


def comes(what, *args):
    """sshd takes a moment to read its files again."""
    end = time.monotonic() + 10
    while not what(*args) and time.monotonic() < end:
        time.sleep(0.2)
    return what(*args)


def code():
    """One that was not used before."""
    last = HERE / "last"
    before = int(last.read_text(encoding="utf-8")) if last.exists() else 0
    while int(time.time()) // 30 <= before:
        time.sleep(0.5)
    last.write_text(str(int(time.time()) // 30), encoding="utf-8")
    return run("oathtool", "--totp", "-b", SECRET.read_text(encoding="utf-8")).strip()


def talk(*argv):
    """A command that asks for one code; its exit status and what it said."""
    child = pexpect.spawn(argv[0], list(argv[1:]), timeout=60, encoding="utf-8")
    child.expect_exact("Verification code: ")
    child.sendline(code())
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus, child.before


def by_code(*command):
    return talk(*SSH, "-i", str(OWN), f"{USER}@127.0.0.1", *command)


def enable(seconds):
    status, said = talk("bastionctl", "enable", "sshd", "--admin", USER, "--yes", "--confirm", f"{seconds}s")
    assert status == 0, said


def script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nset -e\n{text}", encoding="utf-8")
    path.chmod(0o755)


def eic():
    found = json.loads(run("bastionctl", "audit", "host", "--json", "--check", "EIC", code=None))["findings"]
    return {x["id"]: x["status"] for x in found}


# ---- what is there at first ----

def people():
    run("useradd", "-m", "-s", "/bin/bash", "-G", "sudo", USER)
    rights = pathlib.Path("/etc/sudoers.d/walk")
    rights.write_text(f"{USER} ALL=(ALL) NOPASSWD: ALL\n", encoding="utf-8")
    rights.chmod(0o440)
    for key in (OWN, PUSHED):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    keys = pathlib.Path(f"/home/{USER}/.ssh")
    keys.mkdir(mode=0o700)
    (keys / "authorized_keys").write_bytes(OWN.with_suffix(".pub").read_bytes())
    run("chown", "-R", f"{USER}:", str(keys))
    run("ssh-keygen", "-A")
    run("systemctl", "restart", "ssh.service")


def package():
    tree = HERE / "package"
    script(tree / str(SCRIPTS)[1:] / "eic_run_authorized_keys", "cat /etc/pushed.pub\n")
    script(tree / "DEBIAN/postinst",
           f"useradd --system --no-create-home --shell /usr/sbin/nologin {NAME}\n"
           f"mkdir -p {DROPIN.parent}; printf '{UNIT}' >{DROPIN}\n{RESTART}")
    script(tree / "DEBIAN/prerm", f"rm -f {DROPIN}\nuserdel {NAME}\n{RESTART}")
    (tree / "DEBIAN/control").write_text(f"Package: {NAME}\nVersion: 1.1.14-0test1\nArchitecture: all\n"
                                         "Maintainer: tests\nDescription: a stand-in\n", encoding="utf-8")
    pathlib.Path("/etc/pushed.pub").write_bytes(PUSHED.with_suffix(".pub").read_bytes())
    run("dpkg-deb", "--root-owner-group", "-b", str(tree), str(HERE / "eic.deb"))
    run("dpkg", "-i", str(HERE / "eic.deb"))


def enrol():
    with subprocess.Popen(["enroll-mfa", USER, "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        said = ""
        while '"secret"' not in said:
            said += os.read(child.stdout.fileno(), 4096).decode()
        SECRET.write_text(re.search(r'"secret": "([A-Z2-7]+)"', said).group(1), encoding="utf-8")
        child.communicate(f"{code()}\n".encode(), timeout=60)
    assert child.returncode == 0


# ---- the boots ----

def boot_0():
    for unit in sorted(pathlib.Path("/lib/systemd/system").glob("pam-bastion*")):
        done = subprocess.run(["systemd-analyze", "verify", str(unit)], check=False, capture_output=True, text=True)
        holds(f"systemd takes {unit.name}", unit.name not in done.stderr)
    people()
    package()
    holds("a pushed key gets in through the drop-in of the unit", by_key(PUSHED) and by_key(OWN))
    run("bastionctl", "fix", "EIC", "--yes")
    holds("fix EIC: the pushed key is refused, the own one is not", not by_key(PUSHED) and by_key(OWN))
    told = eic()
    holds("fix EIC: unit, daemon and package are clean", is_active("ssh") and
          all(told[f"EIC-{n}"] == "PASS" for n in ("01", "02", "03", "04", "05", "06", "11")))
    run("bastionctl", "rollback")
    holds("rollback: both keys get in again", by_key(PUSHED) and by_key(OWN) and DROPIN.exists())
    run("bastionctl", "fix", "EIC", "--yes")
    run("systemctl", "start", "pam-bastion-drift.timer", "pam-bastion-policy.timer", "pam-bastion-rotate.timer")
    holds("its timers run", all(is_active(f"pam-bastion-{n}.timer") for n in ("drift", "policy", "rotate")))
    run("systemctl", "start", "pam-bastion-drift.service", code=1)
    holds("the drift of a host without the code is in the journal",
          "check=MFA-11 status=FAIL" in run("journalctl", "--no-pager", "-t", "bastionctl"))
    enrol()
    enable(20)
    holds("enable sshd: the key alone gets in no more, with a code it does",
          comes(lambda: not by_key(OWN)) and by_code("true")[0] == 0)
    time.sleep(21)
    holds("the timer brings the old files back", comes(by_key, OWN))
    enable(600)
    holds("enable sshd again", comes(lambda: not by_key(OWN)))


def boot_1():
    holds("what nobody has confirmed is back after a reboot", by_key(OWN) and is_active("ssh"))
    enable(600)
    status, said = by_code("sudo", "bastionctl", "confirm")
    holds("it is confirmed from a login with a code", status == 0 and "Confirmed" in said)


def boot_2():
    holds("what was confirmed is there after a reboot", not by_key(OWN) and by_code("true")[0] == 0)
    told = eic()
    holds("EC2 Instance Connect stays away", told["EIC-01"] == told["EIC-03"] == "PASS" and not by_key(PUSHED))
    run("bastionctl", "disable", "sshd", "--yes")
    holds("disable sshd", comes(by_key, OWN))


def main():
    stage = HERE / "stage"
    number = int(stage.read_text(encoding="utf-8")) if stage.exists() else 0
    stage.write_text(str(number + 1), encoding="utf-8")
    print(f"boot {number}:", flush=True)
    (boot_0, boot_1, boot_2)[number]()
    print(f"boot {number} ends", flush=True)


main()
