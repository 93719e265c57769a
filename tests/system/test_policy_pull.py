"""bastionctl policy pull, against an account whose signatures are checked."""
import json
import pathlib
import subprocess

import pytest
from account import Account
from bastion import BUILD, CONF

TOOL = str(BUILD / "bastionctl")
KEPT = pathlib.Path("/var/lib/pam-bastion/policy.json")
STAGED = KEPT.with_name("policy.json.staged")
SHADOW = pathlib.Path("/etc/shadow")
FIELDS = {"MinimumPasswordLength": 12, "RequireSymbols": "true", "RequireNumbers": "true",
          "RequireUppercaseCharacters": "true", "RequireLowercaseCharacters": "true",
          "AllowUsersToChangePassword": "true", "MaxPasswordAge": 90,
          "PasswordReusePrevention": 24, "HardExpiry": "false"}


@pytest.fixture(scope="module")
def account():
    with Account() as a:
        yield a


@pytest.fixture(autouse=True)
def clean(account):
    before = {path: path.read_text(encoding="utf-8") for path in (SHADOW, CONF)}
    lines = [line.split(":") for line in before[SHADOW].splitlines()]
    SHADOW.write_text("".join(f"{line[0]}:*:{':'.join(line[2:])}\n" for line in lines),
                      encoding="utf-8")
    account.iam("UpdateAccountPasswordPolicy", **FIELDS)
    yield
    for path, text in before.items():
        path.write_text(text, encoding="utf-8")
    KEPT.unlink(missing_ok=True)
    STAGED.unlink(missing_ok=True)


def pull(account, *argv, **env):
    return subprocess.run([TOOL, "policy", "pull", *argv], env=account.env(**env),
                          capture_output=True, text=True, check=False)


def kept():
    return json.loads(KEPT.read_text(encoding="utf-8"))


def test_what_iam_has_is_kept_and_in_force(account):
    done = pull(account)
    assert done.returncode == 0, done.stderr
    policy = kept()["PasswordPolicy"]
    assert policy["MinimumPasswordLength"] == 12 and policy["PasswordReusePrevention"] == 24
    assert policy["RequireSymbols"] is True and policy["HardExpiry"] is False
    assert kept()["Mirror"]["source"] == "pull 123456789012"


def test_check_tells_drift_and_writes_nothing(account):
    assert pull(account, "--check").returncode == 1
    assert not KEPT.exists()
    assert pull(account).returncode == 0
    assert pull(account, "--check").returncode == 0
    before = KEPT.read_bytes()
    account.iam("UpdateAccountPasswordPolicy", **{**FIELDS, "MinimumPasswordLength": 8})
    drift = pull(account, "--check")
    assert drift.returncode == 1
    assert "MinimumPasswordLength" in drift.stdout and "8" in drift.stdout
    assert KEPT.read_bytes() == before


def test_account_without_a_policy_is_kept_as_iam_default(account):
    account.iam("DeleteAccountPasswordPolicy")
    done = pull(account)
    assert done.returncode == 0, done.stderr
    assert "iam-default" in done.stdout
    assert kept()["PasswordPolicy"] is None
    assert pull(account, "--check").returncode == 0


def test_refusal_wrong_secret_and_silence_keep_the_last_good_copy(account):
    assert pull(account).returncode == 0
    before = KEPT.read_bytes()
    account.iam("UpdateAccountPasswordPolicy", **{**FIELDS, "MinimumPasswordLength": 6})
    weak = account.user("nobody", key=True)
    denied = pull(account, **{"key": weak})
    assert denied.returncode == 3
    assert "iam GetAccountPasswordPolicy" in denied.stderr and "AccessDenied" in denied.stderr
    wrong = pull(account, key={**account.key, "SecretAccessKey": "y" * 40})
    assert wrong.returncode == 3 and "SignatureDoesNotMatch" in wrong.stderr
    silent = pull(account, AWS_ENDPOINT_URL_IAM="http://127.0.0.1:9", AWS_MAX_ATTEMPTS="1")
    assert silent.returncode == 3
    assert pull(account, "--check", key=weak).returncode == 3
    for said in (denied, wrong, silent):
        assert "stays as it is" in said.stderr
        assert account.key["SecretAccessKey"] not in said.stdout + said.stderr
    assert KEPT.read_bytes() == before


def test_policy_of_another_account_is_taken_with_yes_alone(account):
    assert pull(account).returncode == 0
    mine = KEPT.read_text(encoding="utf-8")
    other = mine.replace("pull 123456789012", "pull 999999999999")
    assert other != mine
    KEPT.write_text(other, encoding="utf-8")
    account.iam("UpdateAccountPasswordPolicy", **{**FIELDS, "MinimumPasswordLength": 6})
    silent = {"AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    for done in (pull(account), pull(account, "--check"), pull(account, **silent)):
        assert done.returncode == 3 and "999999999999" in done.stderr, done.stdout + done.stderr
        assert KEPT.read_text(encoding="utf-8") == other
    assert "123456789012 answers" in pull(account).stderr
    done = pull(account, "--yes")
    assert done.returncode == 0, done.stderr
    assert kept()["Mirror"]["source"] == "pull 123456789012"
    assert kept()["PasswordPolicy"]["MinimumPasswordLength"] == 6
    # One that nobody knows the account of takes any.
    KEPT.write_text(mine.replace("pull 123456789012", "pull"), encoding="utf-8")
    assert pull(account).returncode == 0


def test_no_credentials_is_trouble(account):
    env = {name: value for name, value in account.env().items() if "KEY" not in name}
    done = subprocess.run([TOOL, "policy", "pull"], env=env, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 3 and done.stderr != ""
    assert not KEPT.exists()


def test_policy_that_would_newly_expire_somebody_is_staged(account):
    CONF.write_text(CONF.read_text(encoding="utf-8") + "password_policy = kisa-2020, iam\n",
                    encoding="utf-8")
    SHADOW.write_text(SHADOW.read_text(encoding="utf-8") +
                      "old:$6$abcdefgh$notahash:10000:0:99999:7:::\n", encoding="utf-8")
    done = pull(account)
    assert done.returncode == 3 and "old" in done.stdout, done.stdout + done.stderr
    assert STAGED.exists() and not KEPT.exists()
    applied = subprocess.run([TOOL, "policy", "apply"], capture_output=True, text=True,
                             check=False)
    assert applied.returncode == 0, applied.stderr
    assert kept()["PasswordPolicy"]["MaxPasswordAge"] == 90


def test_policy_that_waits_is_not_replaced_by_another_accounts(account):
    CONF.write_text(CONF.read_text(encoding="utf-8") + "password_policy = kisa-2020, iam\n",
                    encoding="utf-8")
    SHADOW.write_text(SHADOW.read_text(encoding="utf-8") +
                      "old:$6$abcdefgh$notahash:10000:0:99999:7:::\n", encoding="utf-8")
    assert pull(account).returncode == 3 and STAGED.exists() and not KEPT.exists()
    other = STAGED.read_text(encoding="utf-8").replace("pull 123456789012", "pull 999999999999")
    STAGED.write_text(other, encoding="utf-8")
    account.iam("DeleteAccountPasswordPolicy") # one that expires nobody
    done = pull(account)
    assert done.returncode == 3 and "999999999999" in done.stderr, done.stdout + done.stderr
    assert STAGED.read_text(encoding="utf-8") == other and not KEPT.exists()
    assert pull(account, "--yes").returncode == 0
    assert KEPT.exists() and not STAGED.exists()


def test_units_run_what_is_there():
    top = pathlib.Path(__file__).parents[2] / "packaging/systemd"
    service = (top / "pam-bastion-policy.service").read_text(encoding="utf-8")
    assert "ExecStart=/usr/sbin/bastionctl policy pull\n" in service
    assert (top / "pam-bastion-policy.timer").exists()
