"""bastionctl: the old files come back whatever has gone wrong meanwhile, and `confirm`
believes nothing but a login through the new ones."""
import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest
# The fixtures of the one are those of the other.
from test_enable import (BASTIONCTL, DROPIN, PAM, PROMPT, TXN, admin, call, confirm_by_ssh,  # noqa: F401  pylint: disable=unused-import
                         enable, is_open, login, machine, refused, server, systemd, terms, texts,
                         wait)
from bastion import CONF, PACKAGING, SUDOERS, Sshd, converse, is_in, spawn


def enable_sudo(admin, seconds=None):
    talk = enable("sudo", admin.password, admin.code(), args=terms(admin, seconds))
    assert talk.status == 0, talk


def open_txn():
    return next(TXN.glob("*/manifest")).parent


@pytest.mark.parametrize("by", ["process", "systemd"])
def test_a_typing_error_made_meanwhile_does_not_keep_the_old_files_away(admin, by, request):
    if by == "systemd":
        request.getfixturevalue("systemd")
    before = texts()
    enable_sudo(admin, 3)
    with CONF.open("a", encoding="utf-8") as f:
        f.write("windw = 2\n")
    wait(lambda: not is_open())
    assert texts() == before


def test_an_admin_takes_it_back_under_a_configuration_that_does_not_read(admin):
    before = texts()
    enable_sudo(admin)
    with CONF.open("a", encoding="utf-8") as f:
        f.write("windw = 2\n")
    done = call("disable", "sudo", "--yes")
    assert done.returncode == 0 and "The old files are back" in done.stdout, done
    assert texts() == before
    done = call("disable", "sudo", "--yes")
    assert done.returncode == 3 and "windw" in done.stderr, done


def test_systemd_goes_on_until_they_are_back(admin, systemd):
    enable_sudo(admin)
    called = systemd.read_text(encoding="utf-8")
    assert "--property=Restart=on-failure --property=RestartSec=5s" in called, called
    assert f"disable --unconfirmed {open_txn()}\n" in called, called
    assert "systemctl -q enable pam-bastion-settle.service" in called, called
    # It fails with another status than 0 while it cannot, which is what starts it again.
    txn = open_txn()
    (txn / "manifest").rename(txn / "kept")
    (txn / "manifest").write_text("rubbish\n", encoding="utf-8")
    assert call("disable", "--unconfirmed", txn).returncode == 3
    (txn / "kept").rename(txn / "manifest")
    assert call("disable", "--unconfirmed", txn).returncode == 0 and not is_open()


def test_after_a_reboot_what_nobody_confirmed_goes_back(admin):
    before = texts()
    unit = (PACKAGING / "systemd/pam-bastion-settle.service").read_text(encoding="utf-8")
    words = re.search(r"^ExecStart=/usr/sbin/bastionctl (.*)$", unit, flags=re.M)[1].split()
    done = call(*words)
    assert done.returncode == 0 and done.stdout == "", done
    enable_sudo(admin)
    done = call(*words)
    assert done.returncode == 0 and is_open(), "its timer still runs"
    manifest = open_txn() / "manifest"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(re.sub(r"^begun \S+", "begun another-boot", text, flags=re.M),
                        encoding="utf-8")
    with CONF.open("a", encoding="utf-8") as f:
        f.write("windw = 2\n")
    done = call(*words)
    assert done.returncode == 0 and not is_open(), done
    assert texts() == before


@pytest.mark.parametrize("name", ["/var/lib/x", "/txn/x", "txn/x", "/"])
def test_what_is_no_directory_of_a_transaction_is_a_usage_error(name):
    assert call("disable", "--unconfirmed", name).returncode == 2, name


def sshd_number():
    """sshd takes its file away while it reads its configuration anew."""
    file = pathlib.Path("/run/sshd.pid")
    end = time.monotonic() + 20
    while not (file.exists() and file.read_text().strip()) and time.monotonic() < end:
        time.sleep(0.05)
    return file.read_text().strip()


def test_confirm_is_refused_when_the_old_files_are_there_again(server, admin):
    before = texts()
    assert enable("sshd", admin.code(), args=terms(admin)).status == 0
    PAM.joinpath("sshd").write_text(before[str(PAM / "sshd")], encoding="utf-8")
    DROPIN.unlink()
    subprocess.run(["kill", "-HUP", sshd_number()], check=True)
    time.sleep(0.5)
    talk = login(server, admin, command=("sudo", "-n", str(BASTIONCTL), "confirm"))
    assert talk.status == 3 and not talk.prompts, talk
    assert "is not what `enable sshd` has put there" in talk.text, talk
    assert is_open()
    assert call("disable", "sshd", "--yes").returncode == 0 and texts() == before


def test_confirm_is_refused_when_the_old_files_have_begun_to_come_back(server, admin):
    assert enable("sshd", admin.code(), args=terms(admin)).status == 0
    after = texts()
    # Killed at the call that ends it: what is back is back, the transaction is open.
    done = subprocess.run(["strace", "-qqq", "-o", "/dev/null", "-e",
                           "inject=fsync:signal=KILL:when=2", BASTIONCTL, "disable",
                           "--unconfirmed", open_txn()], capture_output=True, text=True,
                          check=False)
    assert done.returncode != 0 and is_open()
    for path, text in after.items():
        if text is not None:
            pathlib.Path(path).write_text(text, encoding="utf-8")
    talk = confirm_by_ssh(server, admin)
    assert talk.status == 3 and "begun to come back" in talk.text, talk
    assert is_open()


def test_a_sshd_that_would_refuse_its_files_is_not_made_to_read_them(server, admin):
    before = texts()
    other = DROPIN.parent / "90-other.conf"
    assert enable("sshd", admin.code(), args=terms(admin, 4)).status == 0
    after = texts()
    other.write_text("PermitRotLogin no\n", encoding="utf-8")
    try:
        time.sleep(6)
        # Nothing is half: who has a code still gets in.
        assert server.process.poll() is None and is_open() and texts() == after
        assert is_in(login(server, admin, admin.code()), admin)
    finally:
        other.unlink()
    wait(lambda: not is_open())
    assert texts() == before and server.process.poll() is None
    wait(lambda: is_in(login(server, admin), admin))


def test_unconfirmed_change_comes_back_at_boot_before_sshd_has_begun(server, admin):
    """/run/sshd is made when sshd begins, and `sshd -t` refuses everything without it."""
    before = texts()
    assert enable("sshd", admin.code(), args=terms(admin)).status == 0 and is_open()
    server.stop()
    privsep = pathlib.Path("/run/sshd")
    privsep.rmdir()
    try:
        done = call("disable", "--unconfirmed", open_txn())
        assert done.returncode == 0 and not is_open() and texts() == before, done
    finally:
        privsep.mkdir(exist_ok=True)
        server.start()
    assert is_in(login(server, admin), admin)


def test_confirm_is_refused_to_a_login_through_another_sshd(server, admin):
    assert enable("sshd", admin.code(), args=terms(admin)).status == 0
    with Sshd(UsePAM="no", AuthenticationMethods="publickey") as rescue:
        talk = login(rescue, admin, command=("sudo", "-n", str(BASTIONCTL), "confirm"))
    assert talk.status == 3 and not talk.prompts, talk
    assert f"no code of {admin.name} has been taken from another machine" in " ".join(
        talk.text.split()), talk
    assert confirm_by_ssh(server, admin).status == 0 and not is_open()
    assert call("disable", "sshd", "--yes").returncode == 0


def test_disable_leaves_lines_that_have_lost_their_marks_to_people(admin):
    enable_sudo(admin)
    for manifest in TXN.glob("*/manifest"):
        manifest.rename(manifest.parent / "confirmed")
    sudo = PAM / "sudo"
    sudo.write_text("".join(line for line in sudo.read_text(encoding="utf-8").splitlines(True)
                            if not line.startswith("# pam-bastion")), encoding="utf-8")
    refused(call("disable", "sudo", "--yes"), 1, "outside the marks")


def test_sudo_is_confirmed_by_a_code_and_by_no_old_ticket(admin):
    SUDOERS.write_text("Defaults timestamp_type=global,lecture=never\n"
                       f"{admin.name} ALL=(ALL:ALL) ALL\n", encoding="utf-8")
    sudo = lambda *argv: spawn("sudo", *argv, preexec_fn=admin.become)  # noqa: E731
    talk = converse(sudo(str(BASTIONCTL), "enable", "sudo", "--yes"),
                    [admin.password, admin.password, admin.code()], prompt=PROMPT)
    assert talk.status == 0 and len(talk.prompts) == 3, talk
    time.sleep(1)
    talk = converse(sudo(str(BASTIONCTL), "confirm"), [], prompt=PROMPT)
    assert talk.status == 3 and not talk.prompts and "sudo -k" in talk.text, talk
    refused(call("confirm"), 3, "not called from a login through sudo")
    # A root shell below sudo, which asks root nothing.
    talk = converse(sudo("sh", "-c", f"sudo {BASTIONCTL} confirm"), [], prompt=PROMPT)
    assert talk.status == 3 and not talk.prompts, talk
    assert is_open()
    assert converse(sudo("-k"), [], prompt=PROMPT).status == 0
    talk = converse(sudo(str(BASTIONCTL), "confirm"), [admin.password, admin.code()],
                    prompt=PROMPT)
    assert talk.status == 0 and len(talk.prompts) == 2 and "Confirmed" in talk.text, talk
    assert not is_open()
    assert call("disable", "sudo", "--yes").returncode == 0


def test_a_program_that_is_only_called_sshd_is_no_login(admin):
    assert enable("sshd", admin.code(), args=terms(admin)).status == 0
    fake = pathlib.Path(admin.home) / "sshd"
    shutil.copy("/bin/dash", fake)
    os.chown(fake, admin.uid, admin.uid)
    done = subprocess.run([fake, "-c", f"sudo -n {BASTIONCTL} confirm; exit $?"],
                          capture_output=True, text=True, check=False, preexec_fn=admin.become)
    refused(done, 3, "not called from a login through sshd")


@pytest.mark.parametrize("signal", ["HUP", "TERM", "INT"])
@pytest.mark.parametrize("command", ["enable", "disable"])
def test_a_closed_terminal_cuts_neither_of_them_short(admin, command, signal):
    before = texts()
    enable_sudo(admin)
    after = texts()
    if command == "enable":
        assert call("disable", "sudo", "--yes").returncode == 0
        argv = [BASTIONCTL, "enable", "sudo", *terms(admin)]
        answers, wanted = [admin.password, admin.code()], after
    else:
        argv, answers, wanted = [BASTIONCTL, "disable", "sudo", "--yes"], [], before
        for manifest in TXN.glob("*/manifest"):
            manifest.rename(manifest.parent / "confirmed")
    # At each sync of the directory of live files.
    talk = converse(spawn("strace", "-qqq", "-o", "/dev/null", "-P", PAM, "-e",
                          f"inject=fsync:signal={signal}", *argv), answers, prompt=PROMPT)
    assert texts() == wanted, talk
    assert is_open() == (command == "enable"), talk


def test_a_killed_disable_is_completed_by_its_timer(server, admin, systemd):
    before = texts()
    assert enable("sshd", admin.code(), args=terms(admin)).status == 0
    assert confirm_by_ssh(server, admin).status == 0
    after = texts()
    for number in range(8, 30):
        done = subprocess.run(["strace", "-qqq", "-o", "/dev/null", "-e",
                               f"inject=fsync:signal=KILL:when={number}", BASTIONCTL, "disable",
                               "sshd", "--yes"], capture_output=True, text=True, check=False)
        now = texts()
        assert all(now[p] in (before[p], after[p]) for p in now)
        if now not in (before, after):
            break
        assert done.returncode != 0, number
        if is_open():
            assert call("disable", "--unconfirmed", open_txn()).returncode == 0
        for path, text in after.items():
            if text is not None:
                pathlib.Path(path).write_text(text, encoding="utf-8")
    assert now not in (before, after)
    wait(lambda: not is_open())
    assert texts() == before
    wait(lambda: is_in(login(server, admin), admin))


def test_a_directory_left_by_a_process_of_the_same_number_is_in_nobodys_way(admin):
    newest = int(pathlib.Path("/proc/loadavg").read_text(encoding="utf-8").split()[-1])
    TXN.mkdir(parents=True, exist_ok=True)
    TXN.chmod(0o700)
    for pid in range(newest, newest + 400):
        (TXN / f".future-{pid}" / "pam.d").mkdir(parents=True, exist_ok=True)
    enable_sudo(admin)
    assert not list(TXN.glob(".future-*"))
