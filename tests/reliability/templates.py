"""Rows T as data: templates that would never end, that fill the memory, that look for a way out; words of the error."""

HOSTILE = {
    "T01 range": ("{% for i in range(10**9) %}{% endfor %}", "Range too big"),
    "T02 nested loops": (
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "stopped after 2 s",
    ),
    "T02 macro": (
        "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(40) }}",
        "stopped after 2 s",
    ),
    "T02 lipsum": ("{{ lipsum(n=100000) }}", "stopped after 2 s|200,000 are allowed|256 MB|undefined"),
    "T03 string": ("{{ 'x' * 800000000 }}", "256 MB"),
    "T03 ljust": ("{{ 'x'.ljust(2000000000) }}", "256 MB"),
    "T03 doubling": (
        "{% set ns = namespace(s='x') %}{% for i in range(40) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s }}",
        "256 MB|stopped",
    ),
    "T03 replace": (
        "{% set ns = namespace(s='xx') %}{% for i in range(40) %}{% set ns.s = ns.s | replace('x', 'xx') %}{% endfor %}"
        "{{ ns.s }}",
        "256 MB|stopped",
    ),
    "T03 format": ("{{ '%2000000000d' % 1 }}", "256 MB"),
    "T04 digits": ("{{ 10 ** (10 ** 7) }}", "4300 digits|stopped"),
    "T04 power": ("{{ (3**20000000) % 7 }}", "stopped after 2 s"),
    "T05 brackets": ("{{ " + "(" * 5000 + ")" * 5000 + " }}", "nested too deep"),
    "T05 macro": ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "nested too deep"),
    "T05 block": ("{% block a %}{{ self.a() }}{% endblock %}", "nested too deep"),
    "T05 loop": ("{% for m in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}", "nested too deep"),
    "T05 lists": ("{{ " + "[" * 3000 + "]" * 3000 + " }}", "nested too deep"),
    "T06 conditions": ("{% if 1 %}" * 200 + "{% endif %}" * 200, "nested too deep"),
    "T06 loops": ("{% for a in [1] %}" * 25 + "{% endfor %}" * 25, "nested too deep"),
    "T07 class": ("{{ ''.__class__.__mro__ }}", "not allowed"),
    "T07 globals": ("{{ cycler.__init__.__globals__.os.system('touch canary') }}", "not allowed|undefined"),
    "T07 format": ("{{ '{0.__class__.__mro__}'.format(1) }}", "not allowed"),
    "T07 attr": ("{{ ''|attr('__class__') }}x{{ (''|attr('__class__')).mro() }}", "not allowed|undefined"),
    "T07 underscore": ("{% set ns = namespace(__x=1) %}", "underscore"),
    "T08 import": ("{% import 'x' as y %}", "no loader"),
    "T08 include": ("{% include 'x' %}", "no loader"),
    "T09 generation": ("{% generation %}x", "endgeneration"),
    "T09 syntax": ("{{ messages[ }}", "line 1"),
    "T09 break": ("{% break %}", "break"),
    "T09 unclosed loop": ("{% for m in messages %}", "line 1"),
    "T09 undefined": ("\n\n{{ nothing.at }}", "line 3.*'nothing' is undefined"),
    "T11 long": ("{# " + "x" * 70_000 + " #}{", "65,536 are allowed"),
    "T11 output": ("{% for i in range(90000) %}{{ 'x' * 50 }}{% endfor %}", "200,000 are allowed"),
}
