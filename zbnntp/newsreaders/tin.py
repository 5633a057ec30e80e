"""tin. Its filters know no headers of ours, so it does not score by trust; H in an article shows them.

Keys: f answers in the group; those that write mail do nothing, and were something mailed, it would go to a program that
refuses it.
TIN_HOMEDIR is where tin looks for everything that is otherwise in the home directory. Written against tin 2.6.2.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from zbnntp.newsreaders.kit import NO_MAIL, File, Reader, newsrc, no_mail, start

SETTINGS = """\
# tin for a zbnntp node. Made by 'zbnntp setup tin'; what it says is explained in docs/newsreaders.md.
mail_address={sender}
mm_charset=UTF-8

# no mail
mailer_format={no_mail}
interactive_mailer=0
auto_cc_bcc=0

# nothing that tells who or where you are: no signature, no date (it would be in your local time) above a quotation
sigfile=
default_sigfile=--none
news_quote_format=%N wrote:
xpost_quote_format=%N wrote:
mail_quote_format=%N wrote:

# the network is near
show_only_unread_groups=OFF
show_only_unread_arts=OFF
"""
KEYS = """\
# Keymap file V1.0.11 for the TIN newsreader
# keys that write mail, and to tin's developers: none
BugReport NULL
GroupMail NULL
ThreadMail NULL
PageMail NULL
PostMail NULL
PageReply NULL
PageReplyQuote NULL
PageReplyQuoteHeaders NULL
"""


def make(reader: Reader) -> Sequence[File]:
    server = reader.server
    options = ["-r", "-g", server.host, "-p", str(server.port), "-f", str(reader.path("newsrc"))]
    options += ["-T"] if server.tls else []
    options += ["-A"] if reader.login else []
    mailer = shlex.quote(str(reader.path(NO_MAIL))).replace("%", "%%")
    settings = SETTINGS.format(sender=reader.sender, no_mail=mailer)
    if server.tls:
        settings += f"\n# the node's own certificate\ntls_ca_cert_file={server.certificate}\n"
    return (
        start(("tin", *options), TIN_HOMEDIR=reader.directory),
        File(".tin/tinrc", settings),
        File(".tin/keymap", KEYS),
        newsrc(reader.groups),
        *((File(".newsauth", f'{server.host} "" {reader.login}\n'),) if reader.login else ()),
        no_mail(),
    )
