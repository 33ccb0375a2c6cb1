"""An SMTP server on loopback that answers as it is told, for one test.

Its one argument is JSON: what it answers to each verb, to the connection ("greeting") and to the end of the mail
("body"), and if need be to a verb with something in its line ("RCPT ada@example.com"). null hangs up, "silence" never answers; what is not named is answered as a server should. Prints its port;
ends when standard input does.
"""

import json
import os
import socket
import sys
import threading

answers = {
    "greeting": "220 scripted.test",
    "EHLO": "250-scripted.test\r\n250 8BITMIME",
    "MAIL": "250 2.1.0 fine",
    "RCPT": "250 2.1.5 fine",
    "DATA": "354 go on",
    "body": "250 2.0.0 taken",
    "QUIT": "221 2.0.0 goodbye",
} | json.loads(sys.argv[1])


def converse(connection):
    lines = connection.makefile("rb")

    def answer(what):
        reply = answers.get(what, "502 5.5.2 unknown")
        if reply == "silence":
            threading.Event().wait()
        if reply is not None:
            connection.sendall(reply.encode() + b"\r\n")
        return reply is not None

    going = answer("greeting")
    while going and (line := lines.readline()):
        verb = line.split()[0].decode().upper()
        special = [key for key in answers if key.startswith(verb + " ") and key[len(verb) + 1 :] in line.decode()]
        going = answer(special[0] if special else verb)
        if verb == "DATA" and answers[verb] and answers[verb].startswith("354"):
            while (line := lines.readline()) and line != b".\r\n":
                pass
            going = answer("body")
        if verb == "QUIT":
            going = False
    lines.close()
    connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def serve(listener):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=converse, args=(connection,), daemon=True).start()


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
threading.Thread(target=serve, args=(listener,), daemon=True).start()
sys.stdin.read()
os._exit(0)
