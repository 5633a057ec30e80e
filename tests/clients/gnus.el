;; Gnus on what `zbnntp setup gnus` has made: it lists the groups, starts a thread, reads a group, follows up to its first
;; article, is asked to mail its author and refuses, and cancels its own thread.
;; Run by test_gnus.py as: SETUP/start --batch -l gnus.el GROUP
;; Prints a line "GROUP <name>" for each group of the server, "TEXT <the group's first article>", one for each article of
;; the group, "ROW <score> <what the summary buffer shows>", "MAIL <what was said>", then "CANCELLED <message id>", and
;; the rows that are left.

(require 'gnus)
(require 'gnus-msg)
(require 'message)
(defvar summary nil "The buffer of the group.")

(pcase-let ((`(,group) command-line-args-left))
  (setq command-line-args-left nil
        gnus-novice-user nil gnus-expert-user t gnus-interactive-exit nil
        gnus-large-newsgroup nil gnus-message-highlight-citation nil
        gnus-summary-line-format "ROW %i %B%n: %s\n" gnus-sum-thread-tree-root "" gnus-treat-hide-citation nil
        message-shoot-gnksa-feet t message-confirm-send nil message-kill-buffer-on-exit t)
  (gnus-group-list-active)
  (dolist (line (split-string (buffer-substring-no-properties (point-min) (point-max)) "\n" t))
    (princ (format "GROUP %s\n" (car (last (split-string line))))))
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
  (setq summary (current-buffer))
  (gnus-summary-goto-article 1)
  (with-current-buffer gnus-article-buffer
    (princ (concat "TEXT " (string-replace "\n" "|" (buffer-substring-no-properties (point-min) (point-max))) "\n")))
  (gnus-summary-followup-with-original nil)
  (message-goto-body)
  (goto-char (point-max))
  (insert "And who lights it?\n.dot\n")
  (message-send-and-exit)

  (set-buffer summary)
  (gnus-summary-goto-article 1)
  (cl-letf (((symbol-function 'y-or-n-p) (lambda (&rest _) t)))
    (gnus-summary-reply)
    (message-goto-body)
    (insert "For you alone.\n")
    (condition-case said
        (message-send-and-exit)
      (error (princ (format "MAIL %s\n" (error-message-string said)))))
    (set-buffer-modified-p nil)
    (kill-buffer))

  (set-buffer summary)
  (gnus-summary-rescan-group t)
  (setq summary (get-buffer (concat "*Summary " group "*")))
  (set-buffer summary)
  (princ (buffer-substring-no-properties (point-min) (point-max)))

  (goto-char (point-min))
  (search-forward "Of foghorns")
  (princ (format "CANCELLED %s\n" (mail-header-id (gnus-summary-article-header))))
  (cl-letf (((symbol-function 'yes-or-no-p) (lambda (&rest _) t)))
    (gnus-summary-cancel-article nil))
  (set-buffer summary)
  (gnus-summary-rescan-group t)
  (setq summary (get-buffer (concat "*Summary " group "*")))
  (set-buffer summary)
  (princ (buffer-substring-no-properties (point-min) (point-max))))
