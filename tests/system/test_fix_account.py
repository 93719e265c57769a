"""bastionctl fix PWD-01 to PWD-04 and their rollback, against moto and fake_aws.py."""
import base64
import json
import pathlib
import shutil
import subprocess

import pytest
from account import Account
from bastion import BUILD
from fake_aws import Fake, no, ok

TOOL = str(BUILD / "bastionctl")
TXN = pathlib.Path("/var/lib/pam-bastion/txn")
OLD = {"MinimumPasswordLength": "14", "RequireSymbols": "false", "RequireNumbers": "true",
       "RequireUppercaseCharacters": "false", "RequireLowercaseCharacters": "false",
       "AllowUsersToChangePassword": "true", "MaxPasswordAge": "365",
       "PasswordReusePrevention": "5", "HardExpiry": "true"}


@pytest.fixture(scope="module")
def account():
    with Account() as a:
        a.user("console", password="Passw0rd!long")
        yield a


@pytest.fixture(autouse=True)
def clean():
    yield
    shutil.rmtree(TXN, ignore_errors=True)


def run(server, *argv, **env):
    return subprocess.run([TOOL, *argv], env=server.env(**env), capture_output=True, text=True,
                          check=False, stdin=subprocess.DEVNULL)


def policy(account):
    found = account.iam("GetAccountPasswordPolicy").find(".//PasswordPolicy")
    return {node.tag: node.text for node in found}


def settable(fields):
    return {name: value for name, value in fields.items() if name != "ExpirePasswords"}


def test_all_fields_are_written_and_only_what_is_weaker_changes(account):
    account.iam("UpdateAccountPasswordPolicy", **OLD)
    dry = run(account, "fix", "PWD-02", "PWD-03", "PWD-04")
    assert dry.returncode == 1, dry.stderr
    assert "Nothing was changed" in dry.stdout and settable(policy(account)) == OLD
    done = run(account, "fix", "PWD-02", "PWD-03", "PWD-04", "--yes")
    assert done.returncode == 0, done.stderr
    assert settable(policy(account)) == {
        **OLD, "RequireSymbols": "true", "RequireLowercaseCharacters": "true",
        "MaxPasswordAge": "90", "PasswordReusePrevention": "24"}
    again = run(account, "fix", "PWD-02", "PWD-03", "PWD-04", "--yes")
    assert again.returncode == 0 and "already" in again.stdout
    back = run(account, "rollback")
    assert back.returncode == 0, back.stderr
    assert settable(policy(account)) == OLD
    assert "fix PWD-02,PWD-03,PWD-04" in run(account, "history").stdout


def test_history_names_all_that_were_asked_for(account):
    account.iam("UpdateAccountPasswordPolicy", **OLD)
    assert run(account, "fix", "PWD-04", "PWD-02", "PWD-03", "PWD-01", "PWD-02", "--yes").returncode == 0
    assert "fix PWD-01,PWD-02,PWD-03,PWD-04  done" in run(account, "history").stdout
    told = json.loads(run(account, "history", "--json").stdout)["transactions"][-1]
    assert told["what"] == "fix PWD-01,PWD-02,PWD-03,PWD-04"
    assert run(account, "rollback").returncode == 0
    assert settable(policy(account)) == OLD


def test_what_somebody_has_changed_since_is_not_taken_back(account):
    account.iam("UpdateAccountPasswordPolicy", **OLD)
    assert run(account, "fix", "PWD-04", "--yes").returncode == 0
    account.iam("UpdateAccountPasswordPolicy", **{**OLD, "MinimumPasswordLength": "20"})
    back = run(account, "rollback")
    assert back.returncode == 1 and "changed since" in back.stderr
    assert policy(account)["MinimumPasswordLength"] == "20"


def test_refusal_leaves_all_as_it_was(account):
    account.iam("UpdateAccountPasswordPolicy", **OLD)
    allow = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["iam:Get*", "iam:GenerateCredentialReport", "sts:*"],
         "Resource": "*"}]})
    key = account.user("reader", allow, key=True)
    done = run(account, "fix", "PWD-04", "--yes", key=key)
    assert done.returncode == 3 and "AccessDenied" in done.stderr, done.stderr
    assert settable(policy(account)) == OLD
    assert "returned" in run(account, "history").stdout


class Iam:
    """A policy, a report, and answers that get lost."""

    def __init__(self, changed="2021-01-01T00:00:00+00:00"):
        self.fields, self.mode, self.changed = dict(OLD), "", changed
        self.late = 0           # reads that still show what was there before a change
        self.hidden, self.before = 0, None

    def report(self):
        names = ("user,arn,user_creation_time,password_enabled,password_last_changed,"
                 "password_next_rotation,mfa_active,access_key_1_active,"
                 "access_key_1_last_rotated,access_key_2_active,access_key_2_last_rotated")
        row = f"kim,a,2020-01-01T00:00:00Z,true,{self.changed},N/A,true,false,N/A,false,N/A"
        return base64.b64encode(f"{names}\n{row}".encode()).decode()

    def __call__(self, action, params):
        if action == "GetCallerIdentity":
            return ok(action, "<Arn>arn:aws:iam::123456789012:user/admin</Arn><UserId>x</UserId>"
                      "<Account>123456789012</Account>")
        if action == "GetAccountPasswordPolicy":
            if self.mode == "silent":
                return 500, ""
            self.hidden -= 1
            fields = self.before if self.hidden >= 0 else self.fields
            if fields is None:
                return no("NoSuchEntity", 404)
            return ok(action, "<PasswordPolicy>" + "".join(
                f"<{k}>{v}</{k}>" for k, v in fields.items()) + "</PasswordPolicy>")
        if action == "UpdateAccountPasswordPolicy":
            if self.mode == "throttled":
                return no("Throttling")
            if self.mode in ("", "lost"):
                self.hidden, self.before = self.late, self.fields
                self.fields = {k: v for k, v in params.items() if k in OLD}
            if self.mode == "lost, throttled":
                self.hidden, self.before, self.mode = self.late, self.fields, "throttled"
                self.fields = {k: v for k, v in params.items() if k in OLD}
                return 500, ""
            if self.mode == "cut":
                self.mode = "silent"
                return 500, ""
            return (500, "") if self.mode else ok(action)
        if action == "DeleteAccountPasswordPolicy":
            self.fields = None
            return ok(action)
        if action == "GenerateCredentialReport":
            return ok(action, "<State>COMPLETE</State>")
        if action == "GetCredentialReport" and self.mode != "no report":
            return ok(action, f"<Content>{self.report()}</Content><ReportFormat>text/csv"
                      "</ReportFormat><GeneratedTime>2026-11-30T00:00:00Z</GeneratedTime>")
        return no("AccessDenied", 403)


def test_account_without_a_policy_gets_one_and_loses_it_again():
    iam = Iam()
    iam.fields = None
    with Fake(iam) as server:
        done = run(server, "fix", "PWD-01", "PWD-02", "--yes")
        assert done.returncode == 0, done.stderr
        assert iam.fields == {"MinimumPasswordLength": "8", "RequireSymbols": "true",
                              "RequireNumbers": "true", "RequireUppercaseCharacters": "true",
                              "RequireLowercaseCharacters": "true",
                              "AllowUsersToChangePassword": "true", "HardExpiry": "false"}
        back = run(server, "rollback")
        assert back.returncode == 0, back.stderr
        assert iam.fields is None


def test_who_is_hit_by_a_shorter_age_is_named():
    with Fake(Iam("2026-06-01T00:00:00Z")) as server:
        done = run(server, "fix", "PWD-03", "--dry-run")
    assert done.returncode == 1 and "  kim: " in done.stdout and "locked out" in done.stdout
    with Fake(Iam()) as server: # older than the old age already
        done = run(server, "fix", "PWD-03", "--dry-run")
    assert done.returncode == 1 and "kim" not in done.stdout
    with Fake(Iam("N/A")) as server: # may be of any day
        done = run(server, "fix", "PWD-03", "--dry-run")
    assert done.returncode == 1 and "  kim: day of the last change unknown" in done.stdout
    iam = Iam()
    iam.mode = "no report"
    with Fake(iam) as server:
        done = run(server, "fix", "PWD-03", "--yes")
    assert done.returncode == 3 and "cannot be told" in done.stderr and iam.fields == OLD


def test_way_back_is_tried_again_where_aws_has_too_many_requests():
    iam = Iam()
    with Fake(iam) as server:
        assert run(server, "fix", "PWD-04", "--yes").returncode == 0
    with Fake(lambda action, params: no("Throttling")) as server:
        back = run(server, "rollback", AWS_MAX_ATTEMPTS="1")
    assert back.returncode == 75 and "Throttling" in back.stderr, back.stderr
    with Fake(iam) as server:
        assert run(server, "rollback").returncode == 0
    assert iam.fields == OLD


def test_answer_that_is_lost_is_read_again():
    iam = Iam()
    iam.mode = "lost"
    with Fake(iam) as server:
        done = run(server, "fix", "PWD-04", "--yes", AWS_MAX_ATTEMPTS="1")
        assert done.returncode == 0, done.stderr
        assert iam.fields["PasswordReusePrevention"] == "24" and iam.fields["HardExpiry"] == "true"


def test_policy_that_iam_does_not_show_yet_is_read_again():
    iam = Iam()
    iam.late = 2
    with Fake(iam) as server:
        done = run(server, "fix", "PWD-04", "--yes")
        assert done.returncode == 0, done.stderr
        assert iam.fields["PasswordReusePrevention"] == "24"
        back = run(server, "rollback")
        assert back.returncode == 0, back.stderr
        assert iam.fields == OLD


@pytest.mark.parametrize("mode", ["", "lost"])
def test_change_that_iam_may_have_taken_and_does_not_show_stays_open(mode):
    iam = Iam()
    iam.late, iam.mode = 1000, mode
    with Fake(iam) as server:
        done = run(server, "fix", "PWD-04", "--yes", AWS_MAX_ATTEMPTS="1")
        assert done.returncode == 3 and "is open" in done.stderr, done.stderr
        assert iam.fields["PasswordReusePrevention"] == "24"
        # IAM still shows the old one, and that does not make it so.
        iam.mode, iam.late = "", 0
        back = run(server, "rollback")
        assert back.returncode == 0, back.stderr
        assert iam.fields == OLD
        assert "returned" in run(server, "history").stdout


@pytest.mark.parametrize("what", [["PWD-04"], ["MFA-03", "--user", "kim"]], ids=["PWD-04", "MFA-03"])
@pytest.mark.parametrize("name", ["x" * 128, "x\nregion y"], ids=["long", "lines"])
def test_profile_that_the_way_back_could_not_name_is_refused(what, name, tmp_path):
    """It would be cut, and be another one's name."""
    file = tmp_path / "credentials"
    file.write_text("".join(f"[{x}]\naws_access_key_id = AKIAX\naws_secret_access_key = s\n"
                            for x in ("x" * 128, "x" * 127)), encoding="utf-8")
    with Fake(Iam()) as server:
        done = run(server, "fix", *what, "--yes", "--profile", name,
                   AWS_SHARED_CREDENTIALS_FILE=str(file))
        assert done.returncode == 2 and "profile" in done.stderr, done.stdout + done.stderr
        assert not server.count and not TXN.exists()


def test_change_that_aws_throttles_is_tried_again():
    iam = Iam()
    iam.mode = "throttled"
    with Fake(iam) as server:
        done = run(server, "fix", "PWD-04", "--yes", AWS_MAX_ATTEMPTS="1")
        assert done.returncode == 75 and "is open" not in done.stderr, done.stderr
        assert iam.fields == OLD and "returned" in run(server, "history").stdout


def test_try_that_was_lost_is_not_forgotten_over_the_next_one():
    """The first may have been taken, whatever the second is told."""
    iam = Iam()
    iam.late, iam.mode = 1000, "lost, throttled"
    with Fake(iam) as server:
        done = run(server, "fix", "PWD-04", "--yes", AWS_MAX_ATTEMPTS="2")
        assert done.returncode == 3 and "is open" in done.stderr, done.stderr
        assert iam.fields["PasswordReusePrevention"] == "24"
        iam.mode, iam.late, iam.hidden = "", 0, 0
        assert run(server, "rollback").returncode == 0
        assert iam.fields == OLD


def test_end_that_is_not_known_stays_open_until_it_is_taken_back():
    iam = Iam()
    iam.mode = "cut"
    with Fake(iam) as server:
        done = run(server, "fix", "PWD-04", "--yes", AWS_MAX_ATTEMPTS="1")
        assert done.returncode == 3 and "is open" in done.stderr
        iam.mode = ""
        assert run(server, "fix", "PWD-04", "--yes").returncode == 1
        back = run(server, "rollback")
        assert back.returncode == 0, back.stderr
        assert iam.fields == OLD
        assert run(server, "fix", "PWD-04", "--yes").returncode == 0


def test_fixes_of_host_and_account_do_not_mix(account):
    assert run(account, "fix", "PWD-02", "EIC").returncode == 2
    assert run(account, "fix", "PWD-05").returncode == 2
    assert run(account, "fix", "PWD-02", "--resume").returncode == 2
