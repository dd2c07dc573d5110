//! Which addresses may be told.

use std::net::IpAddr;

use crate::notify::Target;
use crate::notify::address::{Network, Refusal, check, origin, web};

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[test]
// tidy: allow length: a list of addresses
fn only_public_addresses_are_told() {
    for public in [
        "1.1.1.1",
        "8.8.8.8",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.1",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2606:4700::1111",
        "2a00:1450:4001::200e",
        // An IPv4 address in other clothes is the IPv4 address.
        "::ffff:8.8.8.8",
    ] {
        assert_eq!(check(address(public), true, &[]), Ok(()), "{public}");
        let plain = check(address(public), false, &[]);
        assert!(matches!(plain, Err(Refusal::NotEncrypted { .. })), "{public} in the clear");
    }
    for special in [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        // Where clouds tell who a machine is.
        "169.254.169.254",
        "169.254.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        // IPv4 addresses carried in IPv6 ones: compatible, NAT64, 6to4, Teredo.
        "::127.0.0.1",
        "::10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "3fff::1",
        "100::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "4000::1",
        "5f00::1",
    ] {
        let refused = check(address(special), true, &[]);
        assert!(matches!(refused, Err(Refusal::NotPublic { .. })), "{special}: {refused:?}");
    }
}

#[test]
fn a_network_is_allowed_by_whoever_starts_the_server() {
    let networks = ["10.20.0.0/16", "fd00:20::/32", "192.168.7.9", "0.0.0.0/0"];
    let [ten, six, one, all] = networks.map(|text| text.parse::<Network>().expect(text));
    let may = |text: &str, allowed: &[Network]| check(address(text), false, allowed).is_ok();
    assert!(may("10.20.255.255", &[ten]) && !may("10.21.0.0", &[ten]));
    assert!(may("::ffff:10.20.0.1", &[ten]), "the same address in other clothes");
    assert!(may("fd00:20:1::1", &[six]) && !may("fd00:21::1", &[six]));
    assert!(may("192.168.7.9", &[one]) && !may("192.168.7.8", &[one]));
    assert!(may("169.254.169.254", &[all]) && !may("::1", &[all]));
    for wrong in ["", "10.20.0.0/33", "10.20.0.1/16", "fd00::/129", "ten/8", "10.0.0.0/-1", "/8"] {
        assert!(wrong.parse::<Network>().is_err(), "{wrong:?}");
    }
    assert_eq!(ten.to_string(), "10.20.0.0/16");
}

#[test]
fn an_address_of_a_receiver_is_plain() {
    for good in [
        "https://hooks.example.org",
        "https://hooks.example.org/a/b?c=d",
        "http://10.0.0.1:9093/",
        "https://[2606:4700::1111]:8443/x",
        "https://a_b.example.org/~x%20y",
    ] {
        assert!(web(good).is_some(), "{good}");
    }
    for bad in [
        "",
        "hooks.example.org",
        "ftp://hooks.example.org",
        "file:///etc/passwd",
        "gopher://x",
        "https://",
        "https:///x",
        "https://user@hooks.example.org",
        "https://user:secret@hooks.example.org",
        "https://hooks.example.org\\@evil.example",
        "https://hooks.example.org/#part",
        "https://hooks.example.org /x",
        "https://hooks.example.org\r\nHost: evil",
        "https://hooks.example.org:0/",
        "https://hooks.example.org:99999/",
        "https://hooks.example.org:/",
        "https://[::1",
        "https://[not-six]/",
        "https://-x.example/",
        "https://пример.рф/",
        "HTTPS://hooks.example.org",
    ] {
        assert_eq!(web(bad), None, "{bad:?}");
    }
    assert_eq!(web(&format!("https://a.example/{}", "x".repeat(1_000))), None);
    assert_eq!(origin("https://[::1]:8/x?y").as_deref(), Some("https://[::1]:8"));
    let hook = Target::Webhook { url: "https://hooks.example.org/secret?token=half".to_owned() };
    assert_eq!(hook.server(), "https://hooks.example.org", "the path may be half a secret");
}
