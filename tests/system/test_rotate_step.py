"""bastionctl rotate step: Secrets Manager's rotation of a secret, played as it calls a rotation
function: RotateSecret, then the four steps in order, each again until it succeeds."""
import itertools
import json
import re
import shutil
import subprocess

import pytest
from account import ALL, Account
from bastion import BUILD
from test_rotate import PART, proxied

TOOL = str(BUILD / "bastionctl")
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def account():
    with Account() as a:
        yield a


@pytest.fixture(autouse=True)
def clean():
    clean_up()


def clean_up():
    shutil.rmtree("/var/lib/pam-bastion/rotate", ignore_errors=True)


class Secret:
    """A user's key in a secret that is rotated every 30 days."""

    def __init__(self, account, path="/"):
        self.account, self.user = account, f"robot{next(NUMBERS)}"
        self.key = account.user(self.user, ALL, key=True, path=path)
        self.first = self.token()
        value = {"accesskey": self.key["AccessKeyId"], "secretkey": self.key["SecretAccessKey"],
                 "username": self.user, "masterarn": "arn:aws:secretsmanager:x:123456789012:secret:m"}
        self.arn = account.call("secretsmanager", "CreateSecret", Name=self.user,
                                SecretString=json.dumps(value), ClientRequestToken=self.first)["ARN"]

    @staticmethod
    def token():
        return f"5bf62a1d-7a3b-4b3a-9d0f-{next(NUMBERS):012d}"

    def rotate(self):
        """What RotateSecret does before it calls the function: a version without a value, with
        the label AWSPENDING.  moto, where there is no function, makes that version current at
        once: its labels are put back to where AWS has them."""
        token, current = self.token(), self.stages()["AWSCURRENT"]
        self.account.call("secretsmanager", "RotateSecret", SecretId=self.arn,
                          ClientRequestToken=token, RotationRules={"AutomaticallyAfterDays": 30})
        self.move("AWSCURRENT", MoveToVersionId=current, RemoveFromVersionId=token)
        self.move("AWSPREVIOUS", RemoveFromVersionId=token)
        self.move("AWSPENDING", MoveToVersionId=token)
        assert self.stages() == {"AWSCURRENT": current, "AWSPENDING": token}
        return token

    def move(self, label, **more):
        self.account.call("secretsmanager", "UpdateSecretVersionStage", SecretId=self.arn,
                          VersionStage=label, **more)

    def step(self, name, token, *more, key=None, **env):
        done = subprocess.run([TOOL, "rotate", "step", name, "--secret", self.arn, "--token", token,
                               "--pace", "0", *more], env=self.account.env(key=key, **env), check=False,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)
        # No secret key, which is of 40 letters; the id of a request has more.
        assert not re.search(r"(?<![\w/+])[\w/+]{40}(?![\w/+])", done.stdout + done.stderr), done
        return done

    def stages(self):
        told = self.account.call("secretsmanager", "DescribeSecret", SecretId=self.arn)
        return {label: version for version, labels in told["VersionIdsToStages"].items()
                for label in labels}

    def current(self):
        told = self.account.call("secretsmanager", "GetSecretValue", SecretId=self.arn,
                                 VersionId=self.stages()["AWSCURRENT"])
        return json.loads(told["SecretString"])

    def keys(self):
        found = self.account.iam("ListAccessKeys", UserName=self.user)
        return {m.find("AccessKeyId").text: m.find("Status").text == "Active"
                for m in found.findall(".//AccessKeyMetadata/member")}

    def assert_current_works(self):
        now = self.current()
        assert self.keys()[now["accesskey"]]
        told = subprocess.run(
            [str(BUILD / "tests/system/aws_call"), "sts", "GetCallerIdentity"], check=True,
            capture_output=True, text=True, env=self.account.env(
                {"AccessKeyId": now["accesskey"], "SecretAccessKey": now["secretkey"]})).stdout
        assert re.search(rf"^Arn arn:aws:iam::\d+:user/(\S+/)?{self.user}$", told, re.M), told
        return now


def ended(secret):
    """As the daily timer does, in the end."""
    subprocess.run([TOOL, "rotate", "resume", "--overlap", "0", "--grace", "0"],
                   env=secret.account.env(), check=True, capture_output=True)


def test_four_steps_rotate_the_key_and_each_may_be_called_again(account):
    secret = Secret(account)
    token = secret.rotate()
    for name in STEPS:
        for _ in range(2):
            done = secret.step(name, token)
            assert done.returncode == 0, (name, done)
            assert len(secret.keys()) == 2
            assert secret.stages()["AWSCURRENT"] == (token if name == STEPS[3] else secret.first)
    now = secret.assert_current_works()
    assert now["accesskey"] != secret.key["AccessKeyId"] and "masterarn" in now
    # All of it is done: each step of that version is, too.
    assert all(secret.step(name, token).returncode == 0 for name in STEPS)
    assert secret.stages()["AWSPREVIOUS"] == secret.first
    # The next RotateSecret finds AWSPENDING nowhere, or on the current version.
    assert secret.stages().get("AWSPENDING", token) == token
    assert secret.keys() == {secret.key["AccessKeyId"]: True, now["accesskey"]: True}
    ended(secret)
    assert secret.keys() == {now["accesskey"]: True}


def test_steps_without_their_turn_change_nothing(account):
    secret = Secret(account)
    done = secret.step("createSecret", Secret.token())
    assert done.returncode == 3 and "RotationEnabled is false" in done.stderr, done
    token = secret.rotate()
    done = secret.step("createSecret", Secret.token())
    assert done.returncode == 3 and "has no version" in done.stderr, done
    for name in STEPS[1:]:
        done = secret.step(name, token)
        assert done.returncode == 3 and "createSecret comes first" in done.stderr, done
    assert secret.keys() == {secret.key["AccessKeyId"]: True}
    assert secret.stages()["AWSCURRENT"] == secret.first
    # The test comes before the promotion, whoever calls.
    assert secret.step("createSecret", token).returncode == 0
    assert secret.step("finishSecret", token).returncode == 0
    secret.assert_current_works()


def test_key_that_is_gone_is_never_promoted(account):
    for gone in (True, False):
        secret = Secret(account)
        token = secret.rotate()
        assert secret.step("createSecret", token).returncode == 0
        new, = set(secret.keys()) - {secret.key["AccessKeyId"]}
        if gone:
            account.iam("DeleteAccessKey", UserName=secret.user, AccessKeyId=new)
        else:
            account.iam("UpdateAccessKey", UserName=secret.user, AccessKeyId=new, Status="Inactive")
        done = secret.step("setSecret", token)
        assert done.returncode == 3 and "is not there or not active" in done.stderr, done
        assert secret.step("finishSecret", token).returncode != 0
        assert secret.stages()["AWSCURRENT"] == secret.first
        assert secret.assert_current_works()["accesskey"] == secret.key["AccessKeyId"]


def test_user_rotates_himself(account):
    secret = Secret(account)
    token = secret.rotate()
    for name in STEPS:
        done = secret.step(name, token, key=secret.key)
        assert done.returncode == 0, (name, done)
    assert secret.assert_current_works()["accesskey"] != secret.key["AccessKeyId"]
    assert secret.keys()[secret.key["AccessKeyId"]], "the old one signs until the overlap is over"


def test_version_that_was_given_up_leaves_its_key_to_the_next(account):
    secret = Secret(account)
    first = secret.rotate()
    assert secret.step("createSecret", first).returncode == 0
    made, = set(secret.keys()) - {secret.key["AccessKeyId"]}
    second = secret.rotate() # moves AWSPENDING
    done = secret.step("testSecret", first)
    assert done.returncode == 3 and "does not have the label AWSPENDING" in done.stderr, done
    for name in STEPS:
        done = secret.step(name, second)
        assert done.returncode == 0, (name, done)
    assert secret.assert_current_works()["accesskey"] == made and len(secret.keys()) == 2


def play(secret, token, url, most=6):
    """Secrets Manager's part: a step that fails is called again.  (--yes: a key whose answer was
    lost is deleted at once, and not a day later.)"""
    for name in STEPS:
        for _ in range(most):
            done = secret.step(name, token, "--yes", AWS_ENDPOINT_URL=url, AWS_MAX_ATTEMPTS="1")
            if done.returncode == 0:
                break
        assert done.returncode == 0, (name, done)


def test_connection_cut_at_any_call_of_a_step_loses_no_key(account):
    secret = Secret(account)
    with proxied(account.url) as proxy:
        proxy.active = {secret.key["AccessKeyId"]: True}
        play(secret, secret.rotate(), proxy.url)
        count = proxy.count
    assert {"CreateAccessKey", "PutSecretValue", "UpdateSecretVersionStage"} <= set(proxy.actions)
    cases = [(at, behind) for at in range(1, count + 1) for behind in (False, True)]
    for at, behind in cases[next(NUMBERS) % PART::PART]:
        secret = Secret(account)
        clean_up()
        with proxied(account.url) as proxy:
            proxy.active = {secret.key["AccessKeyId"]: True}
            proxy.at, proxy.behind = at, behind
            play(secret, secret.rotate(), proxy.url)
            assert not proxy.broken, (at, behind, proxy.broken, proxy.actions)
        now = secret.assert_current_works()
        assert now["accesskey"] != secret.key["AccessKeyId"] and len(secret.keys()) <= 2
