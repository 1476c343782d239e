"""From which address a function is called, as far as that can be known.

Appwrite puts `x-appwrite-client-ip` into every execution: the peer of its own connection, or the first entry
of a header named in `_APP_TRUSTED_HEADERS` (`x-forwarded-for`), which the proxy of a usual installation
replaces. Behind a proxy that appends to that header instead, callers choose its first entry: then another
header has to be named there.

Callers can add headers to an execution. Of `x-appwrite-...` only the spelling in lower case is refused, and
of two spellings the first one counts. That is the caller's: Appwrite puts its own behind it, the execution's
key and after that the address. So an address that stands before the key is the caller's word, and is not
believed. Whoever puts a key of his own before it makes the function work with that key, with which it can do
nothing: no counter is reached, and what this process remembers of an address is wrong by at most the caller's
own limit.

`x-forwarded-for` and `x-real-ip` in an execution are always the caller's word, and are not read.
"""

from collections.abc import Mapping

from boxoffice.domain.limits import network

_ADDRESS = "x-appwrite-client-ip"
_KEY = "x-appwrite-key"


def caller_network(headers: Mapping[str, str]) -> str | None:
    """What stands for the caller's address; `None` when it is missing, no address, or the caller's own word.

    `headers` are in the order in which they came, with names in lower case.
    """
    names = list(headers)
    if _ADDRESS not in headers or _KEY not in headers or names.index(_ADDRESS) < names.index(_KEY):
        return None
    return network(headers[_ADDRESS])
