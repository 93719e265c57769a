"""bastionctl fix MFA-03 and its rollback, against moto and fake_aws.py."""
import json
import pathlib
import shutil
import subprocess
import urllib.parse

import pytest
from account import Account, Refused
from bastion import BUILD
from fake_aws import Fake, no, ok

TOOL = str(BUILD / "bastionctl")
TXN = pathlib.Path("/var/lib/pam-bastion/txn")
NAME = "pam-bastion-require-mfa"
OTHER = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::a%20b/+한글"}]})


@pytest.fixture(scope="module")
def account():
    with Account() as a:
        a.user("kim", password="Passw0rd!long")
        a.user("robot", key=True)
        yield a


@pytest.fixture(autouse=True)
def clean():
    yield
    shutil.rmtree(TXN, ignore_errors=True)


def run(server, *argv, **env):
    return subprocess.run([TOOL, *argv], env=server.env(**env), capture_output=True, text=True,
                          check=False, stdin=subprocess.DEVNULL)


def policy(account, user="kim"):
    try:
        found = account.iam("GetUserPolicy", UserName=user, PolicyName=NAME)
    except Refused as e:
        assert "NoSuchEntity" in e.text
        return None
    return json.loads(urllib.parse.unquote(found.find(".//PolicyDocument").text))


def test_user_without_mfa_is_denied_all_but_setting_it_up(account):
    dry = run(account, "fix", "MFA-03", "--user", "kim")
    assert dry.returncode == 1 and "Nothing was changed" in dry.stdout, dry.stderr
    assert policy(account) is None and not TXN.exists()
    done = run(account, "fix", "MFA-03", "--user=kim", "--yes")
    assert done.returncode == 0, done.stderr
    statement, = policy(account)["Statement"]
    assert statement["Effect"] == "Deny" and statement["Resource"] == "*"
    assert statement["Condition"] == {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    # What sets a device up or signs in with it, and nothing that takes one away.
    assert "iam:EnableMFADevice" in statement["NotAction"]
    assert not [x for x in statement["NotAction"] if "*" in x or "Delete" in x or "Deactivate" in x]
    again = run(account, "fix", "MFA-03", "--user", "kim", "--yes")
    assert again.returncode == 0 and "already" in again.stdout
    assert "fix MFA-03" in run(account, "history").stdout
    back = run(account, "rollback")
    assert back.returncode == 0 and policy(account) is None, back.stderr


def test_policy_of_that_name_comes_back_as_it_was(account):
    account.iam("PutUserPolicy", UserName="kim", PolicyName=NAME, PolicyDocument=OTHER)
    done = run(account, "fix", "MFA-03", "--user", "kim", "--yes")
    assert done.returncode == 0 and "takes the place" in done.stdout, done.stderr
    assert policy(account) != json.loads(OTHER)
    assert run(account, "rollback").returncode == 0
    assert policy(account) == json.loads(OTHER)
    account.iam("DeleteUserPolicy", UserName="kim", PolicyName=NAME)


def test_policy_that_somebody_has_changed_since_stays(account):
    assert run(account, "fix", "MFA-03", "--user", "kim", "--yes").returncode == 0
    account.iam("PutUserPolicy", UserName="kim", PolicyName=NAME, PolicyDocument=OTHER)
    back = run(account, "rollback")
    assert back.returncode == 1 and "changed since" in back.stderr
    assert policy(account) == json.loads(OTHER)
    account.iam("DeleteUserPolicy", UserName="kim", PolicyName=NAME)


def test_active_keys_are_named_before_they_are_denied(account):
    account.new_key("kim")
    told = run(account, "fix", "MFA-03", "--user", "kim", "--dry-run")
    assert told.returncode == 1 and "Its active access key is denied" in told.stdout


def test_who_needs_none_and_who_signs_are_refused(account):
    told = run(account, "fix", "MFA-03", "--user", "robot", "--yes")
    assert told.returncode == 1 and "no console password" in told.stderr
    told = run(account, "fix", "MFA-03", "--user", "admin", "--yes")
    assert told.returncode == 1 and "shut itself out" in told.stderr
    told = run(account, "fix", "MFA-03", "--user", "nobody", "--yes")
    assert told.returncode == 1 and "has no user nobody" in told.stderr
    assert policy(account, "robot") is None and policy(account, "admin") is None


class Iam:
    """A user with a password, and answers that get lost."""

    def __init__(self):
        self.text, self.mode = None, ""

    def __call__(self, action, params):
        if action == "GetCallerIdentity":
            return ok(action, "<Arn>arn:aws:iam::123456789012:user/admin</Arn><UserId>x</UserId>"
                      "<Account>123456789012</Account>")
        if action == "GetUser":
            return ok(action, "<User><Arn>arn:aws:iam::123456789012:user/kim</Arn></User>")
        if action == "GetLoginProfile":
            return ok(action, "<LoginProfile/>")
        if action == "ListAccessKeys":
            return ok(action, "<AccessKeyMetadata/>")
        if action == "GetUserPolicy":
            if self.mode == "silent":
                return 500, ""
            if self.text is None:
                return no("NoSuchEntity", 404)
            return ok(action, f"<PolicyDocument>{urllib.parse.quote(self.text)}</PolicyDocument>")
        if action == "PutUserPolicy":
            if self.mode in ("", "lost"):
                self.text = params["PolicyDocument"]
            if self.mode == "cut":
                self.mode = "silent"
            return (500, "") if self.mode else ok(action)
        if action == "DeleteUserPolicy":
            self.text = None
            return ok(action)
        return no("AccessDenied", 403)


NOBODY = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}


def test_without_credentials_it_is_trouble_and_a_user_who_is_not_there_is_a_no(account):
    done = run(account, "fix", "MFA-03", "--user", "kim", "--yes", **NOBODY)
    assert done.returncode == 3 and "no AWS credentials" in done.stderr, done.stderr
    done = run(account, "fix", "MFA-03", "--user", "nobody", "--yes")
    assert done.returncode == 1 and "has no user nobody" in done.stderr, done.stderr


def test_way_back_is_tried_again_where_aws_has_too_many_requests(account):
    assert run(account, "fix", "MFA-03", "--user", "kim", "--yes").returncode == 0
    with Fake(lambda action, params: no("Throttling")) as server:
        back = run(server, "rollback", AWS_MAX_ATTEMPTS="1")
    assert back.returncode == 75 and "Throttling" in back.stderr, back.stderr
    assert policy(account) is not None
    assert run(account, "rollback").returncode == 0
    assert policy(account) is None


@pytest.mark.parametrize("action, told", [("GetUser", "<User/>"), ("ListAccessKeys", "")])
def test_nothing_is_denied_where_it_is_not_told_who_it_hits(action, told):
    """Whether it is whoever signs, and whose keys it denies."""
    iam = Iam()

    def answer(asked, params):
        return ok(asked, told) if asked == action else iam(asked, params)

    with Fake(answer) as server:
        done = run(server, "fix", "MFA-03", "--user", "kim", "--yes")
    assert done.returncode == 3 and action in done.stderr, done.stderr
    assert iam.text is None and not TXN.exists()


def test_answer_that_is_lost_is_asked_for_again():
    iam = Iam()
    iam.mode = "lost"
    with Fake(iam) as server:
        done = run(server, "fix", "MFA-03", "--user", "kim", "--yes", AWS_MAX_ATTEMPTS="1")
    assert done.returncode == 0 and NAME in done.stdout and "DenyAllBut" in iam.text, done.stderr


def test_end_that_is_not_known_stays_open_until_it_is_taken_back():
    iam = Iam()
    iam.mode = "cut"
    with Fake(iam) as server:
        done = run(server, "fix", "MFA-03", "--user", "kim", "--yes", AWS_MAX_ATTEMPTS="1")
        assert done.returncode == 3 and "is open" in done.stderr, done.stderr
        iam.mode = ""
        assert run(server, "fix", "MFA-03", "--user", "kim", "--yes").returncode == 1
        assert run(server, "rollback").returncode == 0
        assert run(server, "fix", "MFA-03", "--user", "kim", "--yes").returncode == 0


def test_words_that_are_wrong_are_usage(account):
    for argv in (["MFA-03"], ["MFA-03", "--user"], ["MFA-03", "--user", "a b"], ["MFA-03", "EIC"],
                 ["MFA-03", "--user", "kim", "--user", "lee"], ["MFA-03", "--user", "kim", "--resume"],
                 ["PWD-02", "MFA-03"], ["EIC", "--user", "kim"]):
        assert run(account, "fix", *argv).returncode == 2, argv
