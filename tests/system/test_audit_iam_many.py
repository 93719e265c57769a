"""bastionctl audit iam where moto is wrong, silent or too slow (fake_aws.py)."""
import base64
import json
import os
import pathlib
import subprocess

import pytest
from bastion import BUILD
from fake_aws import Fake, People, no, ok

TOOL = str(BUILD / "bastionctl")
EC2 = "http://ec2.amazonaws.com/doc/2016-11-15/"
NO_ROW = "N/A"


def audit(server, *argv):
    done = subprocess.run([TOOL, "audit", "iam", "--json", *argv], env=server.env(),
                          capture_output=True, text=True, check=False, timeout=600)
    assert done.stdout, done.stderr
    return done, {x["id"]: x for x in json.loads(done.stdout)["findings"]}


def test_many_users_are_asked_about_at_a_time():
    """One at a time would take ten times as long at least: so many are in flight on average."""
    users = int(os.environ.get("PB_IAM_USERS", "400"))
    with Fake(People(users, page=150), delay=0.02) as server:
        _, found = audit(server)
        assert server.count["ListUsers"] == -(-users // 150)
        for action in ("ListAccessKeys", "GetLoginProfile", "ListMFADevices"):
            assert server.count[action] == users
        assert server.count["GetAccessKeyLastUsed"] == 2 * users
        assert server.most <= 32
        assert server.mean() >= 10, server.mean()
    for name in ("MFA-03", "KEY-01", "KEY-02", "KEY-03", "KEY-10"):
        assert found[name]["status"] == "FAIL"


def test_no_users_at_all_is_no_pass():
    with Fake(People(0)) as server:
        _, found = audit(server)
    for name in ("MFA-03", "KEY-01", "KEY-02", "KEY-03", "KEY-05", "KEY-10", "PWD-05"):
        assert found[name]["status"] == "INFO", (name, found[name])


def test_throttled_calls_come_again_with_fewer_beside_them():
    people, seen = People(30), set()

    def answer(action, params):
        who = (action, params.get("UserName"))
        if action == "ListAccessKeys" and who not in seen:
            seen.add(who)
            return no("Throttling")
        return people(action, params)

    with Fake(answer) as server:
        _, found = audit(server, "--check", "KEY-01")
        assert server.count["ListAccessKeys"] == 60
    assert found["KEY-01"]["status"] == "FAIL"
    assert "Throttling" not in json.dumps(found)


def test_answer_that_is_not_whole_is_an_error():
    people = People(3)

    def answer(action, params):
        if action == "ListUsers":
            return ok(action, "<Users/><IsTruncated>true</IsTruncated>")
        return people(action, params)

    with Fake(answer) as server:
        _, found = audit(server)
    assert found["MFA-03"]["status"] == "ERROR" and found["KEY-01"]["status"] == "ERROR"


def test_keys_and_devices_of_a_list_that_is_not_whole_are_an_error():
    people = People(2)

    def answer(action, params):
        if action == "ListAccessKeys":
            return ok(action, "<AccessKeyMetadata><member><AccessKeyId>AKIA0123456789ABCDEF"
                      "</AccessKeyId><Status>Active</Status><CreateDate>2099-01-01T00:00:00Z"
                      "</CreateDate></member></AccessKeyMetadata><IsTruncated>true</IsTruncated>"
                      "<Marker>x</Marker>")
        if action == "ListMFADevices":
            return ok(action, "<MFADevices/><IsTruncated>true</IsTruncated><Marker>x</Marker>")
        return people(action, params)

    with Fake(answer) as server:
        _, found = audit(server)
    for name in ("MFA-03", "KEY-01", "KEY-02"):
        assert found[name]["status"] == "ERROR", found[name]
        assert "not whole" in json.dumps(found[name])


def test_key_of_which_the_answer_tells_no_use_is_not_called_unused():
    people = People(1)

    def answer(action, params):
        if action == "GetAccessKeyLastUsed":
            return ok(action, "<UserName>u0</UserName>")
        return people(action, params)

    with Fake(answer) as server:
        _, found = audit(server, "--check", "KEY-03,KEY-10")
    for name in ("KEY-03", "KEY-10"):
        assert found[name]["status"] == "ERROR" and "not whole" in json.dumps(found[name]), found


class Secret:
    """A secret with the key of u0, which is active and works."""
    KEY = "AKIA0123456789ABCDEF"
    KEYS = (f"<AccessKeyMetadata><member><AccessKeyId>{KEY}</AccessKeyId><Status>Active</Status>"
            "<CreateDate>2099-01-01T00:00:00Z</CreateDate></member></AccessKeyMetadata>")
    STAGES = {"VersionIdsToStages": {"v": ["AWSCURRENT"]}}

    def __init__(self, keys=KEYS, stages=None):
        self.keys, self.stages = keys, self.STAGES if stages is None else stages

    def __call__(self, action, params):
        if action == "DescribeSecret":
            return 200, json.dumps({"Name": "s", **self.stages})
        if action == "GetSecretValue":
            value = {"accesskey": self.KEY, "secretkey": "s" * 40, "username": "u0"}
            return 200, json.dumps({"VersionId": "v", "SecretString": json.dumps(value)})
        if action == "ListAccessKeys":
            return ok(action, self.keys)
        return People(1)(action, params)

    def audited(self):
        with Fake(self) as server:
            _, found = audit(server, "--secrets", "s", "--check", "KEY-06,KEY-07,KEY-08")
        return {name: x["status"] for name, x in found.items()}, json.dumps(found)


def test_secret_of_which_not_all_is_told_is_neither_right_nor_wrong():
    got, text = Secret().audited()
    assert got == {"KEY-06": "PASS", "KEY-07": "PASS", "KEY-08": "INFO"}, text
    for keys in ("", "<IsTruncated>false</IsTruncated>",
                 "<AccessKeyMetadata/><IsTruncated>true</IsTruncated><Marker>m</Marker>"):
        got, text = Secret(keys).audited()
        assert set(got.values()) == {"ERROR"} and "ListAccessKeys" in text, text
    for stages in ({}, {"VersionIdsToStages": {}}, {"VersionIdsToStages": {"w": ["AWSPREVIOUS"]}}):
        got, text = Secret(stages=stages).audited()
        assert got["KEY-07"] == "ERROR" and "AWSCURRENT" in text, text
    # What is told is judged: the list is whole, and the key is not in it.
    assert Secret("<AccessKeyMetadata/>").audited()[0]["KEY-06"] == "FAIL"


@pytest.mark.parametrize("moves", [False, True], ids=["the same", "another"])
def test_pages_without_an_end_are_an_error(moves):
    """Whether the next one is said to be the same or another each time."""
    people, most = People(2), 1000
    empty = {"ListUsers": "<Users/>", "ListVirtualMFADevices": "<VirtualMFADevices/>",
             "ListRoles": "<Roles/>"}

    def answer(action, params):
        mark = f"m{server.count[action]}" if moves else "m"
        ends = server.count[action] > 2 * most # so that the test has an end
        if action == "DescribeInstanceConnectEndpoints":
            token = "" if ends else f"<nextToken>{mark}</nextToken>"
            return 200, (f'<{action}Response xmlns="{EC2}"><instanceConnectEndpointSet/>{token}'
                         f"</{action}Response>")
        if action in empty:
            return ok(action, empty[action] + f"<IsTruncated>{str(not ends).lower()}</IsTruncated>"
                      f"<Marker>{mark}</Marker>")
        return people(action, params)

    with Fake(answer) as server:
        _, found = audit(server, "--deep")
        for action in (*empty, "DescribeInstanceConnectEndpoints"):
            assert server.count[action] <= (most if moves else 2), server.count
    for name in ("MFA-02", "MFA-03", "KEY-01", "EIC-09", "EIC-10"):
        assert found[name]["status"] == "ERROR", found[name]
        assert "not whole" in json.dumps(found[name])


def report(rows):
    """Columns in another order than AWS's, with one that nobody knows."""
    names = ["mfa_active", "user", "arn", "user_creation_time", "password_enabled",
             "password_last_changed", "password_next_rotation", "access_key_1_active",
             "access_key_1_last_rotated", "access_key_2_active", "access_key_2_last_rotated",
             "additional_credentials_info"]
    lines = [",".join(names)]
    lines += [",".join(row.get(name, NO_ROW) for name in names) for row in rows]
    return "\n".join(lines)


def with_report(people, rows):
    """The account of people, and a report of these rows."""
    text = base64.b64encode(report(rows).encode()).decode()

    def answer(action, params):
        if action == "GenerateCredentialReport":
            return ok(action, "<State>COMPLETE</State>")
        if action == "GetCredentialReport":
            return ok(action, f"<Content>{text}</Content><ReportFormat>text/csv</ReportFormat>"
                      "<GeneratedTime>2026-11-30T00:00:00Z</GeneratedTime>")
        return people(action, params)

    return answer


def test_what_a_report_says_in_favour_of_a_user_is_not_believed_either():
    people = People(4)
    made = {"user_creation_time": "2020-01-01T00:00:00+00:00", "access_key_1_active": "false",
            "access_key_2_active": "false", "password_last_changed": "2021-01-01T00:00:00+00:00"}
    rows = [{**made, "user": "u0", "password_enabled": "FALSE", "mfa_active": "FALSE"},
            {**made, "user": "u1", "password_enabled": "TRUE", "mfa_active": "TRUE"},
            {**made, "user": "u2", "password_enabled": "true", "mfa_active": "false"},
            {**made, "user": "u3", "password_enabled": "true", "mfa_active": "false"}]
    reported = with_report(people, rows)

    def answer(action, params):
        if action == "ListMFADevices" and params["UserName"] == "u2":
            return ok(action, "<MFADevices><member><SerialNumber>x</SerialNumber></member>"
                      "</MFADevices>")
        if action == "GetLoginProfile" and params["UserName"] == "u3":
            return no("NoSuchEntity", 404)
        return reported(action, params)

    with Fake(answer) as server:
        _, found = audit(server)
        asked = {(action, params.get("UserName")) for action, params in server.calls}
    for user in ("u0", "u1", "u2", "u3"):
        assert ("GetLoginProfile", user) in asked and ("ListAccessKeys", user) in asked
    # Who may not log in needs no device.
    assert ("ListMFADevices", "u3") not in asked
    # A password and keys since the report, a device that is gone since; u2 has one since.
    text = json.dumps(found["MFA-03"])
    assert "u0" in text and "u1" in text and not any(name in text for name in ("u2:", "u3:"))
    assert found["KEY-02"]["status"] == "FAIL" and "u1:" in json.dumps(found["KEY-02"])
    assert found["PWD-05"]["status"] == "FAIL"
    text = json.dumps(found["PWD-05"])
    assert "u1:" in text and not any(name in text for name in ("u0:", "u3:"))


def test_journal_of_a_rotation_that_is_not_under_way_excuses_no_two_keys():
    journals = pathlib.Path("/var/lib/pam-bastion/rotate")
    journals.mkdir(mode=0o700, exist_ok=True)
    made = [journals / name for name in ("123456789012.u0.j", "999999999999.u1.j")]
    for path in made:
        path.write_bytes(bytes(8192))
        path.chmod(0o600)
    with Fake(People(2)) as server:
        _, found = audit(server, "--check", "KEY-02")
    for path in made:
        path.unlink()
    assert found["KEY-02"]["status"] == "FAIL"
    text = json.dumps(found["KEY-02"])
    assert "u0: two active keys" in text and "u1: two active keys" in text
    assert "under way here" in text and '"WARN"' not in text


def test_users_that_are_refused_are_no_pass_of_who_may_push():
    def answer(action, params):
        if action == "ListUsers":
            return no("AccessDenied", 403)
        if action == "ListRoles":
            return ok(action, "<Roles><member><Path>/</Path><RoleName>r</RoleName>"
                      "<Arn>arn:aws:iam::123456789012:role/r</Arn></member></Roles>")
        if action == "SimulatePrincipalPolicy":
            return ok(action, "<EvaluationResults>" + "".join(
                f"<member><EvalActionName>{params[f'ActionNames.member.{i}']}</EvalActionName>"
                f"<EvalDecision>implicitDeny</EvalDecision></member>"
                for i in (1, 2, 3)) + "</EvaluationResults>")
        return People(0)(action, params)

    with Fake(answer) as server:
        done, found = audit(server, "--check", "EIC-10", "--deep")
    assert done.returncode == 3 and found["EIC-10"]["status"] == "ERROR", found


def test_answer_without_its_list_is_an_error_and_not_none():
    roles = ""

    def answer(action, params):
        if action == "ListRoles":
            return ok(action, roles + "<IsTruncated>false</IsTruncated>")
        if action == "ListVirtualMFADevices":
            return ok(action, "<IsTruncated>false</IsTruncated>")
        if action == "SimulatePrincipalPolicy":
            return ok(action, "<EvaluationResults>" + "".join(
                "<member><EvalActionName>other:Thing</EvalActionName>"
                "<EvalDecision>allowed</EvalDecision></member>" for _ in range(3)) +
                "</EvaluationResults>")
        if action == "DescribeInstanceConnectEndpoints":
            return 200, f'<{action}Response xmlns="{EC2}"><requestId>x</requestId></{action}Response>'
        if action == "GetSerialConsoleAccessStatus":
            return 200, (f'<{action}Response xmlns="{EC2}">'
                         f"<serialConsoleAccessEnabled>false</serialConsoleAccessEnabled>"
                         f"</{action}Response>")
        return People(1)(action, params)

    with Fake(answer) as server:
        _, found = audit(server, "--check", "MFA-02,EIC-09,EIC-10", "--deep", "--region",
                         "eu-west-1")
    assert {x["status"] for x in found.values()} == {"ERROR"}, found
    assert "ListRoles" in json.dumps(found["EIC-10"])
    roles = "<Roles/>"
    with Fake(answer) as server:
        _, found = audit(server, "--check", "EIC-10", "--deep")
    assert found["EIC-10"]["status"] == "ERROR"
    assert "SimulatePrincipalPolicy" in json.dumps(found["EIC-10"])


def test_endpoints_serial_consoles_and_pushers_are_warned_of():
    people = People(2)

    def answer(action, params):
        if action == "DescribeInstanceConnectEndpoints":
            return 200, (f'<{action}Response xmlns="{EC2}"><requestId>x</requestId>'
                         "<instanceConnectEndpointSet><item><instanceConnectEndpointId>eice-1"
                         "</instanceConnectEndpointId><state>create-complete</state>"
                         f"<vpcId>vpc-1</vpcId></item></instanceConnectEndpointSet>"
                         f"</{action}Response>")
        if action == "GetSerialConsoleAccessStatus":
            return 200, (f'<{action}Response xmlns="{EC2}"><requestId>x</requestId>'
                         f"<serialConsoleAccessEnabled>false</serialConsoleAccessEnabled>"
                         f"</{action}Response>")
        if action == "ListRoles":
            return ok(action, "<Roles><member><Path>/</Path><RoleName>r</RoleName>"
                      "<Arn>arn:aws:iam::123456789012:role/r</Arn></member></Roles>")
        if action == "SimulatePrincipalPolicy":
            said = "allowed" if params["PolicySourceArn"].endswith("u1") else "implicitDeny"
            return ok(action, "<EvaluationResults>" + "".join(
                f"<member><EvalActionName>{params[f'ActionNames.member.{i}']}</EvalActionName>"
                f"<EvalDecision>{said if i == 1 else 'explicitDeny'}</EvalDecision></member>"
                for i in (1, 2, 3)) + "</EvaluationResults>")
        return people(action, params)

    with Fake(answer) as server:
        _, found = audit(server, "--check", "EIC", "--deep", "--region", "eu-west-1")
        assert server.count["SimulatePrincipalPolicy"] == 3
    assert found["EIC-09"]["status"] == "WARN" and "eu-west-1/eice-1" in json.dumps(found["EIC-09"])
    assert found["EIC-10"]["status"] == "WARN"
    text = json.dumps(found["EIC-10"])
    assert "user/u1" in text and "SendSSHPublicKey" in text and "user/u0" not in text
