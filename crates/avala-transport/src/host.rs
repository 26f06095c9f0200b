//! Checks that the host and port of a URL can be connected to.

use std::net::{Ipv4Addr, Ipv6Addr};

use http::uri::Authority;

/// The longest label of a name, and the longest name without its last dot: DNS can hold no longer ones (RFC 1035, section
/// 2.3.4).
const MAX_LABEL: usize = 63;
const MAX_NAME: usize = 253;

/// Returns why `authority` cannot be connected to, judging by its text.
pub(crate) fn check_authority(authority: &Authority) -> Result<(), &'static str> {
    let text = authority.as_str();
    if text.contains('@') {
        return Err("it has a user name or password in it; remove them and configure the API key instead");
    }
    if text.contains(',') {
        return Err("it has a comma in its host; name a single host");
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (address, after) = rest.split_once(']').ok_or("its `[` is never closed; write an IPv6 address as [::1]")?;
        check_ipv6(address)?;
        return check_port(after);
    }
    let (host, port) = text.split_at(text.find(':').unwrap_or(text.len()));
    check_name(host)?;
    check_port(port)
}

fn check_ipv6(address: &str) -> Result<(), &'static str> {
    if address.contains('%') {
        return Err("its IPv6 address has a zone ID, which is local to this machine; remove everything from `%` on");
    }
    match address.parse::<Ipv6Addr>() {
        Ok(_) => Ok(()),
        Err(_) => Err("there is no IPv6 address between its brackets; write it like [2001:db8::1]"),
    }
}

/// Checks the port. `after` is the text after the host: empty, or a colon and the port.
fn check_port(after: &str) -> Result<(), &'static str> {
    const REASON: &str = "its port is not a number from 1 to 65535";
    if after.is_empty() {
        return Ok(());
    }
    let digits = after.strip_prefix(':').ok_or(REASON)?;
    // `u16::from_str` also accepts a sign.
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(REASON);
    }
    match digits.parse::<u16>() {
        Ok(1..) => Ok(()),
        _ => Err(REASON),
    }
}

/// Checks the syntax of a host name. Whether it resolves shows when connecting.
fn check_name(host: &str) -> Result<(), &'static str> {
    // One dot at the end marks a name as complete.
    let name = host.strip_suffix('.').unwrap_or(host);
    if name.is_empty() {
        return Err("it has no host; write it like https://api.avala.ai/api/v1");
    }
    if name.len() > MAX_NAME {
        return Err("its host is longer than 253 characters, which no name server can resolve");
    }
    for label in name.split('.') {
        check_label(label)?;
    }
    let last = name.rsplit('.').next().unwrap_or(name);
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x") || last.starts_with("0X");
    if is_number && (host != name || name.parse::<Ipv4Addr>().is_err()) {
        return Err("its host ends in a number and is not an IPv4 address; write one like 192.0.2.1");
    }
    Ok(())
}

fn check_label(label: &str) -> Result<(), &'static str> {
    if label.is_empty() {
        return Err("its host has two dots in a row or begins with one");
    }
    if label.contains('*') {
        return Err("its host has a `*` in it; name a single host");
    }
    if !label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
        return Err("its host has characters other than letters, digits, `-`, `_` and dots");
    }
    if label.len() > MAX_LABEL {
        return Err("a part of its host is longer than 63 characters, which no name server can resolve");
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err("a part of its host begins or ends with a hyphen");
    }
    Ok(())
}

/// Returns why `path` cannot be used as a path prefix.
pub(crate) fn check_path(path: &str) -> Result<(), &'static str> {
    let mut rest = path.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = match byte {
            b'%' => match after {
                [high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => after,
                _ => return Err("its path has a `%` that two hexadecimal digits do not follow; write it as %25"),
            },
            b'/' | b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';'
            | b'=' | b':' | b'@' => after,
            byte if byte.is_ascii_alphanumeric() => after,
            _ => return Err("its path has characters that need percent-encoding"),
        };
    }
    for segment in path.trim_start_matches('/').split('/') {
        let segment = segment.to_ascii_lowercase().replace("%2e", ".");
        if matches!(segment.as_str(), "." | "..") {
            return Err("its path has a `.` or `..` segment; write the path that it stands for");
        }
    }
    Ok(())
}
