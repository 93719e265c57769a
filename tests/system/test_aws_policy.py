"""bastionctl aws-policy: with what it prints, and nothing else, the command works."""
import json
import subprocess

import pytest
from account import Account
from bastion import BUILD

TOOL = str(BUILD / "bastionctl")
NAMES = ("audit", "mirror", "fix", "mfa", "rotate-self", "rotate-admin", "probe")


@pytest.fixture(scope="module")
def account():
    with Account() as a:
        a.user("kim", password="Passw0rd!long")
        a.user("lee", key=True)
        a.iam("UpdateAccountPasswordPolicy", MinimumPasswordLength="12", RequireNumbers="true",
              RequireLowercaseCharacters="true", MaxPasswordAge="60",
              PasswordReusePrevention="5", AllowUsersToChangePassword="true")
        yield a


def document(*argv):
    done = subprocess.run([TOOL, "aws-policy", *argv], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)
    return done.stdout


def without(text, action):
    """moto asks for every resource, whatever a call is about: so each is on all."""
    found = json.loads(text)
    for statement in found["Statement"]:
        statement["Resource"] = "*"
        statement["Action"] = [a for a in statement["Action"] if a != action] or ["iam:Nothing"]
    return json.dumps(found)


def actions(text):
    return [a for statement in json.loads(text)["Statement"] for a in statement["Action"]]


def run(account, key, *argv, text=None):
    return subprocess.run([TOOL, *argv], env=account.env(key), input=text, capture_output=True,
                          text=True, check=False)


@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_document_without_wild_actions(name):
    for statement in json.loads(document(name))["Statement"]:
        assert statement["Effect"] == "Allow" and statement["Resource"]
        assert not any("*" in action for action in statement["Action"])


def mirror(account, key):
    done = run(account, key, "policy", "pull", "--check")
    return done.returncode in (0, 1)


def fix(account, key):
    done = run(account, key, "fix", "PWD-04", "PWD-03", "PWD-02", "--yes")
    return done.returncode == 0 and run(account, key, "rollback").returncode == 0


def assign(account, key):
    name = f"d{assign.count}"
    assign.count += 1
    done = run(account, key, "mfa", "assign", "kim", "--yes", "--device", name,
               text="123456\n654321\n")
    undone = run(account, key, "mfa", "assign", "kim", "--yes", "--device", name + "x",
                 text="")
    return done.returncode == 0 and "and removed" in undone.stderr


assign.count = 0


def audit(account, key):
    """What moto does not have, EIC-09 and EIC-10, apart."""
    done = run(account, key, "audit", "iam", "--json", "--exclude", "EIC,PWD-07")
    found = json.loads(done.stdout)["findings"]
    return all(x["status"] != "ERROR" for x in found)


@pytest.mark.parametrize("name,command,spare", [
    ("mirror", mirror, ()), ("mfa", assign, ("iam:ListMFADevices",)),
    ("audit", audit, ("ec2:DescribeInstanceConnectEndpoints", "ec2:GetSerialConsoleAccessStatus",
                      "iam:ListVirtualMFADevices", "iam:ListMFADevices"))])
def test_it_is_enough_and_nothing_of_it_is_spare(account, name, command, spare):
    text = document(name, "--account", "123456789012")
    enough = account.user(f"{name}-enough", without(text, None), key=True)
    assert command(account, enough)
    for i, action in enumerate(actions(text)):
        if action in spare:
            continue
        key = account.user(f"{name}-{i}", without(text, action), key=True)
        assert not command(account, key), action


def test_fix_works_with_it(account):
    key = account.user("fixer", document("fix"), key=True)
    assert fix(account, key)


def test_scope_is_what_is_named():
    arn = "arn:aws:secretsmanager:ap-northeast-2:123456789012:secret:robot-AbCdEf"
    text = document("rotate-admin", "--account", "123456789012", "--user", "kim", "--secret", arn)
    resources = [s["Resource"] for s in json.loads(text)["Statement"]]
    assert resources == ["arn:aws:iam::123456789012:user/kim", "*", arn]
    assert "${aws:username}" in document("rotate-self")
    assert "secretsmanager" not in document("rotate-self") + document("audit")
    assert "iam:SimulatePrincipalPolicy" in document("audit", "--deep")


def test_words_that_are_wrong_are_usage():
    for argv in ([], ["nothing"], ["audit", "--account", "12"], ["audit", "x"],
                 ["audit", "--secret", 'a"b'], ["audit", "--user"]):
        done = subprocess.run([TOOL, "aws-policy", *argv], capture_output=True, check=False)
        assert done.returncode == 2, argv
