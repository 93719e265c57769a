"""bastionctl policy and bastionctl password, as the tool is called."""
import contextlib
import fcntl
import json
import os
import pathlib
import random
import shutil
import subprocess
import time

import pexpect
import pytest
from bastion import BUILD, CONF, run, spawn

TOOL = str(BUILD / "bastionctl")
KEPT = pathlib.Path("/var/lib/pam-bastion/policy.json")
STAGED = KEPT.with_name("policy.json.staged")
LOCK = KEPT.with_name("policy.json.lock")
SHADOW = pathlib.Path("/etc/shadow")
FULL = {"MinimumPasswordLength": 12, "RequireSymbols": True, "RequireNumbers": True,
        "RequireUppercaseCharacters": True, "RequireLowercaseCharacters": True,
        "AllowUsersToChangePassword": True, "ExpirePasswords": True, "MaxPasswordAge": 90,
        "PasswordReusePrevention": 24, "HardExpiry": False}


def aws(**fields):
    return json.dumps({"PasswordPolicy": fields}, indent=4)


def bastionctl(*argv, text=None):
    return subprocess.run([TOOL, *argv], input=text, capture_output=True, text=True, check=False)


def shown(*argv):
    return json.loads(run(TOOL, *argv, "--json"))


@contextlib.contextmanager
def configured(line):
    before = CONF.read_text(encoding="utf-8")
    CONF.write_text(before + line + "\n", encoding="utf-8")
    try:
        yield
    finally:
        CONF.write_text(before, encoding="utf-8")


@contextlib.contextmanager
def account(name, shadow, uid=None):
    passwd = pathlib.Path("/etc/passwd")
    before = {path: path.read_text(encoding="utf-8") for path in (SHADOW, passwd)}
    SHADOW.write_text(f"{before[SHADOW]}{name}:{shadow}\n", encoding="utf-8")
    if uid is not None:
        passwd.write_text(f"{before[passwd]}{name}:x:{uid}:{uid}::/:/bin/sh\n", encoding="utf-8")
    try:
        yield
    finally:
        for path, text in before.items():
            path.write_text(text, encoding="utf-8")


@pytest.fixture(autouse=True)
def nothing_kept():
    """Nobody but those that a test names may have an old password."""
    before = SHADOW.read_text(encoding="utf-8")
    lines = [line.split(":") for line in before.splitlines()]
    SHADOW.write_text("".join(f"{line[0]}:*:{':'.join(line[2:])}\n" for line in lines),
                      encoding="utf-8")
    yield
    SHADOW.write_text(before, encoding="utf-8")
    KEPT.unlink(missing_ok=True)
    STAGED.unlink(missing_ok=True)


def test_no_core_file_of_bastionctl_is_left():
    child = spawn("/bin/sh", "-c", f"ulimit -c unlimited; exec {TOOL} password check")
    child.expect("assword")
    limits = pathlib.Path(f"/proc/{child.pid}/limits").read_text(encoding="utf-8")
    (core,) = [line.split() for line in limits.splitlines() if line.startswith("Max core file size")]
    assert core[4:6] == ["0", "0"]
    child.sendintr()
    child.expect(pexpect.EOF)


def test_policy_of_iam_is_imported_and_judges_passwords():
    with configured("password_policy = kisa, iam"):
        # Without it nothing is weaker: nothing is judged.
        assert bastionctl("policy", "show").returncode == 3
        assert bastionctl("password", "check", text="Tr0ub4dor&3xyz\n").returncode == 3
        done = bastionctl("policy", "import", "-", text=aws(**FULL))
        assert done.returncode == 0 and "MinimumPasswordLength" in done.stdout, done
        assert KEPT.stat().st_mode & 0o7777 == 0o600
        told = shown("policy", "show")
        assert [p["name"] for p in told["policies"]] == ["kisa", "iam"]
        assert told["effective"] == {"max_age": 90, "hard_age": 0, "reuse": 24,
                                     "allow_change": True}
        assert told["mirror"]["exists"] and told["mirror"]["source"] == "import -"
        assert told["mirror"]["sha256"] == json.loads(KEPT.read_text())["Mirror"]["sha256"]
        assert bastionctl("password", "check", text="Tr0ub4dor&3xyz\n").returncode == 0
        done = bastionctl("password", "check", text="Tr0ub4dor&3xyz\npassword12\n")
        assert done.returncode == 1 and "password12" not in done.stdout + done.stderr
        assert {line.split(":")[0] for line in done.stdout.splitlines()[:-1]} == {"2"}
        assert done.stdout.count("[iam]") == 3 and "[kisa]" not in done.stdout


def test_every_rule_is_explained_by_its_source():
    text = run(TOOL, "policy", "show", "--explain")
    assert "KISA password guide" in text and "expires after 90 days" in text
    rules = KEPT.with_name("own-rules")
    rules.write_text("# ours\nmin_length = 20\n", encoding="utf-8")
    with configured(f"password_policy = pci-4.0.1, {rules}"):
        text = run(TOOL, "policy", "show", "--explain")
        assert "PCI DSS 4.0.1, 8.3.6" in text and f"{rules}:2" in text
        rules.write_text("min_length = twenty\n", encoding="utf-8")
        done = bastionctl("policy", "show")
        assert done.returncode == 3 and f"{rules}:1: min_length" in done.stderr
        rules.write_text("min_length = 2", encoding="utf-8")
        done = bastionctl("policy", "show")
        assert done.returncode == 3 and f"{rules}:1: the last line has no newline" in done.stderr
    rules.unlink()


@pytest.mark.parametrize("bad, place", [
    ("", "1:1"), ("{}", ""), ('{"PasswordPolicy": {"MinimumPasswordLength": 5}}', "1:46"),
    ('{"PasswordPolicy": {"MinimumPasswordLength": 8.5}}', "1:46"),
    ('{"PasswordPolicy":\n {"Length": 8}}', "2:3"),
    (aws(**FULL) + "x", "14:2"), (aws(MaxPasswordAge=0), "3:27"),
    ("An error occurred (NoSuchEntity) when calling the GetAccountPasswordPolicy", "1:1"),
    ('{"PasswordPolicy":{}}' + " " * 9000, "")])
def test_anything_else_is_refused_and_the_old_policy_stays(bad, place):
    run(TOOL, "policy", "import", "-", input=aws(MinimumPasswordLength=20))
    before = KEPT.read_bytes()
    done = bastionctl("policy", "import", "-", text=bad)
    assert done.returncode == 1 and f"standard input:{place}" in done.stderr, done
    assert done.stdout == "" and done.stderr.count("\n") == 1
    assert KEPT.read_bytes() == before and not STAGED.exists()
    assert bastionctl("policy", "check", "-", text=bad).returncode == 3


def test_policy_that_expires_users_waits_and_names_them():
    today = int(time.time()) // 86400
    old = f"$y$j9T$abcdefghijklmnop$qrstuvwxyz:{today - 100}:0:99999:7:::"
    with configured("password_policy = iam"), account("olduser", old), \
            account("lockeduser", "!" + old):
        run(TOOL, "policy", "import", "-", input=aws(MinimumPasswordLength=8))
        before = KEPT.read_bytes()
        done = bastionctl("policy", "import", "-", text=aws(**FULL))
        assert done.returncode == 3 and "  olduser: 100 days old\n" in done.stdout, done
        assert "lockeduser" not in done.stdout
        assert KEPT.read_bytes() == before and STAGED.stat().st_mode & 0o7777 == 0o600
        told = shown("policy", "show")
        assert told["effective"]["max_age"] == 0 and told["mirror"]["staged"]
        done = bastionctl("policy", "apply")
        assert done.returncode == 0 and "olduser" in done.stdout
        assert shown("policy", "show")["effective"]["max_age"] == 90 and not STAGED.exists()
        assert bastionctl("policy", "apply").returncode == 1
        # They have expired already: nothing new.
        assert bastionctl("policy", "import", "-", text=aws(**FULL)).returncode == 0
        assert bastionctl("policy", "import", "-",
                          text=aws(**{**FULL, "HardExpiry": True})).returncode == 3
        # A later one that expires nobody takes its place.
        assert bastionctl("policy", "import", "-", text=aws(**FULL)).returncode == 0
        assert not STAGED.exists()


def test_who_may_not_look_is_told_of_no_staged_policy(user):
    def shown_to_user(*argv):
        done = subprocess.run([TOOL, "policy", "show", *argv], capture_output=True, text=True,
                              check=False, preexec_fn=user.become)
        assert done.returncode == 0, done
        return done.stdout

    home = KEPT.parent
    mode = home.stat().st_mode & 0o7777
    run(TOOL, "policy", "import", "-", input=aws(MinimumPasswordLength=8))
    home.chmod(0o700)
    try:
        text = shown_to_user()
        told = json.loads(shown_to_user("--json"))["mirror"]
    finally:
        home.chmod(mode)
    assert "puts it in force" not in text and "staged cannot be told" in text
    assert told["staged"] is None and "Permission denied" in told["staged_error"]
    assert told["exists"] is None and told["custom"] is None
    assert "Permission denied" in told["error"]
    told = shown("policy", "show")["mirror"]
    assert told["staged"] is False and told["staged_error"] is None and told["exists"] is True
    STAGED.write_text("{}", encoding="utf-8")
    STAGED.chmod(0o600)
    assert "staged, but cannot be put in force" in run(TOOL, "policy", "show")
    told = shown("policy", "show")["mirror"]
    assert told["staged"] is True and f"{STAGED}:" in told["staged_error"]


def test_who_is_exempt_from_ages_is_not_named_and_nobody_is_with_age_off():
    today = int(time.time()) // 86400
    old = f"$y$j9T$abcdefghijklmnop$qrstuvwxyz:{today - 100}:0:99999:7:::"
    for line in "age_exempt = user:olduser", "age = off":
        with configured(f"password_policy = iam\n{line}"), account("olduser", old, uid=4711):
            run(TOOL, "policy", "import", "-", input=aws(MinimumPasswordLength=8))
            done = bastionctl("policy", "import", "-", text=aws(**FULL))
            assert "olduser" not in done.stdout, done
            assert done.returncode == 0 and not STAGED.exists(), done


@pytest.mark.parametrize("age", ["off", "warn", "enforce"])
def test_policy_with_which_no_password_could_be_set_is_not_put_in_force(age):
    rules = KEPT.with_name("own-rules")
    rules.write_text("min_length = 8\nmax_length = 12\n", encoding="utf-8")
    with configured(f"password_policy = {rules}, iam\nage = {age}"):
        run(TOOL, "policy", "import", "-", input=aws(MinimumPasswordLength=12))
        before = KEPT.read_bytes()
        done = bastionctl("policy", "import", "-", text=aws(MinimumPasswordLength=13))
        assert done.returncode == 1 and done.stdout == "", done
        assert f"'iam', which asks for length 13 at least, and '{rules}'" in done.stderr
        assert KEPT.read_bytes() == before and not STAGED.exists()
        # The list itself, changed meanwhile.
        rules.write_text("min_length = 8\nmax_length = 11\n", encoding="utf-8")
        done = bastionctl("policy", "show")
        assert done.returncode == 3 and "'iam', which asks for length 12" in done.stderr, done
        done = bastionctl("config", "check")
        assert "no new password will be taken: password_policy: no password" in done.stdout
    rules.unlink()


def test_reuse_prevention_without_a_history_is_warned_of():
    fresh = KEPT.with_name("fresh")
    fresh.mkdir(mode=0o700)
    conf = fresh / "conf"
    conf.write_text(f"store = file:{fresh}/store\nstate_dir = {fresh}/state\n"
                    f"keyring = {fresh}/keyring\npolicy_file = {KEPT}\n"
                    "password_policy = kisa, iam\n", encoding="utf-8")
    conf.chmod(0o600)

    def imported(**fields):
        done = bastionctl("--config", str(conf), "policy", "import", "-", text=aws(**fields))
        assert done.returncode == 0 and "in force" in done.stdout, done
        return done.stderr

    today = int(time.time()) // 86400
    old = f"$y$j9T$abcdefghijklmnop$qrstuvwxyz:{today - 50}:0:99999:7:::"
    try:
        assert imported(MinimumPasswordLength=12) == ""
        told = imported(**FULL)
        assert told.count("\n") == 1 and "until `enroll-mfa init` has been run" in told
        with account("olduser", old):
            argv = "--config", str(conf), "policy"
            done = bastionctl(*argv, "import", "-", text=aws(**{**FULL, "MaxPasswordAge": 30}))
            assert done.returncode == 3 and done.stderr == "", done
            done = bastionctl(*argv, "apply")
            assert done.returncode == 0 and "`enroll-mfa init`" in done.stderr, done
        run(BUILD / "enroll-mfa", "--config", conf, "init")
        assert imported(**FULL) == ""
        # Before `password_policy` names it, it refuses nobody.
        (fresh / "keyring").unlink()
        conf.write_text(conf.read_text().replace("kisa, iam", "kisa"), encoding="utf-8")
        assert imported(**FULL) == ""
    finally:
        shutil.rmtree(fresh)


def drifts(*argv):
    done = bastionctl("policy", "check", "-", *argv, text=aws(**FULL))
    assert done.stderr == "", done
    return [line.split()[1] for line in done.stdout.splitlines() if line.startswith("drift")]


def test_drift_is_told_field_by_field():
    kinds = ["MinimumPasswordLength", "RequireSymbols", "RequireNumbers",
             "RequireUppercaseCharacters", "RequireLowercaseCharacters"]
    assert bastionctl("policy", "check", "-", text=aws(**FULL)).returncode == 1
    assert drifts() == [*kinds, "ExpirePasswords", "MaxPasswordAge", "PasswordReusePrevention"]
    with configured("age = enforce"):
        assert drifts() == [*kinds, "PasswordReusePrevention"]
    with configured("password_policy = iam, cis-aws\nage = enforce"):
        run(TOOL, "policy", "import", "-", input=aws(**FULL))
        told = json.loads(bastionctl("policy", "check", "--json", "-", text=aws(**FULL)).stdout)
        assert told["result"] == "ok" and len(told["fields"]) == 10
        assert told["fields"][0] == {"field": "MinimumPasswordLength", "given": True,
                                     "wanted": 12, "in_force": 14, "holds": True}


@pytest.mark.parametrize("lines, told", [
    ("age = warn", {"age": "warn", "age_exempt": None, "enforce_for_root": True}),
    ("age = off\nage_exempt = user:deploy",
     {"age": "off", "age_exempt": "user:deploy", "enforce_for_root": True}),
    ("age = enforce\nenforce_for_root = no",
     {"age": "enforce", "age_exempt": None, "enforce_for_root": False})])
def test_what_nobody_or_not_everybody_is_bound_by_is_noted(lines, told):
    with configured(f"password_policy = iam\n{lines}"):
        run(TOOL, "policy", "import", "-", input=aws(**FULL))
        said = bastionctl("policy", "check", "-", text=aws(**FULL))
        as_json = bastionctl("policy", "check", "--json", "-", text=aws(**FULL))
    ok = told["age"] == "enforce"
    assert said.returncode == as_json.returncode == (0 if ok else 1)
    shown_as = json.loads(as_json.stdout)
    assert {key: shown_as[key] for key in told} == told
    for field in shown_as["fields"]:
        assert field["holds"] == (ok or field["field"] not in ("ExpirePasswords",
                                                               "MaxPasswordAge")), field
    notes = [line[7:] for line in said.stdout.splitlines() if line.startswith("note")]
    assert notes[0].startswith(f"age = {told['age']}: ")
    assert len(notes) == 1 + (told["age_exempt"] is not None) + (not told["enforce_for_root"])
    assert told["age_exempt"] is None or notes[1].startswith("age_exempt = user:deploy: ")
    assert told["enforce_for_root"] or notes[-1].startswith("enforce_for_root = no: ")


def test_killed_import_leaves_the_old_policy_or_the_new_one():
    texts = [aws(MinimumPasswordLength=n) for n in (8, 20)]
    lengths = set()
    run(TOOL, "policy", "import", "-", input=texts[0])
    for i in range(60):
        with subprocess.Popen([TOOL, "policy", "import", "-"], stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL, text=True) as child:
            child.stdin.write(texts[i % 2])
            child.stdin.close()
            time.sleep(random.random() * 0.004)
            child.kill()
        with configured("password_policy = iam"):
            rules = shown("policy", "show")["policies"][0]["rules"]
        lengths.add(next(r["value"] for r in rules if r["rule"] == "min_length"))
    assert lengths <= {"8", "20"}
    run(TOOL, "policy", "import", "-", input=texts[1])
    assert sorted(p.name for p in KEPT.parent.glob("policy.json*")) == [KEPT.name, LOCK.name]


def test_nobody_but_root_can_hold_up_an_import():
    home = KEPT.parent
    mode = home.stat().st_mode & 0o7777
    home.chmod(0o755)
    fd = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        run(TOOL, "policy", "import", "-", input=aws(MinimumPasswordLength=20), timeout=20)
    finally:
        os.close(fd)
        home.chmod(mode)


def test_second_bastionctl_is_told_to_try_again():
    run(TOOL, "policy", "import", "-", input=aws(MinimumPasswordLength=20))
    before = KEPT.read_bytes()
    assert LOCK.stat().st_mode & 0o7777 == 0o600
    with open(LOCK, "r+b") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        done = bastionctl("policy", "import", "-", text=aws(MinimumPasswordLength=8))
    assert done.returncode == 75 and "try again" in done.stderr, done
    assert KEPT.read_bytes() == before


def test_passwords_come_from_standard_input_alone():
    for words in (["check", "hunter2secret"], ["check", "-hunter2secret"], ["hunter2secret"],
                  ["check", "--json=hunter2secret"], ["check", "--hunter2secret"],
                  ["check", "--userhunter2secret"], ["-hunter2secret"],
                  ["check", "--", "hunter2secret"]):
        done = bastionctl("password", *words, text="")
        assert done.returncode == 2 and "see `bastionctl password --help`" in done.stderr, words
        assert "hunter2secret" not in done.stdout + done.stderr, words
    assert bastionctl("password", "check", "--policy", "nist", text="").returncode == 2
    assert bastionctl("password", "check", text="").returncode == 0
    done = bastionctl("password", "check", "--user", "root", "--json",
                      text="xxroot12345!\n" + "x" * 600 + "\nTr0ub4dor&3\n")
    told = json.loads(done.stdout)
    assert done.returncode == 1 and told["lines"] == 3 and told["refused"] == 2
    assert told["findings"][0]["line"] == 1
    assert "not_user" in [b["rule"] for b in told["findings"][0]["broken"]]
    assert told["findings"][1]["broken"][0]["rule"] == "max_length"
    assert told["findings"][1]["broken"][0]["has"] == 600


@pytest.mark.parametrize("end", ["\x04", "\x03"])
def test_terminal_does_not_show_passwords_and_shows_again_after(end):
    child = spawn("/bin/sh", "-c", f"trap : INT; {TOOL} password check --policy cis-aws; stty -a")
    child.expect("Ctrl-D ends")
    child.send("hunter2secret\n" + end)
    child.expect(" echo ")
    assert "hunter2secret" not in child.before
    child.expect(pexpect.EOF)


def test_a_million_passwords_are_judged_one_by_one(tmp_path):
    draw = random.Random(1)
    letters = "".join(map(chr, range(33, 127)))
    path = tmp_path / "passwords"
    path.write_text("".join("".join(draw.choices(letters, k=draw.randint(0, 20))) + "\n"
                            for _ in range(1_000_000)), encoding="ascii")
    argv = [TOOL, "password", "check", "--policy", "nist-800-63b-4"]
    with open(path, encoding="ascii") as f:
        done = subprocess.run(argv, stdin=f, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr == ""
    lines = done.stdout.splitlines()
    with open(path, encoding="ascii") as f:
        short = [n for n, line in enumerate(f, 1) if len(line) - 1 < 15]
    assert lines[-1] == f"passwords: 1000000, refused: {len(short)}"
    assert [int(line.split(":")[0]) for line in lines[:-1]] == short
