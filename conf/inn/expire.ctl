# What the node shows no longer, it withdraws; so nothing else need expire here. What was withdrawn and is shown again
# comes back once its Message-ID has been forgotten: so many days.
/remember/:2
*:A:never:never:never
