"""What the system says of a connection, or a file, in words alone."""

import re

#: `[Errno 111] `, `[SSL: WRONG_VERSION_NUMBER] `: for programs, and of other numbers elsewhere.
_NUMBERS = re.compile(r"\[(?:Errno -?\d+|WinError \d+|SSL(?:: \w+)?)\] ?")
#: Where in a library's source it was noticed.
_SOURCE = re.compile(r" \(_ssl\.c:\d+\)")


def in_words(error: BaseException) -> str:
    """What went wrong, as a sentence: `Connection refused`. Of an error without one, such as
    `timed out` may be, the name of its kind."""
    said = _SOURCE.sub("", _NUMBERS.sub("", str(error))).strip()
    return said or type(error).__name__
