"""bastionctl audit host --probe: a real sshd, and stand-ins of the metadata service and of EC2
Instance Connect on loopback."""
import base64
import http.server
import json
import os
import pathlib
import subprocess
import threading

import pytest
from bastion import BUILD, SCRATCH, Sshd, User, free_port, run

TOKEN = "a-token-of-the-stand-in=="
KEYS = pathlib.Path("/run/pushed")


class Amazon(http.server.BaseHTTPRequestHandler):
    """Both of them; what was pushed is offered to sshd's command by a file, too."""

    protocol_version = "HTTP/1.1"
    pushed, offered, answer, asked = {}, True, 200, []

    def say(self, status, text, kind="text/plain"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_PUT(self):
        if self.path != "/latest/api/token" or not self.headers["x-aws-ec2-metadata-token-ttl-seconds"]:
            return self.say(404, "")
        return self.say(200, TOKEN)

    def do_GET(self):
        path = self.path.removeprefix("/latest/meta-data/")
        if self.headers["x-aws-ec2-metadata-token"] != TOKEN:
            return self.say(401, "")
        told = {"instance-id": "i-0123456789abcdef0", "placement/region": "ap-northeast-2",
                "placement/availability-zone": "ap-northeast-2a"}
        if path in told:
            return self.say(200, told[path])
        parts = path.split("/")
        if parts[:2] == ["managed-ssh-keys", "active-keys"] and self.offered:
            key = self.pushed.get(parts[2])
            return self.say(200, key) if key else self.say(404, "")
        return self.say(404, "")

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Amazon.asked.append((dict(self.headers), asked))
        if self.answer != 200:
            return self.say(self.answer, json.dumps({"__type": "AuthException", "Message": "no"}))
        self.pushed[asked["InstanceOSUser"]] = f"#Key={asked['SSHPublicKey']}\n"
        KEYS.write_text(asked["SSHPublicKey"] + "\n", encoding="utf-8")
        return self.say(200, json.dumps({"RequestId": "1", "Success": True}))

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module", name="amazon")
def amazon_():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Amazon)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def as_at_first():
    Amazon.pushed, Amazon.offered, Amazon.answer, Amazon.asked = {}, True, 200, []
    KEYS.unlink(missing_ok=True)


@pytest.fixture(scope="module", name="user")
def user_():
    run("ssh-keygen", "-A")  # without them sshd does not say whom it lets in
    return User()


@pytest.fixture(scope="module", name="command")
def command_():
    path = pathlib.Path("/run/take-pushed-key")
    path.write_text(f"#!/bin/sh\n[ -e {KEYS} ] && cat {KEYS}\nexit 0\n", encoding="utf-8")
    path.chmod(0o755)
    return {"AuthorizedKeysCommand": str(path), "AuthorizedKeysCommandUser": "root"}


def environment(url, **more):
    env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_") and k != "SUDO_USER"}
    return env | {"AWS_EC2_METADATA_SERVICE_ENDPOINT": url, "HOME": "/nonexistent",
                  "AWS_ENDPOINT_URL_EC2_INSTANCE_CONNECT": url, "AWS_MAX_ATTEMPTS": "1",
                  "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"} | more


def probe(url, *argv, **env):
    done = subprocess.run([BUILD / "bastionctl", "audit", "host", "--check", "EIC-08", "--json", *argv],
                          check=False, capture_output=True, text=True, env=environment(url, **env))
    assert done.stderr == "", done.stderr
    (found,) = json.loads(done.stdout)["findings"]
    return done.returncode, found["status"], [n["text"] for n in found["evidence"]]


def ask(url, user, server, *argv, **env):
    return probe(url, "--probe", "--probe-user", user.name, "--probe-port", str(server.port), *argv,
                 **env)


def test_without_probe_nothing_is_asked(amazon):
    assert probe(amazon) == (0, "SKIP", ["not asked for: --probe pushes a key and tries it"])
    assert not Amazon.asked


def test_key_that_is_accepted_fails_and_passes_when_its_command_is_gone(amazon, user, command):
    with Sshd(AuthenticationMethods="publickey", UsePAM="no", **command) as server:
        code, status, notes = ask(amazon, user, server)
        assert (code, status) == (1, "FAIL"), notes
        assert "logged in with a key" in notes[0], notes
    headers, asked = Amazon.asked[0]
    assert asked["InstanceId"] == "i-0123456789abcdef0"
    assert asked["AvailabilityZone"] == "ap-northeast-2a"
    assert headers["x-amz-target"] == "AWSEC2InstanceConnectService.SendSSHPublicKey"
    assert "/ap-northeast-2/ec2-instance-connect/aws4_request" in headers["Authorization"]
    kind, blob = asked["SSHPublicKey"].split()
    assert kind == "ssh-ed25519" and len(base64.b64decode(blob)) == 51
    with Sshd(AuthenticationMethods="publickey", UsePAM="no") as server:
        code, status, notes = ask(amazon, user, server)
        assert (code, status) == (0, "PASS"), notes
        assert "Permission denied (publickey" in notes[0], notes
    # Each probe has a key of its own.
    assert Amazon.asked[1][1]["SSHPublicKey"] != asked["SSHPublicKey"]


def test_key_that_is_only_a_first_factor_fails(amazon, user, command):
    with Sshd(**command) as server:  # publickey,keyboard-interactive:pam
        code, status, notes = ask(amazon, user, server)
        assert (code, status) == (1, "FAIL"), notes
        assert "first factor" in notes[0], notes
    with Sshd() as server:
        assert ask(amazon, user, server)[:2] == (0, "PASS")


def test_denial_without_the_key_being_shown_proves_nothing(amazon, user, command):
    # Each would take the key, if it were shown, or somebody else's.
    for options, why in (({"AuthenticationMethods": "keyboard-interactive:pam,publickey"}, "show no ed25519"),
                         ({"PubkeyAcceptedAlgorithms": "rsa-sha2-512"}, "show no ed25519"),
                         ({"DenyUsers": user.name}, f"DenyUsers names {user.name}")):
        with Sshd(**{**command, **options}) as server:
            code, status, notes = ask(amazon, user, server)
        assert (code, status) == (3, "ERROR"), (options, notes)
        assert any(why in n for n in notes), notes


def test_refused_connection_is_an_error(amazon, user):
    class Nobody:
        port = free_port()
    code, status, notes = ask(amazon, user, Nobody)
    assert (code, status) == (3, "ERROR"), notes
    assert any("Connection refused" in n for n in notes), notes


def test_key_that_is_not_offered_proves_nothing(amazon, user):
    Amazon.offered = False
    with Sshd() as server:
        code, status, notes = ask(amazon, user, server)
    assert (code, status) == (3, "ERROR"), notes
    assert any("proves nothing" in n for n in notes), notes


def test_key_that_cannot_be_pushed_is_an_error_and_nothing_is_tried(amazon, user):
    Amazon.answer = 400
    with Sshd() as server:
        code, status, notes = ask(amazon, user, server)
        assert (code, status) == (3, "ERROR"), notes
        assert "AuthException: no" in notes[0], notes
        before = server.log()
        code, status, notes = ask(f"http://127.0.0.1:{free_port()}", user, server)
        assert (code, status) == (3, "ERROR") and "metadata" in notes[0], notes
        code, status, notes = ask(amazon, user, server, AWS_ACCESS_KEY_ID="")
        assert (code, status) == (3, "ERROR") and "one alone is set" in notes[0], notes
        assert server.log() == before


def test_metadata_without_a_token_is_not_asked(user):
    class First(Amazon):
        def do_PUT(self):
            self.say(405, "")

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), First)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with Sshd() as sshd:
        code, status, notes = ask(f"http://127.0.0.1:{server.server_port}", user, sshd)
    server.shutdown()
    server.server_close()
    assert (code, status) == (3, "ERROR") and "version 1 is not asked" in notes[0], notes


def test_words_that_cannot_be_are_usage_errors(amazon, user):
    for argv, why in ((("--probe",), "--probe-user"), (("--probe-user", user.name), "only with --probe"),
                      (("--probe", "--probe-user", "-oX"), "no name of an account"),
                      (("--probe", "--probe-user", user.name, "--probe-port", "x"), "no port"),
                      (("--probe", "--probe-user", user.name, "--facts", "-"), "cannot be probed")):
        done = subprocess.run([BUILD / "bastionctl", "audit", "host", *argv], check=False,
                              capture_output=True, text=True, env=environment(amazon))
        assert done.returncode == 2 and why in done.stderr, (argv, done.stderr)


def test_facts_of_a_probe_are_judged_elsewhere_and_hold_no_key(amazon, user, command):
    saved = SCRATCH / "probe.facts"
    with Sshd(AuthenticationMethods="publickey", UsePAM="no", **command) as server:
        assert ask(amazon, user, server, "--save-facts", str(saved))[1] == "FAIL"
    assert "PRIVATE KEY" not in saved.read_text(encoding="utf-8")
    assert probe(amazon, "--facts", str(saved))[:2] == (1, "FAIL")
    saved.unlink()
