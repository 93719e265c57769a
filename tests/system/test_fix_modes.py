"""bastionctl fix MFA-13 and KEY-09: modes and owners alone, of what the check has found, and
the way back.
"""
import json
import os
import pathlib
import pty
import shutil
import subprocess

import killer
import pytest
from bastion import BUILD, SCRATCH, User

STATE = pathlib.Path("/var/lib/pam-bastion")
TXN = STATE / "txn"
KEYRING = pathlib.Path("/etc/pam-bastion/keyring")
KEY = "AKIA" + "QWERTYUIOPASDFGH"


def ctl(*argv, code=0):
    done = subprocess.run([BUILD / "bastionctl", *argv], check=False, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)
    said = done.stdout + done.stderr
    assert done.returncode == code, said[:3000]
    return said


def status(check):
    done = subprocess.run([BUILD / "bastionctl", "audit", "--json", "--check", check], check=False,
                          capture_output=True, text=True)
    (told,) = json.loads(done.stdout)["findings"]
    return told["status"]


def history():
    return [(x["what"], x["state"]) for x in json.loads(ctl("history", "--json"))["transactions"]]


def look(*paths):
    """All that a fix of modes must leave or bring back, of a tree."""
    told = {}
    for top in paths:
        for path in [top, *top.rglob("*")]:
            if path == TXN or TXN in path.parents:
                continue
            st = path.lstat()
            told[path] = (st.st_mode, st.st_uid, st.st_gid, st.st_ino,
                          path.read_bytes() if path.is_file() and not path.is_symlink() else None)
    return told


@pytest.fixture(scope="module")
def enrolled():
    return User().enrol()


@pytest.fixture
def loose(enrolled):
    """Records and a keyring that others may read, or own."""
    shutil.rmtree(TXN, ignore_errors=True)
    record = STATE / "enroll" / enrolled.name
    before = look(STATE, KEYRING)
    KEYRING.chmod(0o644)
    record.chmod(0o4640)
    os.chown(STATE / "hot" / enrolled.name, 1, 1)
    (STATE / "enroll").chmod(0o755)
    yield record
    for path, (mode, uid, gid, _, _) in before.items():
        if path.exists():
            os.chown(path, uid, gid)
            path.chmod(mode & 0o7777)
    shutil.rmtree(TXN, ignore_errors=True)


def assert_put_right(before):
    """Nothing but modes and owners is another."""
    now = look(STATE, KEYRING)
    assert status("MFA-13") == "PASS"
    assert {p: x[2:] for p, x in now.items()} == {p: x[2:] for p, x in before.items()}
    changed = {p for p in now if now[p] != before[p]}
    assert len(changed) == 4, changed


def test_records_become_roots_alone_and_get_back_what_they_had(loose):
    before = look(STATE, KEYRING)
    said = ctl("fix", "MFA-13", code=1)
    assert "mode 4600 in place of 4640: " + str(loose) in said, said
    assert "owner 0 in place of 1" in said and "Nothing was changed" in said, said
    assert ctl("fix", "MFA-13", "--dry-run", "--yes", code=1) and look(STATE, KEYRING) == before
    assert not history() and status("MFA-13") == "FAIL"
    ctl("fix", "MFA-13", "--yes")
    assert_put_right(before)
    assert history() == [("fix MFA-13", "done")]
    assert "nothing that could be put right" in ctl("fix", "MFA-13", "--yes")
    kept = "".join(p.read_text(errors="replace") for p in TXN.rglob("*") if p.is_file())
    assert KEYRING.read_text(encoding="utf-8") not in kept
    ctl("rollback")
    assert look(STATE, KEYRING) == before and history() == [("fix MFA-13", "returned")]


def test_what_has_another_name_or_is_a_link_is_not_touched(loose):
    other = STATE / "enroll" / "copy"
    link = STATE / "hot" / "link"
    os.link(loose, other)
    link.symlink_to("/etc/passwd")
    try:
        passwd = os.stat("/etc/passwd")
        said = ctl("fix", "MFA-13", "--yes", code=1)
        assert f"{loose}: has a second name" in said and f"{link}: is a link" in said, said
        assert os.stat("/etc/passwd").st_mode == passwd.st_mode
        assert loose.stat().st_mode & 0o7777 == 0o4640
        assert KEYRING.stat().st_mode & 0o777 == 0o600
    finally:
        other.unlink()
        link.unlink()


def test_nothing_is_touched_in_a_directory_that_others_may_write(loose):
    (STATE / "enroll").chmod(0o777)
    said = ctl("fix", "MFA-13", "--yes", code=1)
    assert f"{STATE}/enroll: mode 0777, owner 0: others may put another file" in said, said
    assert loose.stat().st_mode & 0o7777 == 0o4640
    assert (STATE / "enroll").stat().st_mode & 0o777 == 0o700
    ctl("fix", "MFA-13", "--yes")
    assert status("MFA-13") == "PASS"


def test_directory_of_states_that_others_may_write_is_told_and_left(loose):
    STATE.chmod(0o777)
    before = look(STATE, KEYRING)
    said = ctl("fix", "MFA-13", "--yes", code=3)
    assert f"{STATE}: others may put another directory" in said, said
    assert look(STATE, KEYRING) == before and loose.exists() and not TXN.exists()


@pytest.fixture
def elsewhere():
    """A directory that is not pam-bastion's alone has the records, another user's the keyring."""
    user, conf = User(), pathlib.Path("/etc/pam-bastion/elsewhere.conf")
    keyring, top = user.home / "kr/keyring", pathlib.Path("/srv")
    before = top.stat().st_mode
    keyring.parent.mkdir()
    shutil.copy(KEYRING, keyring)
    keyring.chmod(0o644)
    user.home.chmod(0o700)
    os.chown(user.home, user.uid, user.uid)
    top.chmod(0o755)
    (top / "db").mkdir()
    os.chown(top / "db", 4242, 4242)
    conf.write_text(f"keyring = {keyring}\nstate_dir = {top}\n", encoding="utf-8")
    yield conf, (user.home, keyring, top, top / "db")
    conf.unlink()
    top.chmod(before & 0o7777)
    shutil.rmtree(top / "db")


def test_directories_of_others_are_told_and_never_changed(enrolled, elsewhere):
    assert enrolled
    conf, paths = elsewhere
    before = modes(paths)
    said = ctl("fix", "MFA-13", "--yes", "--config", conf, code=3)
    assert f"{paths[0]}: others may put another directory" in said, said
    assert f"{paths[2]}: holds what is not pam-bastion's" in said and modes(paths) == before, said


def test_several_are_shown_one_after_the_other(loose):
    said = ctl("fix", "MFA-13", "KEY-09", "EIC-11", "--dry-run", code=1)
    assert "To make keyring" in said and "KEY-09: there is nothing" in said, said
    assert "To keep EC2 Instance Connect from being" in said and loose.exists(), said


def test_file_that_was_replaced_since_gets_no_old_mode(loose):
    ctl("fix", "MFA-13", "--yes")
    text = KEYRING.read_bytes()
    new = KEYRING.with_name("new")
    new.write_bytes(text)
    new.chmod(0o600)
    new.rename(KEYRING)
    said = ctl("rollback", code=1)
    assert "1 file was changed since and keeps its mode" in said and "All is as" not in said, said
    assert history() == [("fix MFA-13", "returned")]
    assert loose.stat().st_mode & 0o7777 == 0o4640  # what nobody has replaced is back
    assert KEYRING.stat().st_mode & 0o777 == 0o600


def test_file_that_its_owner_replaces_meanwhile_stops_no_fix_of_the_others(keys):
    user, files = keys
    files[3].unlink()
    done, said = asked("fix", "KEY-09", lambda: replace(files[1]))
    assert done == 1 and "1 file was changed since and keeps its mode" in said, said
    assert modes(files[:3]) == [f"600 {user.uid}", f"644 {user.uid}", "600 0"]
    said = ctl("rollback", code=1)
    assert "1 file was changed since" in said, said
    assert modes(files[:3]) == [f"644 {user.uid}"] * 2 + ["644 0"]


def test_what_was_left_on_the_way_back_is_not_called_as_it_was(loose):
    """Killed in the way back, one file is replaced, and it is gone on with."""
    changes = killer.CHANGES | killer.MODES
    ctl("fix", "MFA-13", "--yes")
    count, _ = killer.run_killed([BUILD / "bastionctl", "rollback"], 1e9, SCRATCH / "killed", changes)
    for at in range(int(count)):
        ctl("fix", "MFA-13", "--yes")
        killer.run_killed([BUILD / "bastionctl", "rollback"], at, SCRATCH / "killed", changes)
        if history()[-1][1] == "returning":
            break
        if history()[-1][1] != "returned":
            ctl("rollback")
    replace(loose)
    said = ctl("fix", "MFA-13", "--resume", code=3)
    assert "1 file was changed since" in said and "all is as it was" not in said, said


def replace(path):
    """As an editor does."""
    st, new = path.stat(), path.with_name("new")
    new.write_bytes(path.read_bytes())
    new.chmod(st.st_mode & 0o7777)
    os.chown(new, st.st_uid, st.st_gid)
    new.rename(path)


def asked(command, what, meanwhile):
    """On a terminal; meanwhile() before the answer."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(BUILD / "bastionctl", ["bastionctl", command, what])
    said = b""
    while b"Type yes to go on: " not in said:
        said += os.read(fd, 65536)
    meanwhile()
    os.write(fd, b"yes\n")
    try:
        while more := os.read(fd, 65536):
            said += more
    except OSError:
        pass  # it has ended
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said.decode(errors="replace")


@pytest.mark.skipif(not killer.WORKS, reason="numbers of system calls are those of x86_64")
def test_fix_that_is_killed_anywhere_is_gone_on_with(loose, capsys):
    fix = [BUILD / "bastionctl", "fix", "MFA-13", "--yes"]
    changes = killer.CHANGES | killer.MODES
    before = look(STATE, KEYRING)
    count, code = killer.run_killed(fix, 1e9, SCRATCH / "killed", changes)
    assert code == 0
    ctl("rollback")
    points = [i / 2 for i in range(int(2 * count))]
    if os.environ.get("FIX_KILLS") != "all":
        points = points[::max(1, len(points) // 9)]
    for at in points:
        assert look(STATE, KEYRING) == before
        killer.run_killed(fix, at, SCRATCH / "killed", changes)
        ctl("fix", "--resume")
        if not history() or history()[-1][1] != "done":
            assert look(STATE, KEYRING) == before  # killed before anything was changed
            continue
        assert_put_right(before)
        ctl("rollback")
    with capsys.disabled():
        print(f"killed at {len(points)} of {int(2 * count)} places ", end="")


@pytest.mark.skipif(not killer.WORKS, reason="numbers of system calls are those of x86_64")
def test_rollback_that_is_killed_anywhere_is_gone_on_with(loose):
    assert loose
    changes = killer.CHANGES | killer.MODES
    before = look(STATE, KEYRING)
    ctl("fix", "MFA-13", "--yes")
    count, _ = killer.run_killed([BUILD / "bastionctl", "rollback"], 1e9, SCRATCH / "killed", changes)
    for at in range(0, int(count), 3):
        ctl("fix", "MFA-13", "--yes")
        killer.run_killed([BUILD / "bastionctl", "rollback"], at, SCRATCH / "killed", changes)
        if history()[-1][1] == "returning":
            assert "all is as it was" in ctl("fix", "MFA-13", "--resume", code=3)
        elif history()[-1][1] != "returned":
            ctl("rollback")
        assert look(STATE, KEYRING) == before


@pytest.fixture
def keys():
    """Files with an access key: of a user, of root, and one that all shells read."""
    user = User()
    aws = user.home / ".aws"
    aws.mkdir()
    files = [aws / "credentials", user.home / ".bash_history", pathlib.Path("/etc/default/tests"),
             pathlib.Path("/etc/profile.d/tests.sh")]
    for path in files:
        path.write_text(f"export AWS_ACCESS_KEY_ID={KEY}\n", encoding="utf-8")
        path.chmod(0o644)
    for path in (aws, *files[:2]):
        os.chown(path, user.uid, user.uid)
    shutil.rmtree(TXN, ignore_errors=True)
    yield user, files
    shutil.rmtree(aws)
    for path in files[1:]:
        path.unlink(missing_ok=True)
    shutil.rmtree(TXN, ignore_errors=True)


def modes(files):
    return [f"{p.lstat().st_mode & 0o7777:o} {p.lstat().st_uid}" for p in files]


def test_files_with_access_keys_are_closed_and_opened_again(keys):
    user, files = keys
    before = modes(files)
    said = ctl("fix", "KEY-09", code=1)
    assert f"mode 0600 in place of 0644: {files[0]}" in said and modes(files) == before, said
    said = ctl("fix", "KEY-09", "--yes", code=1)
    assert f"{files[3]}:1: others have to read this file" in said, said
    assert modes(files) == [f"600 {user.uid}"] * 2 + ["600 0", "644 0"]
    files[3].unlink()
    assert status("KEY-09") in ("INFO", "WARN")
    assert "nothing that could be put right" in ctl("fix", "KEY-09", "--yes")
    files[1].unlink()  # what is gone has no mode to come back
    ctl("rollback")
    assert modes([files[0], files[2]]) == [before[0], before[2]]


def test_file_in_the_directory_of_somebody_else_is_not_touched(keys):
    user, files = keys
    os.chown(files[0], 0, 0)
    (user.home / ".bash_history").unlink()
    (user.home / ".bash_history").symlink_to("/etc/passwd")
    (user.home / ".env").symlink_to(files[2])
    files[3].unlink()
    before = modes([*files[:3], pathlib.Path("/etc/passwd")])
    said = ctl("fix", "KEY-09", "--yes", code=1)
    for path in (files[0], user.home / ".env"):
        assert f"{path}: {user.home}: mode 0755, owner {user.uid}: others may put" in said, said
    assert modes(files[:1]) == before[:1]
    assert modes([pathlib.Path("/etc/passwd")]) == before[3:]
    assert modes(files[2:3]) == ["600 0"]
