"""A real SMTP server on loopback, Debian's python3-aiosmtpd, for one test.

Its one argument is JSON: directory (where each mail becomes a numbered JSON file), and, when wanted, certificate and
key, smtps, requires_starttls, user and password, smtputf8. Prints its port; ends when standard input does.
"""

import asyncio
import base64
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

wishes = json.loads(sys.argv[1])


class Handler:
    count = 0

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        content = envelope.original_content
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "options": envelope.mail_options,
            "greeting": session.host_name,
            "encrypted": session.ssl is not None or bool(wishes.get("smtps")),
            "authenticated": bool(session.authenticated),
            "mail": base64.b64encode(content).decode(),
        }
        draft = os.path.join(wishes["directory"], "draft")
        with open(draft, "w") as file:
            json.dump(mail, file)
        os.rename(draft, os.path.join(wishes["directory"], f"{self.count}.json"))
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (
        wishes["user"].encode(),
        wishes["password"].encode(),
    )
    return AuthResult(success=right, handled=False)


async def main():
    context = None
    if "certificate" in wishes:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(wishes["certificate"], wishes["key"])
    smtps = bool(wishes.get("smtps"))
    handler = Handler()
    options = {
        "enable_SMTPUTF8": bool(wishes.get("smtputf8")),
        "tls_context": None if smtps else context,
        "require_starttls": bool(wishes.get("requires_starttls")),
        "hostname": "loopback.test",
    }
    if "user" in wishes:
        options |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": not smtps}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, loop=loop, **options), "127.0.0.1", 0, ssl=context if smtps else None
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    os._exit(0)


asyncio.run(main())
