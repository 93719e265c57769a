"""bastionctl audit iam and audit all, against an account whose signatures are checked."""
import json
import pathlib
import subprocess

import pytest
from account import ALL, Account
from bastion import BUILD

TOOL = str(BUILD / "bastionctl")


@pytest.fixture(scope="module")
def account():
    with Account() as a:
        a.user("console", password="Passw0rd!long")
        a.user("guarded", password="Passw0rd!long")
        made = a.iam("CreateVirtualMFADevice", VirtualMFADeviceName="guarded")
        a.iam("EnableMFADevice", UserName="guarded", AuthenticationCode1="123456",
              AuthenticationCode2="654321", SerialNumber=made.find(".//SerialNumber").text)
        a.user("worker", key=True)
        a.second = a.new_key("worker")
        a.may_nothing = a.user("weak", key=True)
        yield a


def audit(account, *argv, key=None, **env):
    return subprocess.run([TOOL, "audit", *argv], env=account.env(key, **env),
                          capture_output=True, text=True, check=False, timeout=300)


def findings(account, *argv, **more):
    done = audit(account, *argv, "--json", **more)
    return done, {x["id"]: x for x in json.loads(done.stdout)["findings"]}


def notes(finding):
    return json.dumps(finding, ensure_ascii=False)


def test_each_check_of_the_account_says_what_is_there(account):
    done, found = findings(account, "iam")
    assert done.returncode == 1, done.stderr
    wanted = {"MFA-01": "FAIL", "MFA-02": "SKIP", "MFA-03": "FAIL", "EIC-10": "SKIP",
              "KEY-01": "PASS", "KEY-02": "FAIL", "KEY-03": "PASS", "KEY-04": "PASS",
              "KEY-05": "PASS", "KEY-06": "SKIP", "KEY-07": "SKIP", "KEY-08": "SKIP",
              "KEY-10": "PASS", "PWD-01": "FAIL", "PWD-02": "FAIL", "PWD-03": "FAIL",
              "PWD-04": "WARN", "PWD-05": "PASS", "PWD-07": "SKIP"}
    got = {name: x["status"] for name, x in found.items()}
    assert {name: got[name] for name in wanted} == wanted
    assert set(got) == set(wanted) | {"EIC-09"}
    assert "console" in notes(found["MFA-03"]) and "guarded" not in notes(found["MFA-03"])
    assert "worker" in notes(found["KEY-02"])
    whole = done.stdout + done.stderr
    for key in (account.key, account.second, account.may_nothing):
        assert key["SecretAccessKey"] not in whole and key["AccessKeyId"] not in whole


def test_refusal_is_an_error_and_never_a_pass(account):
    done, found = findings(account, "iam", key=account.may_nothing)
    assert done.returncode == 3, done.stdout
    for name, x in found.items():
        wanted = ("SKIP",) if name in ("EIC-10", "KEY-06", "KEY-07", "KEY-08", "PWD-07") else ("ERROR",)
        assert x["status"] in wanted, (name, x)
    assert "AccessDenied" in notes(found["MFA-03"]) and "iam ListUsers" in notes(found["MFA-03"])


def test_one_refused_call_is_an_error_of_its_checks_alone(account):
    policy = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "iam:ListMFADevices", "Resource": "*"}]})
    key = account.user("halfway", policy, key=True)
    _, found = findings(account, "iam", key=key)
    assert found["MFA-03"]["status"] == "ERROR", found["MFA-03"]
    assert found["KEY-02"]["status"] == "FAIL"


def test_account_that_does_not_answer_is_an_error(account):
    done, found = findings(account, "iam", AWS_ENDPOINT_URL="http://127.0.0.1:9",
                           AWS_MAX_ATTEMPTS="1")
    assert done.returncode == 3
    assert {found[name]["status"] for name in ("MFA-01", "MFA-03", "KEY-01", "PWD-01")} == {"ERROR"}
    env = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    done, found = findings(account, "iam", **env)
    assert done.returncode == 3
    assert {x["status"] for x in found.values()} <= {"ERROR", "SKIP"}


def test_saved_facts_say_the_same_elsewhere(account, tmp_path):
    facts = tmp_path / "facts"
    done, _ = findings(account, "iam", "--save-facts", facts)
    again = subprocess.run([TOOL, "audit", "iam", "--facts", facts, "--json"],
                           capture_output=True, text=True, check=False)
    assert json.loads(again.stdout)["findings"] == json.loads(done.stdout)["findings"]
    text = facts.read_text(encoding="utf-8")
    assert account.key["AccessKeyId"] not in text
    assert account.key["SecretAccessKey"] not in text
    # A quarter later the keys are too old, by the second.
    time = int(text.split("= host time\n\t")[1].split("\n")[0])
    later = text.replace(f"= host time\n\t{time}", f"= host time\n\t{time + 91 * 86400}")
    facts.write_text(later, encoding="utf-8")
    old = subprocess.run([TOOL, "audit", "iam", "--facts", facts, "--json", "--check",
                          "KEY-01,KEY-03,PWD-05"], capture_output=True, text=True, check=False)
    found = {x["id"]: x for x in json.loads(old.stdout)["findings"]}
    assert old.returncode == 1
    assert {x["status"] for x in found.values()} == {"FAIL"}, found
    assert "worker" in notes(found["KEY-01"]) and "console" in notes(found["PWD-05"])


def test_all_joins_host_and_account_in_one_report(account):
    done, found = findings(account, "all")
    assert done.returncode == 1, done.stderr
    for name in ("MFA-01", "MFA-03", "MFA-10", "EIC-01", "EIC-09", "KEY-01", "KEY-09", "PWD-06"):
        assert name in found
    ids = [x["id"] for x in json.loads(done.stdout)["findings"]]
    assert len(ids) == len(set(ids))
    _, host = findings(account, "host")
    assert "MFA-03" not in host and "MFA-10" in host


def test_regions_and_those_who_may_push_are_asked_for(account):
    _, found = findings(account, "iam", "--region", "eu-west-1", "--check", "EIC-09")
    assert "eu-west-1" in notes(found["EIC-09"])
    _, found = findings(account, "iam", "--deep", "--check", "EIC-10")
    assert found["EIC-10"]["status"] in ("WARN", "ERROR"), found


def test_secrets_are_compared_with_iam(account):
    key = account.user("robot", ALL, key=True)
    value = {"accesskey": key["AccessKeyId"], "secretkey": key["SecretAccessKey"],
             "username": "robot", "masterarn": "-"}
    account.call("secretsmanager", "CreateSecret", Name="robot", SecretString=json.dumps(value))
    _, found = findings(account, "iam", "--secrets", "robot", "--check", "KEY-06,KEY-07,KEY-08")
    got = {name: x["status"] for name, x in found.items()}
    assert got == {"KEY-06": "PASS", "KEY-07": "PASS", "KEY-08": "INFO"}, found
    account.iam("UpdateAccessKey", UserName="robot", AccessKeyId=key["AccessKeyId"],
                Status="Inactive")
    done, found = findings(account, "iam", "--secrets", "robot,nothing", "--check", "KEY-06")
    assert found["KEY-06"]["status"] == "FAIL"
    assert "ResourceNotFoundException" in notes(found["KEY-06"])
    assert key["SecretAccessKey"] not in done.stdout + done.stderr
    assert key["AccessKeyId"] not in done.stdout + done.stderr
    account.iam("DeleteAccessKey", UserName="robot", AccessKeyId=key["AccessKeyId"])
    account.iam("DeleteUserPolicy", UserName="robot", PolicyName="p")
    account.iam("DeleteUser", UserName="robot")


def test_text_for_people_names_the_account():
    with Account() as a:
        done = audit(a, "iam")
        assert "123456789012" in done.stdout
        assert pathlib.Path("/var/lib/pam-bastion").exists()


def test_two_active_keys_are_excused_by_a_rotation_until_it_is_closed(account):
    key = account.user("rotated", key=True)
    arn = account.call("secretsmanager", "CreateSecret", Name="rotated", SecretString=json.dumps(
        {"accesskey": key["AccessKeyId"], "secretkey": key["SecretAccessKey"], "username": "rotated"}),
        ClientRequestToken="5bf62a1d-7a3b-4b3a-9d0e-000000000001")["ARN"]

    def rotate(*argv):
        subprocess.run([TOOL, "rotate", "run", "--secret", arn, "--pace", "0", *argv],
                       env=account.env(), check=True, capture_output=True)

    def said():
        found = findings(account, "iam", "--check", "KEY-02,KEY-07")[1]
        return notes(found["KEY-02"]), notes(found["KEY-07"])

    rotate("--force")
    two, stuck = said()
    assert "rotated: two active keys, in a rotation" in two and "rotated: a rotation" in stuck
    rotate("--overlap", "0", "--grace", "0")
    account.new_key("rotated")
    two, stuck = said()
    assert "rotated: two active keys, and no rotation" in two and "rotated" not in stuck
