"""lib/net against moto's server, which checks signatures: through aws_call, a test's own front of
aws.h, and for what bastionctl has no command for yet."""
import contextlib
import http.server
import json
import os
import subprocess
import threading
import time
import urllib.request

import pytest
from bastion import BUILD, SCRATCH, free_port

MOTO = BUILD / "moto/bin/moto_server"
if not MOTO.exists():
    pytest.skip("moto cannot be had", allow_module_level=True)

ALL = json.dumps({"Version": "2012-10-17",
                  "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]})


@pytest.fixture(scope="module", name="url")
def url_():
    """With all signatures checked from the first request on, but for those of the first three
    calls of alice_()."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = {"PATH": os.environ["PATH"], "HOME": str(SCRATCH), "INITIAL_NO_AUTH_ACTION_COUNT": "0"}
    with subprocess.Popen([MOTO, "-H", "127.0.0.1", "-p", str(port)], env=env,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{url}/moto-api/", timeout=5).close()
                break
            time.sleep(0.1)
        yield url
        server.terminate()
        server.wait()


def call(url, *argv, key=None, ok=True, **env):
    """What aws_call says, as a dictionary."""
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true",
           "AWS_ENDPOINT_URL": url, "AWS_REGION": "eu-west-1"} | env
    if key:
        env |= dict(zip(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"), key))
    env = {k: v for k, v in env.items() if v is not None}
    done = subprocess.run([BUILD / "tests/system/aws_call", *argv], check=False,
                          capture_output=True, text=True, env=env, timeout=120)
    assert done.stderr == "" and (done.returncode == 0) == ok, done
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


@pytest.fixture(scope="module", name="alice")
def alice_(url):
    """A user with a key who may do everything: made before signatures are checked."""
    def unchecked(count):
        request = urllib.request.Request(f"{url}/moto-api/reset-auth", data=str(count).encode(),
                                         headers={"Content-Type": "text/plain"})
        urllib.request.urlopen(request, timeout=10).close()

    unchecked(3)
    first = ("AKIAIOSFODNN7EXAMPLE", "not-checked")
    call(url, "iam", "CreateUser", "UserName=alice", key=first)
    call(url, "iam", "PutUserPolicy", "UserName=alice", "PolicyName=all", f"PolicyDocument={ALL}",
         key=first)
    made = call(url, "iam", "CreateAccessKey", "UserName=alice", key=first)
    unchecked(0)
    return made["AccessKey/AccessKeyId"], made["AccessKey/SecretAccessKey"]


def test_right_secret_is_known_and_wrong_ones_are_refused_by_name(url, alice):
    told = call(url, "sts", "GetCallerIdentity", key=alice)
    assert told["Arn"] == "arn:aws:iam::123456789012:user/alice" and told["source"] == "environment"
    told = call(url, "sts", "GetCallerIdentity", key=(alice[0], alice[1][:-1] + "x"), ok=False)
    assert told["end"] == "refused" and told["code"] == "SignatureDoesNotMatch", told
    assert told["error"].startswith("sts GetCallerIdentity: HTTP 403 SignatureDoesNotMatch: ")
    assert told["error"].endswith(f"(request {told['request']})") and alice[1][:-1] not in str(told)
    told = call(url, "sts", "GetCallerIdentity", key=("AKIAUNKNOWNUNKNOWN00", "x"), ok=False)
    assert told["code"] == "InvalidClientTokenId", told


def test_each_protocol_is_signed_as_it_has_to_be(url, alice):
    # Blanks, signs and letters of others, in a form and in JSON.
    text = "a b+c/=&?*~'\"%41 한글"
    told = call(url, "iam", "CreateUser", "UserName=bob", "Path=/x/", key=alice)
    assert told["User/Arn"].endswith(":user/x/bob")
    told = call(url, "iam", "TagUser", "UserName=bob", "Tags.member.1.Key=k",
                "Tags.member.1.Value=a b+c/=@", key=alice)
    told = call(url, "iam", "ListUserTags", "UserName=bob", key=alice)
    assert told["Tags/member/Value"] == "a b+c/=@"
    call(url, "secretsmanager", "CreateSecret", "Name=one", f"SecretString={text}",
         "ClientRequestToken=5bf62a1d-7a3b-4b3a-9d0e-000000000001", key=alice)
    told = call(url, "secretsmanager", "GetSecretValue", "SecretId=one", key=alice)
    assert told["SecretString"] == text
    told = call(url, "ec2", "DescribeRegions", key=alice)
    assert told["regionInfo/item/regionName"]


def test_errors_of_json_and_query_name_their_code(url, alice):
    told = call(url, "secretsmanager", "GetSecretValue", "SecretId=none", key=alice, ok=False)
    assert told["code"] == "ResourceNotFoundException" and told["end"] == "refused"
    told = call(url, "iam", "GetUser", "UserName=none", key=alice, ok=False)
    assert told["code"] == "NoSuchEntity" and told["status"] == "404" and told["tries"] == "1"
    told = call(url, "--secret", "iam", "GetUser", "UserName=none", key=alice, ok=False)
    assert "cannot be found" not in told["error"], told


@pytest.fixture(scope="module", name="role")
def role_(url, alice):
    told = call(url, "iam", "CreateRole", "RoleName=auditor", f"AssumeRolePolicyDocument={TRUST}",
                key=alice)
    call(url, "iam", "PutRolePolicy", "RoleName=auditor", "PolicyName=all", f"PolicyDocument={ALL}",
         key=alice)
    return told["Role/Arn"]


def test_temporary_key_needs_its_token(url, alice, role):
    told = call(url, "sts", "AssumeRole", f"RoleArn={role}", "RoleSessionName=s", key=alice)
    key = tuple(told[f"Credentials/{n}"] for n in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
    told = call(url, "sts", "GetCallerIdentity", key=key)
    assert told["Arn"].endswith(":assumed-role/auditor/s"), told
    told = call(url, "secretsmanager", "ListSecrets", key=key)
    assert told["end"] == "done"
    told = call(url, "sts", "GetCallerIdentity", key=key[:2], ok=False)
    assert told["code"] == "InvalidClientTokenId", told


def test_role_of_the_setting_and_of_a_profile_is_assumed(url, alice, role):
    told = call(url, "--role", role, "sts", "GetCallerIdentity", key=alice)
    assert ":assumed-role/auditor/pam-bastion-" in told["Arn"] and told["source"] == f"role {role}"
    files = SCRATCH / "aws"
    files.mkdir(exist_ok=True)
    (files / "credentials").write_text(
        f"[alice]\naws_access_key_id = {alice[0]}\naws_secret_access_key = {alice[1]}\n",
        encoding="utf-8")
    (files / "config").write_text(
        f"[profile audit]\nrole_arn = {role}\nsource_profile = alice\nrole_session_name = me\n",
        encoding="utf-8")
    told = call(url, "--profile", "audit", "sts", "GetCallerIdentity",
                AWS_SHARED_CREDENTIALS_FILE=str(files / "credentials"),
                AWS_CONFIG_FILE=str(files / "config"))
    assert told["Arn"].endswith(":assumed-role/auditor/me"), told


class Instance(http.server.BaseHTTPRequestHandler):
    """IMDSv2 with the key of a role; moto has version 1 alone."""
    keys, asked = {}, []

    def do_PUT(self):
        Instance.asked.append(("PUT", self.path))
        self.say("tok")

    def do_GET(self):
        Instance.asked.append(("GET", self.path))
        path = "/latest/meta-data/iam/security-credentials/"
        if self.headers["x-aws-ec2-metadata-token"] != "tok":
            self.send_error(401)
        elif self.path == path:
            self.say("auditor")
        elif self.path == path + "auditor":
            self.say(json.dumps(self.keys))
        else:
            self.send_error(404)

    def say(self, text):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def test_instance_role_signs_by_version_2_of_the_metadata(url, alice, role):
    told = call(url, "sts", "AssumeRole", f"RoleArn={role}", "RoleSessionName=i-1", key=alice)
    Instance.keys = {"Code": "Success", "Token": told["Credentials/SessionToken"],
                     "Expiration": "2099-01-01T00:00:00Z",
                     **{n: told[f"Credentials/{n}"] for n in ("AccessKeyId", "SecretAccessKey")}}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Instance)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    told = call(url, "sts", "GetCallerIdentity", AWS_EC2_METADATA_DISABLED=None,
                AWS_EC2_METADATA_SERVICE_ENDPOINT=f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()
    assert told["Arn"].endswith(":assumed-role/auditor/i-1") and told["source"] == "instance role auditor"
    assert Instance.asked[0] == ("PUT", "/latest/api/token") and len(Instance.asked) == 3


class Slow(http.server.BaseHTTPRequestHandler):
    """Answers no request before ten are there, as one that takes its time to."""
    protocol_version = "HTTP/1.1"
    ten = threading.Barrier(10, timeout=60)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.ten.wait()
        text = b"<ListAccessKeysResponse><ListAccessKeysResult/></ListAccessKeysResponse>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def test_many_in_flight_take_a_tenth_of_one_at_a_time():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    server.request_queue_size = 64
    threading.Thread(target=server.serve_forever, daemon=True).start()
    told = call(f"http://127.0.0.1:{server.server_port}", "--times", "1000", "iam", "ListAccessKeys",
                key=("AKID", "key"))
    server.shutdown()
    server.server_close()
    assert told["times"] == "1000"
    assert not Slow.ten.broken


def test_secrets_are_not_in_what_is_said(url, alice):
    done = subprocess.run(["strace", "-f", "-e", "trace=write", "-s", "4096",
                           BUILD / "tests/system/aws_call", "sts", "GetCallerIdentity"], check=False,
                          capture_output=True, text=True,
                          env={"PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": url, "HOME": "/nonexistent",
                               "AWS_ACCESS_KEY_ID": alice[0], "AWS_SECRET_ACCESS_KEY": alice[1]})
    assert done.returncode == 0 and alice[1] not in done.stdout + done.stderr
