"""bastionctl rotate against moto's server, which checks signatures: no cut of a connection and no
kill loses a key.  ROTATE_ALL=1: each of them, not one in a few."""
import contextlib
import http.client
import http.server
import itertools
import json
import os
import pathlib
import re
import subprocess
import threading
import urllib.parse
import urllib.request

import killer
import pytest
from bastion import BUILD, SCRATCH
# pylint: disable=unused-import
from test_aws import ALL, alice_, call, role_, url_  # noqa: F401 (fixtures)

TOOL = BUILD / "bastionctl"
NUMBERS = itertools.count(1)
AT_ONCE = ("--force", "--overlap", "0", "--grace", "0", "--pace", "0", "--yes")
PART = 1 if os.environ.get("ROTATE_ALL") else 6


class Owner:
    """A user with one key, and the secret or the file where it lives."""

    def __init__(self, url, admin, name=None):
        self.url, self.admin = url, admin
        self.name = name or f"deploy{next(NUMBERS)}"
        call(url, "iam", "CreateUser", f"UserName={self.name}", "Path=/ops/", key=admin)
        call(url, "iam", "PutUserPolicy", f"UserName={self.name}", "PolicyName=all",
             f"PolicyDocument={ALL}", key=admin)
        made = call(url, "iam", "CreateAccessKey", f"UserName={self.name}", key=admin)
        self.key = made["AccessKey/AccessKeyId"], made["AccessKey/SecretAccessKey"]
        self.arn = None

    def in_secret(self, **more):
        value = {"accesskey": self.key[0], "secretkey": self.key[1], "username": self.name,
                 "masterarn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:m"} | more
        told = call(self.url, "secretsmanager", "CreateSecret", f"Name=s{next(NUMBERS)}",
                    f"SecretString={json.dumps(value)}",
                    f"ClientRequestToken=5bf62a1d-7a3b-4b3a-9d0e-{next(NUMBERS):012d}", key=self.admin)
        self.arn = told["ARN"]
        return self

    def current(self):
        # By its label: without it moto gives the version that was current at first.
        told = call(self.url, "secretsmanager", "GetSecretValue", f"SecretId={self.arn}",
                    "VersionStage=AWSCURRENT", key=self.admin)
        return json.loads(told["SecretString"])

    def keys(self):
        """Ids and whether they are active, as IAM has them now."""
        told = subprocess.run(
            [BUILD / "tests/system/aws_call", "iam", "ListAccessKeys", f"UserName={self.name}"],
            check=True, capture_output=True, text=True, env=environment(self.url, self.admin)).stdout
        ids = re.findall(r"^AccessKeyMetadata/member/AccessKeyId (.*)$", told, re.M)
        states = re.findall(r"^AccessKeyMetadata/member/Status (.*)$", told, re.M)
        return dict(zip(ids, (s == "Active" for s in states)))

    def assert_well(self):
        """One key, another one, and it works."""
        now = self.current()
        assert self.keys() == {now["accesskey"]: True} and now["accesskey"] != self.key[0]
        told = call(self.url, "sts", "GetCallerIdentity", key=(now["accesskey"], now["secretkey"]))
        assert told["Arn"] == f"arn:aws:iam::123456789012:user/ops/{self.name}"


def environment(url, key=None, **more):
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true",
           "AWS_ENDPOINT_URL": url, "AWS_REGION": "eu-west-1", "LC_ALL": "C.UTF-8"} | more
    if key:
        env |= {"AWS_ACCESS_KEY_ID": key[0], "AWS_SECRET_ACCESS_KEY": key[1]}
    return env


def rotate(url, *argv, key=None, ok=0, **more):
    done = subprocess.run([TOOL, "rotate", *argv], check=False, capture_output=True, text=True,
                          env=environment(url, key, **more), timeout=300)
    assert ok is None or done.returncode == ok, done
    # No secret key, which is of 40 letters; the id of a request has more.
    assert not re.search(r"(?<![\w/+])[\w/+]{40}(?![\w/+])", done.stdout + done.stderr), done
    return done.stdout if ok in (0, None) else done.stderr


@pytest.fixture(autouse=True, name="state")
def state_():
    subprocess.run(["rm", "-rf", "/var/lib/pam-bastion/rotate"], check=True)


def status(url):
    return json.loads(rotate(url, "status", "--json"))


# ---- without a fault ----

def test_secret_gets_a_new_key_and_the_old_one_goes_in_steps(url, alice):
    owner = Owner(url, alice).in_secret(region="here")
    arn = ("--secret", owner.arn)
    assert "is not due before" in rotate(url, "run", *arn, key=alice)
    assert owner.current()["accesskey"] == owner.key[0]
    told = rotate(url, "run", *arn, "--force", "--pace", "0", key=alice)
    assert "is the current key now" in told and "both keys are active" in told
    now = owner.current()
    assert owner.keys() == {owner.key[0]: True, now["accesskey"]: True}
    assert now["region"] == "here" and now["username"] == owner.name and "masterarn" in now
    assert [(s["user"], s["state"]) for s in status(url)] == [(owner.name, "overlap")]
    rotate(url, "resume", key=alice)
    assert owner.keys()[owner.key[0]]
    rotate(url, "resume", "--overlap", "0", key=alice)
    assert owner.keys() == {owner.key[0]: False, now["accesskey"]: True}
    assert [s["state"] for s in status(url)] == ["grace"]
    rotate(url, "run", owner.name, "--grace", "0", key=alice)
    owner.assert_well()
    assert [s["state"] for s in status(url)] == ["closed"]
    files = list(pathlib.Path("/var/lib/pam-bastion/rotate").glob("*.j"))
    assert [f.stat().st_mode & 0o777 for f in files] == [0o600]
    assert now["secretkey"].encode() not in files[0].read_bytes()
    assert "not due" in rotate(url, "run", "--all", key=alice)


def test_profile_rotates_itself_and_nothing_else_of_the_file_changes(url, alice):
    owner = Owner(url, alice)
    path = SCRATCH / "credentials"
    text = ("# of the build host\n[other]\naws_access_key_id = AKIAOTHEROTHEROTHER0\n"
            "aws_secret_access_key=x\n\n[ deploy ]\n; ours\naws_secret_access_key   =  {1}\r\n"
            "aws_access_key_id={0}\nregion = eu-west-1 # here\n[last]\n")
    path.write_bytes(text.format(*owner.key).encode())
    os.chown(path, 0, 4321)
    path.chmod(0o640)
    env = {"AWS_SHARED_CREDENTIALS_FILE": str(path)}
    rotate(url, "run", "--profile", "deploy", *AT_ONCE, **env)
    found = re.search(r"aws_secret_access_key   =  (\S+)\r\naws_access_key_id=(\S+)\n", path.read_bytes().decode())
    new = found[2], found[1]
    assert path.read_bytes() == text.format(*new).encode() and new[0] != owner.key[0]
    assert (path.stat().st_gid, path.stat().st_mode & 0o7777) == (4321, 0o640)
    assert owner.keys() == {new[0]: True}
    told = call(url, "sts", "GetCallerIdentity", key=new)
    assert told["Arn"].endswith(f"/{owner.name}")
    assert not [p for p in os.listdir(SCRATCH) if p.startswith(".credentials")]
    # And by the user's name alone.
    assert "not due" in rotate(url, "run", owner.name, **env)
    subprocess.run(["rm", "-r", "/var/lib/pam-bastion/rotate"], check=True)
    assert "would be made" in rotate(url, "run", owner.name, "--force", "--dry-run", key=alice, **env)


def test_key_of_the_file_that_is_named_signs(url, alice):
    """Another file, which the AWS tools would read, has another key under this name."""
    owner = Owner(url, alice)
    path, usual = SCRATCH / "app-credentials", SCRATCH / "usual-credentials"
    path.write_text("[d]\naws_access_key_id={0}\naws_secret_access_key={1}\n".format(*owner.key))
    usual.write_text("[d]\naws_access_key_id=AKIAOTHEROTHEROTHER0\naws_secret_access_key=x\n")
    for one in path, usual:
        one.chmod(0o600)
    env = {"AWS_SHARED_CREDENTIALS_FILE": str(usual)}
    rotate(url, "run", "--profile", "d", "--file", str(path), *AT_ONCE, **env)
    (now,) = owner.keys()
    assert now != owner.key[0] and now in path.read_text()
    assert "not due" in rotate(url, "run", "--all", **env)


def test_file_that_is_named_is_looked_at_wherever_the_last_rotation_was(url, alice):
    owner = Owner(url, alice)
    path, other = credentials("here", "d", owner.key), credentials("there", "x", alice)
    rotate(url, "run", "--profile", "d", "--file", str(path))
    told = rotate(url, "run", owner.name, "--file", str(other), key=alice, ok=1)
    assert f"0 profiles of {other} have a key of this user" in told
    assert "not due" in rotate(url, "run", owner.name, "--file", str(path), key=alice)
    for more in ("--secret", "arn:x"), ("--all",):
        rotate(url, "run", *more, "--file", str(path), key=alice, ok=2)


def test_retire_of_a_user_without_a_rotation_is_no_rotation(url, alice):
    owner = Owner(url, alice)
    rotate(url, "retire", "AKIANONENONENONE0000", "--user", owner.name, key=alice, ok=1)
    rotate(url, "retire", owner.key[0], "--user", owner.name, "--yes", key=alice)
    assert owner.keys() == {owner.key[0]: False}
    assert "No key has been rotated" in rotate(url, "run", "--all", key=alice)
    assert status(url) == []


def test_dry_run_asks_and_changes_nothing(url, alice):
    owner = Owner(url, alice).in_secret()
    told = rotate(url, "run", "--secret", owner.arn, "--force", "--dry-run", key=alice)
    assert "would be made" in told and owner.keys() == {owner.key[0]: True}
    assert not os.path.exists("/var/lib/pam-bastion/rotate")


def test_rollback_goes_back_to_the_old_key(url, alice):
    owner = Owner(url, alice).in_secret()
    rotate(url, "run", "--secret", owner.arn, "--force", "--pace", "0", "--overlap", "0", key=alice)
    assert owner.keys()[owner.key[0]] is False
    rotate(url, "rollback", owner.name, "--pace", "0", key=alice)
    assert owner.current()["accesskey"] == owner.key[0] and all(owner.keys().values())
    rotate(url, "resume", "--overlap", "0", "--grace", "0", key=alice)
    assert owner.keys() == {owner.key[0]: True}


def test_second_active_key_is_for_people_and_retire_switches_it_off(url, alice):
    owner = Owner(url, alice).in_secret()
    made = call(url, "iam", "CreateAccessKey", f"UserName={owner.name}", key=alice)
    other = made["AccessKey/AccessKeyId"]
    told = rotate(url, "run", "--secret", owner.arn, "--force", key=alice, ok=3)
    assert f"rotate retire {other}" in told and owner.keys() == {owner.key[0]: True, other: True}
    assert "is the current key" in rotate(url, "retire", owner.key[0], key=alice, ok=3)
    rotate(url, "retire", other, key=alice)
    assert owner.keys() == {owner.key[0]: True, other: False}
    rotate(url, "retire", "AKIANONENONENONE0000", key=alice, ok=1)


def test_key_that_assumes_the_role_that_signs_stays_on(url, alice, role):
    owner = Owner(url, alice).in_secret()
    settings = SCRATCH / "settings"
    settings.write_text(f"assume_role = {role}\n")
    last = ("--settings", str(settings), "--overlap", "0", "--grace", "0", "--pace", "0", "--yes")
    told = rotate(url, "run", "--secret", owner.arn, "--force", *last, key=owner.key, ok=3)
    assert "is what signs here" in told and all(owner.keys().values())
    now = owner.current()
    rotate(url, "resume", *last, key=(now["accesskey"], now["secretkey"]))
    owner.assert_well()


def test_drift_is_told_and_repaired(url, alice):
    owner = Owner(url, alice).in_secret()
    call(url, "iam", "DeleteAccessKey", f"UserName={owner.name}", f"AccessKeyId={owner.key[0]}", key=alice)
    told = rotate(url, "run", "--secret", owner.arn, "--force", key=alice, ok=1)
    assert "rotate repair" in told and owner.keys() == {}
    rotate(url, "repair", "--secret", owner.arn, "--pace", "0", key=alice)
    owner.assert_well()


def test_text_that_can_be_no_key_is_drift_and_repaired(url, alice):
    """Such as a remark that somebody has left there: no request can be signed with it."""
    owner = Owner(url, alice)
    call(url, "iam", "DeleteAccessKey", f"UserName={owner.name}", f"AccessKeyId={owner.key[0]}", key=alice)
    owner.key = "put the key here", owner.key[1]
    owner.in_secret()
    told = rotate(url, "run", "--secret", owner.arn, "--force", key=alice, ok=1)
    assert "rotate repair" in told
    told = rotate(url, "repair", "--secret", owner.arn, "--pace", "0", key=alice)
    assert "the rotation is done\n" in told and "old key" not in told
    owner.assert_well()


def test_account_that_is_asked_for_is_named_beside_the_home(url, alice):
    owner = Owner(url, alice).in_secret()
    told = rotate(url, "run", "--secret", owner.arn, "--account", "222222222222", key=alice, ok=3)
    assert f"bastionctl: {owner.arn}: the key has to be of the account 222222222222, who signs is of" in told


def test_rotations_of_others_are_not_told_to_be_none(url, alice):
    owner = Owner(url, alice).in_secret()
    rotate(url, "run", "--secret", owner.arn, key=alice)
    for argv in ("status", "nobody"), ("status", "--account", "222222222222"), ("resume", "nobody"):
        done = subprocess.run([TOOL, "rotate", *argv], check=False, capture_output=True, text=True,
                              env=environment(url, alice), timeout=300)
        assert done.returncode == 1 and "No such key has been rotated from this host." in done.stdout, done


def test_wrong_secret_in_the_secret_is_drift(url, alice):
    owner = Owner(url, alice)
    owner.key = owner.key[0], owner.key[1][:-1] + "x"
    owner.in_secret()
    rotate(url, "run", "--secret", owner.arn, "--force", key=alice, ok=1)
    assert owner.keys() == {owner.key[0]: True}


def test_refusals_name_service_call_code_and_request(url, alice):
    owner = Owner(url, alice).in_secret()
    told = rotate(url, "run", "--secret", owner.arn + "x", "--force", key=alice, ok=3)
    assert "secretsmanager GetSecretValue: HTTP 404 ResourceNotFoundException" in told
    told = rotate(url, "run", "--secret", owner.arn, key=(alice[0], "wrong"), ok=3)
    assert "sts GetCallerIdentity: HTTP 403 SignatureDoesNotMatch" in told and "(request " in told


def test_commands_without_credentials_are_in_trouble(url, alice):
    """Exit status 1 would say that the key is gone, or that a fix is refused."""
    arn = Owner(url, alice).in_secret().arn
    for argv in (["run", "--secret", arn], ["run", "alice"], ["repair", "alice"], ["retire", alice[0]]):
        told = rotate(url, *argv, ok=3)
        assert "no AWS credentials" in told, told
    done = subprocess.run([TOOL, "fix", "MFA-03", "--user", "alice", "--yes"], check=False,
                          capture_output=True, text=True, env=environment(url, None), timeout=300)
    assert done.returncode == 3 and "no AWS credentials" in done.stderr, done


# ---- two accounts, whose users have one name ----

FIRST, SECOND = "123456789012", "222222222222"


@pytest.fixture(scope="module", name="bob")
def bob_(url, alice):
    """Who may do everything in the second account."""
    def unchecked(count):
        request = urllib.request.Request(f"{url}/moto-api/reset-auth", data=str(count).encode(),
                                         headers={"Content-Type": "text/plain"})
        urllib.request.urlopen(request, timeout=10).close()

    unchecked(4)
    told = call(url, "sts", "AssumeRole", f"RoleArn=arn:aws:iam::{SECOND}:role/any",
                "RoleSessionName=first", key=alice)
    first = tuple(told[f"Credentials/{n}"] for n in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
    call(url, "iam", "CreateUser", "UserName=bob", key=first)
    call(url, "iam", "PutUserPolicy", "UserName=bob", "PolicyName=all", f"PolicyDocument={ALL}", key=first)
    made = call(url, "iam", "CreateAccessKey", "UserName=bob", key=first)
    unchecked(0)
    key = made["AccessKey/AccessKeyId"], made["AccessKey/SecretAccessKey"]
    assert f":{SECOND}:" in call(url, "sts", "GetCallerIdentity", key=key)["Arn"]
    return key


def credentials(name, profile, key):
    path = SCRATCH / name
    path.write_text(f"[{profile}]\naws_access_key_id={key[0]}\naws_secret_access_key={key[1]}\n")
    path.chmod(0o600)
    return path


def test_users_of_one_name_are_told_apart_by_their_account(url, alice, bob):
    one = Owner(url, alice).in_secret()
    two = Owner(url, bob, one.name).in_secret()
    for owner, key in (one, alice), (two, bob):
        rotate(url, "run", "--secret", owner.arn, "--force", "--pace", "0", key=key)
    now = one.current()["accesskey"]
    assert sorted(s["account"] for s in status(url)) == [FIRST, SECOND]
    told = json.loads(rotate(url, "status", one.name, "--account", SECOND, "--json"))
    assert [(s["account"], s["home"]) for s in told] == [(SECOND, two.arn)]
    rotate(url, "status", one.name, "--account", "333333333333", ok=1)
    assert "--account" in rotate(url, "rollback", one.name, key=bob, ok=3)
    told = rotate(url, "rollback", one.name, "--account", FIRST, key=bob, ok=3)
    assert f"of the account {FIRST}, who signs is of {SECOND}" in told
    rotate(url, "rollback", one.name, "--account", SECOND, "--pace", "0", key=bob)
    assert two.current()["accesskey"] == two.key[0] and one.current()["accesskey"] == now
    # Of both, one is not done: who signs is not of its account.
    rotate(url, "resume", one.name, "--overlap", "0", key=alice, ok=3)
    assert one.keys() == {one.key[0]: False, now: True} and all(two.keys().values())
    rotate(url, "resume", one.name, "--account", FIRST, "--grace", "0", key=alice)
    one.assert_well()


def test_current_key_is_not_retired_beside_a_user_of_this_name_in_another_account(url, alice, bob):
    one = Owner(url, alice)
    two = Owner(url, bob, one.name)
    for owner, key, name in (one, alice, "one"), (two, bob, "two"):
        path = credentials(f"{name}-{one.name}", "deploy", owner.key)
        ops = {"AWS_SHARED_CREDENTIALS_FILE": str(credentials(f"{name}-ops", "ops", key))}
        rotate(url, "run", "--profile", "deploy", "--file", str(path), "--by", "ops", *AT_ONCE, **ops)
    ops = {"AWS_SHARED_CREDENTIALS_FILE": str(SCRATCH / "one-ops")}
    (now,) = one.keys()
    call(url, "iam", "CreateAccessKey", f"UserName={one.name}", key=alice)
    told = rotate(url, "retire", now, "--by", "ops", ok=3, **ops)
    assert "is the current key" in told and all(one.keys().values())
    assert "--account" in rotate(url, "retire", now, "--by", "ops", "--user", one.name, ok=3, **ops)
    told = rotate(url, "retire", now, "--by", "ops", "--user", one.name, "--account", FIRST, ok=3, **ops)
    assert "is the current key" in told and all(one.keys().values())


def test_user_who_is_not_there_is_no_mistake_of_usage(url, alice):
    credentials("empty", "none", alice)
    env = {"AWS_SHARED_CREDENTIALS_FILE": str(SCRATCH / "empty")}
    assert "NoSuchEntity" in rotate(url, "run", "nobody", key=alice, ok=1, **env)
    assert "no AWS credentials" in rotate(url, "run", "nobody", ok=3)


# ---- a proxy that cuts ----

class Proxy:
    """Passes requests on, and cuts the connection at one of them, before it or behind it.  Notes
    what must never be."""

    def __init__(self, target):
        self.target = urllib.parse.urlsplit(target)
        self.count, self.at, self.behind, self.broken = 0, 0, False, []
        self.active, self.actions = {}, []
        self.lock = threading.Lock()

    def note(self, action, form, reply):
        """What has happened, by the requests and their answers."""
        if action == "CreateAccessKey" and b"<AccessKeyId>" in reply:
            self.active[re.search(rb"<AccessKeyId>(\w+)<", reply)[1].decode()] = True
        if action == "UpdateAccessKey":
            self.active[form["AccessKeyId"][0]] = form["Status"][0] == "Active"
        if action == "DeleteAccessKey":
            if self.active.pop(form["AccessKeyId"][0], True):
                self.broken.append("an active key is deleted")
        if len(self.active) > 2:
            self.broken.append("more than two keys")

    def forward(self, handler, body):
        conn = http.client.HTTPConnection(self.target.hostname, self.target.port, timeout=60)
        conn.putrequest("POST", handler.path, skip_host=True, skip_accept_encoding=True)
        for name, value in handler.headers.items():
            conn.putheader(name, value)
        conn.endheaders(body)
        reply = conn.getresponse()
        return reply, reply.read()

    def one(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        form = urllib.parse.parse_qs(body.decode()) if b"Action=" in body else {}
        target = handler.headers.get("X-Amz-Target", "")
        action = form["Action"][0] if form else target.split(".")[-1]
        with self.lock:
            self.count += 1
            here = self.count == self.at
            self.actions.append(action)
            handler.close_connection = True
            if here and not self.behind:
                return
            reply, data = self.forward(handler, body)
            if reply.status == 200:
                self.note(action, form, data)
            if here:
                return
        handler.send_response(reply.status)
        for name, value in reply.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "content-length", "date", "server"):
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)


@contextlib.contextmanager
def proxied(url):
    proxy = Proxy(url)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):  # pylint: disable=invalid-name
            proxy.one(self)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    yield proxy
    server.shutdown()
    thread.join()
    server.server_close()


def run_to_the_end(owner, url, key, **more):
    for _ in range(8):
        rotate(url, "run", "--secret", owner.arn, "--period", "0", *AT_ONCE[1:], key=key, ok=None, **more)
        if len(owner.keys()) == 1 and owner.current()["accesskey"] != owner.key[0]:
            break
    owner.assert_well()


def count_calls(url, alice):
    owner = Owner(url, alice).in_secret()
    with proxied(url) as proxy:
        proxy.active = {owner.key[0]: True}
        rotate(proxy.url, "run", "--secret", owner.arn, *AT_ONCE, key=alice, AWS_MAX_ATTEMPTS="1")
        owner.assert_well()
        assert not proxy.broken
        assert {"CreateAccessKey", "PutSecretValue", "UpdateSecretVersionStage", "UpdateAccessKey",
                "DeleteAccessKey"} <= set(proxy.actions)
        return proxy.count


def test_connection_cut_at_any_call_loses_no_key(url, alice):
    calls = count_calls(url, alice)
    cases = [(at, behind) for at in range(1, calls + 1) for behind in (False, True)]
    for at, behind in cases[next(NUMBERS) % PART::PART]:
        owner = Owner(url, alice).in_secret()
        subprocess.run(["rm", "-rf", "/var/lib/pam-bastion/rotate"], check=True)
        with proxied(url) as proxy:
            proxy.active = {owner.key[0]: True}
            proxy.at, proxy.behind = at, behind
            run_to_the_end(owner, proxy.url, alice, AWS_MAX_ATTEMPTS="1")
            assert not proxy.broken, (at, behind, proxy.broken, proxy.actions)


PWRITE64, FSYNC, FDATASYNC, LINKAT = 18, 74, 75, 265


@pytest.mark.skipif(not killer.WORKS, reason="numbers of system calls are those of x86_64")
def test_kill_at_any_write_of_the_journal_loses_no_key(url, alice, monkeypatch):
    changes = frozenset({PWRITE64, FSYNC, FDATASYNC, LINKAT})

    def run_killed(owner, at):
        for name, value in environment(url, alice).items():
            monkeypatch.setenv(name, value)
        return killer.run_killed([TOOL, "rotate", "run", "--secret", owner.arn, *AT_ONCE], at,
                                 SCRATCH / "killed", changes)

    count, ended = run_killed(Owner(url, alice).in_secret(), 1e9)
    assert ended == 0, (SCRATCH / "killed").read_text()
    for at in list(range(int(count)))[next(NUMBERS) % PART::PART]:
        owner = Owner(url, alice).in_secret()
        subprocess.run(["rm", "-rf", "/var/lib/pam-bastion/rotate"], check=True)
        _, ended = run_killed(owner, at)
        assert ended is None, (at, (SCRATCH / "killed").read_text())
        assert len(owner.keys()) <= 2
        run_to_the_end(owner, url, alice)
