;; Gnus logs in, over TLS from the start or by STARTTLS, and starts a thread. The name and password are in ~/.authinfo.
;; Run by test_secured.py as: emacs -Q --batch -l gnus-secured.el HOST PORT GROUP NAME ADDRESS OPENER CERTIFICATE
;; OPENER is nntp-open-network-stream, which uses STARTTLS where it is offered, or nntp-open-tls-stream. The certificate
;; is trusted beforehand: a person would be asked once. Prints "GROUP <name>" for each group of the server and "TLS <protocol>".

(require 'gnus)
(require 'gnus-msg)
(require 'message)
(require 'gnutls)

(pcase-let ((`(,host ,port ,group ,name ,address ,opener ,certificate) command-line-args-left))
  (setq command-line-args-left nil
        user-full-name name
        user-mail-address address
        gnutls-verify-error t
        network-security-level 'low
        gnutls-trustfiles (list certificate)
        auth-sources '("~/.authinfo")
        gnus-select-method `(nntp ,host
                                  (nntp-port-number ,(string-to-number port))
                                  (nntp-open-connection-function ,(intern opener)))
        gnus-read-newsrc-file nil gnus-save-newsrc-file nil
        gnus-use-dribble-file nil gnus-always-read-dribble-file nil
        gnus-novice-user nil gnus-expert-user t gnus-interactive-exit nil
        gnus-message-highlight-citation nil message-shoot-gnksa-feet t
        message-confirm-send nil message-kill-buffer-on-exit t)
  (gnus)
  (gnus-group-list-active)
  (dolist (line (split-string (buffer-substring-no-properties (point-min) (point-max)) "\n" t))
    (princ (format "GROUP %s\n" (car (last (split-string line))))))
  (dolist (process (process-list))
    (let ((status (gnutls-peer-status process)))
      (when status (princ (format "TLS %s\n" (plist-get status :protocol))))))

  (gnus-subscribe-group group)
  (gnus-group-list-groups 9)
  (gnus-group-goto-group group)
  (gnus-group-post-news)
  (message-goto-newsgroups)
  (insert group)
  (message-goto-subject)
  (insert "From Gnus by " opener)
  (message-goto-body)
  (insert "They are loud.\n")
  (message-send-and-exit))
