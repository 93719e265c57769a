"""What the tools say in Korean and in English, and what of the environment they read."""
import json
import os
import pathlib
import re
import subprocess

import pexpect
import pytest
from bastion import BUILD, SCRATCH, User, enroll_mfa, run

ENROLL, CONTROL = BUILD / "enroll-mfa", BUILD / "bastionctl"
KOREAN = {"LANG": "ko_KR.UTF-8"}
HANGUL = re.compile("[가-힣]")
# What people read, of both tools; with USER in the place of somebody enrolled.
SAID = (
    (ENROLL, "--help"), (ENROLL, "import", "--help"), (ENROLL, "status", "USER"),
    (ENROLL, "status", "nobody9"), (ENROLL, "list"), (ENROLL, "--unknown"),
    (ENROLL, "rekey", "retire"), (ENROLL, "bypass", "USER"), (CONTROL, "--help"),
    (CONTROL, "config", "check"), (CONTROL, "config", "check", "--help"),
    (CONTROL, "config", "show"), (CONTROL, "explain", "USER"), (CONTROL, "enable", "--help"),
    (CONTROL, "confirm", "--help"), (CONTROL, "disable", "--help"), (CONTROL, "unknown"),
    (CONTROL, "confirm"), (CONTROL, "disable", "login"),
    (CONTROL, "policy", "--help"), (CONTROL, "policy", "show", "--explain"), (CONTROL, "policy"),
    (CONTROL, "policy", "import", "-"), (CONTROL, "password", "--help"),
    (CONTROL, "password", "check"), (CONTROL, "password"),
    (CONTROL, "audit"), (CONTROL, "audit", "--help"),
    (CONTROL, "audit", "--check", "x"), (CONTROL, "audit", "--framework", "guide"),
)


def environment(language):
    return {"PATH": os.environ["PATH"], "HOME": "/root", "TERM": "dumb", **language}


def say(argv, language, **kw):
    return subprocess.run([str(a) for a in argv], capture_output=True, env=environment(language),
                          stdin=subprocess.DEVNULL, check=False, **kw)


def both(done):
    return (done.stdout + done.stderr).decode("utf-8")


@pytest.fixture(scope="module", autouse=True)
def catalogue():
    """The Korean file where the tools look for it, in memory over the real directory."""
    found = re.search(rb"(/[ -~]*)/ko/LC_MESSAGES/pam-bastion\.mo", ENROLL.read_bytes())
    path = pathlib.Path(found.group(0).decode())
    cover = next(p for p in path.parents if p.is_dir() and p.name not in ("ko", "LC_MESSAGES"))
    run("mount", "-n", "-t", "tmpfs", "none", cover)
    path.parent.mkdir(parents=True)
    path.write_bytes((BUILD / "locale/ko/LC_MESSAGES/pam-bastion.mo").read_bytes())
    path.chmod(0o644)
    yield path
    run("umount", "-n", cover)


@pytest.fixture(scope="module")
def alice():
    return User().enrol()


def filled(argv, user):
    return [user.name if a == "USER" else a for a in argv]


@pytest.mark.parametrize("argv", SAID, ids=lambda argv: f"{argv[0].name} {' '.join(argv[1:])}")
def test_everything_is_said_in_korean_and_in_plain_english(argv, alice):
    korean = say(filled(argv, alice), KOREAN)
    english = say(filled(argv, alice), {"LANG": "ko_KR.UTF-8", "LC_ALL": "C"})
    print(both(korean))
    assert HANGUL.search(both(korean))
    assert both(english).isascii() and both(english).strip()
    assert korean.returncode == english.returncode
    # Commands and options stay what they are.
    for word in re.findall(r"--[a-z-]+|`[a-z-]+ [a-z]+", both(english)):
        assert word in both(korean), word


def test_enrolment_in_korean(alice):
    user = User()
    child = pexpect.spawn(str(ENROLL), [user.name, "--qr", "none"], encoding="utf-8", timeout=20,
                          env=environment(KOREAN), dimensions=(50, 100))
    child.delaybeforesend = None
    child.expect("앱에 표시된 코드: ")
    key = re.search("키: ([A-Z2-7 ]+)", child.before).group(1).replace(" ", "")
    user.secret = key
    wrong = user.wrong_code()
    child.sendline(wrong)
    child.expect(r"코드가 틀렸습니다\. 2번 더 시도할 수 있습니다\.")
    child.expect("앱에 표시된 코드: ")
    child.sendline(user.code())
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0, child.before
    assert f"{user.name} 사용자를 등록했습니다(장치 'phone')." in child.before
    assert "각각 한 번만 쓸 수 있으며 다시 표시되지 않습니다." in child.before
    assert len(re.findall(r"(?:[A-Z2-7]{4}-){3}[A-Z2-7]{4}", child.before)) == 10
    status = both(say([ENROLL, "status", user.name], KOREAN))
    assert status.startswith(f"{user.name}: 등록됨\n") and "남은 복구 코드: 10개" in status
    verify = say([ENROLL, "status", alice.name], KOREAN)
    assert "마지막 사용 없음" in both(verify)


def test_list_keeps_its_columns_in_korean(alice):
    """Hangul takes two columns of a terminal."""
    locked = "lock" + alice.name
    User(locked)
    enroll_mfa("--no-confirm", "--json", locked)
    lines = [line for line in both(say([ENROLL, "list"], KOREAN)).splitlines()
             if alice.name in line]
    assert len(lines) >= 2
    widths = {sum(2 if HANGUL.match(c) else 1 for c in line[:line.index("장치")])
              for line in lines}
    assert len(widths) == 1, lines


@pytest.mark.parametrize("argv", (
    (ENROLL, "status", "USER"), (ENROLL, "list"), (ENROLL, "status", "nobody9"),
    (CONTROL, "config", "check"), (CONTROL, "config", "show"), (CONTROL, "explain", "USER"),
), ids=lambda argv: " ".join(argv[1:]))
def test_json_is_the_same_in_both_languages(argv, alice):
    korean = say([*filled(argv, alice), "--json"], KOREAN)
    english = say([*filled(argv, alice), "--json"], {"LC_ALL": "C"})
    assert korean.stdout.isascii() and json.loads(korean.stdout)
    assert (korean.stdout, korean.stderr, korean.returncode) == (
        english.stdout, english.stderr, english.returncode)


def test_plan_of_enable_is_korean_and_the_files_are_not(alice):
    stacks = pathlib.Path("/etc/pam.d")
    before = (stacks / "login").read_bytes()
    (stacks / "login").write_text("auth required pam_nologin.so\n@include common-auth\n"
                                  "@include common-account\n", encoding="ascii")
    try:
        done = say([CONTROL, "enable", "login", "--admin", "root"], KOREAN)
        assert "root: 등록되어 있지 않아" in both(done) and done.returncode == 1
        run("usermod", "-aG", "sudo", alice.name)
        done = say([CONTROL, "enable", "login", "--admin", alice.name], KOREAN)
        print(both(done))
        assert f"관리자: {alice.name}." in both(done) and "되돌림: " in both(done)
        assert "+# pam-bastion: begin" in both(done)
        assert "표준 입력이 터미널이 아니어서" in both(done) and done.returncode == 3
        diff = "".join(x for x in both(done).splitlines(True) if x[:1] in "-+@ ")
        assert diff.isascii()
    finally:
        (stacks / "login").write_bytes(before)


def test_planted_texts_are_not_read(catalogue, alice):
    """Neither by a name, nor by a directory, nor by a variable of libc."""
    place = SCRATCH / "planted"
    source = place / "x.po"
    for name in ("ko", "ko_KR", "ko_KR.UTF-8", "en", "en_US.UTF-8", "."):
        (place / name / "LC_MESSAGES").mkdir(parents=True, exist_ok=True)
    source.write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
                      'msgid "enrolled"\nmsgstr "PLANTED"\n\n'
                      'msgid "No such file or directory"\nmsgstr "PLANTED"\n', encoding="utf-8")
    for there in place.glob("*/LC_MESSAGES"):
        run("msgfmt", "-o", there / "pam-bastion.mo", source)
        run("msgfmt", "-o", there / "libc.mo", source)
    run("msgfmt", "-o", place / "LC_MESSAGES.mo", source)
    for language in (f"../../../..{place}/ko", str(place), "ko", f"{place}/ko:ko"):
        for lang in ("ko_KR.UTF-8", "en_US.UTF-8", str(place), f"../..{place}"):
            hostile = {"LANG": lang, "LANGUAGE": language, "LOCPATH": str(place),
                       "NLSPATH": f"{place}/%L/LC_MESSAGES/%N.mo:{place}/ko/LC_MESSAGES/libc.mo",
                       "TEXTDOMAINDIR": str(place), "TEXTDOMAIN": "pam-bastion",
                       "OUTPUT_CHARSET": "EUC-KR"}
            traced = SCRATCH / "planted-trace"
            done = say(["strace", "-f", "-e", "trace=file", "-o", traced, ENROLL, "status",
                        alice.name], hostile)
            assert done.returncode == 0 and "PLANTED" not in both(done), done
            opened = traced.read_text(encoding="utf-8", errors="replace")
            # The program itself is named in execve(), by its path, and nothing else of that.
            assert "planted/" not in opened and "/locale-archive" not in opened
            assert not re.search(rf"{re.escape(str(place))}[/\"]", opened)


def test_file_that_others_may_write_is_not_believed(catalogue, alice):
    catalogue.chmod(0o666)
    try:
        assert both(say([ENROLL, "status", alice.name], KOREAN)).isascii()
    finally:
        catalogue.chmod(0o644)
    assert HANGUL.search(both(say([ENROLL, "status", alice.name], KOREAN)))


def test_verdict_words_times_and_log_stay_as_they_are(alice, log, since):
    done = subprocess.run([ENROLL, "verify", alice.name], input=alice.code() + "\n", text=True,
                          capture_output=True, env=environment(KOREAN), check=False)
    assert done.stdout.startswith(f"{alice.name}: ok (totp, 장치 phone, skew "), done
    done = say([ENROLL, "bypass", alice.name, "--for", "1h"], KOREAN)
    assert re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ까지 코드를 요구하지 않습니다", both(done))
    assert log.wait(rf"user={alice.name} note=bypass until=", since).isascii()
    say([ENROLL, "bypass", alice.name, "--for", "0"], KOREAN)
