"""Pan. Its rules score by author, subject and the like, not by headers of ours; the article pane shows all headers.

Keys: f answers in the group; what r writes goes to a program that says that there is no mail. PAN_HOME is where Pan
looks for everything. Pan keeps passwords itself, and does not ask: it is typed once, in Edit > News Servers. Written
against Pan 0.154.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from zbnntp.newsreaders.kit import NO_MAIL, NO_MAIL_SENTENCE, PROGRAM, File, Reader, newsrc, start, xml

SERVERS = """\
<?xml version="1.0" encoding="utf-8" ?>
<server-properties>
  <server id="1">
    <host>{host}</host>
    <port>{port}</port>
    <username>{login}</username>
    <password></password>
    <expire-articles-n-days-old>0</expire-articles-n-days-old>
    <connection-limit>2</connection-limit>
    <newsrc>{newsrc}</newsrc>
    <rank>1</rank>
    <use-ssl>{tls}</use-ssl>
    <trust>{tls}</trust>
    <cert></cert>
  </server>
</server-properties>
"""
POSTING = """\
<?xml version="1.0" encoding="utf-8" ?>
<posting>
  <profiles>
    <profile name="zbnntp">
      <username>{nick}</username>
      <address>{address}</address>
      <server>1</server>
      <attribution>%n wrote:</attribution>
    </profile>
  </profiles>
</posting>
"""
PREFERENCES = """\
<?xml version="1.0" encoding="utf-8" ?>
<preferences>
<flag name='get-new-headers-on-startup' value='true'/>
<string name='mailer-mode' value='custom'/>
<string name='custom-mailer' value='{no_mail}'/>
</preferences>
"""
# Pan starts its mail program without a terminal to say anything in; one of these shows a window.
WINDOW = """\
#!/bin/sh
sentence={sentence}
echo "$sentence" >&2
for show in "zenity --warning --text" "kdialog --sorry" "notify-send" "xmessage"; do
    command -v "${{show%% *}}" >/dev/null && exec $show "$sentence"
done
exit 1
"""


def make(reader: Reader) -> Sequence[File]:
    server = reader.server
    servers = SERVERS.format(
        host=xml(server.host),
        port=server.port,
        login=xml(reader.login),
        newsrc=xml(reader.path("newsrc")),
        tls=int(server.tls),
    )
    mailer = xml(shlex.quote(str(reader.path(NO_MAIL))))
    return (
        start(("pan",), PAN_HOME=reader.directory),
        File("servers.xml", servers),
        File("posting.xml", POSTING.format(nick=xml(reader.nick), address=xml(reader.address))),
        File("preferences.xml", PREFERENCES.format(no_mail=mailer)),
        newsrc(sorted(reader.groups)),  # in another order Pan loses some of them
        File(NO_MAIL, WINDOW.format(sentence=shlex.quote(NO_MAIL_SENTENCE)), PROGRAM),
    )
