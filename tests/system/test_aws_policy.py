"""bastionctl aws-policy: with what it prints, and nothing else, the commands work on all their
ways; without any one action of it one of them does not."""
import json
import pathlib
import re
import shutil
import subprocess

import pytest
from account import ALL, REGION, Account, Refused
from bastion import BUILD, SCRATCH, Sshd
from fake_aws import ok
from gate import ACCOUNT, Gate
from test_rotate_step import STEPS, Secret
# pylint: disable=unused-import
from test_probe import Amazon, amazon_, as_at_first, ask, user_  # noqa: F401 (fixtures)

TOOL = str(BUILD / "bastionctl")
NAMES = ("audit", "mirror", "fix", "mfa", "rotate-self", "rotate-admin", "probe")
STATE = pathlib.Path("/var/lib/pam-bastion")
NOW = ("--overlap", "0", "--grace", "0", "--pace", "0")
STRONG = {"MinimumPasswordLength": "12", "RequireNumbers": "true", "MaxPasswordAge": "60",
          "RequireLowercaseCharacters": "true", "PasswordReusePrevention": "5",
          "AllowUsersToChangePassword": "true"}


@pytest.fixture(scope="module")
def account():
    with Account() as a:
        a.caller = a.user("caller", ALL, key=True, path="/ops/")
        a.user("kim", password="Passw0rd!long", path="/people/")
        yield a


@pytest.fixture(name="gate")
def gate_(account):
    with Gate(account) as g:
        yield g


@pytest.fixture(autouse=True)
def clean():
    yield
    forget()


def forget():
    for name in ("rotate", "txn"):
        shutil.rmtree(STATE / name, ignore_errors=True)
    (STATE / "policy.json").unlink(missing_ok=True)


def document(*argv):
    done = subprocess.run([TOOL, "aws-policy", *argv], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Version"] == "2012-10-17"
    return done.stdout


def statements(*argv):
    return json.loads(document(*argv))["Statement"]


def actions(text):
    return {a for statement in json.loads(text)["Statement"] for a in statement["Action"]}


class Run:
    """bastionctl through the gate, as the one whom the policy is for."""

    def __init__(self, gate, key=None):
        self.gate, self.key = gate, key or gate.account.caller

    def __call__(self, *argv, code=0, text=None, **env):
        done = subprocess.run([TOOL, *argv], env=self.gate.env(self.key, **env), input=text or "",
                              capture_output=True, text=True, check=False)
        assert done.returncode == code, (argv, done)
        return done.stdout + done.stderr


def begin(gate, argv, way, without=None):
    """The policy that argv prints, less one action, is in force, and all is ready.  What is to be
    run, and what is allowed.  way() makes ready and gives what is to be run; with it, where that is
    another than at other times, who runs it and more words of argv."""
    forget()
    ready = way(gate)
    act, who, more = ready if isinstance(ready, tuple) else (ready, "caller", ())
    text = document(*argv, *more)
    gate.let(who, text, without)
    return act, actions(text)


def assert_exact(gate, argv, ways):
    """Each way works, and all that is allowed is asked for: the first way that does so, of each."""
    first, allowed = {}, set()
    for way in ways:
        act, may = begin(gate, argv, way)
        act()
        assert not gate.denied, (way.__name__, gate.denied)
        allowed |= may
        for action in gate.asked:
            first.setdefault(action, way)
    assert set(first) == allowed
    return first


def assert_least(gate, argv, ways):
    """And where one action is missing, what asks for it fails."""
    for action, way in assert_exact(gate, argv, ways).items():
        act, _ = begin(gate, argv, way, without=action)
        with pytest.raises(AssertionError):
            act()
        assert set(gate.denied) == {action}, (way.__name__, gate.denied)


# ---- audit ----

def answer(action, inner):
    status, text = ok(action, inner)
    return lambda form: (status, text.encode())


def told_of_ec2(action, inner):
    return lambda form: (200, f"<{action}Response>{inner}</{action}Response>".encode())


def decided(form):
    actions_of = [v for k, v in sorted(form.items()) if k.startswith("ActionNames.member.")]
    return answer("SimulatePrincipalPolicy", "<EvaluationResults>" + "".join(
        f"<member><EvalActionName>{a}</EvalActionName><EvalDecision>implicitDeny</EvalDecision>"
        "</member>" for a in actions_of) + "</EvaluationResults><IsTruncated>false</IsTruncated>")(form)


# What moto does not have or is slow at, and a root user with a device.
ANSWERS = {
    "iam:GetAccountSummary": answer("GetAccountSummary", "<SummaryMap>" + "".join(
        f"<entry><key>{k}</key><value>{v}</value></entry>" for k, v in (
            ("AccountMFAEnabled", 1), ("AccountAccessKeysPresent", 0))) + "</SummaryMap>"),
    "iam:ListRoles": answer("ListRoles", f"<Roles><member><Arn>arn:aws:iam::{ACCOUNT}:role/app</Arn>"
                            "<Path>/</Path></member></Roles><IsTruncated>false</IsTruncated>"),
    "iam:SimulatePrincipalPolicy": decided,
    "ec2:DescribeInstanceConnectEndpoints": told_of_ec2("DescribeInstanceConnectEndpoints",
                                                        "<instanceConnectEndpointSet/>"),
    "ec2:GetSerialConsoleAccessStatus": told_of_ec2(
        "GetSerialConsoleAccessStatus",
        "<serialConsoleAccessEnabled>false</serialConsoleAccessEnabled>")}


def audit(*argv, code=1):
    def audited(gate):
        run = Run(gate)

        def act():
            told = json.loads(run("audit", "iam", "--json", *argv, code=code))["findings"]
            wrong = [x for x in told if x["status"] == "ERROR"]
            assert not wrong, wrong
            skipped = {x["id"] for x in told if x["status"] == "SKIP"}
            assert skipped == SKIPPED - ({"EIC-10"} if "--deep" in argv else set()) - (
                {"KEY-06", "KEY-07", "KEY-08"} if "--secrets" in argv else set()), skipped
        return act
    return audited


SKIPPED = {"EIC-10", "KEY-06", "KEY-07", "KEY-08", "PWD-07"}


def test_audit_needs_what_it_prints(gate):
    gate.answers = ANSWERS
    gate.account.iam("UpdateAccountPasswordPolicy", **STRONG)
    assert_exact(gate, ["audit", "--account", ACCOUNT], [audit()])
    assert_exact(gate, ["audit", "--deep"], [audit("--deep")])
    secret = Secret(gate.account, path="/ops/")
    gate.kms_key = f"arn:aws:kms:ap-northeast-2:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    assert_least(gate, ["audit", "--deep", "--secret", secret.arn, "--kms-key", gate.kms_key],
                 [audit("--deep", "--secrets", secret.arn)])


# ---- mirror, fix, mfa ----

def test_mirror_needs_what_it_prints(gate):
    def pull(gate):
        run = Run(gate)

        def act():
            run("policy", "pull")
            run("policy", "pull", "--check")
        return act

    assert_least(gate, ["mirror"], [pull])


def fix_of_a_policy(gate):
    gate.account.iam("UpdateAccountPasswordPolicy", **{**STRONG, "MaxPasswordAge": "365"})
    run = Run(gate)

    def act():
        run("fix", "PWD-02", "PWD-03", "PWD-04", "--yes")
        run("rollback")
    return act


def fix_of_none(gate):
    try:
        gate.account.iam("DeleteAccountPasswordPolicy")
    except Refused as e:
        assert "NoSuchEntity" in e.text
    run = Run(gate)

    def act():
        run("fix", "PWD-01", "PWD-03", "PWD-04", "--yes") # moto takes no policy without an age
        run("rollback")
    return act


def deny(gate, before):
    which = {"UserName": "kim", "PolicyName": "pam-bastion-require-mfa"}
    try:
        gate.account.iam("DeleteUserPolicy", **which)
    except Refused as e:
        assert "NoSuchEntity" in e.text
    if before:
        gate.account.iam("PutUserPolicy", PolicyDocument=ALL, **which)
    run = Run(gate)

    def act():
        run("fix", "MFA-03", "--user", "kim", "--yes")
        run("rollback")
    return act


def deny_without_mfa(gate):
    return deny(gate, False)


def deny_without_mfa_where_a_policy_was(gate):
    return deny(gate, True)


def test_fix_needs_what_it_prints(gate):
    assert "PutUserPolicy" not in document("fix")
    assert_least(gate, ["fix"], [fix_of_a_policy, fix_of_none])
    assert_least(gate, ["fix", "--account", ACCOUNT, "--user", "kim"],
                 [fix_of_a_policy, fix_of_none, deny_without_mfa,
                  deny_without_mfa_where_a_policy_was])


def assign(gate, name, *argv, text, code=0, said="has the device", lost=None):
    run = Run(gate)
    serial = f"arn:aws:iam::{ACCOUNT}:mfa/{name}"
    for action, more in (("DeactivateMFADevice", {"UserName": "kim"}),
                         ("DeleteVirtualMFADevice", {})):
        try:
            gate.account.iam(action, SerialNumber=serial, **more)
        except Refused:
            pass

    def act():
        if lost:
            gate.lost.add(lost)
        assert said in run("mfa", "assign", "kim", "--yes", *argv, text=text, code=code)
    return act


def assign_proven(gate):
    return assign(gate, "kim", text="123456\n654321\n")


def assign_stopped(gate):
    return assign(gate, "kim", text="", code=1, said="and removed")


def assign_replaced(gate):
    assign(gate, "kim", text="")
    gate.account.iam("CreateVirtualMFADevice", VirtualMFADeviceName="kim")
    run = Run(gate)

    def act():
        run("mfa", "assign", "kim", "--yes", "--replace", text="123456\n654321\n")
    return act


def assign_lost(gate):
    return assign(gate, "kim", text="123456\n654321\n", lost="iam:EnableMFADevice")


def test_mfa_needs_what_it_prints(gate):
    ways = [assign_proven, assign_stopped, assign_replaced, assign_lost]
    assert_least(gate, ["mfa", "--account", ACCOUNT, "--user", "kim"], ways)
    assert_least(gate, ["mfa"], ways)


# ---- rotate ----

class Rotated(Secret):
    """Of a user under a path, so that a name is not the end of its ARN alone."""

    def __init__(self, gate, own):
        super().__init__(gate.account, path="/ops/robots/")
        self.gate, self.own = gate, own
        self.run = Run(gate, self.key if own else None)

    def rotate_by(self, *argv, key=None, code=0, **env):
        run = Run(self.gate, key) if key and self.own else self.run
        return run("rotate", *argv, code=code, **env)

    def now(self):
        value = self.current()
        return {"AccessKeyId": value["accesskey"], "SecretAccessKey": value["secretkey"]}

    def way(self, act, home=True):
        """act, who signs, and what is named: of his own no user."""
        return (act, self.user if self.own else "caller",
                (["--secret", self.arn] if home else []) + ([] if self.own else ["--user", self.user]))


def rotated(own):
    """The ways of a rotation, signed by the user's own key or by another's."""

    def in_a_secret(gate):
        s = Rotated(gate, own)

        def act():
            s.rotate_by("run", "--secret", s.arn, "--force", "--pace", "0")
            assert s.user in s.rotate_by("status")
            s.rotate_by("resume", "--overlap", "0", key=s.now())
            assert s.keys()[s.key["AccessKeyId"]] is False
            s.rotate_by("run", "--all", "--grace", "0", key=s.now())
            assert list(s.keys()) == [s.now()["AccessKeyId"]]
        return s.way(act)

    def there_and_back(gate):
        s = Rotated(gate, own)

        def act():
            s.rotate_by("run", "--secret", s.arn, "--force", "--pace", "0")
            s.rotate_by("rollback", s.user, "--pace", "0")
            s.rotate_by("resume", "--overlap", "0", "--grace", "0")
            assert s.keys() == {s.key["AccessKeyId"]: True}
        return s.way(act)

    def in_steps(gate):
        s = Rotated(gate, own)
        token = s.rotate()

        def act():
            for name in STEPS:
                s.rotate_by("step", name, "--secret", s.arn, "--token", token, "--pace", "0")
            s.rotate_by("resume", *NOW, key=s.now())
            assert list(s.keys()) == [s.now()["AccessKeyId"]] != [s.key["AccessKeyId"]]
        return s.way(act)

    def in_a_profile(gate):
        s = Rotated(gate, own)
        path = SCRATCH / "credentials"
        by = s.key if own else gate.account.caller
        path.write_text("".join(
            f"[{name}]\naws_access_key_id={key['AccessKeyId']}\n"
            f"aws_secret_access_key={key['SecretAccessKey']}\n"
            for name, key in (("robot", s.key), ("by", by))), encoding="utf-8")
        path.chmod(0o600)
        env = {"AWS_SHARED_CREDENTIALS_FILE": str(path)}
        del_env = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}

        def act():
            whose = ["--profile", "robot"] if own else [s.user, "--by", "by"]
            s.rotate_by("run", *whose, "--force", *NOW, "--yes", **env, **del_env)
            assert s.key["AccessKeyId"] not in s.keys() and len(s.keys()) == 1
        return s.way(act, home=False)

    def of_another_key(gate):
        s = Rotated(gate, own)
        other = gate.account.new_key(s.user)["AccessKeyId"]

        def act():
            told = s.rotate_by("run", "--secret", s.arn, "--force", code=3)
            assert f"rotate retire {other}" in told
            s.rotate_by("retire", other)
            assert s.keys()[other] is False
            s.rotate_by("run", "--secret", s.arn, "--force", "--pace", "0", "--yes")
            assert other not in s.keys() and len(s.keys()) == 2
        return s.way(act)

    def repaired(gate):
        s = Rotated(gate, own)
        key = gate.account.new_key(s.user)
        gate.account.iam("UpdateAccessKey", UserName=s.user, AccessKeyId=s.key["AccessKeyId"],
                         Status="Inactive")

        def act():
            s.rotate_by("repair", "--secret", s.arn, "--yes", "--pace", "0", key=key)
            assert s.keys()[s.key["AccessKeyId"]] is True
            gate.account.iam("DeleteAccessKey", UserName=s.user, AccessKeyId=s.key["AccessKeyId"])
            s.rotate_by("repair", "--secret", s.arn, "--yes", "--pace", "0", key=key)
            assert s.now()["AccessKeyId"] != s.key["AccessKeyId"]
            s.assert_current_works()
        return s.way(act)

    def answer_lost(gate):
        s = Rotated(gate, own)

        def act():
            gate.lost.add("iam:CreateAccessKey")
            s.rotate_by("run", "--secret", s.arn, "--force", "--pace", "0", code=75)
            gate.lost.clear()
            s.rotate_by("resume", "--yes", "--pace", "0")
            s.rotate_by("run", "--secret", s.arn, "--force", "--pace", "0")
            s.assert_current_works()
        return s.way(act)

    return [in_a_secret, there_and_back, in_steps, in_a_profile, of_another_key, repaired, answer_lost]


@pytest.mark.parametrize("own", [True, False])
def test_rotate_needs_what_it_prints(gate, own):
    assert_least(gate, ["rotate-self"] if own else ["rotate-admin", "--account", ACCOUNT], rotated(own))


def test_secret_under_a_key_of_its_own_needs_that_too(gate):
    gate.kms_key = f"arn:aws:kms:ap-northeast-2:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    in_a_secret, there_and_back = rotated(True)[:2]
    assert_least(gate, ["rotate-self", "--kms-key", gate.kms_key], [in_a_secret, there_and_back])


# ---- probe ----

def pushed(form):
    """As the metadata of the instance shows it."""
    Amazon.pushed[form["InstanceOSUser"]] = f"#Key={form['SSHPublicKey']}\n"
    return 200, json.dumps({"RequestId": "1", "Success": True}).encode()


def test_probe_needs_what_it_prints_and_no_other_host_or_account(gate, amazon, user):
    gate.answers = {"ec2-instance-connect:SendSSHPublicKey": pushed}
    key = {"AWS_ACCESS_KEY_ID": gate.account.caller["AccessKeyId"],
           "AWS_SECRET_ACCESS_KEY": gate.account.caller["SecretAccessKey"],
           "AWS_ENDPOINT_URL_EC2_INSTANCE_CONNECT": gate.url}

    def pushes(gate):
        def act():
            told = ask(amazon, user, server, **key)
            assert told[:2] == (0, "PASS"), told
        return act

    one = ["--account", ACCOUNT, "--instance", "i-0123456789abcdef0", "--user", user.name]
    with Sshd(AuthenticationMethods="publickey", UsePAM="no") as server:
        assert_least(gate, ["probe", *one], [pushes])
        assert_exact(gate, ["probe"], [pushes])
        for option, other in (("--instance", "i-0123456789abcdef1"), ("--user", "root"),
                              ("--account", "210987654321")):
            words = list(one)
            words[words.index(option) + 1] = other
            act, _ = begin(gate, ["probe", *words], pushes)
            with pytest.raises(AssertionError):
                act()
            assert gate.denied, option


# ---- what is printed ----

@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_document_without_wild_actions(name):
    for statement in statements(name):
        assert statement["Effect"] == "Allow" and statement["Resource"]
        assert set(statement) == {"Effect", "Action", "Resource"}
        assert not any("*" in action for action in statement["Action"])


ARN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:ops/robot-AbCdEf"
KMS = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def test_scope_is_what_is_named():
    def resources(*argv):
        return [s["Resource"] for s in statements(*argv)]

    def user(name, of=ACCOUNT, partition="aws"):
        return [f"arn:{partition}:iam::{of}:user/{path}{name}" for path in ("", "*/")]

    one = ["--account", ACCOUNT, "--user", "kim"]
    assert resources("rotate-admin", *one, "--secret", ARN, "--kms-key", KMS) == [user("kim"), ARN, KMS]
    assert resources("rotate-self") == [user("${aws:username}", "*")]
    assert resources("rotate-self", *one, "--partition", "aws-us-gov") == [
        user("kim", partition="aws-us-gov")]
    china = ARN.replace(":aws:", ":aws-cn:")
    assert resources("rotate-self", "--secret=" + china) == [
        user("${aws:username}", "*", "aws-cn"), china]
    assert resources("mfa", *one) == [f"arn:aws:iam::{ACCOUNT}:mfa/kim", user("kim")]
    assert resources("mfa", *one[:3], "ops/kim", "--device", "phone") == [
        f"arn:aws:iam::{ACCOUNT}:mfa/phone", f"arn:aws:iam::{ACCOUNT}:user/ops/kim"]
    assert resources("mfa", *one[:3], "ops/kim")[0] == f"arn:aws:iam::{ACCOUNT}:mfa/kim"
    assert "secretsmanager" not in document("rotate-self") + document("audit")
    assert "PutUserPolicy" not in document("fix") and "SimulatePrincipal" not in document("audit")


def test_policy_of_one_user_is_none_for_another(gate):
    """Nor for one whose name ends like his."""
    mine, other = Rotated(gate, True), Rotated(gate, True)
    gate.account.user("x" + mine.user, path="/ops/")
    gate.let(mine.user, document("rotate-self", "--secret", mine.arn))
    for name in (other.user, "x" + mine.user):
        mine.rotate_by("retire", other.key["AccessKeyId"], "--user", name, code=3)
    mine.rotate_by("retire", other.key["AccessKeyId"], code=3)
    mine.rotate_by("run", "--secret", other.arn, "--force", code=3)
    assert gate.denied == ["iam:ListAccessKeys", "iam:ListAccessKeys", "iam:GetAccessKeyLastUsed",
                           "secretsmanager:GetSecretValue"]
    gate.account.user("lee", password="Passw0rd!long")
    run = Run(gate)
    gate.let("caller", document("mfa", "--user", "kim"))
    run("mfa", "assign", "kim", "--device", "phone", "--yes", code=3)
    gate.let("caller", document("mfa", "--user", "kim", "--device", "phone"))
    run("mfa", "assign", "lee", "--device", "phone", "--yes", text="123456\n654321\n", code=3)
    assert gate.denied == ["iam:ListMFADevices"]  # before a device is made
    gate.policy["Statement"].append({"Effect": "Allow", "Action": ["iam:ListMFADevices"],
                                     "Resource": "*"})
    run("mfa", "assign", "lee", "--device", "phone", "--yes", text="123456\n654321\n", code=3)
    assert gate.denied[1:] == ["iam:EnableMFADevice"]
    gate.let("caller", document("fix", "--user", "kim"))
    run("fix", "MFA-03", "--user", "lee", "--yes", code=3)
    assert gate.denied


def test_secret_is_named_by_its_whole_arn():
    """Without the six letters IAM allows nothing."""
    for text in ("robot", "*", ARN[:-7], ARN[:-1], ARN + "," + ARN, ARN.replace("robot", "r*"),
                 ARN.replace("secretsmanager", "iam"), ARN[4:]):
        assert_usage("rotate-self", "--secret", text, why="no whole ARN of a secret")


def assert_usage(*argv, why=""):
    done = subprocess.run([TOOL, "aws-policy", *argv], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and not done.stdout and why in done.stderr, (argv, done)
    assert done.stderr.count("\n") == 1, done


def test_words_that_are_wrong_are_usage():
    for argv in ([], ["nothing"], ["nothing", "--account", ACCOUNT], ["audit", "--account", "12"],
                 ["audit", "x"], ["mfa", "--user"], ["mfa", "--user="], ["mfa", "--user", "a*"],
                 ["mfa", "--user", "/a"], ["mfa", "--user", 'a"b'], ["mfa", "--device", "a/b"],
                 ["mfa", "--user", "a", "--user", "b"], ["probe", "--instance", "i-*"],
                 ["probe", "--partition", "azure"], ["audit", "--secret", ARN, "--kms-key", "k"],
                 ["audit", "--kms-key", KMS], ["audit", "--userx", "kim"]):
        assert_usage(*argv)
    # What would be left out without a word.
    for argv in (["mirror", "--user", "kim"], ["audit", "--user", "kim"], ["mfa", "--secret", ARN],
                 ["fix", "--deep"], ["rotate-self", "--instance", "i-0"], ["probe", "--device", "d"]):
        assert_usage(*argv, why="this policy has no such option")


def test_policy_that_lets_act_for_anybody_is_warned_of():
    def warned(*argv):
        return subprocess.run([TOOL, "aws-policy", *argv], capture_output=True, text=True,
                              check=True).stderr.rpartition("narrow it by ")[2].strip()

    assert [warned(name) for name in NAMES] == ["", "", "", "--user", "", "--user",
                                                "--instance, --user"]
    assert warned("probe", "--user", "kim") == "--instance"
    assert warned("probe", "--instance", "i-0") == "--user"
    assert not warned("rotate-admin", "--user", "kim") and not warned("mfa", "--user", "kim")


@pytest.mark.parametrize("name", NAMES)
def test_each_fits_into_a_policy_of_a_user(name):
    """IAM takes 2048 characters, blanks not counted, whatever has the longest name."""
    words = {"--account": ACCOUNT, "--partition": "aws-us-gov"}
    if name not in ("audit", "mirror"):
        words["--user"] = "u" * 64
    if name == "mfa":
        words["--device"] = "d" * 128
    if name in ("audit", "rotate-self", "rotate-admin"):
        words["--secret"] = ARN.replace("ops/robot", "s" * 512)
        words["--kms-key"] = KMS
    deep = ["--deep"] if name == "audit" else []
    text = document(name, *deep, *(x for pair in words.items() for x in pair))
    assert len(re.sub(r"\s", "", text)) <= 2048
