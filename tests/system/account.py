"""An AWS account for tests: moto's server on loopback with its signature checking on, and a
client of our own for what a test sets up in it (Signature Version 4, standard library)."""
import datetime
import hashlib
import hmac
import http.client
import json
import os
import socket
import subprocess
import time
import urllib.parse
import xml.etree.ElementTree

import pytest
from bastion import BUILD

SERVER = BUILD / "moto/bin/moto_server"
if not SERVER.exists():
    pytest.skip("moto cannot be had", allow_module_level=True)
REGION = "ap-northeast-2"
VERSIONS = {"iam": "2010-05-08", "sts": "2011-06-15", "ec2": "2016-11-15"}
TARGETS = {"secretsmanager": "secretsmanager"}
ALL = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "*", "Resource": "*"}]})


class Refused(Exception):
    def __init__(self, status, text):
        super().__init__(f"{status}: {text[:400]}")
        self.status, self.text = status, text


def _sign(key, service, headers, body):
    """The Authorization header of a POST to /."""
    day = headers["x-amz-date"][:8]
    names = ";".join(sorted(headers))
    canonical = "\n".join(["POST", "/", "", *(f"{n}:{headers[n]}" for n in sorted(headers)), "",
                           names, hashlib.sha256(body).hexdigest()])
    scope = f"{day}/{REGION}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope,
                      hashlib.sha256(canonical.encode()).hexdigest()])
    k = ("AWS4" + key["SecretAccessKey"]).encode()
    for part in (day, REGION, service, "aws4_request"):
        k = hmac.new(k, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(k, text.encode(), hashlib.sha256).hexdigest()
    return (f"AWS4-HMAC-SHA256 Credential={key['AccessKeyId']}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}")


def post(port, service, action, params, key):
    """One signed call; its text."""
    headers = {"host": f"127.0.0.1:{port}",
               "x-amz-date": datetime.datetime.now(datetime.timezone.utc)
               .strftime("%Y%m%dT%H%M%SZ")}
    if service in VERSIONS:
        body = urllib.parse.urlencode({"Action": action, "Version": VERSIONS[service],
                                       **params}).encode()
        headers["content-type"] = "application/x-www-form-urlencoded; charset=utf-8"
    else:
        body = json.dumps(params).encode()
        headers["content-type"] = "application/x-amz-json-1.1"
        headers["x-amz-target"] = f"{TARGETS[service]}.{action}"
    headers["Authorization"] = _sign(key, service, headers, body)
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    link.request("POST", "/", body, headers)
    reply = link.getresponse()
    text = reply.read().decode()
    link.close()
    if reply.status != 200:
        raise Refused(reply.status, text)
    return text


def tree(text):
    """XML without name spaces."""
    root = xml.etree.ElementTree.fromstring(text)
    for node in root.iter():
        node.tag = node.tag.rpartition("}")[2]
    return root


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Account:
    """`with Account() as a:` an account with one user who may do all, whose key is a.key."""
    NOBODY = {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "x" * 40}

    def __enter__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = open(BUILD / f"moto-{self.port}.log", "w", encoding="utf-8")
        self.server = subprocess.Popen(
            [str(SERVER), "-H", "127.0.0.1", "-p", str(self.port)], stdout=self.log,
            stderr=self.log, env={"PATH": os.environ["PATH"], "HOME": "/nonexistent",
                                  "INITIAL_NO_AUTH_ACTION_COUNT": "1000000"})
        self._wait()
        self.key = self.NOBODY
        self.key = self.user("admin", ALL, key=True)
        self.checked(True)
        return self

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait(timeout=20)
        self.log.close()

    def _wait(self):
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert self.server.poll() is None, "moto's server did not start"
                time.sleep(0.1)
        raise AssertionError("moto's server does not answer")

    def checked(self, on):
        """Signatures and policies are checked from now on, or not."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        link.request("POST", "/moto-api/reset-auth", "0" if on else "1000000")
        link.getresponse().read()
        link.close()

    def call(self, service, action, **params):
        text = post(self.port, service, action, params, self.key)
        return tree(text) if service in VERSIONS else json.loads(text)

    def iam(self, action, **params):
        return self.call("iam", action, **params)

    def user(self, name, policy=None, key=False, password=None, path="/"):
        """A user; the new key, or None."""
        self.iam("CreateUser", UserName=name, Path=path)
        if policy is not None:
            self.iam("PutUserPolicy", UserName=name, PolicyName="p", PolicyDocument=policy)
        if password is not None:
            self.iam("CreateLoginProfile", UserName=name, Password=password)
        return self.new_key(name) if key else None

    def new_key(self, name):
        made = self.iam("CreateAccessKey", UserName=name)
        return {n: made.find(f".//{n}").text for n in ("AccessKeyId", "SecretAccessKey")}

    def env(self, key=None, **more):
        """The environment of a program that speaks to it."""
        key = key or self.key
        return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/nonexistent",
                "AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION,
                "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
                "AWS_EC2_METADATA_DISABLED": "true", **more}
