"""enroll-mfa as it is run: what it prints, what it leaves, how it ends."""
import calendar
import itertools
import json
import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest
from bastion import BUILD, SCRATCH, User, checksum, run

TOOL = BUILD / "enroll-mfa"
KEY = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
numbers = itertools.count(1)


def uri(*users):
    return "".join(f"otpauth://totp/{u}?secret={KEY}\n" for u in users)


class Place:
    """A store, state and keyring of its own."""

    def __init__(self, settings=""):
        self.dir = pathlib.Path(f"/var/lib/pam-bastion/place{next(numbers)}")
        self.dir.mkdir(mode=0o700)
        self.conf = pathlib.Path(f"/etc/pam-bastion/{self.dir.name}.conf")
        self.conf.write_text(f"store = file:{self.dir}\nstate_dir = {self.dir}\n"
                             f"keyring = {self.dir}/keyring\n{settings}", encoding="utf-8")

    def tool(self, *argv, before=(), **kw):
        return subprocess.run([str(a) for a in (*before, TOOL, "--config", self.conf, *argv)],
                              capture_output=True, text=True, check=False, **kw)

    def told(self, *argv, **kw):
        """The JSON of a command that must succeed."""
        done = self.tool(*argv, "--json", **kw)
        assert done.returncode == 0, done
        return json.loads(done.stdout)

    def status(self, user):
        return json.loads(self.tool("status", user, "--json").stdout)[0]

    def remove(self):
        self.conf.unlink()
        shutil.rmtree(self.dir)


@pytest.fixture
def place():
    p = Place()
    assert p.tool("init").returncode == 0
    yield p
    p.remove()


@pytest.fixture
def empty():
    p = Place()
    yield p
    p.remove()


def inject(what, *more):
    return ("strace", "-f", "-qqq", "-o", "/dev/null", "-e", f"inject={what}", *more)


def code(secret, step, period):
    return run("oathtool", "--totp", "-b", "-s", f"{period}s", "-N", f"@{step * period}",
               secret).strip()


def test_verify_judges_by_the_clock_of_the_answer():
    place, user = Place("window = 0\n"), User()
    secret = place.told(user.name, "--no-confirm", "--period", 15)["secret"]
    time.sleep(14 - time.time() % 15 if time.time() % 15 < 14 else 14.5)
    with subprocess.Popen([TOOL, "--config", place.conf, "verify", user.name, "--json"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        time.sleep(2)
        out = child.communicate(code(secret, int(time.time()) // 15, 15) + "\n")[0]
    assert child.returncode == 0 and json.loads(out)["verdict"] == "ok", out
    place.remove()


def test_verify_tells_of_wrong_codes_before_it(place):
    user = User()
    user.secret = place.told(user.name, "--no-confirm")["secret"]
    for _ in range(2):
        done = place.tool("verify", user.name, input=user.wrong_code() + "\n")
        assert done.returncode == 1 and "wrong code" not in done.stdout, done
    done = place.tool("verify", user.name, input=user.code() + "\n")
    assert done.returncode == 0, done
    assert re.search(r"^2 wrong codes since \d{4}-\d\d-\d\d \d\d:\d\d UTC, last from local:0\.$",
                     done.stdout, re.M), done
    place.tool("verify", user.name, input=user.wrong_code() + "\n")
    told = place.told("verify", user.name, input=user.code() + "\n")
    assert told["missed"] == 1 and told["missed_from"] == "local:0", told
    assert re.fullmatch(r"[\dT:-]+Z", told["missed_since"]) and told["missed_last"], told
    told = place.told("verify", user.name, input=user.code() + "\n")
    assert told["missed"] == 0 and told["missed_since"] is None, told


@pytest.fixture
def other_case():
    """Accounts are found in any case, as directories do it."""
    source, library = SCRATCH / "anycase.c", SCRATCH / "anycase.so"
    source.write_text("""
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <pwd.h>
        struct passwd *getpwnam(const char *name)
        {
            struct passwd *(*real)(const char *) = dlsym(RTLD_NEXT, "getpwnam");
            char low[256];
            int i;
            for (i = 0; name[i] && i < 255; i++)
                low[i] = name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i];
            low[i] = 0;
            return real(low);
        }""", encoding="utf-8")
    run("cc", "-shared", "-fPIC", "-o", library, source, "-ldl")
    return {**os.environ, "LD_PRELOAD": str(library)}


def test_enrolment_is_kept_under_the_name_of_the_account(place, other_case):
    user = User()
    typed = user.name.upper()
    done = place.tool(typed, "--no-confirm", env=other_case)
    assert done.returncode == 0 and f"{user.name} is enrolled" in done.stdout, done
    assert f"the account '{typed}' is called '{user.name}'" in done.stderr, done
    assert "no account" not in done.stderr, done
    assert (place.dir / "enroll" / user.name).exists()
    assert not (place.dir / "enroll" / typed).exists()
    for command in ("status", "recovery", "unlock", "remove"):
        done = place.tool(command, typed, "--json", env=other_case)
        assert done.returncode == 0 and f'"{user.name}"' in done.stdout, done
    assert place.tool("status", user.name).returncode == 1


def test_record_that_an_import_left_under_another_name_can_be_removed(place, other_case):
    user = User()
    typed = user.name.upper()
    place.told(user.name, "--no-confirm")
    place.tool("import", "-", input=uri(typed))
    listed = {row["user"]: row["uid"] for row in
              json.loads(place.tool("list", "--json", env=other_case).stdout)}
    assert listed == {user.name: user.uid, typed: None}
    done = place.tool("remove", typed, env=other_case)
    assert done.returncode == 0 and typed in done.stdout, done
    assert place.status(user.name)["enrolled"]
    assert not (place.dir / "enroll" / typed).exists()


def test_import_does_not_replace_an_enrolment_that_completes_meanwhile(place):
    slow = inject("linkat:delay_enter=2000000:when=2")
    with subprocess.Popen([*slow, TOOL, "--config", place.conf, "bob", "--json",
                           "--no-confirm"], stdout=subprocess.PIPE, text=True) as child:
        while not (place.dir / "hot" / "bob").exists():
            time.sleep(0.01)
        done = place.tool("import", "-", input=uri("bob"))
        child.communicate()
    assert child.returncode == 0
    assert done.returncode == 0 and "0 imported, 1 enrolled already" in done.stdout, done
    assert "standard input:1: bob: enrolled already, skipped" in done.stderr, done
    assert place.status("bob")["recovery_left"] == 10


def test_import_that_cannot_read_a_record_is_trouble(place):
    done = place.tool("import", "-", input=uri("bob"),
                      before=inject("openat:error=EMFILE", "-P", place.dir / "enroll" / "bob",
                                    "-P", "enroll/bob"))
    assert done.returncode == 3 and "0 enrolled already" in done.stdout, done
    assert re.search(r"standard input:1: .*bob.*Too many open files", done.stderr), done
    place.told("bob", "--no-confirm")
    (place.dir / "enroll" / "bob").write_bytes(b"rubbish")
    done = place.tool("import", "-", input=uri("bob", "carol"))
    assert done.returncode == 1 and "1 imported, 0 enrolled already, 1 refused" in done.stdout
    assert "bob is damaged" in done.stderr and "enroll-mfa remove" in done.stderr, done


def test_init_under_a_wrong_keyring_keeps_the_decoys(place):
    place.told("bob", "--no-confirm")
    keyring = place.dir / "keyring"
    right = keyring.read_bytes()
    other = Place()
    assert other.tool("init").returncode == 0
    keyring.write_bytes((other.dir / "keyring").read_bytes())
    before = checksum(place.dir)
    for argv in (("init",), ("carol", "--no-confirm"), ("import", "-")):
        done = place.tool(*argv, input=uri("carol"))
        assert done.returncode == 3 and "put the keyring" in done.stderr, done
        assert done.stdout == "", done
    assert checksum(place.dir) == before
    keyring.write_bytes(right)
    assert "0 decoy pairs made" in place.tool("init").stdout
    other.remove()


@pytest.mark.parametrize("argv", [("--no-confirm",), ("import", "-")])
def test_enrolment_completes_an_init_that_was_killed(empty, argv):
    done = empty.tool("init", before=inject("syncfs:signal=KILL"))
    assert done.returncode != 0 and (empty.dir / "keyring").exists()
    assert not (empty.dir / "enroll" / ".00").exists()
    user = User()
    argv = (user.name, *argv) if argv[0] != "import" else argv
    done = empty.tool(*argv, input=uri(user.name))
    assert done.returncode == 0 and "256 decoy pairs made" in done.stderr, done
    assert json.loads(empty.tool("verify", user.name, "--json", input="123\n").stdout)[
        "verdict"] == "wrong"
    assert "0 decoy pairs made" in empty.tool("init").stdout


def test_enrolment_that_the_disk_does_not_take_ends_with_3(place):
    place.told("bob", "--no-confirm")
    failing = inject("fsync,fdatasync:error=EIO:when=2+")
    done = place.tool("bob", "--json", "--no-confirm", before=failing)
    assert done.returncode == 3 and "not known" in done.stderr, done
    done = place.tool("recovery", "bob", before=failing)
    assert done.returncode == 3 and "Recovery codes" not in done.stdout, done
    assert place.tool("bob", "--no-confirm").returncode == 0
    assert place.status("bob")["recovery_left"] == 10


def test_store_that_others_may_open_is_not_changed(place):
    place.told("bob", "--no-confirm")
    place.dir.chmod(0o755)
    for argv in (("bob", "--no-confirm"), ("remove", "bob"), ("unlock", "bob")):
        done = place.tool(*argv)
        assert done.returncode == 3 and f"chmod 0700 {place.dir}" in done.stderr, done
    assert place.status("bob")["enrolled"]
    place.dir.chmod(0o700)
    assert place.tool("unlock", "bob").returncode == 0


@pytest.mark.parametrize("name", ["a\tb", "x" * 33])
def test_bad_device_name_is_found_before_anything_is_shown(place, name):
    for argv in (("bob",), ("import", "-")):
        done = place.tool(*argv, "--device", name, input=uri("bob"))
        assert done.returncode == 2 and done.stdout == "" and "--device" in done.stderr, done


def test_ninth_device_is_found_before_anything_is_shown(place):
    for i in range(8):
        place.told("bob", "--no-confirm", "--device", f"d{i}")
    done = place.tool("bob", "--device", "d8", input="123456\n")
    assert done.returncode == 1 and done.stdout == "", done
    assert "8 devices are enrolled already" in done.stderr, done


def test_directory_in_a_records_place_goes_or_is_named(place):
    record = place.dir / "enroll" / "bob"
    record.mkdir()
    assert place.tool("remove", "bob").returncode == 0 and not record.exists()
    (record / "more").mkdir(parents=True)
    for argv in (("remove", "bob"), ("bob", "--no-confirm")):
        done = place.tool(*argv)
        assert done.returncode == 3 and "move it away" in done.stderr, done


def seconds_until(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) - time.time()


def test_invite_prints_the_word_once_and_until_when(place, log, since):
    user = User()
    done = place.tool("invite", user.name)
    assert done.returncode == 0 and done.stderr == "", done
    assert len(re.findall(r"^    [A-Z2-7]{4}(-[A-Z2-7]{4}){3}$", done.stdout, re.M)) == 1, done
    for what in ("good once", "Verification code:", "QR code"):
        assert what in done.stdout, done
    told = place.told("invite", user.name, "--expires", "7d")
    assert set(told) == {"user", "word", "expires"} and told["user"] == user.name
    assert 7 * 86400 - 60 < seconds_until(told["expires"]) <= 7 * 86400
    row = place.status(user.name)
    assert row["invited_until"] == told["expires"] and not row["enrolled"]
    line = log.wait(rf"user={user.name} note=invite until=\S+ uid=0", since)
    assert told["word"] not in "\n".join(log.lines(since)), line


def test_invite_of_nobody_warns_and_with_enroll_admin_is_refused(place):
    done = place.tool("invite", "nobody-yet")
    assert done.returncode == 0 and "no account 'nobody-yet'" in done.stderr, done
    admin = Place("enroll = admin\n")
    done = admin.tool("invite", "bob")
    assert done.returncode == 1 and "enroll = admin" in done.stderr and done.stdout == "", done
    admin.remove()


@pytest.mark.parametrize("argv", [
    ("invite", "bob", "--expires", "59s"), ("invite", "bob", "--expires", "31d"),
    ("invite", "bob", "--expires", "4"), ("invite", "bob", "--expires", "-1h"),
    ("invite", "bob", "--expires", "99999999999999999999d"), ("bypass", "bob"),
    ("bypass", "bob", "--for", "25h"), ("bypass", "bob", "--for", "30s"),
    ("bypass", "bob", "--for", "1hh")])
def test_time_out_of_range_is_a_usage_error(place, argv):
    place.told("bob", "--no-confirm")
    done = place.tool(*argv)
    assert done.returncode == 2 and done.stdout == "", done
    assert "invited_until" not in place.status("bob") and "bypass_until" not in place.status("bob")


def test_bypass_says_until_when_is_logged_and_ends(place, log, since):
    assert place.tool("bypass", "bob", "--for", "4h").returncode == 1
    place.told("bob", "--no-confirm")
    told = place.told("bypass", "bob", "--for", "4h")
    assert told["user"] == "bob" and 4 * 3600 - 60 < seconds_until(told["until"]) <= 4 * 3600
    assert place.status("bob")["bypass_until"] == told["until"]
    done = place.tool("bypass", "bob", "--for", "90m", env={**os.environ, "SUDO_USER": "eve x=1\n"})
    assert done.returncode == 0 and re.search(r"until \d{4}-\S+Z", done.stdout), done
    line = log.wait(r"user=bob note=bypass until=\S+ uid=0 sudo_user=", since)
    assert line.endswith(r"sudo_user=eve\x20x\x3d1\x0a"), line
    assert place.told("bypass", "bob", "--for", "0") == {"user": "bob", "until": None}
    log.wait(r"user=bob note=bypass until=ended uid=0", since)
    assert "bypass_until" not in place.status("bob")


def test_further_device_leaves_the_recovery_codes_and_prints_none(place):
    first = place.told("bob", "--no-confirm")
    assert len(first["recovery"]) == 10
    done = place.tool("bob", "--no-confirm", "--device", "tablet")
    assert done.returncode == 0 and "Recovery codes of" not in done.stdout, done
    assert "The earlier recovery codes stay good (10 left)" in done.stdout, done
    assert place.told("bob", "--no-confirm", "--device", "watch")["recovery"] == []
    assert len(place.told("bob", "--no-confirm", "--device", "watch")["recovery"]) == 10
    row = place.status("bob")
    assert [d["name"] for d in row["devices"]] == ["phone", "tablet", "watch"]
    assert place.tool("remove", "bob", "--device", "tablet").returncode == 0
    assert [d["name"] for d in place.status("bob")["devices"]] == ["phone", "watch"]


def test_code_that_is_wrong_brings_no_recovery_codes(place):
    done = place.tool("bob", "--json", input="1\n2\n3\n")
    told = json.loads(done.stdout)
    assert done.returncode == 1 and told["recovery"] == [] and not told["confirmed"], done


def test_device_bound_to_a_key_is_shown_with_it_and_not_good_behind_another(place):
    user, key = User(), "SHA256:" + "A" * 42 + "E"
    assert place.tool(user.name, "--no-confirm", "--key", "SHA256:short").returncode == 2
    user.secret = place.told(user.name, "--no-confirm", "--key", key)["secret"]
    place.told(user.name, "--no-confirm", "--device", "spare")
    assert [d["key"] for d in place.status(user.name)["devices"]] == [key, None]
    for command in (("status", user.name), ("list",)):
        assert place.tool(*command).stdout.count(key) == 1
    # As in sudo and on a console, where no key can be proven.
    assert place.tool("verify", user.name, input=user.code() + "\n").returncode == 0
    other = "SHA256:" + "B" * 42 + "E"
    assert place.tool("verify", user.name, "--key", other, input=user.code() + "\n").returncode == 1
    done = place.tool("verify", user.name, "--key", key, input=user.code() + "\n")
    assert done.returncode == 0, done


def test_import_of_google_authenticator_lets_the_old_app_in(place):
    homes = place.dir / "homes"
    homes.mkdir(mode=0o755)
    user = User()
    home = homes / user.name
    home.mkdir()
    file = home / ".google_authenticator"
    used = int(time.time()) // 30
    file.write_text(f"{KEY}\n\" RATE_LIMIT 3 30\n\" DISALLOW_REUSE {used}\n\" TIME_SKEW 1\n"
                    "\" TOTP_AUTH\n11111111\n22222222\n", encoding="utf-8")
    file.chmod(0o400)
    for path in (home, file):
        os.chown(path, user.uid, user.uid)
    (homes / "eve").mkdir()
    (homes / "eve" / ".google_authenticator").symlink_to(file)
    (homes / "off").mkdir()
    skewed = homes / "off" / ".google_authenticator"
    skewed.write_text(f"{KEY}\n\" TIME_SKEW -10\n\" TOTP_AUTH\n", encoding="utf-8")
    skewed.chmod(0o400)
    (homes / "gone").symlink_to(home)
    done = place.tool("import", "--from", "google-authenticator", homes)
    assert done.returncode == 1 and "4 files: 1 imported" in done.stdout, done
    assert "0 enrolled already, 3 refused" in done.stdout, done
    assert f"{homes}: off: .google_authenticator line 2: TIME_SKEW -10 says" in done.stderr, done
    assert f"{homes}: warning: {user.name}: .google_authenticator line 4: TIME_SKEW 1" in done.stderr
    assert f"{homes}: eve: .google_authenticator is a symbolic link" in done.stderr, done
    assert "2 scratch codes of google-authenticator were not taken over" in done.stderr, done
    assert KEY not in done.stdout + done.stderr
    user.secret = KEY
    taken = place.tool("verify", user.name, "--json", input=user.code_at(used) + "\n")
    assert json.loads(taken.stdout)["verdict"] == "replay", taken
    assert place.tool("verify", user.name, input=user.code_at(used + 1) + "\n").returncode == 0
    user.last_step = used + 1
    told = place.told("import", "--from", "google-authenticator", "--user", user.name, "--replace",
                      homes)
    assert told["kept"] == 1 and told["replaced"] == 0 and told["refused"] == []
    assert "TIME_SKEW 1 " in told["warnings"][0]["reason"]
    last = user.code_at(user.last_step)
    assert json.loads(place.tool("verify", user.name, "--json", input=last + "\n").stdout)[
        "verdict"] == "replay"


def test_import_of_users_oath_names_line_and_reason(place):
    text = f"HOTP/T30/6 anna - {KEY.encode().hex()}\nHOTP bert - {KEY.encode().hex()}\n" \
           f"# note\nHOTP/T30 cora 99 {KEY.encode().hex()}\n"
    done = place.tool("import", "--from", "users.oath", "-", input=text)
    assert done.returncode == 1 and "3 lines: 1 imported" in done.stdout, done
    assert re.search(r"^standard input:2: .*HOTP, which counts events", done.stderr, re.M), done
    assert re.search(r"^standard input:4: .*cora has a PIN", done.stderr, re.M), done
    assert KEY.encode().hex() not in done.stderr


@pytest.mark.parametrize("argv", [
    ("--from", "pam_oath", "-"), ("--user", "bob", "-"), ("--from", "google-authenticator", "-"),
    ("--from", "google-authenticator", "/etc/hostname")])
def test_import_of_nobody_knows_what_is_a_usage_error(place, argv):
    assert place.tool("import", *argv).returncode == 2


def test_backup_goes_to_another_machine_with_the_keyring_apart(place, log, since):
    user, file = User(), SCRATCH / "mfa.backup"
    user.secret = place.told(user.name, "--no-confirm")["secret"]
    done = place.tool("backup", file)
    assert done.returncode == 0 and "THE KEYRING IS NOT IN IT" in done.stdout, done
    assert file.stat().st_mode & 0o7777 == 0o600
    key = (place.dir / "keyring").read_bytes()
    assert key.split()[1] not in file.read_bytes() and key.split()[0].decode() in done.stdout
    assert place.tool("backup", file).returncode == 1
    other = Place()
    done = other.tool("restore", file)
    assert done.returncode == 3 and "keyring's copy" in done.stderr, done
    (other.dir / "keyring").write_bytes(key)
    (other.dir / "keyring").chmod(0o600)
    done = other.tool("restore", file)
    assert done.returncode == 0 and "1 users are restored" in done.stdout, done
    assert "recovery codes" in done.stdout and other.status(user.name)["recovery_left"] == 0
    assert other.tool("restore", file).returncode == 1
    assert other.told("restore", file, "--replace")["replaced"] == 1
    assert other.tool("verify", user.name, input=user.code() + "\n").returncode == 1
    log.wait(r"note=backup uid=0", since)
    log.wait(r"note=restore uid=0", since)
    file.unlink()
    other.remove()


def test_restore_names_who_has_another_user_id_here_and_rebinds_when_told_to(place):
    user, file = User(), SCRATCH / "uid.backup"
    user.secret = place.told(user.name, "--no-confirm")["secret"]
    assert place.tool("verify", user.name, input=user.code() + "\n").returncode == 0
    assert place.tool("backup", file).returncode == 0
    passwd = pathlib.Path("/etc/passwd")
    before = passwd.read_text(encoding="utf-8")
    passwd.write_text(before.replace(f"{user.name}:x:{user.uid}:", f"{user.name}:x:31002:"),
                      encoding="utf-8")
    try:
        done = place.tool("restore", file, "--replace")
        assert done.returncode == 3 and "1 users are restored" in done.stdout, done
        assert f"{user.name}: is bound to uid {user.uid}, the account here is uid 31002" in done.stderr
        assert f"`enroll-mfa restore {file} --replace --rebind`" in done.stderr
        done = place.tool("restore", file, "--replace", "--json")
        assert done.returncode == 3
        assert json.loads(done.stdout)["other_uid"] == [
            {"user": user.name, "bound": user.uid, "uid": 31002}]
        assert "trouble" in place.status(user.name)
        done = place.tool("restore", file, "--replace", "--rebind")
        assert done.returncode == 0 and "binds anew" in done.stdout, done
        assert "trouble" not in place.status(user.name)
    finally:
        passwd.write_text(before, encoding="utf-8")
        file.unlink()


def test_damaged_backup_changes_nothing(place):
    file = SCRATCH / "bad.backup"
    place.told("bob", "--no-confirm")
    assert place.tool("backup", file).returncode == 0
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    before = checksum(place.dir)
    done = place.tool("restore", file, "--replace")
    assert done.returncode == 3 and "damaged" in done.stderr, done
    assert checksum(place.dir) == before
    file.unlink()


def test_rekey_in_three_steps_keeps_everybody_enrolled(place, log, since):
    user = User()
    user.secret = place.told(user.name, "--no-confirm")["secret"]
    keyring = place.dir / "keyring"
    old = keyring.read_text(encoding="utf-8").split()[0]
    assert place.tool("rekey", "retire").returncode == 1
    new = place.told("rekey", "add")["key"]
    assert place.tool("rekey", "add").returncode == 1
    assert place.tool("rekey", "retire").returncode == 1
    done = place.tool("rekey", "use")
    assert done.returncode == 0 and "514 records have been sealed anew" in done.stdout, done
    assert keyring.read_text(encoding="utf-8").split()[0] == new
    assert place.told("rekey", "retire") == {"retired": [old]}
    assert old not in keyring.read_text(encoding="utf-8")
    assert place.tool("verify", user.name, input=user.code() + "\n").returncode == 0
    assert "0 decoy pairs made" in place.tool("init").stdout
    for step in ("add", "use", "retire"):
        log.wait(rf"note=rekey step={step} key={old if step == 'retire' else new} uid=0", since)


@pytest.mark.parametrize("argv", [(), ("rotate",), ("add", "use")])
def test_rekey_of_another_kind_is_a_usage_error(place, argv):
    assert place.tool("rekey", *argv).returncode == 2


def test_interrupted_rekey_is_completed(place):
    place.told("bob", "--no-confirm")
    place.told("rekey", "add")
    done = place.tool("rekey", "use", before=inject("fdatasync:signal=KILL:when=300"))
    assert done.returncode != 0
    assert place.tool("rekey", "retire").returncode == 1
    assert place.status("bob")["enrolled"]
    told = place.told("rekey", "use")
    assert 0 < told["records"] < 514 and not told["changed"]
    assert place.tool("rekey", "retire").returncode == 0
