"""Texts that want to become markup or script. ``§`` is the payload's number: it calls ``__x(§)`` or asks for ``/__canary/§``.

``x-hole`` marks elements and attributes that must never exist: markup that got through is seen even where no script runs.
"""

import base64
from collections.abc import Iterable

ELEMENTS = """
<script>__x(§)</script>
<ScRiPt x-hole>__x(§)</sCrIpT >
<script src=/__canary/§></script>
<script type=module>__x(§)</script>
<scr<script>ipt>__x(§)</scr</script>ipt>
<script
>__x(§)</script
>
<img x-hole src=x onerror=__x(§)>
<img/x-hole/src=/__canary/§>
<IMG SRC=x OnErRoR="__x(§)">
<img src=x onerror="__x&#40;§)__x(§)">
<img src=x:x onerror=eval(`__x(§)`)>
<img srcset=/__canary/§>
<image src=x onerror=__x(§)>
<svg x-hole onload=__x(§)>
<svg/onload=__x(§)//
<svg><script>__x(§)</script></svg>
<svg><script href=/__canary/§ />
<svg><animate onbegin=__x(§) attributeName=x dur=1s>
<svg><set onbegin=__x(§) attributeName=x>
<svg><a xlink:href=javascript:__x(§)><text>x</text></a></svg>
<svg><use href=data:image/svg+xml,__x(§)></svg>
<svg><image href=/__canary/§></svg>
<svg><foreignObject><img src onerror=__x(§)></foreignObject></svg>
<math x-hole><mtext><img src onerror=__x(§)></mtext></math>
<math><a xlink:href=javascript:__x(§)>x</a></math>
<math href=javascript:__x(§)>x</math>
<body onload=__x(§)>
<body onpageshow=__x(§)>
<html x-hole onmouseover=__x(§)>
<iframe x-hole src=/__canary/§></iframe>
<iframe src=javascript:__x(§)></iframe>
<iframe srcdoc="<script>parent.__x(§)</script>"></iframe>
<object data=/__canary/§></object>
<object data=javascript:__x(§)></object>
<embed src=/__canary/§>
<video x-hole src=x onerror=__x(§)>
<video><source onerror=__x(§)></video>
<audio src=x onerror=__x(§)>
<video poster=/__canary/§></video>
<input x-hole autofocus onfocus=__x(§)>
<input type=image src=/__canary/§>
<select autofocus onfocus=__x(§)><option>
<textarea autofocus onfocus=__x(§)></textarea>
<button autofocus onfocus=__x(§)>x</button>
<keygen autofocus onfocus=__x(§)>
<details x-hole open ontoggle=__x(§)>
<marquee onstart=__x(§)>x</marquee>
<div x-hole onpointerover=__x(§)>x</div>
<a x-hole href=javascript:__x(§)>x</a>
<a href="java&Tab;script:__x(§)">x</a>
<a href="&#106;avascript:__x(§)">x</a>
<a href="data:text/html,<script>__x(§)</script>">x</a>
<a href=# onclick=__x(§)>x</a>
<form x-hole action=javascript:__x(§)><button>x</form>
<form action=/__canary/§ method=post><input name=password>
<button formaction=javascript:__x(§)>x</button>
<isindex action=javascript:__x(§)>
<base x-hole href=/__canary/§/>
<link rel=stylesheet href=/__canary/§>
<link rel=prefetch href=/__canary/§>
<link rel=manifest href=/__canary/§>
<meta http-equiv=refresh content="0;/__canary/§">
<meta http-equiv=refresh content="0;javascript:__x(§)">
<style>@import '/__canary/§'</style>
<style x-hole>*{background:url(/__canary/§)}</style>
<p style=background:url(/__canary/§)>x</p>
<p style="x:expression(__x(§))">x</p>
<p style=animation:x onanimationstart=__x(§)>
<x-hole onfocus=__x(§) tabindex=0 autofocus>
<xss x-hole id=__x(§) style=display:block>x</xss>
<template shadowrootmode=open><img src onerror=__x(§)></template>
<slot onslotchange=__x(§)>x</slot>
<dialog open oncancel=__x(§)>x</dialog>
<div popover onbeforetoggle=__x(§)>x</div>
<table background=/__canary/§><td>x
<bdo dir=rtl onclick=__x(§)>x</bdo>
<div hx-get=/__canary/§ hx-trigger=load>x</div>
<div hx-on:load=__x(§) hx-on::load=__x(§)>x</div>
<div hx-vals='js:{a:__x(§)}' hx-trigger=load hx-get=/>
<div x-data x-init=__x(§)>x</div>
<div x-data="{a:__x(§)}" x-text=a>x</div>
<noscript><p title="</noscript><img src onerror=__x(§)>">
"""
ATTRIBUTES = """
" x-hole onfocus=__x(§) autofocus x="
' x-hole onfocus=__x(§) autofocus x='
" x-hole onmouseover="__x(§)
"><script>__x(§)</script>
'><script>__x(§)</script>
"><img x-hole src=x onerror=__x(§)>
'><svg onload=__x(§)>
`><img x-hole src=x onerror=__x(§)>
--><img x-hole src=x onerror=__x(§)>
]]><img x-hole src=x onerror=__x(§)>
?><img x-hole src=x onerror=__x(§)>
x x-hole onfocus=__x(§) autofocus
&quot; onfocus=__x(§) x=&quot;
&quot;&gt;&lt;img src onerror=__x(§)&gt;
&lt;script&gt;__x(§)&lt;/script&gt;
\\"><img x-hole src onerror=__x(§)>
%22%3E%3Cimg%20src%20onerror=__x(§)%3E
</script><script>__x(§)</script>
</SCRIPT ><img x-hole src onerror=__x(§)>
<!--<script>__x(§)</script>-->
</title><svg onload=__x(§)>
</textarea><img x-hole src onerror=__x(§)>
</style><img x-hole src onerror=__x(§)>
</option></select><img src onerror=__x(§)>
</template><img x-hole src onerror=__x(§)>
</bdi></code></pre><img src onerror=__x(§)>
"""
CODE = """
javascript:__x(§)
JaVaScRiPt:__x(§)
 javascript:__x(§)
javascript://%0a__x(§)
javascript&colon;__x(§)
data:text/html,<script>__x(§)</script>
vbscript:__x(§)
//canary.example/__canary/§
https:javascript:__x(§)
"-__x(§)-"
'-__x(§)-'
';__x(§)//
\\';__x(§)//
");__x(§)//
`${__x(§)}`
${__x(§)}
{{__x(§)}}
{{constructor.constructor('__x(§)')()}}
{%% debug %%} {{ settings.SECRET_KEY }} __x(§)
{% include "__x(§)" %}{{ request|safe }}
{"__proto__":{"innerHTML":"<img src onerror=__x(§)>"}}
{"html":"</script><script>__x(§)</script>"}
<%= __x(§) %> #{__x(§)} *{__x(§)}
[x](javascript:__x(§))
![x](/__canary/§)
![x"onerror="__x(§)](x)
<javascript:__x(§)>
[x]: javascript:__x(§) "x"
```html
<img x-hole src onerror=__x(§)>
```
| a | <img src onerror=__x(§)> |
"""
ODD = (
    '<svg><p><style><g title="</style><img src onerror=__x(§)>">',
    "<math><mi><mglyph><style><img src onerror=__x(§)>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=__x(§)>",
    '<svg></p><style><a id="</style><img src onerror=__x(§)>">',
    "<\u200bscript>__x(§)</script>",
    "\uff1cscript\uff1e__x(§)\uff1c/script\uff1e",
    "\u202e<img x-hole src onerror=__x(§)>\u202c",
    "\u2066</bdi><script>__x(§)</script>\u2069",
    "<img\x0bx-hole\x0csrc=x\x01onerror=__x(§)>",
    "java\tscript:__x(§)",
    "\x01javascript:__x(§)",
    "\u2028__x(§)\u2029",
    "<img src=x onerror\u00a0=__x(§)>",
    "\u00bcscript\u00be__x(§)\u00bc/script\u00be",
    "+ADw-script+AD4-__x(§)+ADw-/script+AD4-",
    "\ufeff<script>__x(§)</script>",
    "e\u0301" * 6 + "<img x-hole src onerror=__x(§)>",
    '\U0001f468\u200d\U0001f4bb"><img src onerror=__x(§)>',
    "=cmd|'/c __x(§)'!A0",
    "data:text/html;base64," + base64.b64encode(b"<script>opener.__x(1)</script>").decode() + "#__x(§)",
)
# These swallow what comes after them: they stand last in a packed text.
SWALLOWING = (
    "<!--",
    "<textarea",
    "<style",
    "<select",
    "<noscript",
    "<template",
    "<iframe",
    "<svg><p><style",
    "<math><mi",
    "<table",
    "<video",
)


def _lines(text: str) -> Iterable[str]:
    """One payload a line; a line that is code of the one before (a fence, a tag cut in two) belongs to it."""
    kept: list[str] = []
    for line in text.strip("\n").split("\n"):
        if kept and (kept[-1].count("```") == 1 or kept[-1] == "<script" or kept[-1].endswith("</script")):
            kept[-1] += "\n" + line
        else:
            kept.append(line)
    return kept


TEMPLATES = (*_lines(ELEMENTS), *_lines(ATTRIBUTES), *_lines(CODE), *ODD)
PAYLOADS = tuple(text.replace("§", str(number)) for number, text in enumerate(TEMPLATES))


def swallows(number: int) -> bool:
    """Whether it may hide what stands behind it from a parser."""
    return PAYLOADS[number].startswith(SWALLOWING)
