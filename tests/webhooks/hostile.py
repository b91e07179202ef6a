# ruff: noqa: RUF001  look-alike digits and dots are what is tested
"""What somebody would try who wants us to send into a network: URLs, addresses, redirects."""

from ipaddress import IPv4Address, IPv6Address, ip_network

# IANA's special-purpose registries, with multicast and reserved space; not our code's list.
REGISTRY_V4 = """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
    192.0.0.0/29 192.0.0.8/32 192.0.0.9/32 192.0.0.10/32 192.0.0.170/31 192.0.2.0/24
    192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.88.99.2/32 192.168.0.0/16 192.175.48.0/24
    198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 233.252.0.0/24 240.0.0.0/4
    255.255.255.255/32
""".split()
REGISTRY_V6 = """
    ::/128 ::1/128 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23 2001::/32 2001:1::1/128
    2001:1::2/128 2001:1::3/128 2001:2::/48 2001:3::/32 2001:4:112::/48 2001:10::/28 2001:20::/28
    2001:30::/28 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20 5f00::/16 fc00::/7 fe80::/10
    fec0::/10 ff00::/8
""".split()
EDGES = sorted(
    {
        str(network[index])
        for network in map(ip_network, REGISTRY_V4 + REGISTRY_V6)
        for index in (0, -1)
    }
)
INNER = """
    127.0.0.1 10.0.0.1 169.254.169.254 172.16.0.1 192.168.0.1 100.100.100.200 0.0.0.0
""".split()


def _hidden(inner: IPv4Address) -> dict[str, IPv6Address]:
    """Every form of IPv6 that carries an IPv4 address."""
    number = int(inner)
    shapes = {
        "mapped": ("::ffff:0:0", number),
        "compatible": ("::", number),
        "translated": ("::ffff:0:0:0", number),
        "NAT64": ("64:ff9b::", number),
        "NAT64 of a network": ("64:ff9b:1::", number),
        "6to4": ("2002::1", number << 80),
        "Teredo server": ("2001::", number << 64),
        "Teredo client": ("2001:0:5db8:d70e::", number ^ 0xFFFFFFFF),
        "ISATAP": ("2606:4700::5efe:0:0", number),
        "ISATAP, of a public address": ("2606:4700::200:5efe:0:0", number),
        "ISATAP, link local": ("fe80::5efe:0:0", number),
    }
    return {
        name: IPv6Address(int(IPv6Address(base)) | bits) for name, (base, bits) in shapes.items()
    }


HIDDEN = {
    f"{name}: {inner}": str(found)
    for inner in INNER
    for name, found in _hidden(IPv4Address(inner)).items()
}

URLS = """
    http://127.0.0.1/ http://hooks.example.com/ http://169.254.169.254/latest/meta-data/
    HTTP://hooks.example.com/ ftp://hooks.example.com/ file:///etc/passwd
    gopher://hooks.example.com/_x dict://hooks.example.com:2628/ ldap://hooks.example.com/
    tftp://hooks.example.com/ ws://hooks.example.com/ wss://hooks.example.com/
    jar:https://hooks.example.com/!/ unix:///run/docker.sock javascript:alert(1) data:text/plain,x
    //hooks.example.com/ https:hooks.example.com https:/hooks.example.com/
    https:///hooks.example.com/ https:// https://user@hooks.example.com/
    https://user:word@hooks.example.com/ https://:@hooks.example.com/ https://@hooks.example.com/
    https://hooks.example.com@127.0.0.1/ https://127.0.0.1@hooks.example.com/
    https://hooks.example.com%40127.0.0.1/ https://hooks.example.com:443@10.0.0.1/
    https://a@b@hooks.example.com/ https://hooks.example.com#@127.0.0.1/
    https://127.0.0.1#.example.com/ https://hooks.example.com\\@127.0.0.1/
    https://127.0.0.1\\.example.com/ https://127.0.0.1?.example.com/
    https://hooks.example.com\\127.0.0.1/ https://hooks.example.com:0/
    https://hooks.example.com:1/ https://hooks.example.com:21/ https://hooks.example.com:22/
    https://hooks.example.com:23/ https://hooks.example.com:25/ https://hooks.example.com:53/
    https://hooks.example.com:80/ https://hooks.example.com:110/ https://hooks.example.com:139/
    https://hooks.example.com:389/ https://hooks.example.com:445/ https://hooks.example.com:465/
    https://hooks.example.com:636/ https://hooks.example.com:993/ https://hooks.example.com:1023/
    https://hooks.example.com:65536/ https://hooks.example.com:-1/ https://hooks.example.com:4a3/
    https://hooks.example.com:4_43/ https://hooks.example.com:+443/
    https://hooks.example.com:４４３/ https://hooks.example.com:%34%34%33/
    https://hooks.example.com:443:443/ https://127.0.0.1/ https://127.0.0.1./ https://127.0.0.1../
    https://127.1/ https://127.0.1/ https://127/ https://0/ https://0.0/ https://00000000/
    https://2130706433/ https://2130706433./ https://0x7f000001/ https://0x7f.0.0.1/
    https://0x7f.1/ https://0X7F.0X0.0X0.0X1/ https://017700000001/ https://0177.0.0.1/
    https://0177.0.0.01/ https://00177.0.0.1/ https://0000127.0.0.1/ https://127.0.0.01/
    https://127.0.0.0x1/ https://127.0x0.00.1/ https://0x7f.0.0.0x/ https://127.000.000.001/
    https://4294967295/ https://4294967296/ https://6425673729/ https://256.0.0.1/
    https://383.0.0.1/ https://1.2.3.4.5/ https://127.0.0.1.5/ https://127.0.0/ https://example.1/
    https://0xa9fea9fe/ https://2852039166/ https://7147006462/ https://0251.0376.0251.0376/
    https://0xa9.0xfe.0xa9.0xfe/ https://0xA9.254.0251.0376/ https://169.254.43518/
    https://169.16689662/ https://10.1/ https://012.1/ https://0xa.1/ https://167772161/
    https://3232235521/ https://192.168.257/ https://１２７.0.0.1/ https://①②⑦.⓪.⓪.①/
    https://127。0。0。1/ https://127．0．0．1/ https://127｡0｡0｡1/
    https://１６９.２５４.１６９.２５４/ https://１２７。１/ https://٠١٢٧.0.0.1/
    https://𝟙𝟚𝟟.𝟘.𝟘.𝟙/ https://₁₂₇.0.0.1/ https://127.0.0.1%00.example.com/
    https://127.0.0.1%2eexample.com/ https://%31%32%37.0.0.1/ https://127%2e0%2e0%2e1/
    https://%31%36%39.254.169.254/ https://localhost%2e/ https://%6cocalhost/
    https://localhost%00/ https://127.0.0.1%0d%0a/ https://127.0.0.1%20/ https://[%3a%3a1]/
    https://%5b::1%5d/ https://hooks%2eexample.com/ https://localhost/ https://LOCALHOST/
    https://localhost./ https://localhost../ https://ⓛocalhost/ https://ｌｏｃａｌｈｏｓｔ/
    https://api.localhost/ https://localhost.localdomain./ https://db/ https://redis:6379/
    https://printer.local/ https://metadata.google.internal/ https://METADATA.GOOGLE.INTERNAL./
    https://instance-data.ec2.internal/ https://kubernetes.default.svc.cluster.local/
    https://host.docker.internal/ https://router.lan/ https://nas.home.arpa/ https://x.onion/
    https://[::]/ https://[::1]/ https://[0:0:0:0:0:0:0:1]/ https://[0000::0001]/
    https://[0000:0000:0000:0000:0000:0000:0000:0001]/ https://[::0.0.0.1]/ https://[::127.0.0.1]/
    https://[::127.1]/ https://[::ffff:127.0.0.1]/ https://[::ffff:7f00:1]/
    https://[::FFFF:A9FE:A9FE]/ https://[0:0:0:0:0:ffff:10.0.0.1]/ https://[::ffff:0x7f.0.0.1]/
    https://[::ffff:0177.0.0.1]/ https://[::ffff:2130706433]/ https://[64:ff9b::7f00:1]/
    https://[64:ff9b::169.254.169.254]/ https://[64:ff9b:1::a00:1]/ https://[2002:7f00:1::]/
    https://[2002:a9fe:a9fe::1]/ https://[2001:0:5db8:d70e::80ff:fffe]/ https://[fe80::1]/
    https://[fe80::1%25eth0]/ https://[fe80::1%eth0]/ https://[::1%25lo]/
    https://[2606:4700::1%25eth0]/ https://[fe80::5efe:a00:1]/ https://[fc00::1]/
    https://[fd00:ec2::254]/ https://[fd20:ce::254]/ https://[fec0::1]/ https://[ff02::1]/
    https://[::1 https://::1/ https://[]/ https://[127.0.0.1]/ https://[hooks.example.com]/
    https://[v1.fe80::a]/ https://[1:2:3]/ https://$(id).example.com/ https://*.example.com/
    https://hooks..example.com/ https://.example.com/ https://./ https://-hooks.example.com/
    https://hooks.example.com./
""".split()
SPACED = (
    " https://127.0.0.1/",
    "https://127.0.0.1 /",
    "https://hooks.example.com /",
    "https://hooks.exam\tple.com/",
    "https://hooks.example.com/\r\nHost: 127.0.0.1",
    "https://hooks.example.com\n.127.0.0.1/",
    "https://127.0.0.1\x00.example.com/",
    "https://hooks.example.com/\u2028",
    "https://hooks\u00ad.exa\u200bmple.com/",
    "https://hooks.example.com\u2044@127.0.0.1/",
    "https://127.0.0.1\uff0f.example.com/",
    "",
)

LOCATIONS = """
    http://169.254.169.254/latest/meta-data/ https://10.0.0.1/ http://127.0.0.1:{port}/
    http://localhost:{port}/ http://[::1]:{port}/ //127.0.0.1:{port}/ /elsewhere
    https://hooks.example.com/ file:///etc/passwd gopher://127.0.0.1/
    http://[::ffff:127.0.0.1]:{port}/ http://0x7f000001:{port}/ http://user@127.0.0.1:{port}/
    http://
""".split()
