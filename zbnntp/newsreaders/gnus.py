"""Gnus, in an Emacs of its own. It scores by headers that the overview has beyond the standard ones.

Keys: f and F answer in the group; what would be mailed is refused when it is sent. Written against Emacs 28.
"""

from __future__ import annotations

from collections.abc import Sequence

from zbnntp.newsreaders.kit import NO_MAIL_SENTENCE, TENTHS, File, Reader, newsrc, quoted, start

SETTINGS = """\
;; Gnus for a zbnntp node. Made by 'zbnntp setup gnus'; what it says is explained in docs/newsreaders.md.

;; Everything of Gnus stays in this directory.
(setq gnus-home-directory {directory}
      gnus-directory {news}
      message-directory {mail}
      gnus-startup-file {newsrc}
      gnus-init-file nil
      gnus-site-init-file nil
      gnus-always-read-dribble-file t
      gnus-save-newsrc-file t
      gnus-read-newsrc-file t)

(setq user-full-name {nick}
      user-mail-address {address}
      gnus-select-method
      '(nntp {host}
             (nntp-port-number {port})
             (nntp-open-connection-function {opener})))
{more}
;; No mail: none is fetched, and none is sent.
(defun zbnntp-no-mail (&rest _) (error {sentence}))
(setq gnus-secondary-select-methods nil
      message-send-mail-function #'zbnntp-no-mail
      message-send-mail-real-function #'zbnntp-no-mail
      send-mail-function #'zbnntp-no-mail
      gnus-message-archive-group nil)

;; Nothing that tells who or where you are: no signature, no computer's name, no date above a quotation.
(setq message-signature nil
      message-user-fqdn "zb.invalid"
      message-citation-line-function #'message-insert-citation-line
      message-generate-headers-first nil
      message-insert-canlock nil
      mail-host-address "zb.invalid")

;; The trust in each author, in percent, is the article's score.
(setq gnus-extra-headers '(X-Zb-Trust X-Zb-Vote)
      nnmail-extra-headers gnus-extra-headers
      gnus-use-scoring t
      gnus-summary-line-format "%U%R%z%4i %I%(%[%-20,20f%]%) %s\\n")

(with-eval-after-load 'gnus-art
  (setq gnus-visible-headers (concat gnus-visible-headers "\\\\|^X-Zb-")))
"""
TLS = """
;; TLS, and the node's own certificate: that one or none, without questions.
(require 'gnutls)
(setq gnutls-verify-error t
      network-security-level 'low
      gnutls-trustfiles (list {certificate}))
"""
LOGIN = """
;; Emacs asks for the passphrase.
(setq auth-sources nil)
(with-eval-after-load 'nntp
  (setq nntp-authinfo-user {login} nntp-authinfo-force t))
"""


def make(reader: Reader) -> Sequence[File]:
    return (
        start(("emacs", "-q", "-l", reader.path("gnus.el"), "-f", "gnus")),
        File("gnus.el", _settings(reader)),
        File("News/all.SCORE", _scores()),
        newsrc(reader.groups),
    )


def _settings(reader: Reader) -> str:
    server = reader.server
    more = TLS.format(certificate=quoted(server.certificate)) if server.certificate else ""
    more += LOGIN.format(login=quoted(reader.login)) if reader.login else ""
    return SETTINGS.format(
        directory=quoted(f"{reader.directory}/"),
        news=quoted(reader.path("News/")),
        mail=quoted(reader.path("Mail/")),
        newsrc=quoted(reader.path("newsrc")),
        nick=quoted(reader.nick),
        address=quoted(reader.address),
        host=quoted(server.host),
        port=server.port,
        opener="nntp-open-tls-stream" if server.tls else "nntp-open-plain-stream",
        more=more,
        sentence=quoted(NO_MAIL_SENTENCE),
    )


def _scores() -> str:
    rows = [("+1.", 100), *((f"+0.{tenth}", 10 * tenth) for tenth in TENTHS), ("-", -50)]
    return '(("extra"\n' + "\n".join(f'  ("{text}" {score} nil s "X-Zb-Trust")' for text, score in rows) + "))\n"
