"""bastionctl mfa assign, against moto and, for codes that are wrong, fake_aws.py."""
import base64
import hmac
import os
import pty
import re
import signal
import subprocess
import time

import pytest
from account import Account
from bastion import BUILD
from fake_aws import Fake, no, ok

TOOL = str(BUILD / "bastionctl")
SEED = base64.b32encode(b"0123456789012345678901234567890123456789").decode()


@pytest.fixture(scope="module")
def account():
    with Account() as a:
        a.user("kim", password="Passw0rd!long")
        yield a


def mfa(server, *argv, text="123456\n654321\n", yes=True):
    argv = ["--yes", *argv] if yes and argv else argv
    return subprocess.run([TOOL, "mfa", "assign", *argv], env=server.env(), input=text,
                          capture_output=True, text=True, check=False)


def code_at(step):
    key = base64.b32decode(SEED)
    mac = hmac.digest(key, step.to_bytes(8, "big"), "sha1")
    at = mac[-1] & 15
    return f"{(int.from_bytes(mac[at:at + 4], 'big') & 0x7fffffff) % 10**6:06d}"


class Iam:
    """Checks codes as IAM does, and notes which devices are there and whose."""

    def __init__(self):
        self.devices, self.assigned, self.tries = {}, {}, 0
        self.lose = False
        self.cut = ""          # what is said instead of a device that is made
        self.users = None      # all there are

    def __call__(self, action, params):
        if action == "GetCallerIdentity":
            return ok(action, "<Arn>arn:aws-cn:iam::123456789012:user/admin</Arn><UserId>x</UserId>"
                      "<Account>123456789012</Account>")
        if action == "CreateVirtualMFADevice" and self.cut:
            self.devices[f"arn:aws-cn:iam::123456789012:mfa/{params['VirtualMFADeviceName']}"] = SEED
            return ok(action, self.cut)
        if action == "CreateVirtualMFADevice":
            serial = f"arn:aws-cn:iam::123456789012:mfa/{params['VirtualMFADeviceName']}"
            if serial in self.devices:
                return no("EntityAlreadyExists", 409)
            self.devices[serial] = SEED
            seed = base64.b64encode(SEED.encode()).decode()
            return ok(action, f"<VirtualMFADevice><SerialNumber>{serial}</SerialNumber>"
                      f"<Base32StringSeed>{seed}</Base32StringSeed></VirtualMFADevice>")
        if action == "EnableMFADevice":
            self.tries += 1
            good = {(code_at(s), code_at(s + 1)) for s in (1000, 1001)}
            if (params["AuthenticationCode1"], params["AuthenticationCode2"]) not in good:
                return no("InvalidAuthenticationCode", 403)
            self.assigned[params["SerialNumber"]] = params["UserName"]
            return (500, "") if self.lose else ok(action)
        if action == "ListMFADevices":
            if self.users is not None and params["UserName"] not in self.users:
                return no("NoSuchEntity", 404)
            return ok(action, "<MFADevices>" + "".join(
                f"<member><SerialNumber>{s}</SerialNumber></member>"
                for s, user in self.assigned.items() if user == params["UserName"]) +
                "</MFADevices>")
        if action == "DeleteVirtualMFADevice":
            if params["SerialNumber"] in self.assigned:
                return no("DeleteConflict", 409)
            if self.devices.pop(params["SerialNumber"], None) is None:
                return no("NoSuchEntity", 404)
            return ok(action)
        return no("AccessDenied", 403)


def test_device_is_shown_proven_and_the_users(account):
    done = mfa(account, "kim")
    assert done.returncode == 0, done.stderr
    assert "█" in done.stdout or "▀" in done.stdout
    assert re.search(r"^Key: ([A-Z2-7]{4} ){15}[A-Z2-7]{4}$", done.stdout, re.M), done.stdout
    devices = account.iam("ListMFADevices", UserName="kim")
    assert devices.find(".//SerialNumber").text.endswith(":mfa/kim")


@pytest.mark.parametrize("argv", [["kim"], ["kim", "--dry-run"], ["kim", "--replace"],
                                  ["kim", "--yes", "--dry-run"]])
def test_without_a_terminal_nothing_is_made_and_no_key_is_shown(argv):
    iam = Iam()
    iam.devices["arn:aws-cn:iam::123456789012:mfa/kim"] = "other"
    with Fake(iam) as server:
        done = mfa(server, *argv, yes=False)
        assert set(server.count) <= {"GetCallerIdentity", "ListMFADevices"}
    assert done.returncode == 1, done.stderr
    assert "mfa/kim" in done.stdout and "Nothing was changed" in done.stdout
    assert "Key:" not in done.stdout and SEED[:4] not in done.stdout
    assert ("removed" in done.stdout) == ("--replace" in argv)


def test_at_a_terminal_it_is_made_without_more_words():
    iam = Iam()
    master, slave = pty.openpty()
    with Fake(iam) as server:
        with subprocess.Popen([TOOL, "mfa", "assign", "kim"], env=server.env(), stdin=slave,
                              stdout=slave, stderr=slave) as child:
            os.close(slave)
            os.write(master, f"{code_at(1000)}\n{code_at(1001)}\n".encode())
            said = b""
            try:
                while part := os.read(master, 4096):
                    said += part
            except OSError: # the other side is closed
                pass
    os.close(master)
    assert child.returncode == 0, said
    assert iam.assigned == {"arn:aws-cn:iam::123456789012:mfa/kim": "kim"}


def test_first_codes_wrong_second_right():
    iam = Iam()
    with Fake(iam) as server:
        done = mfa(server, "kim", "--device", "phone",
                   text=f"{code_at(1000)}\n{code_at(1000)}\nabc\n{code_at(1000)}\n{code_at(1001)}\n")
    assert done.returncode == 0, done.stderr
    assert SEED[:4] + " " + SEED[4:8] in done.stdout
    assert iam.assigned == {"arn:aws-cn:iam::123456789012:mfa/phone": "kim"} and iam.tries == 2


@pytest.mark.parametrize("text", ["", "123456\n", "1\n2\n" * 9, "111111\n222222\n" * 3])
def test_device_that_is_not_proven_is_removed(text):
    iam = Iam()
    with Fake(iam) as server:
        done = mfa(server, "kim", text=text)
    assert done.returncode == 1
    assert "removed" in done.stderr and not iam.devices and not iam.assigned
    assert "111111" not in done.stderr and "222222" not in done.stderr


@pytest.mark.parametrize("argv", [["--yes"], ["--dry-run"], ["--yes", "--replace"]])
def test_for_who_is_not_there_nothing_is_made_and_no_key_is_shown(argv):
    iam = Iam()
    iam.users = ["lee"]
    iam.devices["arn:aws-cn:iam::123456789012:mfa/kim"] = "other"
    with Fake(iam) as server:
        done = mfa(server, "kim", *argv, yes=False)
        assert set(server.count) <= {"GetCallerIdentity", "ListMFADevices"}
    assert done.returncode == 1 and "has no user kim" in done.stderr, done.stderr
    assert "Key:" not in done.stdout and iam.devices


@pytest.mark.parametrize("cut", [
    "<VirtualMFADevice/>", "<x>", f"<VirtualMFADevice><Base32StringSeed>{SEED}</Base32StringSeed>"
    "</VirtualMFADevice>", f"<VirtualMFADevice><SerialNumber>{'x' * 2000}</SerialNumber>"
    "</VirtualMFADevice>", "<VirtualMFADevice><SerialNumber>arn:aws-cn:iam::123456789012:mfa/kim"
    "</SerialNumber><Base32StringSeed>!</Base32StringSeed></VirtualMFADevice>"])
def test_device_whose_answer_is_none_is_removed(cut):
    iam = Iam()
    iam.cut = cut
    with Fake(iam) as server:
        done = mfa(server, "kim")
    assert done.returncode == 3, done.stderr
    assert not iam.devices and "removed" in done.stderr, done.stderr
    assert SEED not in done.stdout + done.stderr


def test_answer_that_is_lost_is_looked_up():
    iam = Iam()
    iam.lose = True
    with Fake(iam) as server:
        done = mfa(server, "kim", text=f"{code_at(1000)}\n{code_at(1001)}\n")
    assert done.returncode == 0, done.stderr
    assert iam.assigned and iam.devices


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whoever_is_stopped_at_the_prompt_leaves_no_device(number):
    iam = Iam()
    with Fake(iam) as server:
        with subprocess.Popen([TOOL, "mfa", "assign", "kim", "--yes"], env=server.env(),
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as child:
            for _ in range(200):
                if iam.devices:
                    break
                time.sleep(0.05)
            time.sleep(0.3)
            child.send_signal(number)
            out, said = child.communicate(timeout=30)
    assert child.returncode == 1, out + said
    assert not iam.devices, said


def test_name_that_is_taken_is_said_and_replaced_only_when_asked():
    iam = Iam()
    serial = "arn:aws-cn:iam::123456789012:mfa/kim"
    iam.devices[serial] = "other"
    with Fake(iam) as server:
        done = mfa(server, "kim")
        assert done.returncode == 1 and "--replace" in done.stderr
        assert iam.devices == {serial: "other"}
        done = mfa(server, "kim", "--replace", text=f"{code_at(1000)}\n{code_at(1001)}\n")
        assert done.returncode == 0, done.stderr
        # One that is somebody's is never removed.
        done = mfa(server, "kim", "--replace")
        assert done.returncode != 0
    assert iam.assigned == {serial: "kim"} and serial in iam.devices


def test_root_is_told_the_way_in_both_languages(account):
    done = mfa(account)
    assert done.returncode == 3 and "Security credentials" in done.stdout
    env = {**account.env(), "LC_ALL": "C.UTF-8", "LANGUAGE": "ko"}
    korean = subprocess.run([TOOL, "mfa", "assign"], env=env, capture_output=True, text=True,
                            check=False)
    assert korean.returncode == 3


def test_words_that_are_wrong_are_usage(account):
    for argv in (["a b"], ["kim", "lee"], ["--device", "x"], ["kim", "--device"], ["kim", "-x"]):
        assert mfa(account, *argv).returncode == 2
