"""The host processes that log people in, and what each login cost."""
import collections
import os
import subprocess

BUILD = os.environ["BUILD"] + "/tests/bench/"
SERVICES = os.environ["PRIVATE_MACHINE"] + "/pam.d"
PAM_SUCCESS = 0

Cost = collections.namedtuple("Cost", "rc wall cpu begin end")


class Host:
    """A process like sshd that stays; like `su` with plain=True: without libcrypto."""

    def __init__(self, plain=False, wrapper=()):
        self.process = subprocess.Popen(
            [*wrapper, BUILD + ("host-plain" if plain else "host"), SERVICES], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL if wrapper else None)

    def send(self, orders):
        self.process.stdin.write("".join(order + "\n" for order in orders).encode())
        self.process.stdin.flush()

    def receive(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("bench: a host has died")
        return Cost(*map(int, line.split()))

    def run(self, order):
        self.send([order])
        return self.receive()

    def kill(self):
        self.process.kill()
        self.close()

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.stdout.close()
        return self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def login(service, user, answer, when=None, at=0):
    return f"login {service} {user} {answer}" + (f" at {when} {at}" if when else "")
