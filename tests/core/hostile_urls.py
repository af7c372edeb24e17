"""Ways to write an address that leads inside. ``{port}`` is the canary's port, which counts as an ordinary one."""

# Names of the resolver double; every one of them has at least one address inside.
NAMES = {
    "spoofed.example": ["127.0.0.1"],
    "127.0.0.1.names.example": ["127.0.0.1"],
    "localtest.example": ["127.0.0.1", "::1"],
    "six.example": ["::1"],
    "mixed-first.example": ["93.184.216.34", "127.0.0.1"],
    "mixed-last.example": ["127.0.0.1", "93.184.216.34"],
    "mixed-six.example": ["93.184.216.34", "2606:2800:220:1::1", "::1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "mapped-private.example": ["::ffff:10.0.0.1"],
    "compatible.example": ["::127.0.0.1"],
    "translated.example": ["64:ff9b::7f00:1"],
    "translated-local.example": ["64:ff9b:1::7f00:1"],
    "sixtofour.example": ["2002:7f00:1::1"],
    "teredo.example": ["2001:0:4136:e378:8000:63bf:80ff:fffe"],
    "isatap.example": ["2606:4700::5efe:7f00:1"],
    "scoped.example": ["fe80::1%lo"],
    "metadata.example": ["169.254.169.254"],
    "metadata-six.example": ["fd00:ec2::254"],
    "metadata-carrier.example": ["100.100.100.200"],
    "hostagent.example": ["168.63.129.16"],
    "private-ten.example": ["10.1.2.3"],
    "private-oneseven.example": ["172.20.0.1"],
    "private-onenine.example": ["192.168.0.10"],
    "carrier.example": ["100.64.0.1"],
    "unspecified.example": ["0.0.0.0"],
    "unspecified-six.example": ["::"],
    "multicast.example": ["224.0.0.1"],
    "multicast-six.example": ["ff02::1"],
    "broadcast.example": ["255.255.255.255"],
    "benchmark.example": ["198.18.0.1"],
    "reserved.example": ["240.0.0.1"],
    "documentation.example": ["2001:db8::1"],
    "relay.example": ["192.88.99.1"],
    "unique-local.example": ["fd12:3456::1"],
    "site-local.example": ["fec0::1"],
}

LOOPBACK = [
    "127.0.0.1", "127.1", "127.0.1", "127.0.0.1.", "127.000.000.001", "0177.0.0.1", "0177.1", "017700000001", "2130706433",
    "2130706433.", "0x7f000001", "0x7F000001", "0x7f.0.0.1", "0x7f.1", "0x7f.0x0.0x0.0x1", "0X7F.0.0.1", "0x7f.0.1",
    "127.0.0.2", "127.255.255.254", "127.127.127.127", "0", "0.0.0.0", "00", "0x0", "0.0", "0000.0.0.0", "6425673729",
    "localhost", "LOCALHOST", "LocalHost", "localhost.", "LOCALHOST.", "ip6-localhost", "ip6-loopback",
    "\uff11\uff12\uff17.0.0.1", "127\u30020\u30020\u30021", "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460", "\uff4c\uff4f\uff43alhost",
    "loc\u00adalhost", "\u217cocalhost", "127.0.0.\u00b9",
    "[::1]", "[::1].", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::0001]", "[::]", "[0::0]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:127.0.0.1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]", "[::7f00:1]",
    "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]",
    "[2002:7f00:0001::1]", "[2001:0:7f00:1::]", "[2001:0:4136:e378:8000:63bf:80ff:fffe]", "[2606:4700::5efe:7f00:1]",
    "[2606:4700::200:5efe:7f00:1]", "[::1%lo]", "[::1%251]", "[fe80::1%25lo]", "[fe80::1%lo]", "[fe80::1]", "[::ffff:127.1]",
]  # fmt: skip

INSIDE = [
    "10.0.0.1", "10.255.255.255", "012.0.0.1", "167772161", "0xa000001", "172.16.0.1", "172.31.255.255", "192.168.0.1",
    "192.168.255.255", "3232235521", "0xc0a80001", "100.64.0.1", "100.127.255.255", "169.254.169.254", "2852039166",
    "0xa9fea9fe", "0xa9.0xfe.0xa9.0xfe", "0251.0376.0251.0376", "025177524776", "169.254.43518", "169.16689662",
    "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]", "[fd00:ec2::254]", "100.100.100.200",
    "168.63.129.16", "192.0.0.1", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "192.88.99.1",
    "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "[fc00::1]", "[fdff::1]", "[ff02::1]", "[fec0::1]",
    "[2001:db8::1]", "[2001:10::1]", "[2001:20::1]", "[3fff::1]", "[100::1]", "[5f00::1]",
]  # fmt: skip

SHAPES = [
    "http://example.com@127.0.0.1:{port}/", "http://example.com:80@127.0.0.1:{port}/", "http://user:pass@127.0.0.1:{port}/",
    "http://:@127.0.0.1:{port}/", "http://@127.0.0.1:{port}/", "http://a@b@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}#@example.com/", "http://127.0.0.1:{port}?@example.com/", "http://127.0.0.1:{port}#.example.com/",
    "http://127.0.0.1:{port}/@example.com", "http://127.0.0.1:{port}\\@example.com/", "http://example.com\\@127.0.0.1:{port}/",
    "http:\\\\127.0.0.1:{port}\\", "http://127.0.0.1:{port}\\.example.com/", "http:/127.0.0.1:{port}/", "http:127.0.0.1:{port}/",
    "//127.0.0.1:{port}/", "http:///127.0.0.1:{port}/", "http:////127.0.0.1:{port}/", "127.0.0.1:{port}", "http://:{port}/",
    " http://127.0.0.1:{port}/", "http://127.0.0.1:{port}/ ", "http://127.0.0.1 :{port}/", "http://127.0.0.1\t:{port}/",
    "http://127.0.0.1:{port}/\r\nHost: example.com", "http://127.0.0.1%00.example.com:{port}/", "http://127.0.0.1%2f:{port}/",
    "http://127%2e0%2e0%2e1:{port}/", "http://%31%32%37.0.0.1:{port}/", "http://loc%61lhost:{port}/",
    "http://127.0.0.1%0d%0ax:{port}/", "http://127.0.0.1\u2044x:{port}/", "http://127.0.0.1\uff0fx:{port}/",
    "HTTP://127.0.0.1:{port}/", "hTTp://LOCALHOST:{port}/", "h\nttp://127.0.0.1:{port}/", "http://[127.0.0.1]:{port}/",
    "http://127.0.0.1:0{port}/", "http://127.0.0.1:+{port}/", "http://127.0.0.1:{port}:80/", "http://[::1:{port}/",
    "http://::1:{port}/", "http://127.0.0.1:99999/", "http://127.0.0.1:-1/", "http://127.0.0.1,example.com:{port}/",
    "http://127.0.0.1;example.com:{port}/", "http://-localhost:{port}/", "http://.127.0.0.1:{port}/", "http://127..0.0.1:{port}/",
    "http://localhost..:{port}/", "ftp://127.0.0.1:{port}/", "file:///etc/passwd", "file://127.0.0.1:{port}/etc/passwd",
    "gopher://127.0.0.1:{port}/_GET", "dict://127.0.0.1:{port}/info", "ldap://127.0.0.1:{port}/", "ws://127.0.0.1:{port}/",
    "tftp://127.0.0.1:{port}/", "jar:http://127.0.0.1:{port}!/", "data:text/plain,x", "javascript:alert(1)", "unix:///tmp/x",
    "http+unix://%2ftmp%2fx/", "", "http://", "https://", "http://?", "http://#", "http://\x00/",
    "http://127.0.0.1:{port}" + "/a" * 2000,
]  # fmt: skip

HOSTS = [*LOOPBACK, *INSIDE, *NAMES]


def hostile_urls(port: int) -> list[str]:
    """Every form, each host by http and https."""
    by_host = [f"{scheme}://{host}:{port}/x" for host in HOSTS for scheme in ("http", "https")]
    return list(dict.fromkeys([*by_host, *(shape.replace("{port}", str(port)) for shape in SHAPES)]))
