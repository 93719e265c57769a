"""A server in front of an account (account.py) that does what a policy of IAM allows, and refuses
all else: action, resource and condition, as IAM looks at them.  It notes what it was asked.

GetCallerIdentity needs no permission.  What moto does not have, or has otherwise than a test needs
it, is in `answers`.
"""
import http.client
import http.server
import json
import re
import threading
import urllib.parse

from account import Refused

ACCOUNT = "123456789012"
# On nothing but "*".
OF_THE_ACCOUNT = {
    "iam:GetAccountSummary", "iam:GetAccountPasswordPolicy", "iam:UpdateAccountPasswordPolicy",
    "iam:DeleteAccountPasswordPolicy", "iam:GenerateCredentialReport", "iam:GetCredentialReport",
    "iam:ListUsers", "iam:ListRoles", "iam:ListVirtualMFADevices",
    "ec2:DescribeInstanceConnectEndpoints", "ec2:GetSerialConsoleAccessStatus"}
SEALED = {"secretsmanager:GetSecretValue": ["kms:Decrypt"],
          "secretsmanager:PutSecretValue": ["kms:GenerateDataKey", "kms:Decrypt"]}


def is_like(pattern, text):
    """* and ?, and nothing else."""
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch("".join(parts), text) is not None


def listed(value):
    return value if isinstance(value, list) else [value]


class Gate:
    """`with Gate(account) as g:`; g.policy is for the user g.who alone."""

    def __init__(self, account):
        self.account, self.policy, self.who = account, None, None
        self.answers, self.lost = {}, set()
        self.asked, self.denied = [], []
        self.kms_key = None  # that seals the secrets
        self.owners, self.users, self.secrets = {}, {}, {}
        self.lock = threading.Lock()

    def __enter__(self):
        gate = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                gate.one(self)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 100 # an audit has several in flight; one that waits, waits 1 s

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def let(self, who, text, without=None):
        """From now on this user may do what the text says, less one action.  Nothing was asked."""
        self.policy = json.loads(text)
        for statement in self.policy["Statement"]:
            statement["Action"] = [a for a in listed(statement["Action"]) if a != without]
        self.who, self.asked, self.denied, self.lost = who, [], [], set()

    def env(self, key=None, **more):
        return self.account.env(key, AWS_ENDPOINT_URL=self.url, AWS_MAX_ATTEMPTS="1", **more)

    # ---- what a request is about ----

    def user_arn(self, name):
        if name not in self.users:
            try:
                self.users[name] = self.account.iam("GetUser", UserName=name).find(".//Arn").text
            except Refused:
                return f"arn:aws:iam::{ACCOUNT}:user/{name}"
        return self.users[name]

    def owner(self, key_id):
        """Whose key it is; None: nobody's."""
        if key_id not in self.owners:
            try:
                told = self.account.iam("GetAccessKeyLastUsed", AccessKeyId=key_id)
            except Refused:
                return None
            self.owners[key_id] = told.find(".//UserName").text
        return self.owners[key_id]

    def secret_arn(self, name):
        if name not in self.secrets:
            self.secrets[name] = self.account.call("secretsmanager", "DescribeSecret",
                                                   SecretId=name)["ARN"]
        return self.secrets[name]

    def resource(self, action, form):
        if action in OF_THE_ACCOUNT:
            return "*"
        if action == "iam:CreateVirtualMFADevice":
            return f"arn:aws:iam::{ACCOUNT}:mfa/{form['VirtualMFADeviceName']}"
        if action == "iam:DeleteVirtualMFADevice":
            return form["SerialNumber"]
        if action == "iam:SimulatePrincipalPolicy":
            return form["PolicySourceArn"]
        if action == "iam:GetAccessKeyLastUsed":
            return self.user_arn(self.owner(form["AccessKeyId"]))
        if action.startswith("iam:"):
            return self.user_arn(form["UserName"])
        if action.startswith("kms:"):
            return self.kms_key
        if action.startswith("secretsmanager:"):
            return self.secret_arn(form["SecretId"])
        assert action == "ec2-instance-connect:SendSSHPublicKey", action
        return f"arn:aws:ec2:ap-northeast-2:{ACCOUNT}:instance/{form['InstanceId']}"

    def allows(self, statement, action, form):
        context = {"ec2:osuser": form.get("InstanceOSUser")}
        conditions = statement.get("Condition", {})
        assert statement["Effect"] == "Allow" and set(conditions) <= {"StringEquals"}, statement
        # An ARN whose variable has no value allows nothing.
        resources = [r.replace("${aws:username}", self.who) for r in listed(statement["Resource"])]
        return (action in statement["Action"] and
                any(is_like(r, self.resource(action, form)) for r in resources) and
                all(context[name] in listed(value)
                    for name, value in conditions.get("StringEquals", {}).items()))

    # ---- requests ----

    def needs(self, action):
        """Permissions; Secrets Manager asks KMS in the name of whom it serves."""
        if action == "sts:GetCallerIdentity":
            return []
        kms = SEALED.get(action, []) if self.kms_key else []
        return [action, *kms]

    def is_allowed(self, action, form, key_id):
        with self.lock:
            for one in self.needs(action):
                self.asked.append(one)
                if self.owner(key_id) != self.who or not any(
                        self.allows(s, one, form) for s in self.policy["Statement"]):
                    self.denied.append(one)
                    return False
        return True

    def one(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        signed = re.search(r"Credential=(\w+)/\d+/[\w-]+/([\w-]+)/", handler.headers["Authorization"])
        target = handler.headers.get("X-Amz-Target")
        form = json.loads(body) if target else dict(urllib.parse.parse_qsl(body.decode()))
        action = f"{signed[2]}:{target.split('.')[-1] if target else form['Action']}"
        handler.close_connection = True
        if not self.is_allowed(action, form, signed[1]):
            status, data = refusal(action, target)
        elif action in self.answers:
            status, data = self.answers[action](form)
        else:
            status, data = self.forward(handler, body)
        if action in self.lost:
            return
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def forward(self, handler, body):
        """As it was signed."""
        link = http.client.HTTPConnection("127.0.0.1", self.account.port, timeout=60)
        link.putrequest("POST", handler.path, skip_host=True, skip_accept_encoding=True)
        for name, value in handler.headers.items():
            link.putheader(name, value)
        link.endheaders(body)
        reply = link.getresponse()
        data = reply.read()
        link.close()
        return reply.status, data


def refusal(action, target):
    if target:
        return 400, json.dumps({"__type": "AccessDeniedException", "Message": action}).encode()
    if action.startswith("ec2:"):
        return 403, (f"<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>{action}"
                     "</Message></Error></Errors><RequestID>r</RequestID></Response>").encode()
    return 403, (f"<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{action}"
                 "</Message></Error><RequestId>r</RequestId></ErrorResponse>").encode()
