"""The conditions that `when` states: comparisons of values, joined by and, or and not. Pure.

Read by Python's own parser and never executed: names, calls and attributes are no conditions.
"""

import ast
import math
import operator
from typing import Any, Callable, Dict, Type

_COMPARE: Dict[Type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}
_FORMS = 'it must compare values, as 0.93 >= 0.9 and "a" == "b" do; and, or, not join those'
#: Words that are values of their own.
_WORDS = {"true": True, "True": True, "false": False, "False": False}
_NUMBERS = {"nan": math.nan, "inf": math.inf}


def parsed(text: str) -> ast.expr:
    """A condition whose `${...}` are filled in already. Errors: ValueError for what is none."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, RecursionError, MemoryError, ValueError):
        raise ValueError("`%s` is no condition: %s" % (text, _FORMS)) from None
    if not _decides(tree.body):
        raise ValueError("`%s` is no condition: %s" % (text, _FORMS))
    return tree.body


def _decides(node: ast.expr) -> bool:
    """Whether it can be true or false: what is a text only would always be true."""
    if isinstance(node, ast.Compare):
        known = all(type(sign) in _COMPARE for sign in node.ops)
        return known and all(map(_is_value, [node.left, *node.comparators]))
    if isinstance(node, ast.BoolOp):
        return all(map(_decides, node.values))
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not) and _decides(node.operand)
    if isinstance(node, ast.Name):
        return node.id in _WORDS
    return isinstance(node, ast.Constant) and isinstance(node.value, bool)


def _is_value(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, (bool, int, float, str))
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.USub) and _is_value(node.operand)
    if isinstance(node, (ast.List, ast.Tuple)):
        return all(map(_is_value, node.elts))
    return isinstance(node, ast.Name)


def holds(text: str) -> bool:
    """Whether a condition is true whose `${...}` are filled in already.

    Errors: ValueError for what is no condition, or compares what cannot be compared.
    """
    try:
        return bool(_value(parsed(text)))
    except (TypeError, RecursionError):
        raise ValueError("`%s` cannot be decided: %s" % (text, _FORMS)) from None


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):  # another word without quotes is a text
        return _WORDS.get(node.id, _NUMBERS.get(node.id, node.id))
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_value(one) for one in node.elts]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
        value = _value(node.operand)
        return not value if isinstance(node.op, ast.Not) else -value
    if isinstance(node, ast.BoolOp):
        ask = all if isinstance(node.op, ast.And) else any
        return ask(_value(one) for one in node.values)
    assert isinstance(node, ast.Compare)
    return _compared(node)


def _compared(node: ast.Compare) -> bool:
    left = _value(node.left)
    for sign, right_node in zip(node.ops, node.comparators):
        right = _value(right_node)
        if not _COMPARE[type(sign)](left, right):
            return False
        left = right
    return True
