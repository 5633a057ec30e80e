"""slrn. It scores by any field of the overview, so the list of headers shows how far each author is trusted.

Keys: f answers in the group; r, which would write mail, says that there is none. Written against slrn 1.0.3.
"""

from __future__ import annotations

from collections.abc import Sequence

from zbnntp.newsreaders.kit import NO_MAIL, NO_MAIL_SENTENCE, TENTHS, File, Reader, newsrc, no_mail, quoted, start

SETTINGS = """\
% slrn for a zbnntp node. Made by 'zbnntp setup slrn'; what it says is explained in docs/newsreaders.md.

set realname {nick}
set username {user}
set hostname {domain}

% No mail, and nothing that tells who or where you are: no signature, no date (it would be in your local time) above a
% quotation. The node names the article; a Message-ID made by slrn would contain this computer's name.
set sendmail_command {no_mail}
set cc_followup 0
set signature ""
set followup_string "%r wrote:"
set generate_message_id 0
set use_recommended_msg_id 1
interpret {macros}

% Quoted lines may be longer than slrn likes; do not stop there.
set netiquette_warnings 0

charset display utf-8
charset outgoing utf-8

% Show threads open, with the subject in every line.
set uncollapse_threads 1
set show_thread_subject 1

% The score in front of each header is your trust in its author in percent; from 50 on it is marked.
set scorefile {score}
set min_high_score 50
set max_low_score -1
visible_headers "From:,Subject:,Newsgroups:,Followup-To:,Reply-To:,X-Zb-"

% A backup of every post you wrote.
set save_posts {posts}
"""
LOGIN = '\n% slrn asks for the passphrase.\nnnrpaccess {server} {login} ""\n'
MACROS = """\
% The keys that would write mail say that there is none.
define zb_no_mail () {{ error ({sentence}); }}
definekey ("zb_no_mail", "r", "article");
definekey ("zb_no_mail", "F", "article");
"""


def make(reader: Reader) -> Sequence[File]:
    server = f"{'snews://' if reader.server.tls else ''}{reader.server.place}"
    options = ("-i", reader.path("slrnrc"), "-h", server, "-f", reader.path("newsrc"))
    return (
        start(("slrn", *options)),
        File("slrnrc", _settings(reader, server)),
        File("score", _scores()),
        File("macros.sl", MACROS.format(sentence=quoted(NO_MAIL_SENTENCE))),
        newsrc(reader.groups),
        no_mail(),
    )


def _settings(reader: Reader, server: str) -> str:
    user, _, domain = reader.address.partition("@")
    settings = SETTINGS.format(
        nick=quoted(reader.nick),
        user=quoted(user),
        domain=quoted(domain),
        no_mail=quoted(reader.path(NO_MAIL)),
        macros=quoted(reader.path("macros.sl")),
        score=quoted(reader.path("score")),
        posts=quoted(reader.path("posts")),
    )
    return settings + (LOGIN.format(server=quoted(server), login=quoted(reader.login)) if reader.login else "")


def _scores() -> str:
    """Trust in percent, by its first digit after the point; RFC-less, docs/newsgroups.md "Served articles"."""
    rows = [(100, r"\+1\."), *((10 * tenth, rf"\+0\.{tenth}") for tenth in TENTHS), (-50, "-")]
    return "[*]\n" + "".join(f"Score: {score} % trust\n  X-Zb-Trust: ^{pattern}\n\n" for score, pattern in rows)
