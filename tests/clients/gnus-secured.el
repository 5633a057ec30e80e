;; Gnus on what `zbnntp setup gnus --as NICK [--tls]` has made: it logs in and starts a thread. The passphrase is read from
;; standard input, as it would be from a person.
;; Run by test_secured.py as: SETUP/start --batch -l gnus-secured.el GROUP SUBJECT
;; Prints "GROUP <name>" for each group of the server and "TLS <protocol>" for each connection that has it.

(require 'gnus)
(require 'gnus-msg)
(require 'message)
(require 'gnutls)

(pcase-let ((`(,group ,subject) command-line-args-left))
  (setq command-line-args-left nil
        gnus-novice-user nil gnus-expert-user t gnus-interactive-exit nil
        gnus-message-highlight-citation nil message-shoot-gnksa-feet t
        message-confirm-send nil message-kill-buffer-on-exit t)
  (gnus-group-list-active)
  (dolist (line (split-string (buffer-substring-no-properties (point-min) (point-max)) "\n" t))
    (princ (format "GROUP %s\n" (car (last (split-string line))))))
  (dolist (process (process-list))
    (let ((status (gnutls-peer-status process)))
      (when status (princ (format "TLS %s\n" (plist-get status :protocol))))))

  (gnus-group-list-groups 9)
  (gnus-group-goto-group group)
  (gnus-group-post-news)
  (message-goto-newsgroups)
  (insert group)
  (message-goto-subject)
  (insert subject)
  (message-goto-body)
  (insert "They are loud.\n")
  (message-send-and-exit))
