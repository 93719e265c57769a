"""A key and a code, by the real server and the real client."""
import re

import pytest
from bastion import CODE_PROMPT, SCRATCH, Sshd, User, converse, is_in, run, spawn


def test_key_and_code_log_in(sshd, user, log, since):
    talk = sshd.ssh(user, user.code())
    assert is_in(talk, user), talk
    assert len(talk.prompts) == 1
    line = log.wait(rf"user={user.name} ", since)
    form = (rf"sshd(\[\d+\])?: pam_bastion\(sshd:auth\): user={user.name} verdict=ok method=totp "
            rf"device={re.escape(user.device)} key={re.escape(user.fingerprint())} "
            r"source=127\.0\.0\.1 service=sshd skew=(-1|0|1) store=file ms=\d+")
    assert re.fullmatch(form, line), line


@pytest.mark.parametrize("digits,algorithm,period", [(8, "sha256", 60), (7, "sha512", 15),
                                                     (6, "sha256", 120)])
def test_other_digits_algorithms_and_periods(sshd, digits, algorithm, period):
    user = User().enrol(digits=digits, algorithm=algorithm, period=period)
    code = user.code()
    assert len(code) == digits
    assert is_in(sshd.ssh(user, code), user)
    assert not is_in(sshd.ssh(user, code), user)


def test_no_secret_reaches_the_log(sshd, user, log, since):
    right, wrong = user.code(), user.wrong_code()
    sshd.ssh(user, wrong, right)
    log.wait("verdict=ok", since)
    text = "\n".join(log.lines(since)) + sshd.log()
    for secret in (right, wrong, user.secret, user.password):
        assert secret not in text


def test_wrong_then_right_in_one_authentication(sshd, user, log, since):
    talk = sshd.ssh(user, user.wrong_code(), user.code())
    assert is_in(talk, user), talk
    assert "Refused: wrong code." in talk.text
    assert "1 wrong code since" in talk.text
    log.wait("verdict=ok", since)
    verdicts = re.findall(r"verdict=(\w+)", "\n".join(log.module(since)))
    assert verdicts == ["wrong", "ok"]


def test_three_wrong_codes_end_the_authentication(sshd, user, log, since):
    talk = sshd.ssh(user, *[user.wrong_code() for _ in range(3)])
    assert talk.status == 255 and len(talk.prompts) == 3, talk
    assert "Permission denied" in talk.text
    assert len(log.module(since)) == 3


def test_empty_answer_is_refused_and_not_counted(sshd, user, log, since):
    talk = sshd.ssh(user, "", "", "", NumberOfPasswordPrompts=1)
    assert talk.status == 255, talk
    assert log.wait("reason=empty", since)
    assert is_in(sshd.ssh(user, user.code()), user)


def test_replay_from_a_second_connection_is_refused(sshd, user, log, since):
    code = user.code()
    assert is_in(sshd.ssh(user, code), user)
    talk = sshd.ssh(user, code)
    assert not is_in(talk, user), talk
    assert "already used, wait for the next" in talk.text
    assert log.wait("verdict=replay", since)
    # Neither another address nor a code of an earlier step helps.
    assert not is_in(sshd.ssh(user, code, args=("-b", "127.0.0.2")), user)
    assert not is_in(sshd.ssh(user, user.code_at(user.last_step - 1)), user)
    assert is_in(sshd.ssh(user, user.code()), user)


def test_recovery_code_counts_once(sshd, user, log, since):
    code = user.recovery[0]
    talk = sshd.ssh(user, code)
    assert is_in(talk, user), talk
    assert "9 recovery codes left." in talk.text
    assert log.wait("verdict=ok method=recovery", since)
    talk = sshd.ssh(user, code)
    assert not is_in(talk, user), talk
    # As it is typed from paper: small letters, no dashes.
    talk = sshd.ssh(user, user.recovery[1].lower().replace("-", "").replace(" ", ""))
    assert is_in(talk, user) and "8 recovery codes left." in talk.text, talk


def test_publickey_alone_is_refused_by_need_auth(user, log, since):
    with Sshd(AuthenticationMethods="publickey") as server:
        talk = server.ssh(user)
        assert talk.status != 0 and "I am" not in talk.text, talk
        assert log.wait(rf"user={user.name} verdict=error reason=need_auth", since)
        # A jump through it opens no session and is closed as well.
        with Sshd() as inner:
            config = server.config(user)
            behind = f"127.0.0.1:{inner.port}"
            talk = converse(spawn("ssh", "-F", config, "-W", behind, "bastion"), [])
            assert talk.status != 0 and "SSH-2.0" not in talk.text, talk


@pytest.mark.parametrize("methods", ["keyboard-interactive:pam,publickey",
                                     "keyboard-interactive:pam"])
def test_code_first_or_alone_passes_need_auth(methods, user):
    with Sshd(AuthenticationMethods=methods) as server:
        talk = server.ssh(user, user.code())
        assert is_in(talk, user), talk


def test_another_users_code_is_refused(sshd, user):
    other = User().enrol()
    assert not is_in(sshd.ssh(user, other.code()), user)
    assert is_in(sshd.ssh(user, user.code()), user)


def test_agent_with_many_keys_gets_in(sshd, user):
    others = [User() for _ in range(4)]
    config = sshd.config(user)
    for other in others:
        with open(config, "a", encoding="utf-8") as f:
            f.write(f"IdentityFile {other.client_key}\n")
    # The right key last.
    lines = config.read_text(encoding="utf-8").splitlines()
    mine = f"IdentityFile {user.client_key}"
    lines.remove(mine)
    config.write_text("\n".join([*lines, mine]) + "\n", encoding="utf-8")
    talk = converse(spawn("ssh", "-F", config, "bastion", "echo I am $(id -un)"), [user.code()])
    assert is_in(talk, user), talk


def test_batch_mode_is_refused_without_a_prompt(sshd, user):
    talk = sshd.ssh(user, BatchMode="yes")
    assert talk.status == 255 and talk.prompts == [], talk


def test_scp(sshd, user):
    here = SCRATCH / f"scp.{user.name}"
    here.write_text("over the bastion\n", encoding="utf-8")
    talk = converse(spawn("scp", "-F", sshd.config(user), here, "bastion:copy"), [user.code()])
    assert talk.status == 0, talk
    assert (user.home / "copy").read_text(encoding="utf-8") == "over the bastion\n"
    talk = converse(spawn("scp", "-F", sshd.config(user), "bastion:copy", f"{here}.back"),
                    [user.wrong_code(), user.code()])
    assert talk.status == 0, talk
    assert (SCRATCH / f"scp.{user.name}.back").read_text(encoding="utf-8") == "over the bastion\n"


def test_sftp(sshd, user):
    def commands(child):
        child.expect_exact("sftp> ")
        child.sendline("mkdir made-by-sftp")
        child.expect_exact("sftp> ")
        child.sendline("bye")

    talk = converse(spawn("sftp", "-F", sshd.config(user), "bastion"), [user.code()],
                    and_then=commands)
    assert talk.status == 0, talk
    assert (user.home / "made-by-sftp").is_dir()


def test_jump_asks_on_the_bastion_and_on_the_host_behind(sshd, user):
    with Sshd() as inner:
        config = sshd.config(user)
        known = (inner.dir / "known_hosts").read_text(encoding="utf-8")
        with open(sshd.dir / "known_hosts", "a", encoding="utf-8") as f:
            f.write(known)
        talk = converse(spawn("ssh", "-F", config, "-J", f"bastion:{sshd.port}", "-p", inner.port,
                              "behind", "echo I am $(id -un)"), [user.code(), user.code()])
        assert is_in(talk, user) and len(talk.prompts) == 2, talk


def test_interactive_shell_and_prompt_text(sshd, user):
    def commands(child):
        child.expect_exact("$ ")
        shown = child.before
        child.sendline("echo I am $(id -un); exit")
        return shown

    config = sshd.config(user)
    talk = converse(spawn("ssh", "-F", config, "-tt", "bastion"), [user.code()], and_then=commands)
    assert is_in(talk, user), talk
    assert talk.prompts == [CODE_PROMPT]
    assert f"({user.name}@127.0.0.1) {CODE_PROMPT}" in talk.text


def test_sources_from_elsewhere_do_not_delay_the_owner(sshd, user, log, since):
    assert is_in(sshd.ssh(user, user.code()), user)
    for _ in range(2):
        sshd.ssh(user, *[user.wrong_code() for _ in range(3)], args=("-b", "127.0.0.2"))
    # There even the right code is not judged, and not spent.
    talk = sshd.ssh(user, user.code(), args=("-b", "127.0.0.2"))
    assert not is_in(talk, user) and "too many tries" in talk.text, talk
    assert log.wait("verdict=throttled .*source=127.0.0.2", since)
    user.last_step -= 1
    talk = sshd.ssh(user, user.code())
    assert is_in(talk, user), talk
    assert re.search(r"3 wrong codes since .* UTC, last from 127\.0\.0\.2\.", talk.text), talk


def test_shipped_drop_in_is_what_sshd_takes(user):
    text = run("/usr/sbin/sshd", "-T", "-f", "/etc/ssh/sshd_config", "-h", user.client_key,
               "-C", f"user={user.name},host=x,addr=192.0.2.1")
    for line in ("authenticationmethods publickey,keyboard-interactive:pam",
                 "passwordauthentication no", "kbdinteractiveauthentication yes", "usepam yes",
                 "permitrootlogin no", "usedns no"):
        assert line in text.splitlines()
