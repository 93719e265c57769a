"""A small AWS on loopback where moto is wrong, silent or too slow: the answers are the test's.

It checks no signatures.  Of each request it notes action and parameters, and how many were
in flight.
"""
import asyncio
import collections
import re
import threading
import time
import urllib.parse

SPACE = "https://iam.amazonaws.com/doc/2010-05-08/"


def ok(action, inner=""):
    return 200, (f'<{action}Response xmlns="{SPACE}"><{action}Result>{inner}</{action}Result>'
                 f"<ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>"
                 f"</{action}Response>")


def no(code, status=400, message="no"):
    return status, (f'<ErrorResponse xmlns="{SPACE}"><Error><Type>Sender</Type><Code>{code}</Code>'
                    f"<Message>{message}</Message></Error><RequestId>r-2</RequestId>"
                    f"</ErrorResponse>")


class Fake:
    """answer(action, params) gives (status, text); each takes `delay` seconds."""

    def __init__(self, answer, delay=0.0):
        self.answer, self.delay = answer, delay
        self.calls = []
        self.count = collections.Counter()
        self.flying = self.most = 0
        self.busy = 0.0 # seconds of all requests together
        self.first = self.last = None

    def __enter__(self):
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self.thread.start()
        assert ready.wait(20)
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self._end)
        self.thread.join(timeout=20)

    def _end(self):
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.call_soon(self.loop.stop)

    def mean(self):
        """How many requests were in flight on average."""
        return self.busy / (self.last - self.first)

    def _run(self, ready):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=200))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self.loop.run_forever()

    async def _serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: *(\d+)", head)
                body = await reader.readexactly(int(length[1])) if length else b""
                await self._reply(writer, head, body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except asyncio.CancelledError:
            return
        writer.close()

    async def _reply(self, writer, head, body):
        began = time.monotonic()
        self.first = self.first or began
        self.flying += 1
        self.most = max(self.most, self.flying)
        target = re.search(rb"(?i)x-amz-target: *[A-Za-z0-9_]+\.([A-Za-z]+)", head)
        params = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
        action = target[1].decode() if target else params.get("Action", "?")
        self.calls.append((action, params))
        self.count[action] += 1
        if self.delay:
            await asyncio.sleep(self.delay)
        status, text = self.answer(action, params)
        data = text.encode()
        writer.write(b"HTTP/1.1 %d x\r\ncontent-length: %d\r\ncontent-type: text/xml\r\n\r\n" %
                     (status, len(data)) + data)
        self.last = time.monotonic()
        self.busy += self.last - began
        self.flying -= 1
        await writer.drain()

    def env(self, **more):
        return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent",
                "AWS_ENDPOINT_URL": self.url, "AWS_REGION": "ap-northeast-2",
                "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "s" * 40,
                "AWS_EC2_METADATA_DISABLED": "true", **more}


class People:
    """An account of many users, each with a console password, no device and two keys."""
    MADE = "2020-01-01T00:00:00Z"

    def __init__(self, users, page=1000):
        self.users, self.page = users, page

    def list_users(self, params):
        first = int(params.get("Marker", "0"))
        last = min(first + min(int(params.get("MaxItems", "100")), self.page), self.users)
        members = "".join(
            f"<member><UserName>u{i}</UserName><Arn>arn:aws:iam::123456789012:user/u{i}</Arn>"
            f"<Path>/</Path><UserId>A{i}</UserId><CreateDate>{self.MADE}</CreateDate></member>"
            for i in range(first, last))
        more = (f"<IsTruncated>true</IsTruncated><Marker>{last}</Marker>" if last < self.users
                else "<IsTruncated>false</IsTruncated>")
        return ok("ListUsers", f"<Users>{members}</Users>{more}")

    def list_keys(self, params):
        number = params["UserName"][1:]
        members = "".join(
            f"<member><UserName>u{number}</UserName><AccessKeyId>AKIA{number:0>11}{k}</AccessKeyId>"
            f"<Status>Active</Status><CreateDate>{self.MADE}</CreateDate></member>"
            for k in "AB")
        return ok("ListAccessKeys", f"<AccessKeyMetadata>{members}</AccessKeyMetadata>"
                  "<IsTruncated>false</IsTruncated>")

    def __call__(self, action, params):
        if action == "ListUsers":
            return self.list_users(params)
        if action == "ListAccessKeys":
            return self.list_keys(params)
        if action == "GetCallerIdentity":
            return ok(action, "<Arn>arn:aws:iam::123456789012:user/u0</Arn><UserId>x</UserId>"
                      "<Account>123456789012</Account>")
        if action == "GetLoginProfile":
            return ok(action, f"<LoginProfile><UserName>{params['UserName']}</UserName>"
                      f"<CreateDate>{self.MADE}</CreateDate></LoginProfile>")
        if action == "ListMFADevices":
            return ok(action, "<MFADevices/><IsTruncated>false</IsTruncated>")
        if action == "GetAccessKeyLastUsed":
            return ok(action, "<UserName>x</UserName><AccessKeyLastUsed><Region>N/A</Region>"
                      "<ServiceName>N/A</ServiceName></AccessKeyLastUsed>")
        if action == "GetAccountSummary":
            return ok(action, "<SummaryMap><entry><key>AccountMFAEnabled</key><value>1</value>"
                      "</entry><entry><key>AccountAccessKeysPresent</key><value>0</value></entry>"
                      "</SummaryMap>")
        if action == "ListVirtualMFADevices":
            return ok(action, "<VirtualMFADevices/><IsTruncated>false</IsTruncated>")
        return no("AccessDenied", 403)
