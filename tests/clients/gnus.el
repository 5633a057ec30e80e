;; Gnus lists the groups, reads one, starts a thread, follows up to the group's first article and cancels its thread.
;; Run by test_gnus.py as: emacs -Q --batch -l gnus.el HOST PORT GROUP NAME ADDRESS
;; Prints a line "GROUP <name>" for each group of the server, "TEXT <the group's first article>", one for each article of
;; the group, "ROW <what the summary buffer shows>", then "CANCELLED <message id>", and the rows that are left.

(require 'gnus)
(require 'gnus-msg)
(require 'message)

(pcase-let ((`(,host ,port ,group ,name ,address) command-line-args-left))
  (setq command-line-args-left nil
        user-full-name name
        user-mail-address address
        gnus-select-method `(nntp ,host
                                  (nntp-port-number ,(string-to-number port))
                                  (nntp-open-connection-function nntp-open-plain-stream))
        gnus-read-newsrc-file nil gnus-save-newsrc-file nil
        gnus-use-dribble-file nil gnus-always-read-dribble-file nil
        gnus-novice-user nil gnus-expert-user t gnus-interactive-exit nil
        gnus-large-newsgroup nil gnus-message-highlight-citation nil
        gnus-summary-line-format "ROW %B%n: %s\n" gnus-sum-thread-tree-root "" gnus-treat-hide-citation nil
        message-shoot-gnksa-feet t message-confirm-send nil message-kill-buffer-on-exit t)
  (gnus)
  (gnus-group-list-active)
  (dolist (line (split-string (buffer-substring-no-properties (point-min) (point-max)) "\n" t))
    (princ (format "GROUP %s\n" (car (last (split-string line))))))
  (gnus-subscribe-group group)
  (gnus-group-list-groups 9)

  (gnus-group-goto-group group)
  (gnus-group-post-news)
  (message-goto-newsgroups)
  (insert group)
  (message-goto-subject)
  (insert "Of foghorns, für alle")
  (message-goto-body)
  (insert "They are loud.\n")
  (message-send-and-exit)

  (set-buffer gnus-group-buffer)
  (gnus-group-goto-group group)
  (gnus-group-read-group t nil group)
  (gnus-summary-goto-article 1)
  (with-current-buffer gnus-article-buffer
    (princ (concat "TEXT " (string-replace "\n" "|" (buffer-substring-no-properties (point-min) (point-max))) "\n")))
  (gnus-summary-followup-with-original nil)
  (message-goto-body)
  (goto-char (point-max))
  (insert "And who lights it?\n.dot\n")
  (message-send-and-exit)

  (set-buffer gnus-summary-buffer)
  (gnus-summary-rescan-group t)
  (princ (buffer-substring-no-properties (point-min) (point-max)))

  (goto-char (point-min))
  (search-forward "Of foghorns")
  (princ (format "CANCELLED %s\n" (mail-header-id (gnus-summary-article-header))))
  (cl-letf (((symbol-function 'yes-or-no-p) (lambda (&rest _) t)))
    (gnus-summary-cancel-article nil))
  (set-buffer gnus-summary-buffer)
  (gnus-summary-rescan-group t)
  (princ (buffer-substring-no-properties (point-min) (point-max))))
