;; Gnus reads a group, starts a thread and follows up to the group's first article.
;; Run by test_gnus.py as: emacs -Q --batch -l gnus.el HOST PORT GROUP NAME ADDRESS
;; Prints one line for each article of the group: "ROW <what the summary buffer shows>", then its first article's text.

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
  (princ (buffer-substring-no-properties (point-min) (point-max))))
