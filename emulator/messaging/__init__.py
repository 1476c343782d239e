"""Messaging: topics and who subscribes to them, the targets of users, and messages.

Nothing leaves the machine: a message that is sent goes to an outbox, one entry for each address, which tests
and developers read instead of a mailbox or a phone.
"""
