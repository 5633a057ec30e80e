"""NeoMutt. It cannot score by headers that are not in its index; the trust in an author is shown above each article.

Keys: X starts a thread, F answers in the group; those that would write mail say that there is none.
NeoMutt 20220429 connects to port 563 whatever a snews:// address says, so TLS is STARTTLS on the plain port.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zbnntp.newsreaders.kit import NO_MAIL, NO_MAIL_SENTENCE, File, Reader, newsrc, no_mail, start

SETTINGS = """\
# NeoMutt for a zbnntp node. Made by 'zbnntp setup neomutt'; what it says is explained in docs/newsreaders.md.
set real_name={nick}
set from={address}
set use_from=yes
set news_server="news://{place}"
set newsrc={newsrc}
set news_cache_dir={cache}
set save_unsubscribed=no
set show_new_news=yes

# no mail: neither a server nor a program that would send it
unset smtp_url
set sendmail={no_mail}
unset record
set folder={directory}
set spool_file={directory}
set postponed={postponed}
{no_keys}
bind index,pager X post-message
bind index,pager F followup-message

# nothing that tells who or where you are: no signature, no computer's name, no date (it would be in your local time)
# above a quotation
unset signature
set hostname="zb.invalid"
set user_agent=no
set attribution="%n wrote:"
set send_charset="utf-8"

set sort=threads
set strict_threads=yes
ignore *
unignore from subject newsgroups date x-zb-trust x-zb-vote x-zb-sage
"""
MAIL_KEYS = "rgmfbL"  # reply, group-reply, mail, forward-message, bounce-message, list-reply
NO_KEY = "macro index,pager {key} \"<enter-command>echo '{sentence}'<enter>\""
TLS = """
# TLS, and the node's own certificate
set ssl_force_tls=yes
set ssl_starttls=yes
set certificate_file={certificate}
"""
PLAIN = "\n# no TLS on this machine\nset ssl_force_tls=no\nset ssl_starttls=no\n"


def make(reader: Reader) -> Sequence[File]:
    return (
        start(("neomutt", "-n", "-F", reader.path("neomuttrc"), "-G")),
        File("neomuttrc", _settings(reader)),
        newsrc(reader.groups),
        no_mail(),
    )


def _settings(reader: Reader) -> str:
    server = reader.server
    host = f"[{server.host}]" if ":" in server.host else server.host
    settings = SETTINGS.format(
        nick=_quoted(reader.nick),
        address=_quoted(reader.address),
        place=f"{host}:{server.starttls or server.port}",
        newsrc=_quoted(reader.path("newsrc")),
        cache=_quoted(reader.path("cache")),
        no_mail=_quoted(reader.path(NO_MAIL)),
        directory=_quoted(reader.directory),
        postponed=_quoted(reader.path("postponed")),
        no_keys="\n".join(NO_KEY.format(key=key, sentence=NO_MAIL_SENTENCE) for key in MAIL_KEYS),
    )
    settings += TLS.format(certificate=_quoted(server.certificate)) if server.certificate else PLAIN
    return settings + (
        f"\n# NeoMutt asks for the passphrase.\nset nntp_user={_quoted(reader.login)}\n" if reader.login else ""
    )


def _quoted(value: str | Path) -> str:
    """Double quotes of a muttrc: backslashes before those, and before what would be a command or a variable."""
    text = str(value)
    for special in '\\"`$':
        text = text.replace(special, "\\" + special)
    return f'"{text}"'
