"""`PasswordAuthentication yes`, set by mistake, opens no hole: sshd answers
every blind prompt with the ssh password, and ours is not blind."""
import pathlib

import pytest
from bastion import PACKAGING, Sshd, is_in

METHODS = ["password", "any"]


@pytest.fixture(scope="module")
def both():
    """A PAM service that takes the password and the code, for sshd."""
    stack = pathlib.Path("/etc/pam.d/bothsshd")
    stack.write_text((PACKAGING / "pam.d/sudo").read_text(encoding="utf-8"), encoding="utf-8")
    yield stack.name
    stack.unlink()


@pytest.mark.parametrize("methods", METHODS)
@pytest.mark.parametrize("stack", ["code", "password and code"])
def test_passwordauthentication_lets_nobody_in(stack, methods, both, user):
    service = "sshd" if stack == "code" else both
    with Sshd(service, PasswordAuthentication="yes", AuthenticationMethods=methods) as server:
        def attempt(answer):
            return server.ssh(user, answer, PreferredAuthentications="password",
                              PubkeyAuthentication="no")

        for answer in (user.password, user.code(), user.recovery[0]):
            talk = attempt(answer)
            assert talk.status == 255 and "I am" not in talk.text, (answer, talk)
            assert all("assword" in p for p in talk.prompts), talk


def test_password_then_code_log_in_where_a_stack_asks_both(both, user):
    with Sshd(both, AuthenticationMethods="keyboard-interactive:pam") as server:
        talk = server.ssh(user, user.password, user.code(), PubkeyAuthentication="no")
        assert is_in(talk, user) and len(talk.prompts) == 2, talk
        # A wrong password ends the stack: the code is not asked.
        talk = server.ssh(user, "wrong", PubkeyAuthentication="no")
        assert not is_in(talk, user) and len(talk.prompts) == 1, talk
        # The code in place of the password, the password in place of the code.
        talk = server.ssh(user, user.code(), PubkeyAuthentication="no")
        assert not is_in(talk, user) and len(talk.prompts) == 1, talk
        assert not is_in(server.ssh(user, *[user.password] * 4), user)
