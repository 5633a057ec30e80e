"""Thunderbird, in a profile of its own: it runs beside one's other Thunderbird and knows no mail account.

Mail has no way out: there is no server for it, and Send says so. And nothing else leaves either: what is not for the
node is sent to a proxy that does not exist, so no page, picture, update, suggestion or name look-up does. Thunderbird
scores nothing, but has filters: authors trusted from 0.5 on are tagged. Written against Thunderbird 153.
"""

from __future__ import annotations

import hashlib
import json
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path

from zbnntp.newsreaders.kit import TENTHS, File, Reader, newsrc, start

NEWS = "News/zbnntp"
TRUSTED_FROM = 5  # tenths

Preference = str | int | bool

# What its dialogs would write: the folders of this computer, and a news account without a server for mail.
ACCOUNT: dict[str, Preference] = {
    "mail.accountmanager.accounts": "account1,account2",
    "mail.accountmanager.defaultaccount": "account2",
    "mail.accountmanager.localfoldersserver": "server1",
    "mail.account.account1.server": "server1",
    "mail.account.account2.server": "server2",
    "mail.account.account2.identities": "id1",
    "mail.server.server1.type": "none",
    "mail.server.server1.hostname": "Local Folders",
    "mail.server.server1.name": "Local Folders",
    "mail.server.server1.userName": "nobody",
    "mail.server.server1.directory-rel": "[ProfD]Mail/Local Folders",
    "mail.server.server2.type": "nntp",
    "mail.server.server2.name": "zbnntp",
    "mail.server.server2.directory-rel": f"[ProfD]{NEWS}",
    "mail.server.server2.newsrc.file-rel": f"[ProfD]{NEWS}.rc",
    "mail.server.server2.max_articles": 100_000,
    "mail.server.server2.abbreviate": False,
    "mail.identity.id1.valid": True,
    "mail.identity.id1.compose_html": False,
    "mail.identity.id1.fcc": False,
    "mail.collect_email_address_outgoing": False,
    "mail.collect_addressbook": "",
}
# The line above a quotation is "NAME wrote:", without the time on this clock; answers are sorted into their threads
# though they came before them.
HABITS: dict[str, Preference] = {
    "mailnews.reply_header_type": 1,
    "mailnews.headers.sendUserAgent": False,
    "mail.strict_threading": False,
    "mailnews.customHeaders": "X-Zb-Trust",
    "mailnews.tags.zbtrusted.tag": "trusted",
    "mailnews.tags.zbtrusted.color": "#009900",
}
# Port 9 of this machine is nobody's (RFC 863): what would go elsewhere ends there, names included. A link is opened by
# another program, after a question.
CLOSED: dict[str, Preference] = {
    "network.proxy.type": 1,
    "network.proxy.socks": "127.0.0.1",
    "network.proxy.socks_port": 9,
    "network.proxy.socks_version": 5,
    "network.proxy.socks_remote_dns": True,
    "network.proxy.failover_direct": False,
    "network.proxy.allow_hijacking_localhost": True,
    "network.dns.disablePrefetch": True,
    "network.trr.mode": 5,
    "network.protocol-handler.warn-external.http": True,
    "network.protocol-handler.warn-external.https": True,
    "network.protocol-handler.warn-external.ftp": True,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "app.update.enabled": False,
    "app.normandy.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "datareporting.healthreport.uploadEnabled": False,
    "toolkit.telemetry.unified": False,
    "mailnews.start_page.enabled": False,
    "mailnews.start_page_override.mstone": "ignore",
    "mailnews.message_display.disable_remote_image": True,
    "mailnews.database.global.indexer.enabled": False,
    "messenger.options.getAttachmentsOnGetMessages": False,
}
# What would be asked or shown at a first start.
STARTED: dict[str, Preference] = {
    "app.donation.eoy.version.viewed": 999,
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.rights.version": 1,
    "mail.shell.checkDefaultClient": False,
    "mail.spam.version": 1,
    "mail.winsearch.firstRunDone": True,
}
# type: 4 for what comes in a newsgroup, 16 for what is filtered by hand (nsMsgFilterType)
FILTERS = """\
version="9"
logging="no"
name="zbnntp: authors you trust"
enabled="yes"
type="20"
action="AddTag"
actionValue="zbtrusted"
condition="{condition}"
"""
# The node's certificate, once and for all; in the form of nsCertOverrideService: SHA-256, then its fingerprint.
EXCEPTION = "{host}:{port}:\tOID.2.16.840.1.101.3.4.2.1\t{fingerprint}\t\n"
TLS_SOCKET = 3


def make(reader: Reader) -> Sequence[File]:
    server = reader.server
    command = ("thunderbird", "--no-remote", "--profile", reader.directory)
    return (
        start(command),
        File("prefs.js", "".join(_preferences(ACCOUNT | HABITS | CLOSED | STARTED | _mine(reader)))),
        newsrc(reader.groups, f"{NEWS}.rc"),
        File(f"{NEWS}/msgFilterRules.dat", FILTERS.format(condition=_trusted())),
        *((File("cert_override.txt", _exception(server.certificate, reader)),) if server.certificate else ()),
    )


def _mine(reader: Reader) -> dict[str, Preference]:
    server = reader.server
    mine: dict[str, Preference] = {
        "mail.server.server2.hostname": server.host,
        "mail.server.server2.port": server.port,
        "mail.server.server2.socketType": TLS_SOCKET if server.tls else 0,
        "mail.identity.id1.fullName": reader.nick,
        "mail.identity.id1.useremail": reader.address,
        "network.proxy.no_proxies_on": server.place,
    }
    return mine | ({"mail.server.server2.always_authenticate": True} if reader.login else {})


def _preferences(values: dict[str, Preference]) -> Iterator[str]:
    yield "// Thunderbird for a zbnntp node. Made by 'zbnntp setup thunderbird'; docs/newsreaders.md explains it.\n"
    for key, value in values.items():
        yield f"user_pref({json.dumps(key)}, {json.dumps(value)});\n"


def _trusted() -> str:
    found = ["+1.", *(f"+0.{tenth}" for tenth in TENTHS if tenth >= TRUSTED_FROM)]
    return " ".join(f'OR (\\"X-Zb-Trust\\",contains,{text})' for text in found)


def _exception(certificate: Path, reader: Reader) -> str:
    octets = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.read_text())).hexdigest().upper()
    fingerprint = ":".join(octets[at : at + 2] for at in range(0, len(octets), 2))
    return EXCEPTION.format(host=reader.server.host, port=reader.server.port, fingerprint=fingerprint)
