"""Reports of an audit, each read by something that is not ours: the csv and json modules,
html.parser, sha256sum, and a browser.  The facts are a saved host's, hostile where they may be."""
import csv
import datetime
import hashlib
import html.parser
import io
import json
import os
import re
import shutil
import stat
import subprocess

import pytest
from bastion import BUILD, SCRATCH
from test_language import KOREAN, catalogue, environment  # noqa: F401 # pylint: disable=unused-import

CONTROL = BUILD / "bastionctl"
TIME = 1796040000  # 2026-11-30T12:00:00Z
WHEN = "2026-11-30T12:00:00Z"
HEAD = f"pam-bastion facts 1\n= host time\n\t{TIME}\n"
XSS = ("<script>document.title='owned'</script>\"'><img src=x onerror=\"document.title='owned'\">"
       "</li></ul></article></main><a href=http://evil.example/>&amp;<!--")
ABSENT = "- package ec2-instance-connect\n- package ec2-instance-connect-selinux\n"
STATUSES = ("FAIL", "ERROR", "WARN", "SKIP", "INFO", "PASS")


def installed(version):
    return (f"= package ec2-instance-connect\n\tdpkg\n\tinstall ok installed\n\t{version}\n\t\n"
            "- package ec2-instance-connect-selinux\n")


def host(name="bastion1"):
    return f"= host name\n\t{name}\n"


PEOPLE = """\
= account alice
\tuid=1000 shell=/bin/bash hash=yescrypt last=20780 max=90
= enrolled alice
\tdevices=1 last_used=1796000000 locked=no
= account bob
\tuid=1001 shell=/bin/bash hash=sha512 last=20600 max=90
- enrolled bob
= account carol<b>
\tuid=1002 shell=/bin/zsh hash=sha512 last=20700
= enrolled carol<b>
\tdevices=2 last_used=0 locked=yes
= account daemon
\tuid=1 shell=/usr/sbin/nologin hash=locked
"""


def audit(*argv, facts=None, language=None, status=0):
    """What `audit` prints; with facts they are what is judged, EIC-01 alone."""
    if facts is not None:
        argv = ("--facts", "-", "--check", "EIC-01", *argv)
    done = subprocess.run([str(a) for a in (CONTROL, "audit", *argv)], check=False,
                          capture_output=True, env=environment(language or {"LANG": "C.UTF-8"}),
                          input=None if facts is None else facts.encode())
    assert done.returncode == status, (done.returncode, done.stderr.decode())
    audit.said = done.stderr.decode()
    return done.stdout.decode("utf-8")


# ---- json ----

def test_json_is_one_object_whatever_the_facts_hold():
    told = json.loads(audit("--json", facts=HEAD + host(XSS) + installed(XSS), status=1))
    assert told["host"] == XSS and told["time"] == TIME
    (finding,) = told["findings"]
    assert finding["id"] == "EIC-01" and finding["status"] == "FAIL" and finding["muted"] is None
    assert any(XSS in note["text"] for note in finding["evidence"])
    assert told["counts"] == {**dict.fromkeys(STATUSES, 0), "FAIL": 1, "muted": 0}
    assert audit("--format", "json", facts=HEAD + host(XSS) + installed(XSS), status=1) == \
        audit("--format=json", facts=HEAD + host(XSS) + installed(XSS), status=1)


def test_facts_without_a_time_are_not_judged():
    for time in ("", "= host time\n\t0,\"x\":1\n", "- host time\n"):
        assert audit("--json", facts="pam-bastion facts 1\n" + time + ABSENT, status=3) == ""
        assert "do not say when" in audit.said


def test_what_is_not_known_ends_with_3_and_never_with_0():
    for facts in ("", "! package ec2-instance-connect\n\tdpkg-query failed\n"):
        told = json.loads(audit("--json", facts=HEAD + host() + facts, status=3))
        assert told["findings"][0]["status"] == "ERROR"


# ---- what machines read is English ----

@pytest.mark.parametrize("form", ["json", "csv", "ocsf", "asff"])
def test_what_machines_read_is_english_whatever_the_locale(form):
    facts = HEAD + host() + installed("1.1")
    korean = audit("--format", form, facts=facts, language=KOREAN, status=1)
    assert korean == audit("--format", form, facts=facts, status=1)
    assert ": installed" in korean


def test_what_people_read_is_in_their_language():
    facts = HEAD + host() + installed("1.1")
    for form in ("text", "html"):
        said = audit("--format", form, facts=facts, language=KOREAN, status=1)
        assert "설치됨" in said and "패키지 제거" in said
    assert '<html lang="ko">' in said and "<h2>실패</h2>" in said


# ---- csv ----

def rows(text):
    assert text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";", strict=True))


def test_csv_has_a_row_for_each_finding_in_the_columns_of_prowler():
    (row,) = rows(audit("--format", "csv", "--account", "123456789012", "--region",
                        "ap-northeast-2", facts=HEAD + host() + installed("a;b\"c"), status=1))
    assert list(row) == (
        "TIMESTAMP ACCOUNT_UID FINDING_UID PROVIDER CHECK_ID CHECK_TITLE STATUS STATUS_EXTENDED "
        "MUTED SEVERITY RESOURCE_TYPE RESOURCE_UID RESOURCE_NAME REGION REMEDIATION_CODE_CLI "
        "COMPLIANCE").split()
    assert row["TIMESTAMP"] == WHEN and row["ACCOUNT_UID"] == "123456789012"
    assert row["REGION"] == "ap-northeast-2" and row["STATUS"] == "FAIL"
    assert 'a;b"c' in row["STATUS_EXTENDED"] and row["MUTED"] == "False"
    assert row["FINDING_UID"] == "bastionctl-EIC-01-bastion1" and None not in row.values()
    assert "KISA-ISMS-P-2023: 2.6.2, 2.6.6" in row["COMPLIANCE"]


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_of_csv_is_a_formula(name):
    for row in rows(audit("--format", "csv", facts=HEAD + host(name) + ABSENT)):
        for cell in row.values():
            assert not cell or cell[0] not in "=+-@\t\r\n"
        assert row["RESOURCE_NAME"] == "'" + name.replace("\r", "\N{REPLACEMENT CHARACTER}")


# ---- ocsf and asff ----

def test_ocsf_is_an_array_of_detection_findings():
    facts = HEAD + host() + installed(XSS)
    (x,) = json.loads(audit("--format", "ocsf", "--account", "123456789012", "--region",
                            "ap-northeast-2", facts=facts, status=1))
    assert x["activity_id"] == 1 and x["category_uid"] == 2 and x["class_uid"] == 2004
    assert x["type_uid"] == x["class_uid"] * 100 + x["activity_id"]
    assert x["time"] == TIME * 1000
    assert x["severity_id"] == 4 and x["severity"] == "High"
    assert x["status_id"] == 1 and x["status_code"] == "FAIL"
    assert XSS in x["message"]
    assert x["metadata"]["version"] == "1.5.0" and x["metadata"]["event_code"] == "EIC-01"
    assert x["metadata"]["product"]["name"] and x["metadata"]["product"]["vendor_name"]
    assert set(x["metadata"]["profiles"]) == {"host", "cloud", "datetime"}
    assert x["cloud"]["provider"] == "AWS" and x["cloud"]["account"]["uid"] == "123456789012"
    assert x["device"]["type_id"] == 1 and x["device"]["hostname"] == "bastion1"
    assert x["finding_info"]["uid"] == "bastionctl-EIC-01-bastion1" and x["finding_info"]["title"]
    assert x["resources"][0]["uid"] == "bastion1"
    assert x["unmapped"]["compliance"]["KISA-ISMS-P-2023"] == ["2.6.2", "2.6.6"]
    assert x["unmapped"]["compliance"]["GUIDE"] == ["2"]
    (x,) = json.loads(audit("--format", "ocsf", facts=HEAD + host() + ABSENT))
    assert x["severity_id"] == 1 and x["status_code"] == "PASS"
    assert "cloud" not in x and "cloud" not in x["metadata"]["profiles"]


def check_asff(x):
    for key in ("SchemaVersion", "Id", "ProductArn", "GeneratorId", "AwsAccountId", "CreatedAt",
                "UpdatedAt", "Title", "Description"):
        assert isinstance(x[key], str) and x[key], key
    assert x["SchemaVersion"] == "2018-10-08"
    assert re.fullmatch(r"\d{12}", x["AwsAccountId"])
    assert re.fullmatch(r"arn:aws:securityhub:[a-z0-9-]+:\d{12}:product/\d{12}/default",
                        x["ProductArn"])
    assert len(x["Title"]) <= 256 and len(x["Description"]) <= 1024 and len(x["Id"]) <= 512
    datetime.datetime.strptime(x["CreatedAt"], "%Y-%m-%dT%H:%M:%SZ")
    assert x["Resources"] and all(r["Type"] and r["Id"] for r in x["Resources"])
    assert x["Severity"]["Label"] in ("INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL")
    assert x["Compliance"]["Status"] in ("PASSED", "WARNING", "FAILED", "NOT_AVAILABLE")
    assert all(len(r) <= 64 for r in x["Compliance"]["RelatedRequirements"])
    assert x["RecordState"] == "ACTIVE" and x["Workflow"]["Status"] in ("NEW", "SUPPRESSED")


def test_asff_has_every_field_that_security_hub_requires():
    cases = ((installed("x" * 5000), 1, "FAILED"), (ABSENT, 0, "PASSED"), ("", 3, "NOT_AVAILABLE"))
    for facts, status, compliance in cases:
        told = json.loads(audit("--format", "asff", "--account", "123456789012", "--region",
                                "ap-northeast-2", facts=HEAD + host() + facts, status=status))
        assert audit.said == ""
        (x,) = told
        check_asff(x)
        assert x["AwsAccountId"] == "123456789012" and ":ap-northeast-2:" in x["ProductArn"]
        assert x["Compliance"]["Status"] == compliance


def test_asff_names_the_instance_where_the_facts_do():
    facts = HEAD + host() + "= host instance\n\ti-0abc\n" + ABSENT
    (x,) = json.loads(audit("--format", "asff", "--account", "123456789012", "--region",
                            "ap-northeast-2", facts=facts))
    assert x["Resources"][0]["Type"] == "AwsEc2Instance"
    assert x["Resources"][0]["Id"] == "arn:aws:ec2:ap-northeast-2:123456789012:instance/i-0abc"
    assert x["Id"] == "bastionctl-EIC-01-i-0abc"


def test_asff_without_an_account_is_nobodys_and_says_so():
    (x,) = json.loads(audit("--format", "asff", facts=HEAD + ABSENT))
    check_asff(x)
    assert x["AwsAccountId"] == "000000000000" and "Security Hub" in audit.said


# ---- html ----

class Page(html.parser.HTMLParser):
    """Tags closed in their order, what is seen as text, and every attribute."""

    VOID = ("meta", "br", "hr", "img", "link", "input")

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], [], [], ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data


def check_page(text):
    page = Page(text)
    allowed = {"html", "head", "meta", "title", "style", "body", "main", "header", "h1", "h2", "h3",
               "p", "time", "section", "div", "i", "ul", "li", "span", "b", "article", "dl", "dt",
               "dd", "code", "table", "thead", "tbody", "tr", "th", "td"}
    assert set(page.tags) <= allowed
    for tag, name, value in page.attributes:
        assert not name.startswith("on"), name
        assert name not in ("src", "href", "srcset", "action", "background", "poster", "data"), name
        assert "//" not in value and "javascript" not in value, value
        assert name != "style" or re.fullmatch(r"width:\d+\.\d%", value), value
        assert (tag, name) != ("meta", "http-equiv") or value == "Content-Security-Policy"
    style = text[text.index("<style>"):text.index("</style>")]
    assert "url(" not in style and "@import" not in style and "//" not in style
    assert text.count("<style>") == 1 and "default-src 'none'" in text
    return page


def test_html_is_whole_and_nothing_of_the_host_is_markup():
    facts = HEAD + host(XSS) + installed(XSS) + PEOPLE
    for language, status in ((None, 1), (KOREAN, 1)):
        text = audit("--format", "html", facts=facts, language=language, status=status)
        page = check_page(text)
        assert XSS in page.text.replace("\n", "")
        assert "carol<b>" in page.text
        assert "\x1b" not in text


def test_html_tells_first_what_fails_and_then_the_bars():
    text = audit("--format", "html", facts=HEAD + host() + installed("1") + PEOPLE, status=1)
    page = check_page(text)
    assert page.text.index("What fails") < page.text.index("Enrolment") < \
        page.text.index("Accounts")
    assert 'id="enrolment"' in text and text.count('class="bar age"') == 3
    for words in ("7 of 90 days", "187 of 90 days", "87 days, no limit", "not enrolled",
                  "enrolled, locked", "2026-11-30"):
        assert words in page.text, words
    assert "daemon" not in page.text


def test_html_has_no_bars_where_the_facts_tell_of_nobody():
    text = audit("--format", "html", facts=HEAD + host() + ABSENT)
    page = check_page(text)
    assert "Enrolment" not in page.text and "table" not in page.tags
    assert "What is as it has to be" in page.text and "What fails" not in page.text


def test_html_of_a_framework_stands_under_its_items():
    text = audit("--format", "html", "--framework", "isms-p", facts=HEAD + installed("1"), status=1)
    page = check_page(text)
    assert page.text.index("ISMS-P 2.6.2") < page.text.index("ISMS-P 2.6.6")
    assert page.text.count("EIC-01") == 2


@pytest.fixture(scope="module")
def browser():
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("needs Chromium")
    return found


def browse(browser, *argv):
    home = SCRATCH / "browser"
    home.mkdir(exist_ok=True)
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-extensions", f"--user-data-dir={home}", *argv],
        env={"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8"},
        capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done


def test_a_browser_shows_the_page_and_runs_nothing(browser):
    """What the browser made of it is as whole as what was written, and keeps its title."""
    page = SCRATCH / "report.html"
    facts = HEAD + host(XSS) + installed(XSS) + PEOPLE
    page.write_text(audit("--format", "html", facts=facts, status=1), encoding="utf-8")
    log = SCRATCH / "netlog.json"
    shown = browse(browser, "--dump-dom", f"--log-net-log={log}", f"file://{page}")
    dom = shown.stdout.decode("utf-8")
    seen = check_page(dom)
    assert f"<title>bastionctl audit: {html.escape(XSS, quote=False)}</title>" in dom
    assert XSS in seen.text.replace("\n", "")
    assert "evil.example" not in log.read_text(errors="replace")

    # For people to look at.
    pictures = BUILD / "audit"
    pictures.mkdir(exist_ok=True)
    page.write_text(audit("--format", "html", facts=HEAD + host() + installed("1.1.14") + PEOPLE,
                          status=1), encoding="utf-8")
    for name, size, more in (("report.png", "1200,1400", ()), ("report-phone.png", "400,1600", ()),
                             ("report-dark.png", "1200,1400", ("--force-dark-mode",
                              "--blink-settings=preferredColorScheme=0"))):
        picture = pictures / name
        picture.unlink(missing_ok=True)
        browse(browser, "--hide-scrollbars", f"--window-size={size}", *more,
               f"--screenshot={picture}", f"file://{page}")
        assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    browse(browser, "--no-pdf-header-footer", f"--print-to-pdf={pictures / 'report.pdf'}",
           f"file://{page}")
    assert (pictures / "report.pdf").read_bytes()[:5] == b"%PDF-"


# ---- choice and mutes ----

def test_passes_are_shown_with_their_evidence_when_asked():
    facts = HEAD + host() + ABSENT
    assert "not installed" not in audit(facts=facts)
    for option in ("-v", "--verbose"):
        said = audit(option, facts=facts)
        assert "ec2-instance-connect: not installed" in said and "ISMS-P 2.6.2 2.6.6" in said


@pytest.mark.parametrize("words", [
    ("--format", "xml"), ("--format", "JSON"), ("--format", "html", "--json"),
    ("--framework", "iso"), ("--severity", "grave"), ("--severity", "low"), ("--status", "BAD"),
    ("--account", "12345678901"), ("--account", "12345678901x"), ("--region", "a b"),
    ("--region", "x\"y"), ("--mute",), ("--evidence", ""), ("--exclude", "EIC"),
])
def test_a_word_that_means_nothing_audits_nothing(words):
    assert audit(*words, facts=HEAD + ABSENT, status=2) == ""


@pytest.fixture
def mutes():
    path = SCRATCH / "mutes"

    def write(text):
        path.write_text(text, encoding="utf-8")
        return path
    return write


def test_a_muted_failure_is_shown_with_its_reason_and_does_not_count(mutes):
    facts = HEAD + host() + installed("1")
    file = mutes("# ours\nEIC-01 until 2026-12-31 the vendor's image; <ticket> 4711\n")
    said = audit("--mute", file, facts=facts)
    assert "[ FAIL ]" in said and "FAIL 0," in said and "muted: 1\n" in said
    assert "muted until 2026-12-31: the vendor's image; <ticket> 4711\n" in said
    told = json.loads(audit("--mute", file, "--json", facts=facts))
    assert told["findings"][0]["muted"] == {"until": "2026-12-31",
                                            "reason": "the vendor's image; <ticket> 4711"}
    assert told["counts"]["FAIL"] == 0 and told["counts"]["muted"] == 1
    assert rows(audit("--mute", file, "--format", "csv", facts=facts))[0]["MUTED"] == "True"
    (x,) = json.loads(audit("--mute", file, "--format", "ocsf", facts=facts))
    assert x["status_id"] == 3 and x["status_code"] == "FAIL"
    (x,) = json.loads(audit("--mute", file, "--format", "asff", facts=facts))
    check_asff(x)
    assert x["Workflow"]["Status"] == "SUPPRESSED" and "4711" in x["Note"]["Text"]
    assert x["Compliance"]["Status"] == "FAILED"
    page = check_page(audit("--mute", file, "--format", "html", facts=facts))
    assert "the vendor's image; <ticket> 4711" in page.text and "What fails" not in page.text


def test_a_mute_that_is_past_or_far_ahead_mutes_nothing_and_is_told(mutes):
    for day in ("2026-11-29", "2027-12-02"):
        said = audit("--mute", mutes(f"EIC-01 until {day} because\n"),
                     facts=HEAD + installed("1"), status=1)
        assert "muted" not in said and f"EIC-01 mutes nothing: {day}" in audit.said


def test_what_could_not_be_told_is_never_muted(mutes):
    said = audit("--mute", mutes("EIC-01 until 2026-12-31 because\n"), facts=HEAD, status=3)
    assert "ERROR 1" in said and "muted" not in said


def test_a_line_without_a_reason_audits_nothing(mutes):
    for line in ("EIC-01 until 2026-12-31\n", "EIC until 2026-12-31 because\n", "EIC-01 because\n"):
        assert audit("--mute", mutes(line), facts=HEAD + installed("1"), status=3) == ""
        assert "/mutes:1: " in audit.said
    assert audit("--mute", SCRATCH / "no-such-file", facts=HEAD + ABSENT, status=3) == ""


# ---- facts and evidence ----

def test_saved_facts_say_the_same_again_and_are_roots_alone():
    saved = SCRATCH / "facts"
    old = os.umask(0)
    try:
        first = subprocess.run([CONTROL, "audit", "--json", "--save-facts", saved], check=False,
                               capture_output=True)
    finally:
        os.umask(old)
    assert first.returncode in (0, 1, 3), first.stderr
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    again = subprocess.run([CONTROL, "audit", "--json", "--facts", saved], check=False,
                           capture_output=True)
    assert (again.returncode, again.stdout) == (first.returncode, first.stdout)
    assert json.loads(again.stdout)["time"] > TIME - 10**8


def test_facts_are_never_saved_over_what_is_no_file(tmp_path):
    link, target = tmp_path / "link", tmp_path / "target"
    target.write_text("mine", encoding="utf-8")
    link.symlink_to(target)
    (tmp_path / "dir").mkdir()
    for path in (link, tmp_path / "dir", "/dev/null"):
        assert audit("--save-facts", path, facts=HEAD + ABSENT, status=3) == ""
    assert target.read_text(encoding="utf-8") == "mine" and link.is_symlink()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["dir", "link", "target"]


REPORTS = ["SHA256SUMS", "about.txt", "facts.txt", "report.asff.json", "report.csv", "report.html",
           "report.json", "report.ocsf.json", "report.txt"]


def check_sums(directory):
    done = subprocess.run(["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=directory,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(": OK\n") == len(list(directory.iterdir())) - 1


def test_evidence_is_complete_private_and_summed_up(tmp_path):
    directory = tmp_path / "evidence"
    facts = HEAD + host() + installed("1") + PEOPLE
    old = os.umask(0)
    try:
        audit("--evidence", f"{directory}//", "--status", "PASS", facts=facts, language=KOREAN,
              status=1)
    finally:
        os.umask(old)
    assert [p.name for p in tmp_path.iterdir()] == ["evidence"]
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert sorted(p.name for p in directory.iterdir()) == sorted([*REPORTS, "enrolment.csv"])
    assert {stat.S_IMODE(p.stat().st_mode) for p in directory.iterdir()} == {0o600}
    check_sums(directory)
    assert hashlib.sha256((directory / "SHA256SUMS").read_bytes()).hexdigest() in audit.said
    about = (directory / "about.txt").read_text(encoding="utf-8")
    assert "host: bastion1\n" in about and f"time: {WHEN}\n" in about and "FAIL: 1\n" in about
    # Whole, though --status hides it on the terminal; people's in their language.
    assert "설치됨" in (directory / "report.txt").read_text(encoding="utf-8")
    assert "설치됨" in check_page((directory / "report.html").read_text(encoding="utf-8")).text
    told = json.loads((directory / "report.json").read_text(encoding="utf-8"))
    assert ": installed" in told["findings"][0]["evidence"][0]["text"]
    assert len(json.loads((directory / "report.ocsf.json").read_text(encoding="utf-8"))) == 1
    check_asff(json.loads((directory / "report.asff.json").read_text(encoding="utf-8"))[0])
    with open(directory / "report.csv", encoding="utf-8", newline="") as f:
        assert len(rows(f.read())) == 1
    with open(directory / "enrolment.csv", encoding="utf-8", newline="") as f:
        people = rows(f.read())
    assert [(p["NAME"], p["ENROLLED"]) for p in people] == [
        ("alice", "yes"), ("bob", "no"), ("carol<b>", "locked")]
    again = subprocess.run([CONTROL, "audit", "--check", "EIC-01", "--json", "--facts",
                            directory / "facts.txt"], capture_output=True, check=False)
    assert json.loads(again.stdout) == told


def test_evidence_takes_an_empty_directory_and_no_other(tmp_path):
    empty, full, file, link = (tmp_path / n for n in ("empty", "full", "file", "link"))
    empty.mkdir(mode=0o755)
    full.mkdir()
    (full / "x").write_text("mine", encoding="utf-8")
    file.write_text("mine", encoding="utf-8")
    link.symlink_to(empty)
    for path in (full, file, link, tmp_path / "no" / "parent"):
        audit("--evidence", path, facts=HEAD + ABSENT, status=3)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["empty", "file", "full", "link"]
    assert [p.name for p in full.iterdir()] == ["x"] and list(empty.iterdir()) == []
    audit("--evidence", empty, facts=HEAD + host() + ABSENT)
    assert sorted(p.name for p in empty.iterdir()) == REPORTS
    assert stat.S_IMODE(empty.stat().st_mode) == 0o700
    check_sums(empty)
    audit("--evidence", empty, facts=HEAD + ABSENT, status=3)


def test_evidence_on_a_full_disk_leaves_nothing(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-n", "-t", "tmpfs", "-o", "size=32k", "none", disk], check=True)
    try:
        audit("--evidence", disk / "evidence", facts=HEAD + host() + installed("x" * 20000),
              status=3)
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", "-n", disk], check=True)
