"""What cannot be judged is refused, and the log says why."""
import pathlib
import re
import shutil

import pytest
from bastion import BUILD, CONF, PACKAGING, Sshd, enroll_mfa, is_in, run


@pytest.fixture
def conf():
    """The live configuration; put back afterwards."""
    before = CONF.read_text(encoding="utf-8")
    yield CONF
    CONF.write_text(before, encoding="utf-8")


def test_a_bad_key_refuses_with_file_and_line(sshd, user, conf, log, since):
    lines = conf.read_text(encoding="utf-8").count("\n")
    with open(conf, "a", encoding="utf-8") as f:
        f.write("throtle_free = 5\n")
    talk = sshd.ssh(user)
    assert talk.status == 255 and "I am" not in talk.text and not talk.prompts, talk
    line = log.wait("verdict=error reason=config", since)
    assert f"{CONF}:{lines + 1}: " in line and "throtle_free" in line


def test_a_configuration_that_others_may_write_refuses(sshd, user, conf, log, since):
    conf.chmod(0o666)
    try:
        talk = sshd.ssh(user)
        assert not is_in(talk, user) and not talk.prompts, talk
    finally:
        conf.chmod(0o644)
    assert log.wait("verdict=error reason=config", since)


def test_a_bad_word_on_the_pam_line_refuses(user, log, since):
    stack = pathlib.Path("/etc/pam.d/wordsshd")
    text = (PACKAGING / "pam.d/sshd").read_text(encoding="utf-8")
    stack.write_text(re.sub(r"(pam_bastion\.so)$", r"\1 nullok", text, flags=re.M),
                     encoding="utf-8")
    with Sshd(stack.name) as server:
        talk = server.ssh(user)
        assert not is_in(talk, user) and not talk.prompts, talk
    assert "nullok" in log.wait("verdict=error reason=config", since)
    stack.unlink()


def test_a_missing_module_refuses(user):
    stack = pathlib.Path("/etc/pam.d/nosshd")
    text = (PACKAGING / "pam.d/sshd").read_text(encoding="utf-8")
    stack.write_text(text.replace("pam_bastion.so", "pam_not_there.so"), encoding="utf-8")
    for methods in ("publickey,keyboard-interactive:pam", "publickey"):
        with Sshd(stack.name, AuthenticationMethods=methods) as server:
            assert not is_in(server.ssh(user), user)
    stack.unlink()


def test_before_init_every_answer_is_refused(user, log, since):
    place = pathlib.Path("/var/lib/pam-bastion/elsewhere")
    place.mkdir(mode=0o700)
    conf = pathlib.Path("/etc/pam-bastion/elsewhere.conf")
    conf.write_text(f"store = file:{place}\nstate_dir = {place}\nkeyring = {place}/keyring\n",
                    encoding="utf-8")
    stack = pathlib.Path("/etc/pam.d/newsshd")
    text = (PACKAGING / "pam.d/sshd").read_text(encoding="utf-8")
    stack.write_text(re.sub(r"(pam_bastion\.so)\b", rf"\1 conf={conf}", text), encoding="utf-8")
    with Sshd(stack.name) as server:
        for code in (user.code(), user.recovery[0], user.wrong_code()):
            assert not is_in(server.ssh(user, code), user)
            assert log.wait(rf"user={user.name} verdict=error reason=not_initialised", since)
        # The same service works as soon as there is a store.
        enroll_mfa("--config", conf, "init")
        user.enrol("--config", str(conf))
        assert is_in(server.ssh(user, user.code()), user)
    stack.unlink()
    conf.unlink()
    shutil.rmtree(place)


def test_a_lost_keyring_refuses(sshd, user, log, since):
    keyring = pathlib.Path("/etc/pam-bastion/keyring")
    aside = keyring.with_suffix(".aside")
    keyring.rename(aside)
    try:
        assert not is_in(sshd.ssh(user, user.code()), user)
    finally:
        aside.rename(keyring)
    assert log.wait(rf"user={user.name} verdict=error", since)
    assert is_in(sshd.ssh(user, user.code()), user)


def test_config_check_passes_what_is_shipped(conf):
    run(BUILD / "bastionctl", "config", "check")
    conf.write_text("window = 9\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="window"):
        run(BUILD / "bastionctl", "config", "check")


def test_shipped_configuration_is_right_with_every_key():
    """As shipped, with each single key at its default, and with all of them."""
    text = (PACKAGING / "pam_bastion.conf").read_text(encoding="utf-8")
    keys = re.findall(r"^#(\w+) = ", text, re.M)
    once = [key for key in keys if key not in ("exempt", "age_exempt")]  # which may repeat
    assert len(once) == len(set(once)) >= 14
    variants = [text, re.sub(r"^#(\w+ = )", r"\1", text, flags=re.M)]
    variants += [re.sub(rf"^#({key} = )", r"\1", text, flags=re.M) for key in keys]
    path = pathlib.Path("/etc/pam-bastion/variant.conf")
    for variant in variants:
        path.write_text(variant, encoding="utf-8")
        run(BUILD / "enroll-mfa", "--config", path, "list", "--json")
    # What says yes above can say no.
    path.write_text(text + "nonsense = 1\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="nonsense"):
        run(BUILD / "enroll-mfa", "--config", path, "list", "--json")
    path.unlink()
