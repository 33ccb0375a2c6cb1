"""Reads mails with Python's own parser: base64 of each, a line each, on standard input. Prints JSON, a line for each."""

import base64
import email
import email.policy
import json
import sys

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
                "from": [mail["From"].addresses[0].display_name, mail["From"].addresses[0].addr_spec],
                "to": [mail["To"].addresses[0].display_name, mail["To"].addresses[0].addr_spec],
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
