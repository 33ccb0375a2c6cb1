"""Reads mails with Python's own parser: base64 of each, a line each, on standard input. Prints JSON, a line for each."""

import base64
import email
import email.header
import email.policy
import email.utils
import json
import sys


def person(raw, name):
    """Name and address. Python's newer parser leaves spaces between the encoded words of a name (RFC 2047, 6.2)."""
    old = email.message_from_bytes(raw, policy=email.policy.compat32)
    shown, _ = email.utils.parseaddr("".join(str(old[name]).splitlines()))
    new = email.message_from_bytes(raw, policy=email.policy.SMTPUTF8)
    return [str(email.header.make_header(email.header.decode_header(shown))), new[name].addresses[0].addr_spec]


for line in sys.stdin:
    raw = base64.b64decode(line)
    mail = email.message_from_bytes(raw, policy=email.policy.SMTPUTF8)
    parts = list(mail.iter_parts())
    defects = [str(defect) for part in [mail, *parts] for defect in part.defects]
    defects += [str(defect) for name in mail.keys() for defect in mail[name].defects]
    print(
        json.dumps(
            {
                "headers": [name for name in mail.keys()],
                "date": mail["Date"].datetime.isoformat(),
                "subject": mail["Subject"],
                "from": person(raw, "From"),
                "to": person(raw, "To"),
                "recipients": len(mail["To"].addresses),
                "messageID": mail["Message-ID"],
                "types": [mail.get_content_type()] + [part.get_content_type() for part in parts],
                "text": parts[0].get_content(),
                "html": parts[1].get_content(),
                "defects": defects,
                "longest": max(len(line) for line in raw.split(b"\r\n")),
                "bare": raw.replace(b"\r\n", b"").count(b"\n") + raw.replace(b"\r\n", b"").count(b"\r"),
            }
        )
    )
