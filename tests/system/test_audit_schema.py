"""Reports for machines, held against what their readers have: the OCSF classes that prowler
publishes, and the model of Security Hub's BatchImportFindings in botocore.  Both live beside moto."""
import json
import subprocess

import pytest
from bastion import BUILD
from test_audit_report import ABSENT, HEAD, PEOPLE, XSS, audit, host, installed

PYTHON = BUILD / "moto/bin/python"
if not PYTHON.exists():
    pytest.skip("moto cannot be had", allow_module_level=True)

JUDGES = {"ocsf": """
import json, sys
from py_ocsf_models.events.findings.detection_finding import DetectionFinding
for text in json.load(sys.stdin):
    for x in json.loads(text):
        DetectionFinding(**x)
""", "asff": """
import json, sys
import botocore.session, botocore.validate
shape = botocore.session.get_session().get_service_model("securityhub").operation_model("BatchImportFindings")
# The validator takes members that the shape does not have.
def known(x, s, at="finding"):
    if s.type_name == "structure":
        for name, value in x.items():
            assert name in s.members, f"{at}.{name}"
            known(value, s.members[name], f"{at}.{name}")
    elif s.type_name == "list":
        for value in x:
            known(value, s.member, at)
for text in json.load(sys.stdin):
    found = json.loads(text)
    assert 0 < len(found) <= 100
    told = botocore.validate.ParamValidator().validate({"Findings": found}, shape.input_shape)
    assert not told.has_errors(), told.generate_report()
    for x in found:
        known(x, shape.input_shape.members["Findings"].member)
"""}


def judge(form, *texts):
    done = subprocess.run([PYTHON, "-c", JUDGES[form]], input=json.dumps(texts), check=False,
                          capture_output=True, text=True, timeout=120)
    return done.returncode == 0, done.stderr


CLOUD = ("--account", "123456789012", "--region", "ap-northeast-2")
CASES = ((HEAD + host() + ABSENT, 0), (HEAD + host(XSS) + installed("1.1"), 1), (HEAD + host(), 3),
         (HEAD + host() + "= host instance\n\ti-0abc\n" + PEOPLE + installed("x" * 5000), 1))


@pytest.mark.parametrize("form", JUDGES)
def test_report_is_what_its_readers_take(form):
    texts = [audit("--format", form, *options, facts=facts, status=status)
             for facts, status in CASES for options in ((), CLOUD)]
    good, why = judge(form, *texts)
    assert good, (why, texts)


@pytest.mark.parametrize("form", JUDGES)
def test_report_of_a_whole_host_is_what_its_readers_take(form):
    done = subprocess.run([BUILD / "bastionctl", "audit", "host", "--format", form, *CLOUD], check=False,
                          capture_output=True, text=True, timeout=120)
    good, why = judge(form, done.stdout)
    assert len(json.loads(done.stdout)) > 20
    assert good, (why, done.stdout)


@pytest.mark.parametrize("form,member", [("ocsf", "severity_id"), ("asff", "Resources")])
def test_readers_refuse_what_is_broken(form, member):
    (x,) = json.loads(audit("--format", form, *CLOUD, facts=HEAD + host() + ABSENT))
    x[member] = "nonsense"
    good, why = judge(form, json.dumps([x]))
    assert not good and member in why, why
