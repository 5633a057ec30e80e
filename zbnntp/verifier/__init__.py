"""A second process for those who take in a lot at once: it reads entries and verifies their signatures.

Python computes in one thread at a time, so whoever verifies holds up whoever writes into the store, and both hold up
newsreaders. What takes most of the time depends on the bytes alone: it can be done anywhere. So lines of posts segments
go to a process that knows the model and nothing else; it starts when a lot has come, and ends when it has had nothing
to do for a while.
"""
