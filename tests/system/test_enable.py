"""bastionctl enable, confirm, disable: a code in sshd, sudo and login, and the way back."""
import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest
from bastion import (BUILD, CONF, SUDOERS, Sshd, User, converse, is_in, run, spawn)

BASTIONCTL = BUILD / "bastionctl"
FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "fixtures"
PAM = pathlib.Path("/etc/pam.d")
DROPIN = pathlib.Path("/etc/ssh/sshd_config.d/10-bastion-mfa.conf")
TXN = pathlib.Path("/var/lib/pam-bastion/txn")
FILES = [PAM / "sshd", PAM / "sudo", PAM / "sudo-i", PAM / "login", DROPIN]
PROMPT = r"(?:\[sudo\] password for \w+|Verification code|[Pp]assword|Type yes to go on): "


def texts():
    return {str(f): f.read_text(encoding="utf-8") if f.exists() else None for f in FILES}


def call(*argv, **kw):
    return subprocess.run([BASTIONCTL, *map(str, argv)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60, check=False, **kw)


def enable(target, *answers, args=("--yes",), **kw):
    """On a terminal, as an admin does it."""
    return converse(spawn(BASTIONCTL, "enable", target, *args, **kw), answers, prompt=PROMPT)


def is_open():
    return bool(list(TXN.glob("*/manifest")))


def is_armed():
    return any((m.parent / "armed").exists() for m in TXN.glob("*/manifest"))


def wait(what, seconds=20):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.1)


@pytest.fixture(autouse=True)
def machine():
    """The files of the distribution, and nothing enabled.  Put back afterwards."""
    before = texts(), CONF.read_text(encoding="utf-8"), pathlib.Path("/etc/group").read_text()
    for name in ("sshd", "sudo", "sudo-i", "login"):
        shutil.copy(FIXTURES / "debian-12" / name, PAM / name)
    DROPIN.unlink(missing_ok=True)
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/etc/ssh/ssh_host_ed25519_key")
    yield
    if is_open():
        for manifest in TXN.glob("*/manifest"):
            call("disable", "--unconfirmed", manifest.parent.name)
    assert not is_open()
    for path, text in before[0].items():
        if text is None:
            pathlib.Path(path).unlink(missing_ok=True)
        else:
            pathlib.Path(path).write_text(text, encoding="utf-8")
    CONF.write_text(before[1], encoding="utf-8")
    pathlib.Path("/etc/group").write_text(before[2], encoding="utf-8")
    for key in pathlib.Path("/etc/ssh").glob("ssh_host_*"):
        key.unlink()


def make_admin(user):
    """Who can become root, without a password for sudo."""
    run("usermod", "-aG", "sudo", user.name)
    SUDOERS.write_text(f"Defaults lecture=never\n{user.name} ALL=(ALL:ALL) NOPASSWD: ALL\n",
                       encoding="utf-8")
    SUDOERS.chmod(0o440)
    return user


@pytest.fixture
def admin(user):
    yield make_admin(user)
    SUDOERS.unlink(missing_ok=True)


@pytest.fixture
def server():
    """The sshd of the machine, as its configuration has it."""
    with Sshd(PidFile="/run/sshd.pid") as s:
        yield s


def terms(admin, seconds=None):
    return ("--yes", "--admin", admin.name, *(["--confirm", f"{seconds}s"] if seconds else []))


def login(server, user, *answers, command=("echo", "I", "am", "$(id -un)"), **options):
    return server.ssh(user, *answers, command=command, **options)


def shell(server, user):
    """A session that goes on, by the key alone."""
    child = spawn("ssh", "-F", server.config(user), "-tt", "bastion")
    child.expect_exact("$ ")
    return child


def confirm_by_ssh(server, user):
    return login(server, user, user.code(),
                 command=("sudo", "-n", str(BASTIONCTL), "confirm"))


def test_enable_sshd_and_confirm_from_a_new_login(server, admin, log, since):
    before = texts()
    assert is_in(login(server, admin), admin)  # the key alone
    talk = enable("sshd", admin.code(), args=terms(admin))
    assert talk.status == 0, talk
    assert "--- /etc/pam.d/sshd" in talk.text and "+++ " + str(DROPIN) in talk.text, talk
    assert "Way back: the old files come back after 300 s" in talk.text, talk
    talk = login(server, admin, admin.code())
    assert is_in(talk, admin) and len(talk.prompts) == 1, talk
    talk = confirm_by_ssh(server, admin)
    assert talk.status == 0 and "Confirmed" in talk.text, talk
    assert not is_open()
    assert log.wait("bastionctl.*confirmed", since)
    done = call("enable", "sshd")
    assert done.returncode == 0 and "already" in done.stdout, done
    done = call("disable", "sshd", "--yes")
    assert done.returncode == 0, done
    assert texts() == before
    wait(lambda: is_in(login(server, admin), admin))
    done = call("disable", "sshd", "--yes")
    assert done.returncode == 0 and "not enabled" in done.stdout, done


def test_without_confirm_the_old_files_come_back_and_sshd_reads_them(server, admin, log, since):
    """The process that waits outlives the session that it was started from."""
    before = texts()

    child = shell(server, admin)
    child.sendline(f"sudo -n {BASTIONCTL} enable sshd --yes --confirm 4s")
    child.expect("Verification code: ")
    child.sendline(admin.code())
    child.expect_exact("bastionctl confirm")
    child.close(force=True)  # without a farewell: the terminal hangs up
    assert texts() != before
    talk = login(server, admin, admin.code())
    assert is_in(talk, admin) and len(talk.prompts) == 1, talk
    wait(lambda: not is_open())
    assert texts() == before
    log.wait("bastionctl.*nobody has confirmed", since)
    log.wait("bastionctl.*the old files are back", since)
    wait(lambda: is_in(login(server, admin), admin))
    wait(lambda: not list(pathlib.Path("/run/pam-bastion").glob("return-*")))
    done = call("confirm")
    assert done.returncode == 1 and "nothing waits" in done.stderr, done


def test_confirm_from_the_session_that_called_enable_is_refused(server, admin):
    child = shell(server, admin)
    child.sendline(f"sudo -n {BASTIONCTL} enable sshd --yes")
    child.expect("Verification code: ")
    child.sendline(admin.code())
    child.expect_exact("bastionctl confirm")
    child.expect_exact("$ ")  # sudo has given the terminal back
    child.sendline(f"sudo -n {BASTIONCTL} confirm; echo exit=$?")
    child.expect(r"exit=\d")
    text = child.before + child.after
    child.close(force=True)
    assert "exit=3" in text and "is older than the new files" in " ".join(text.split()), text
    assert is_open()
    done = call("confirm")
    assert done.returncode == 3 and "not called from a login through sshd" in done.stderr, done
    # Nor does another window of an old connection count.
    done = call("enable", "sshd", "--yes")
    assert done.returncode == 3 and "waits to be confirmed" in done.stderr, done
    done = call("enable", "sudo", "--yes")
    assert done.returncode == 3 and "waits to be confirmed" in done.stderr, done
    done = call("disable", "sshd")
    assert done.returncode == 0 and "The old files are back" in done.stdout, done
    assert not is_open() and not DROPIN.exists()


def test_confirm_through_an_old_connection_is_refused(server, admin):
    config = server.config(admin, ControlPath=server.dir / "master", ControlPersist="60")
    subprocess.run(["ssh", "-F", config, "-M", "-N", "-f", "bastion"], check=True, timeout=30,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        talk = enable("sshd", admin.code(), args=terms(admin))
        assert talk.status == 0, talk
        talk = converse(spawn("ssh", "-F", config, "bastion", f"sudo -n {BASTIONCTL} confirm"), [])
        assert talk.status == 3 and "is older than the new files" in talk.text, talk
    finally:
        subprocess.run(["ssh", "-F", config, "-O", "exit", "bastion"], check=False,
                       capture_output=True)


def test_an_edit_made_meanwhile_stays_when_the_old_files_come_back(server, admin):
    before = texts()
    assert enable("sshd", admin.code(), args=terms(admin, 3)).status == 0
    with open(PAM / "sshd", "a", encoding="utf-8") as f:
        f.write("# an edit\n")
    with open(DROPIN, "a", encoding="utf-8") as f:
        f.write("Banner none\n")
    wait(lambda: not is_open())
    after = texts()
    assert after[str(PAM / "sshd")] == before[str(PAM / "sshd")] + "# an edit\n"
    assert DROPIN.read_text(encoding="utf-8") == "Banner none\n"
    assert list(TXN.glob("*/edited.*"))


def test_disable_keeps_edits_made_since(server, admin):
    before = texts()
    assert enable("sshd", admin.code(), args=terms(admin)).status == 0
    assert confirm_by_ssh(server, admin).status == 0
    edited = "# an edit\n" + (PAM / "sshd").read_text(encoding="utf-8")
    (PAM / "sshd").write_text(edited, encoding="utf-8")
    assert call("disable", "sshd", "--yes").returncode == 0
    assert (PAM / "sshd").read_text(encoding="utf-8") == "# an edit\n" + before[str(PAM / "sshd")]
    assert not DROPIN.exists()


# ---- killed ----

def kill_at(calls, number, admin):
    """Whether enable was killed at that call; the process that waits is not traced."""
    child = spawn("strace", "-qqq", "-o", "/dev/null", "-e",
                  f"inject={calls}:signal=KILL:when={number}", BASTIONCTL, "enable", "sshd",
                  *terms(admin, 3))
    talk = converse(child, [admin.code()], prompt=PROMPT, any_left=True)
    return talk.status != 0, talk


@pytest.mark.parametrize("calls", ["?rename,?renameat,?renameat2", "fsync"])
def test_killed_anywhere_every_file_is_old_or_new_and_comes_back(server, calls):
    before = texts()
    admin = make_admin(User().enrol())
    assert enable("sshd", admin.code(), args=terms(admin)).status == 0
    after = texts()
    assert call("disable", "sshd").returncode == 0 and texts() == before
    killed, seen, number = 0, set(), 3
    while True:
        dead, talk = kill_at(calls, number, make_admin(User().enrol()))
        now = texts()
        for path, text in now.items():
            assert text in (before[path], after[path]), f"{path} after call {number}: {talk}"
        seen.add(tuple(now.values()))
        # Nobody does anything, or the admin says so.
        if is_armed() and number % 2:
            wait(lambda: texts() == before and not is_open())
        else:
            done = call("disable", "sshd", "--yes")
            assert done.returncode == 0, done
        assert texts() == before and not is_open(), talk
        assert not list(PAM.glob(".*")) and not list(DROPIN.parent.glob(".*")), talk
        if not dead:
            break
        killed += 1
        number += 1
    # Before, in between and behind the files have all been seen.
    assert killed > 6 and len(seen) == 3, (killed, len(seen))
    SUDOERS.unlink()


# ---- refused ----

def refused(talk, status, *words):
    text = talk.text if hasattr(talk, "text") else talk.stdout + talk.stderr
    code = talk.status if hasattr(talk, "status") else talk.returncode
    assert code == status and all(w in " ".join(text.split()) for w in words), talk


def test_wrong_codes_in_the_trial_change_nothing(admin):
    before = texts()
    wrong = [admin.wrong_code() for _ in range(3)]
    refused(enable("sshd", *wrong, args=terms(admin)), 1, "does not let", "nothing is changed")
    assert texts() == before and not is_open()


def test_only_yes_goes_on(admin):
    before = texts()
    refused(enable("sshd", "y", args=("--admin", admin.name)), 1, "nothing is changed")
    refused(call("enable", "sshd", "--admin", admin.name), 3, "say --yes")
    talk = enable("sshd", "yes", admin.code(), args=("--admin", admin.name))
    assert talk.status == 0 and texts() != before, talk


def test_a_trial_without_a_terminal_is_trouble(admin):
    refused(call("enable", "sshd", *terms(admin), start_new_session=True), 3, "needs a terminal")


def test_an_admin_must_be_enrolled_and_able_to_become_root(user):
    refused(call("enable", "sshd", "--yes", "--admin", user.name), 1, "cannot become root")
    other = make_admin(User())
    refused(call("enable", "sshd", "--yes", "--admin", other.name), 1, "is not enrolled",
            f"enroll-mfa {other.name}")
    refused(call("enable", "sshd", "--yes", "--admin", "nobody-at-all"), 1, "no such account")
    SUDOERS.unlink()


def test_sshd_that_does_not_read_the_drop_in_is_a_decision(admin):
    config = pathlib.Path("/etc/ssh/sshd_config")
    text = config.read_text(encoding="utf-8")
    try:
        config.write_text(re.sub("^Include .*$", "", text, flags=re.M), encoding="utf-8")
        refused(call("enable", "sshd", *terms(admin)), 3, "does not include", "put `Include")
        config.write_text("PasswordAuthentication yes\n" + text, encoding="utf-8")
        refused(call("enable", "sshd", *terms(admin)), 1, "passwordauthentication yes")
        config.write_text("NoSuchWord yes\n" + text, encoding="utf-8")
        refused(call("enable", "sshd", *terms(admin)), 1, "sshd -t refuses it")
        config.write_text(f"{text}Match User {admin.name}\nAuthenticationMethods publickey\n",
                          encoding="utf-8")
        refused(call("enable", "sshd", *terms(admin)), 1, "authenticationmethods publickey")
    finally:
        config.write_text(text, encoding="utf-8")


def test_files_of_others_are_left_alone(admin):
    before = (PAM / "sshd").read_text(encoding="utf-8")
    (PAM / "sshd").write_text("auth required pam_bastion.so\n" + before, encoding="utf-8")
    refused(call("enable", "sshd", *terms(admin)), 1, "/etc/pam.d/sshd:1: names pam_bastion.so")
    (PAM / "sshd").write_text("# Generated by authselect\n" + before, encoding="utf-8")
    refused(call("enable", "sshd", *terms(admin)), 1, "authselect wrote it")
    (PAM / "sshd").unlink()
    (PAM / "sshd").symlink_to("/etc/authselect/sshd")
    refused(call("enable", "sshd", *terms(admin)), 1, "is a link to /etc/authselect/sshd")
    (PAM / "sshd").unlink()
    refused(call("enable", "sshd", *terms(admin)), 3, "/etc/pam.d/sshd: does not exist")
    (PAM / "sshd").write_text(before, encoding="utf-8")


def test_what_config_check_fails_is_not_put(admin):
    before = (PAM / "sshd").read_text(encoding="utf-8")
    # A way past the code, above where the marked lines go.
    (PAM / "sshd").write_text("auth sufficient pam_permit.so\n" + before, encoding="utf-8")
    now = texts()
    refused(call("enable", "sshd", *terms(admin)), 1, "gets in without a code", "/etc/pam.d/sshd:1:")
    assert texts() == now


def test_one_change_at_a_time(admin):
    TXN.mkdir(exist_ok=True)
    (TXN / ".lock").touch(mode=0o600)
    with open(TXN / ".lock", "w", encoding="utf-8") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        refused(call("enable", "sshd", *terms(admin)), 75, "try again")


def test_usage():
    for words in ([], ["ssh"], ["sshd", "sudo"], ["sshd", "--confirm", "2s"], ["sshd", "--what"],
                  ["sshd", "--confirm", "5"], ["sshd", "--no-confirm", "--admin", "root"]):
        assert call("enable", *words).returncode == 2, words
    assert call("confirm", "now").returncode == 2
    assert call("disable").returncode == 2
    for command in ("enable", "confirm", "disable"):
        assert "usage: bastionctl " + command in call(command, "--help").stdout


# ---- sudo and login ----

def test_enable_sudo_and_confirm_from_a_new_sudo(admin):
    SUDOERS.write_text("Defaults timestamp_timeout=0,lecture=never\n"
                       f"{admin.name} ALL=(ALL:ALL) ALL\n", encoding="utf-8")
    before = texts()
    talk = enable("sudo", admin.password, admin.code(), args=terms(admin))
    assert talk.status == 0 and len(talk.prompts) == 2, talk
    refused(call("confirm"), 3, "not called from a login through sudo")
    time.sleep(1)  # what counts is a code of a later second
    for command in ([str(BASTIONCTL), "confirm"], ["-i", "true"]):
        talk = converse(spawn("sudo", *command, preexec_fn=admin.become),
                        [admin.password, admin.code()], prompt=PROMPT)
        assert talk.status == 0 and len(talk.prompts) == 2, talk
    assert not is_open()
    assert call("disable", "sudo", "--yes").returncode == 0
    assert texts() == before


def test_enable_login_names_the_console_as_a_way_back(admin):
    CONF.write_text(CONF.read_text(encoding="utf-8") + f"exempt = user:{admin.name}@local\n",
                    encoding="utf-8")
    talk = enable("login", admin.password, admin.code(), args=terms(admin, 3))
    assert talk.status == 0, talk
    assert f"Way back: {admin.name} gets in at the console" in talk.text, talk
    talk = converse(spawn("login"), [admin.name, admin.password],
                    prompt=r"(?:Verification code|Password|login): ",
                    and_then=lambda child: (child.expect(r"\$ "), child.sendline("exit"))[0] and "")
    assert "Verification" not in talk.text, talk
    wait(lambda: not is_open())


# ---- images ----

@pytest.fixture
def image():
    """A machine on which nobody is enrolled."""
    state = pathlib.Path("/var/lib/pam-bastion/image")
    state.mkdir(mode=0o700)
    CONF.write_text(f"store = file:{state}\nstate_dir = {state}\nkeyring = {state}/keyring\n",
                    encoding="utf-8")
    run(BUILD / "enroll-mfa", "init")
    yield state
    shutil.rmtree(state)


def test_no_confirm_needs_nobody_enrolled_and_a_way_to_enrol(image):
    text = CONF.read_text(encoding="utf-8")
    CONF.write_text(text + "enroll = admin\n", encoding="utf-8")
    refused(call("enable", "sshd", "--yes", "--no-confirm"), 3, "needs a way to enrol")
    CONF.write_text(text, encoding="utf-8")
    refused(call("enable", "sudo", "--yes", "--no-confirm"), 3, "needs a way to enrol")
    CONF.write_text(text + "enroll = login\n", encoding="utf-8")
    done = call("enable", "sshd", "--yes", "--no-confirm")
    refused(done, 0, "Way back: none", "No sshd is running")
    assert not list(image.glob("txn/*/manifest"))
    assert call("disable", "sshd", "--yes").returncode == 0
    User().enrol()
    refused(call("enable", "sshd", "--yes", "--no-confirm"), 3, "nobody is enrolled yet")


def test_selinux_with_a_wrong_label_is_refused_with_the_line_to_run(admin):
    run("mount", "-t", "tmpfs", "tmpfs", "/sys/fs")
    try:
        pathlib.Path("/sys/fs/selinux").mkdir()
        pathlib.Path("/sys/fs/selinux/enforce").write_text("1", encoding="utf-8")
        refused(call("enable", "sshd", *terms(admin)), 1,
                "run `restorecon -R /var/lib/pam-bastion /run/pam-bastion`")
    finally:
        run("umount", "/sys/fs")


# ---- what else may be there ----

def test_an_admin_whose_device_is_bound_to_his_key_can_answer_the_trial(server):
    """Somebody who has enrolled at the prompt of ssh has such a device."""
    CONF.write_text(CONF.read_text(encoding="utf-8") + "enroll = login\n", encoding="utf-8")
    admin = make_admin(User())
    for name in ("sshd",):
        text = (FIXTURES.parents[1] / "packaging/pam.d" / name).read_text(encoding="utf-8")
        (PAM / name).write_text(text.replace("pam_bastion.so\n", "pam_bastion.so enroll_here\n"),
                                encoding="utf-8")
    with Sshd(AuthenticationMethods="publickey,keyboard-interactive:pam",
              KbdInteractiveAuthentication="yes") as asking:
        child = spawn("ssh", "-F", asking.config(admin), "-tt", "bastion")
        child.expect(r"((?:[A-Z2-7]{4}[ -]){7}[A-Z2-7]{4})")
        admin.secret = re.sub("[ -]", "", child.match.group(1))
        child.sendline(admin.code())
        child.expect_exact("$ ")
        child.close(force=True)
    shutil.copy(FIXTURES / "debian-12" / "sshd", PAM / "sshd")
    talk = enable("sshd", admin.code(), args=terms(admin))
    assert talk.status == 0, talk
    assert is_in(login(server, admin, admin.code()), admin)
    SUDOERS.unlink()


def test_a_disable_that_was_killed_is_completed_by_the_next_command(server, admin):
    before = texts()
    assert enable("sshd", admin.code(), args=terms(admin)).status == 0
    assert confirm_by_ssh(server, admin).status == 0
    after = texts()
    for number in range(10, 30):
        for path in (PAM / "sshd", DROPIN):
            path.write_text(after[str(path)], encoding="utf-8")
        done = run_killed(number, "disable", "sshd", "--yes")
        now = texts()
        assert all(now[p] in (before[p], after[p]) for p in now)
        if now not in (before, after) and is_open():
            break
        call("disable", "sshd", "--yes")
    assert done.returncode != 0 and now not in (before, after), number
    done = call("disable", "sshd", "--yes")
    assert done.returncode == 0 and "settled" in done.stdout, done
    assert texts() == before and not is_open()
    wait(lambda: is_in(login(server, admin), admin))


def run_killed(number, *argv):
    return subprocess.run(["strace", "-qqq", "-o", "/dev/null", "-e",
                           f"inject=fsync:signal=KILL:when={number}",
                           BASTIONCTL, *argv], capture_output=True, text=True, check=False)


# A terminal that closes must not end what is to run later.
FAKE = """#!/bin/sh
trap '' HUP
echo "$(basename "$0") $*" >>{log}
case "$*" in
*is-active*) [ "$3" = ssh.service ] ;;
reload*) kill -HUP "$(cat /run/sshd.pid)" ;;
--unit=*) while [ "$1" != -- ]; do shift; done; shift
	setsid sh -c 'sleep 3; exec "$0" "$@"' "$@" </dev/null >/dev/null 2>&1 & ;;
esac
"""


@pytest.fixture
def systemd(tmp_path):
    """Programs in the place of systemd's: what they are called with is kept."""
    names = tmp_path / "called"
    fake = tmp_path / "fake"
    fake.write_text(FAKE.format(log=names), encoding="utf-8")
    fake.chmod(0o755)
    pathlib.Path("/run/systemd/system").mkdir(parents=True)
    for name in ("systemd-run", "systemctl"):
        run("mount", "--bind", fake, f"/usr/bin/{name}")
    yield names
    for name in ("systemd-run", "systemctl"):
        run("umount", f"/usr/bin/{name}")
    pathlib.Path("/run/systemd/system").rmdir()


def test_where_systemd_runs_its_timer_and_its_reload_are_used(server, admin, systemd):
    before = texts()
    assert enable("sshd", admin.code(), args=terms(admin, 3)).status == 0
    txn = next(TXN.glob("*/manifest")).parent.name
    called = systemd.read_text(encoding="utf-8")
    assert (f"systemd-run --unit=pam-bastion-return-{txn} --on-active=3s " in called
            and f"-- {BASTIONCTL} disable --unconfirmed {TXN}/{txn}\n" in called), called
    assert "systemctl reload ssh.service" in called, called
    assert not list(pathlib.Path("/run/pam-bastion").glob("return-*"))
    wait(lambda: not is_open())
    assert texts() == before
    wait(lambda: is_in(login(server, admin), admin))
    assert f"stop pam-bastion-return-{txn}.timer" in systemd.read_text(encoding="utf-8")


def test_the_copies_of_the_last_changes_stay(admin):
    shutil.rmtree(TXN, ignore_errors=True)
    for n in range(25):
        (TXN / f"2000010{n % 10}T{n:06}.000-1").mkdir(parents=True)
        (TXN / f"2000010{n % 10}T{n:06}.000-1" / "done").touch()
    os.chmod(TXN, 0o700)
    assert enable("sudo", admin.password, admin.code(), args=terms(admin)).status == 0
    assert call("disable", "sudo").returncode == 0
    left = sorted(p.name for p in TXN.iterdir() if not p.name.startswith("."))
    assert len(left) == 20 and not left[-1].startswith("2000"), left
