//! Which addresses the server may connect to for a channel.
//!
//! A channel's address is written by a person and resolved by a name server: neither may lead the
//! server to what only it can reach. So an address has to be public (IANA's registries of special
//! addresses, RFC 6890 and its updates), and the connection encrypted, unless its network was
//! allowed when the server started.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Longest address of a channel, in bytes.
pub const URL_MAX_BYTES: usize = 1_000;

/// A network: `10.20.0.0/16`, `fd00::/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    bits: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no network; write an address and the length of its prefix, as in 10.20.0.0/16")]
pub struct NetworkError(String);

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let wrong = || NetworkError(text.to_owned());
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text.trim(), None),
        };
        let base: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= most).ok_or_else(wrong)?,
            None => most,
        };
        let network = Self { base, bits };
        // A base with further bits is a mistake in one or the other.
        if network.masked(base) == number(base) { Ok(network) } else { Err(wrong()) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.bits)
    }
}

impl Network {
    pub fn contains(&self, address: IpAddr) -> bool {
        self.base.is_ipv4() == address.is_ipv4() && self.masked(address) == number(self.base)
    }

    fn masked(&self, address: IpAddr) -> u128 {
        let width: u8 = if address.is_ipv4() { 32 } else { 128 };
        let low = width.saturating_sub(self.bits);
        let number = number(address);
        number.checked_shr(low.into()).and_then(|n| n.checked_shl(low.into())).unwrap_or(0)
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// Why an address is not connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("{address} is not public ({what}), and its network is not allowed")]
    NotPublic { address: IpAddr, what: &'static str },
    #[error("the network of {address} is not allowed, so the connection has to be encrypted")]
    NotEncrypted { address: IpAddr },
}

/// Whether the server may connect to this address.
pub fn check(address: IpAddr, encrypted: bool, allowed: &[Network]) -> Result<(), Refusal> {
    let plain = address.to_canonical();
    if allowed.iter().any(|network| network.contains(plain) || network.contains(address)) {
        return Ok(());
    }
    if let Some(what) = special(plain) {
        return Err(Refusal::NotPublic { address, what });
    }
    if encrypted { Ok(()) } else { Err(Refusal::NotEncrypted { address }) }
}

/// What kind of address it is that is not public; `None`: it is public.
fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => special_v6(address),
    }
}

/// Blocks of IPv4 that are not public: base, prefix and what they are for.
const SPECIAL_V4: &[(Ipv4Addr, u8, &str)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8, "this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "shared by a provider"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "this machine"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local, where clouds tell credentials"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "for protocols"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "for documents"),
    (Ipv4Addr::new(192, 31, 196, 0), 24, "for protocols"),
    (Ipv4Addr::new(192, 52, 193, 0), 24, "for protocols"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "for protocols"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(192, 175, 48, 0), 24, "for protocols"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "for measurements"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "for documents"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "for documents"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
];

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    let within = |base: Ipv4Addr, bits: u8| {
        Network { base: base.into(), bits }.contains(IpAddr::V4(address))
    };
    SPECIAL_V4.iter().find(|(base, bits, _)| within(*base, *bits)).map(|(_, _, what)| *what)
}

/// Blocks within the global unicast space that are not public.
const SPECIAL_V6: &[(Ipv6Addr, u8, &str)] = &[
    // Among them Teredo, which carries IPv4 addresses, and the documentation of protocols.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "for protocols"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "for documents"),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "6to4, which carries an IPv4 address"),
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48, "for protocols"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "for documents"),
];

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    let within = |base: Ipv6Addr, bits: u8| {
        Network { base: base.into(), bits }.contains(IpAddr::V6(address))
    };
    // Everything but global unicast is for something else: loopback, NAT64, unique local,
    // link-local, multicast and what is not handed out yet.
    if !within(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3) {
        return Some("not global");
    }
    SPECIAL_V6.iter().find(|(base, bits, _)| within(*base, *bits)).map(|(_, _, what)| *what)
}

/// What a form accepts as the address of a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebAddress {
    pub encrypted: bool,
    pub host: String,
    pub port: Option<u16>,
}

/// Reads `https://host[:port][/path][?query]`. `None`: it is none, or has a user, a password or a
/// fragment in it.
pub fn web(url: &str) -> Option<WebAddress> {
    if url.len() > URL_MAX_BYTES || !url.bytes().all(|b| b.is_ascii_graphic()) {
        return None;
    }
    if url.contains(['\\', '#', '"', '<', '>', '`', '{', '}']) {
        return None;
    }
    let (encrypted, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => return None,
    };
    let authority = rest.split(['/', '?']).next()?;
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            host.parse::<Ipv6Addr>().ok()?;
            (host, port.strip_prefix(':').or_else(|| port.is_empty().then_some(""))?)
        }
        None => authority.split_once(':').unwrap_or((authority, "")),
    };
    let bracketed = authority.starts_with('[');
    let named = !host.is_empty() && host.len() <= 253 && host_chars(host);
    if !(named || bracketed) {
        return None;
    }
    let port = match port {
        "" if authority.ends_with(':') => return None,
        "" => None,
        port => Some(port.parse().ok().filter(|port| *port > 0)?),
    };
    Some(WebAddress { encrypted, host: host.to_owned(), port })
}

/// Whether a text could be the name or the address of a host.
pub fn host_chars(host: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    host.bytes().all(plain) && !host.starts_with(['.', '-'])
}

/// Scheme, host and port of an address.
pub fn origin(url: &str) -> Option<String> {
    let WebAddress { encrypted, host, port } = web(url)?;
    let scheme = if encrypted { "https" } else { "http" };
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{scheme}://{host}{port}"))
}
