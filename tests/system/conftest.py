import bastion
import pytest


@pytest.fixture(scope="session", autouse=True)
def initialised():
    bastion.enroll_mfa("init")


@pytest.fixture(scope="session")
def log():
    return bastion.Log()


@pytest.fixture(scope="session")
def sshd(initialised):
    """The bastion as shipped: a key, then a code."""
    with bastion.Sshd() as server:
        yield server


@pytest.fixture(scope="session")
def sshd_code(initialised):
    """The code alone, so that names which have no key reach the prompt too."""
    with bastion.Sshd(AuthenticationMethods="keyboard-interactive:pam") as server:
        yield server


@pytest.fixture
def user():
    """A fresh account with a key, a password and a device."""
    return bastion.User(password="correct horse 7").enrol()


@pytest.fixture
def since(log):
    return log.mark()
