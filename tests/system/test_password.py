"""A new password through the real passwd and chpasswd, before the real pam_unix."""
import concurrent.futures
import contextlib
import os
import pathlib
import re
import shutil
import subprocess

import pexpect
import pytest
from bastion import BUILD, CONF, PACKAGING, SCRATCH, Sshd, User, converse, run, spawn

COMMON = pathlib.Path("/etc/pam.d/common-password")
PROMPT = r"(?:Current|[Nn]ew) password: "
UNIX = ("password [success=1 default=ignore] pam_unix.so {words} yescrypt\n"
        "password requisite pam_deny.so\npassword required pam_permit.so\n")
OURS = "password requisite pam_bastion.so {words}\n" + UNIX.format(words="use_authtok")
GOOD = "rain over 7 hills"


@contextlib.contextmanager
def stack(text):
    kept = COMMON.read_text(encoding="utf-8")
    COMMON.write_text(text, encoding="utf-8")
    try:
        yield
    finally:
        COMMON.write_text(kept, encoding="utf-8")


@pytest.fixture(autouse=True)
def ours():
    with stack(OURS.format(words="")):
        yield


@contextlib.contextmanager
def configured(*lines):
    kept = CONF.read_text(encoding="utf-8")
    CONF.write_text(kept + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    try:
        yield
    finally:
        CONF.write_text(kept, encoding="utf-8")


@pytest.fixture
def user():
    return User(password="correct horse 7")


def field(user):
    lines = pathlib.Path("/etc/shadow").read_text(encoding="utf-8").splitlines()
    return next(line.split(":")[1] for line in lines if line.startswith(f"{user.name}:"))


class Told:
    def __init__(self, text, status):
        self.text, self.status = text, status

    def __repr__(self):
        return f"exit {self.status}:\n{self.text}"


def passwd(*answers, user=None, of=None, language="C.UTF-8"):
    """What passwd says when all prompts are answered in this order."""
    env = {"PATH": os.environ["PATH"], "HOME": "/", "TERM": "dumb", "LC_ALL": language}
    words = [of.name] if of else []
    child = spawn("passwd", *words, env=env, preexec_fn=user.become if user else None)
    text, left = "", list(answers)
    while True:
        seen = child.expect([r"(?:Current|[Nn]ew) password: ", pexpect.EOF])
        text += child.before + (child.after if seen == 0 else "")
        if seen == 1:
            break
        assert child.waitnoecho(5)
        if not left:
            child.sendeof()
            continue
        child.sendline(left.pop(0))
    child.close()
    told = Told(text.replace("\r", ""), child.exitstatus)
    assert not left, told
    return told


def chpasswd(user, password, language="C.UTF-8"):
    done = subprocess.run(["chpasswd"], input=f"{user.name}:{password}\n", text=True,
                          env={"PATH": os.environ["PATH"], "LC_ALL": language},
                          capture_output=True, check=False)
    return Told(done.stdout + done.stderr, done.returncode)


def test_a_user_changes_a_password(user, log, since):
    before = field(user)
    told = passwd(user.password, GOOD, GOOD, user=user)
    assert told.status == 0 and field(user) != before, told
    line = log.wait(r"passwd:chauthtok", since)
    assert f"user={user.name} verdict=ok method=password " in line
    assert GOOD not in "\n".join(log.lines(since)) and GOOD not in told.text


WEAK = "abc"
TOO_SHORT = "It has 1 of the 3 kinds letters, digits and special characters, and length 3; needed are"


def test_all_broken_rules_are_told_at_once_and_the_next_try_is_in_place(user, log, since):
    before = field(user)
    told = passwd(user.password, user.name, user.name, GOOD, GOOD, user=user)
    assert told.status == 0 and field(user) != before, told
    assert told.text.count("The new password is refused:") == 1
    assert "It has 2 of the 3 kinds" in told.text and "It is the user name." in told.text
    assert log.wait(rf"user={user.name} verdict=wrong method=password rules=kinds,not_user ", since)
    assert log.wait(rf"user={user.name} verdict=ok method=password source=local:{user.uid} ", since)


def test_after_retry_tries_the_password_is_what_it_was(user, log, since):
    before = field(user)
    told = passwd(user.password, WEAK, WEAK, WEAK, WEAK, WEAK, WEAK, user=user)
    assert told.status == 10 and field(user) == before, told
    assert told.text.count(TOO_SHORT) == 3
    assert len([x for x in log.module(since) if "verdict=wrong" in x]) == 3
    assert "password changed" not in "\n".join(log.lines(since))


def test_a_slip_is_one_try(user):
    told = passwd(user.password, GOOD, GOOD + "x", GOOD, GOOD, user=user)
    assert told.status == 0 and "do not match" in told.text, told
    told = passwd(GOOD, *["one 1!", "two 2!"] * 3, user=user)
    assert told.status == 10, told


def test_too_small_a_change_and_words_of_gecos_are_refused(user, tmp_path):
    rules = tmp_path / "rules"
    rules.write_text("min_length = 8\nmin_changed = 4\nnot_gecos = yes\n", encoding="utf-8")
    rules.chmod(0o644)
    directory = pathlib.Path("/etc/pam-bastion/rules")
    directory.write_bytes(rules.read_bytes())
    subprocess.run(["usermod", "-c", "Alice Liddell,Room 7,02-123-4567", user.name], check=True)
    with configured(f"password_policy = {directory}"):
        told = passwd(user.password, user.password + "8", user.password + "8",
                      "x4567rain9!", "x4567rain9!", GOOD, GOOD, user=user)
    assert told.status == 0, told
    assert "It is too close to the old password" in told.text
    assert "It has a word of the account's full name or its other GECOS fields in it." in told.text


def test_root_is_bound_unless_the_configuration_says_no(user, log, since):
    before = field(user)
    told = passwd(*[WEAK] * 6, of=user)
    assert told.status == 10 and field(user) == before, told
    assert chpasswd(user, WEAK).status == 1 and field(user) == before
    with configured("enforce_for_root = no"):
        told = passwd(WEAK, WEAK, of=user)
        assert told.status == 0 and field(user) != before, told
        assert "The new password breaks rules, which do not bind root:" in told.text
        assert TOO_SHORT in told.text
        assert log.wait("verdict=ok reason=root_is_free method=password rules=kinds ", since)
        before = field(user)
        told = chpasswd(user, "x y")
        assert told.status == 0 and field(user) != before, told
        # An empty one is none, and one of 512 bytes no crypt(3) takes.
        before = field(user)
        assert passwd(*[""] * 6, of=user).status == 10
        assert chpasswd(user, "x" * 512).status == 1 and field(user) == before
        told = passwd("x y", *[WEAK] * 6, user=user)
        assert told.status == 10 and field(user) == before, told


def test_chpasswd_says_why(user):
    told = chpasswd(user, user.name)
    assert told.status == 1 and "It is the user name." in told.text, told
    assert chpasswd(user, GOOD).status == 0


def test_passwords_of_before_are_refused(user, log, since):
    with configured("password_policy = pci-4.0.1"):
        words = [f"good rain {i} over hills" for i in range(6)]
        for word in words:
            assert chpasswd(user, word).status == 0
        told = chpasswd(user, words[5])
        assert told.status == 1 and "It is the present password." in told.text, told
        for word in words[1:5]:
            told = chpasswd(user, word)
            assert told.status == 1, told
            assert "neither the present password nor the 4 before it" in told.text
        assert log.wait(rf"user={user.name} verdict=wrong method=password rules=reuse ", since)
        assert chpasswd(user, words[0]).status == 0
        told = passwd(words[0], words[4], words[4], words[0], words[0], GOOD + " 8", GOOD + " 8",
                      user=user)
        assert told.status == 0 and "It has been used before" in told.text, told


def test_a_used_password_that_breaks_a_rule_is_told_both(user):
    assert chpasswd(user, "2 short hills").status == 0
    assert chpasswd(user, GOOD).status == 0
    with configured("password_policy = pci-4.0.1, nist-800-63b-4"):
        told = chpasswd(user, "2 short hills")
    assert "at least 15 are needed" in told.text and "It has been used before" in told.text, told


def test_password_in_force_before_the_history_is_refused(user):
    """The first change knows the old one in clear."""
    with configured("password_policy = pci-4.0.1"):
        assert passwd(user.password, GOOD, GOOD, user=user).status == 0
        told = chpasswd(user, user.password)
        assert told.status == 1 and "It has been used before" in told.text, told


def test_a_change_that_the_line_below_refuses_may_be_tried_again(user):
    with configured("password_policy = pci-4.0.1"):
        before = field(user)
        with stack("password requisite pam_bastion.so\n"
                   "password requisite pam_exec.so quiet /bin/false\n"):
            for _ in range(12):
                assert chpasswd(user, GOOD).status == 1
        assert field(user) == before
        assert chpasswd(user, GOOD).status == 0


def test_without_init_a_change_passes_only_where_no_policy_looks_back(user, log, since):
    other = "state_dir=/run/absent store=file:/run/absent keyring=/run/absent-keyring"
    with stack(OURS.format(words=other + " password_policy=pci-4.0.1")):
        told = passwd(user=user)
        assert told.status == 10 and "run `enroll-mfa init`" in told.text, told
        assert "Current password" not in told.text
        assert log.wait("verdict=error reason=not_initialised ", since)
    with stack(OURS.format(words=other)):
        told = passwd(user.password, GOOD, GOOD, user=user)
        assert told.status == 0, told
        assert log.wait("verdict=ok reason=not_initialised method=password ", since)
    assert not pathlib.Path("/run/absent").exists()


@pytest.mark.parametrize("words, reason", [
    ("password_policy=iam policy_file=/etc/absent", "policy"),
    ("password_policy=/etc/absent", "policy"),
    ("retry=9", "config"),
    ("keyring=/etc/absent", "history"),
])
def test_trouble_is_told_before_any_question(user, log, since, words, reason):
    before = field(user)
    with stack(OURS.format(words=words)):
        told = passwd(user=user)
        assert told.status == 10 and "assword: " not in told.text, told
        assert "The password cannot be changed now; tell an administrator." in told.text
        assert log.wait(rf"user={user.name} verdict=error reason={reason} ", since)
        assert chpasswd(user, GOOD).status == 1 and field(user) == before


def test_people_change_their_own_only_where_the_policy_allows_it(user, log, since):
    policy = pathlib.Path("/etc/pam-bastion/iam.json")
    policy.write_text('{"PasswordPolicy": {"MinimumPasswordLength": 8}}', encoding="utf-8")
    with configured("password_policy = iam", f"policy_file = {policy}"):
        told = passwd(user=user)
        assert told.status == 10 and "assword: " not in told.text, told
        assert "Only an administrator may change a password here, or who has to" in told.text
        assert log.wait("verdict=wrong method=password rules=allow_change ", since)
        assert chpasswd(user, "long enough").status == 0
        policy.write_text('{"PasswordPolicy": {"MinimumPasswordLength": 8, '
                          '"AllowUsersToChangePassword": true}}', encoding="utf-8")
        assert passwd("long enough", GOOD, GOOD, user=user).status == 0


def test_old_password_is_changed_behind_a_key_where_people_may_not_change_their_own(user):
    policy = pathlib.Path("/etc/pam-bastion/iam.json")
    policy.write_text('{"PasswordPolicy": {"MinimumPasswordLength": 8, "MaxPasswordAge": 90, '
                      '"ExpirePasswords": true}}', encoding="utf-8")
    pathlib.Path("/etc/pam.d/keysshd").write_text(
        "auth required pam_deny.so\naccount requisite pam_bastion.so\n"
        "@include common-account\n@include common-session\n", encoding="utf-8")
    run("chage", "-d", "2020-01-01", user.name)
    before = field(user)
    with configured("password_policy = iam", f"policy_file = {policy}", "age = enforce"), \
            Sshd("keysshd", AuthenticationMethods="publickey") as server:
        told = converse(spawn("ssh", "-tt", "-F", server.config(user), "bastion"),
                        [user.password, GOOD, GOOD], prompt=PROMPT)
        assert "password updated successfully" in told.text and field(user) != before, told
        # It is young now.
        for argv in ["passwd"], ["passwd", "-k"]:
            told = converse(spawn(*argv, preexec_fn=user.become), [GOOD, GOOD + "1", GOOD + "1"],
                            prompt=PROMPT, any_left=True)
            assert told.status == 10 and "Only an administrator may change" in told.text, told


@pytest.fixture
def korean():
    found = re.search(rb"(/[ -~]*)/ko/LC_MESSAGES/pam-bastion\.mo",
                      (BUILD / "pam_bastion.so").read_bytes())
    path = pathlib.Path(found.group(0).decode())
    cover = next(p for p in path.parents if p.is_dir() and p.name not in ("ko", "LC_MESSAGES"))
    subprocess.run(["mount", "-n", "-t", "tmpfs", "none", cover], check=True)
    path.parent.mkdir(parents=True)
    path.write_bytes((BUILD / "locale/ko/LC_MESSAGES/pam-bastion.mo").read_bytes())
    path.chmod(0o644)
    yield path
    subprocess.run(["umount", "-n", cover], check=True)


def test_korean_where_the_environment_asks_for_it(user, korean):
    told = passwd(user.password, user.name, user.name, GOOD, GOOD, user=user,
                  language="ko_KR.UTF-8")
    assert told.status == 0, told
    assert "새 암호가 거부되었습니다:" in told.text and "It has" not in told.text
    told = chpasswd(user, WEAK, language="ko_KR.UTF-8")
    assert told.status == 1 and "새 암호가 거부되었습니다:" in told.text, told
    assert "is refused" in chpasswd(user, WEAK, language="ko_KR.EUC-KR").text
    # Somebody else's catalogue is not believed.
    korean.chmod(0o666)
    assert "is refused" in chpasswd(user, WEAK, language="ko_KR.UTF-8").text


@pytest.mark.parametrize("judge, bad", [
    ("pam_pwquality.so retry=3 dictcheck=0 minlen=9", "Kw7!a"),
    ("pam_passwdqc.so min=disabled,24,11,8,7 random=0", "aaaaaaaaaaaaaaa"),
])
def test_behind_another_judge(user, log, since, judge, bad):
    """Ours looks at what theirs has taken, and neither is passed by."""
    before = field(user)
    with stack(f"password requisite {judge}\n" + OURS.format(
            words="use_authtok password_policy=pci-4.0.1")):
        told = passwd(user.password, bad, bad, bad, user=user)
        assert told.status == 10 and field(user) == before, told
        assert not log.module(since)
        mine = "Qz7!Hr:Kw"
        told = passwd(user.password, mine, mine, user=user)
        assert told.status == 10 and field(user) == before, told
        assert "It is too short: 9 characters, and at least 12 are needed." in told.text
        assert log.wait("verdict=wrong method=password rules=min_length ", since)
        told = passwd(user.password, "Qz7!harbour:Kw", "Qz7!harbour:Kw", user=user)
        assert told.status == 0 and field(user) != before, told


def test_words_of_the_line(user, log, since):
    before = field(user)
    for word in "use_authtok", "use_first_pass", "use_authtok try_first_pass":
        with stack(OURS.format(words=word)):
            told = passwd(user.password, user=user)
            assert told.status == 10 and "New password" not in told.text, told
            assert log.wait("verdict=error reason=no_password ", since)
    assert field(user) == before
    with stack(OURS.format(words="try_first_pass")):
        assert passwd(user.password, WEAK, WEAK, GOOD, GOOD, user=user).status == 0
    judge = "password requisite pam_pwquality.so retry=1 dictcheck=0 minlen=6 usercheck=0\n"
    with stack(judge + OURS.format(words="try_first_pass")):
        told = passwd(GOOD, user.name, user.name, "rain 9 hills", "rain 9 hills", user=user)
        assert told.status == 0 and "It is the user name." in told.text, told


def test_a_change_that_a_login_demands_is_no_liberty_of_root(sshd_code, log, since):
    user = User(password="correct horse 7").enrol()
    subprocess.run(["chage", "-d", "0", user.name], check=True)
    before = field(user)
    with configured("enforce_for_root = no"):
        child = spawn("ssh", "-F", sshd_code.config(user, PubkeyAuthentication="no"), "bastion",
                      "echo", "I am in")
        for answer in (user.code(), user.password, WEAK, WEAK, GOOD, GOOD):
            child.expect("(?:code|assword): ")
            child.sendline(answer)
        child.expect(pexpect.EOF)
        child.close()
    assert "I am in" in child.before and child.exitstatus == 0, child.before
    assert field(user) != before
    assert log.wait(r"verdict=wrong method=password rules=kinds source=127.0.0.1 service=sshd", since)
    assert log.wait(r"verdict=ok method=password source=127.0.0.1 service=sshd", since)


def test_twelve_users_three_changes_each_at_once_lose_none():
    people = [User() for _ in range(12)]

    def words(user):
        return [f"{i} times over the hills {user.uid * 7}" for i in range(3)]

    def change(user):
        for word in words(user):
            # pam_unix gives up when somebody else has its lock for a tenth of a second.
            assert any(chpasswd(user, word).status == 0 for _ in range(40)), word

    with configured("password_policy = cis-aws"), \
            concurrent.futures.ThreadPoolExecutor(12) as pool:
        list(pool.map(change, people))
        said = list(pool.map(lambda x: chpasswd(*x), [(u, w) for u in people for w in words(u)]))
    kept = [x for x in said if "It has been used before" in x.text or "present" in x.text]
    assert len(kept) == 36, [x for x in said if x not in kept]
    assert all(x.status == 1 for x in said)


def cover(directory):
    """A copy of it in memory in its place."""
    copy = SCRATCH / ("cover" + directory.replace("/", "-"))
    shutil.copytree(directory, copy, symlinks=True)
    subprocess.run(["mount", "-n", "--bind", copy, directory], check=True)


PWQUALITY = """Name: Pwquality
Default: no
Priority: 1024
Password-Type: Primary
Password:
\trequisite\t\tpam_pwquality.so retry=3
Password-Initial:
\trequisite\t\tpam_pwquality.so retry=3
"""


def test_profile_of_pam_auth_update(user):
    covered = ["/usr/share/pam-configs", "/var/lib/pam", "/var/cache/debconf"]
    for directory in covered:
        cover(directory)
    configs = pathlib.Path(covered[0])
    shutil.copy(PACKAGING / "pam-configs/pam-bastion", configs)
    (configs / "pwquality").write_text(PWQUALITY, encoding="utf-8")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    kept = {p: p.read_bytes() for p in pathlib.Path("/etc/pam.d").iterdir()}

    def update(*argv):
        subprocess.run(["pam-auth-update", *argv], check=True, env=env, stdin=subprocess.DEVNULL)
        return [line.split() for line in COMMON.read_text(encoding="utf-8").splitlines()
                if line.startswith("password")]

    def check():
        told = subprocess.run([BUILD / "bastionctl", "config", "check"], capture_output=True,
                              text=True, check=False)
        return [x for x in told.stdout.splitlines() if "common-password" in x]

    try:
        assert "pam_bastion.so" not in str(update("--force", "--package")), "it is not on by itself"
        lines = update("--enable", "pam-bastion")
        assert lines[0] == ["password", "requisite", "pam_bastion.so"]
        assert lines[1][1:4] == ["[success=1", "default=ignore]", "pam_unix.so"]
        assert "use_authtok" in lines[1]
        assert not [x for x in check() if "FAIL" in x.upper()], check()
        assert passwd(user.password, WEAK, WEAK, GOOD, GOOD, user=user).status == 0
        lines = update("--enable", "pwquality")
        assert [x[2] for x in lines[:2]] == ["pam_pwquality.so", "pam_bastion.so"]
        assert lines[1][3:] == ["use_authtok"] and "use_authtok" in lines[2]
        assert not [x for x in check() if "FAIL" in x.upper()], check()
        assert chpasswd(user, user.name).status == 1
        lines = update("--remove", "pam-bastion")
        assert "pam_bastion.so" not in str(lines) and "pam_unix.so" in str(lines)
        for other in "common-auth", "common-account", "common-session":
            text = (COMMON.parent / other).read_text(encoding="utf-8")
            assert "pam_bastion" not in text
    finally:
        for path, text in kept.items():
            path.write_bytes(text)
        for directory in covered:
            subprocess.run(["umount", "-n", directory], check=True)
