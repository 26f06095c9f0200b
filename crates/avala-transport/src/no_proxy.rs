//! Hosts that are connected to without a proxy.

use std::net::IpAddr;

use http::Uri;

/// The length of `::ffff:0:0/96`, the prefix of IPv4-mapped addresses.
const MAPPED_PREFIX_BITS: u8 = 96;

/// The parsed entries of `NO_PROXY`.
#[derive(Debug, Clone, Default)]
pub(crate) struct NoProxy {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    host: Host,
    /// `None` matches every port.
    port: Option<u16>,
}

#[derive(Debug, Clone)]
enum Host {
    Any,
    /// A name and all names below it, in lower case, without leading and trailing dots.
    Name(String),
    /// All addresses that share this many leading bits with this address.
    Network(IpAddr, u8),
}

impl NoProxy {
    /// Parses entries separated by commas or white space. An entry without another known form is a name.
    pub(crate) fn parse(list: &str) -> Self {
        let entries = list.split(|c: char| c == ',' || c.is_whitespace()).filter_map(Entry::parse).collect();
        Self { entries }
    }

    /// Returns whether connections to the host and port of an https URI bypass the proxy.
    pub(crate) fn contains(&self, target: &Uri) -> bool {
        let Some(host) = target.host() else { return false };
        let port = target.port_u16().unwrap_or(443);
        let address = address(host);
        let name = normalized(host);
        self.entries.iter().any(|entry| {
            entry.port.is_none_or(|wanted| wanted == port)
                && match (&entry.host, address) {
                    (Host::Any, _) => true,
                    (Host::Network(network, bits), Some(address)) => is_in_network(address, *network, *bits),
                    (Host::Name(suffix), None) => {
                        name.strip_suffix(suffix.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
                    }
                    _ => false,
                }
        })
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        if let Some((prefix, bits)) = text.split_once('/') {
            return Some(Self { host: network(unbracketed(prefix).parse().ok()?, bits.parse().ok()?), port: None });
        }
        // IPv6 addresses contain colons; their port follows brackets only.
        let is_ipv6_alone = text.parse::<std::net::Ipv6Addr>().is_ok();
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !is_ipv6_alone && !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => {
                (host, Some(port.parse().ok()?))
            }
            _ => (text, None),
        };
        let host = match address(host) {
            Some(address) => Host::Network(address, u8::MAX),
            None if host == "*" => Host::Any,
            None => Host::Name(normalized(host.strip_prefix('*').unwrap_or(host))),
        };
        (!matches!(&host, Host::Name(name) if name.is_empty())).then_some(Self { host, port })
    }
}

/// Parses an address, with or without brackets. An IPv4-mapped IPv6 address counts as IPv4.
fn address(host: &str) -> Option<IpAddr> {
    unbracketed(host).parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

fn unbracketed(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// Returns a network. One of IPv4-mapped addresses counts as IPv4: `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
fn network(address: IpAddr, bits: u8) -> Host {
    match address.to_canonical() {
        canonical if canonical == address => Host::Network(address, bits),
        canonical => match bits.checked_sub(MAPPED_PREFIX_BITS) {
            Some(bits) => Host::Network(canonical, bits),
            None => Host::Network(address, bits),
        },
    }
}

fn normalized(name: &str) -> String {
    name.trim_matches('.').to_ascii_lowercase()
}

fn is_in_network(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let (differing, width) = match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => (u128::from(address.to_bits() ^ network.to_bits()), 32),
        (IpAddr::V6(address), IpAddr::V6(network)) => (address.to_bits() ^ network.to_bits(), 128),
        _ => return false,
    };
    differing.checked_shr(width - u32::from(bits).min(width)).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_match_what_other_clients_match() {
        let table: [(&str, &[&str], &[&str]); 21] = [
            ("*", &["a.test", "1.2.3.4", "[::1]:8443"], &[]),
            ("a.test, *", &["b.test"], &[]),
            ("", &[], &["a.test", "localhost"]),
            (" , ,.", &[], &["a.test", "localhost"]),
            ("a.test", &["a.test", "x.a.test", "x.y.a.test", "A.Test", "a.test."], &["ba.test", "a.test.b", "test"]),
            (".a.test", &["a.test", "x.a.test"], &["ba.test"]),
            ("*.a.test", &["a.test", "x.a.test"], &["ba.test"]),
            ("A.TEST.", &["a.test", "x.a.test"], &["ba.test"]),
            ("b.test a.test\tc.test\nd.test", &["a.test", "b.test", "c.test", "d.test"], &["e.test"]),
            ("a.test:443", &["a.test", "a.test:443", "x.a.test"], &["a.test:8443"]),
            ("a.test:8443", &["a.test:8443"], &["a.test"]),
            ("*:8443", &["a.test:8443"], &["a.test"]),
            ("10.1.2.3", &["10.1.2.3", "10.1.2.3:8443", "[::ffff:10.1.2.3]"], &["10.1.2.4", "10.1.2.3.test"]),
            ("10.1.2.3:8443", &["10.1.2.3:8443"], &["10.1.2.3"]),
            ("10.9.9.9/8, 192.168.1.0/25", &["10.1.2.3", "192.168.1.127"], &["11.1.2.3", "192.168.1.128", "[::1]"]),
            ("::1 [fd00::1]:8443", &["[::1]", "[::1]:80", "[fd00::1]:8443"], &["[::2]", "[fd00::1]"]),
            ("fd00::/8,[fe80::]/10", &["[fd12::1]", "[fe80::1]"], &["[fe00::1]", "10.1.2.3"]),
            ("::ffff:10.9.9.9/104", &["10.1.2.3", "[::ffff:10.1.2.3]"], &["11.1.2.3", "[::1]"]),
            ("[::ffff:0:0]/96", &["10.1.2.3", "192.168.1.1"], &["[::1]", "a.test"]),
            ("::ffff:10.1.2.3/128 ::ffff:10.9.9.9/0", &["10.1.2.3", "[::1]"], &["10.1.2.4"]),
            ("0.0.0.0/0 ::/0 1.2.3.4/99", &["1.1.1.1", "[2001:db8::1]"], &["a.test"]),
        ];
        for (list, around, through) in table {
            let list = NoProxy::parse(list);
            for (hosts, expected) in [(around, true), (through, false)] {
                for host in hosts {
                    let target = format!("https://{host}/").parse().unwrap();
                    assert_eq!(list.contains(&target), expected, "{list:?} {host}");
                }
            }
        }
    }

    #[test]
    fn loopback_is_a_host_like_any_other() {
        for (list, host, expected) in [
            ("a.test", "localhost", false),
            ("localhost", "localhost:8443", true),
            ("localhost", "api.localhost", true),
            ("localhost", "127.0.0.1", false),
            ("127.0.0.0/8", "127.0.0.1", true),
        ] {
            let target = format!("https://{host}/").parse().unwrap();
            assert_eq!(NoProxy::parse(list).contains(&target), expected, "{list} {host}");
        }
    }
}
