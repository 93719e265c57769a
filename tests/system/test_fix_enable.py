"""bastionctl fix MFA-10 and MFA-11, which are enable; and that a fix and an enable keep out of
each other's way.
"""
import json
import pathlib
import shutil

import pytest
from bastion import BUILD, converse, is_in, spawn
from test_enable import (PROMPT, TXN, admin, call, confirm_by_ssh, is_open, login, machine, server,
                         texts, wait)

__all__ = ["admin", "machine", "server"]
PIN = pathlib.Path("/etc/apt/preferences.d/00-pam-bastion-ec2-instance-connect")


@pytest.fixture(autouse=True)
def no_history(machine):  # noqa: F811
    shutil.rmtree(TXN, ignore_errors=True)
    yield
    PIN.unlink(missing_ok=True)
    for manifest in TXN.glob("*/fix"):
        shutil.rmtree(manifest.parent)


def said(*argv, code=0):
    done = call(*argv)
    assert done.returncode == code, done
    return done.stdout + done.stderr


def history():
    return [(x["what"], x["state"], x["id"]) for x in
            json.loads(said("history", "--json"))["transactions"]]


def fix(check, *answers, args=()):
    return converse(spawn(BUILD / "bastionctl", "fix", check, *args), answers, prompt=PROMPT)


def test_fix_without_a_terminal_shows_what_enable_would_do(admin):  # noqa: F811
    before = texts()
    for check in ("MFA-10", "MFA-11"):
        text = said("fix", check, "--admin", admin.name, code=1)
        assert "+++ /etc/pam.d/sshd" in text and "Way back: the old files come back" in text, text
        assert "Nothing was changed" in text and texts() == before, text
    text = said("fix", "MFA-11", "--dry-run", "--yes", "--admin", admin.name, code=1)
    assert "Nothing was changed" in text and texts() == before and not history(), text
    assert "needs a terminal" in said("fix", "MFA-11", "--yes", "--admin", admin.name, code=3)
    assert texts() == before and not is_open()


def test_fix_is_enable_and_rollback_of_one_that_waits_brings_the_old_files_back(server, admin):  # noqa: F811
    before = texts()
    talk = fix("MFA-11", "yes", admin.code(), args=("--admin", admin.name, "--confirm", "10m"))
    assert talk.status == 0 and "within 600 s" in talk.text, talk
    talk = login(server, admin, admin.code())
    assert is_in(talk, admin) and len(talk.prompts) == 1, talk
    (what, state, name), = history()
    assert (what, state) == ("enable sshd", "open")
    for argv in (("fix", "EIC-11", "--yes"), ("fix", "EIC-11", "--yes", "--i-have-console")):
        text = said(*argv, code=1)
        assert "`enable sshd` waits to be confirmed; `bastionctl confirm`" in text, text
    assert not PIN.exists()
    assert "The old files are back" in said("rollback")
    assert texts() == before and history() == [("enable sshd", "returned", name)]
    wait(lambda: is_in(login(server, admin), admin))
    assert "is back already" in said("rollback", name, code=1)


def test_rollback_of_one_that_is_confirmed_has_to_name_it_and_disables(server, admin):  # noqa: F811
    before = texts()
    talk = fix("MFA-11", admin.code(), args=("--yes", "--admin", admin.name))
    assert talk.status == 0, talk
    assert confirm_by_ssh(server, admin).status == 0
    assert "nothing that could be put right" in said("fix", "MFA-11", "--yes")
    said("fix", "EIC-11", "--yes")
    said("rollback")
    (what, state, name), _ = history()
    assert (what, state) == ("enable sshd", "confirmed")
    assert f"the last change is `enable sshd`; `bastionctl rollback {name}`" in said("rollback", code=1)
    assert texts() != before
    said("rollback", name)
    assert texts() == before
    name = history()[-1][2]
    assert f"transaction {name} has disabled" in said("rollback", name, code=1)


def test_services_that_are_open_are_closed_one_after_the_other(server, admin):  # noqa: F811
    talk = fix("MFA-10", admin.code(), args=("--yes", "--admin", admin.name))
    text = " ".join(talk.text.split())
    assert talk.status == 1 and "Still to do: sudo" in text and "Still to do: login" in text, talk
    assert history()[0][:2] == ("enable sshd", "open")
    assert confirm_by_ssh(server, admin).status == 0
    text = said("fix", "MFA-10", "--admin", admin.name, code=1)
    assert "+++ /etc/pam.d/sudo" in text and "+++ /etc/pam.d/sshd" not in text, text


def test_enable_keeps_out_of_a_fix_that_is_open(admin):  # noqa: F811
    said("fix", "EIC-11", "--yes")
    name = history()[0][2]
    (TXN / name / "done").rename(TXN / name / "fix")  # as a kill leaves it
    text = said("enable", "sshd", "--yes", "--admin", admin.name, code=3)
    assert f"the fix of transaction {name} is open; `bastionctl fix --resume` or" in text, text
    assert "is of `fix EIC-11`" in said("fix", "MFA-13", "--resume", code=1)
    said("fix", "--resume")
    assert history()[0][1] == "done"
