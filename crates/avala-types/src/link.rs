//! Links to other pages of a list.

use std::borrow::Cow;
use std::fmt;

/// A link that does not lead to a page of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkError {
    link: Box<str>,
    problem: Problem,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    NotUri,
    OtherPath,
    NoPlace,
}

impl Problem {
    /// Returns its character in a cursor.
    pub(crate) fn mark(self) -> char {
        match self {
            Self::NotUri => 'u',
            Self::OtherPath => 'p',
            Self::NoPlace => 'q',
        }
    }

    pub(crate) fn of_mark(mark: char) -> Self {
        match mark {
            'u' => Self::NotUri,
            'p' => Self::OtherPath,
            _ => Self::NoPlace,
        }
    }
}

impl LinkError {
    /// Keeps only the start of the link, because a server may send any length.
    pub(crate) fn new(link: &str, problem: Problem) -> Self {
        let start: String = link.chars().take(200).collect();
        Self { link: without_values(&start).into(), problem }
    }
}

/// Returns a link or a query without the values that may be secrets: user information, the fragment, and all values of
/// the query except positions.
pub(crate) fn without_values(link: &str) -> String {
    let (target, query) = match link.split_once('?') {
        Some((target, query)) => (target, Some(query)),
        None if link.contains(['=', '&']) => ("", Some(link)),
        None => (link, None),
    };
    let mut shown = match (target.find("//"), target.rfind('@')) {
        (Some(slashes), Some(at)) if slashes < at => format!("{}//…{}", &target[..slashes], &target[at..]),
        _ => target.to_owned(),
    };
    let Some(query) = query else { return shown };
    let query = query.split('#').next().unwrap_or_default();
    shown.push_str(if link.contains('?') { "?" } else { "" });
    for (index, pair) in query.split('&').enumerate() {
        shown.push_str(if index > 0 { "&" } else { "" });
        match pair.split_once('=') {
            Some((name, value)) if !SHOWN.contains(&name) && !value.is_empty() => {
                shown.push_str(name);
                shown.push_str("=…");
            }
            _ => shown.push_str(pair),
        }
    }
    shown
}

/// Parameters whose values are shown: where a page starts, and how long it is.
const SHOWN: [&str; 4] = ["cursor", "page", "limit", "ordering"];

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.problem {
            Problem::NotUri => "it is not a URI",
            Problem::OtherPath => "its path is not that of the list",
            Problem::NoPlace => "its query has no `cursor` and no `page`, or characters that a URI cannot have",
        };
        write!(f, "{:?} does not lead to a page of this list: {why}", self.link)
    }
}

impl std::error::Error for LinkError {}

/// Returns the query of a link. With a `path` the link has to lead there, below any prefix.
pub(crate) fn query<'a>(link: &'a str, path: Option<&str>) -> Result<&'a str, Problem> {
    let link = link.split_once('#').map_or(link, |(link, _)| link);
    let (target, query) = link.split_once('?').map_or((link, None), |(target, query)| (target, Some(query)));
    let target = Target::read(target).ok_or(Problem::NotUri)?;
    if query.is_some_and(|query| !is_sendable(query)) {
        return Err(Problem::NotUri);
    }
    if path.is_some_and(|path| !target.leads_to(path)) {
        return Err(Problem::OtherPath);
    }
    query.filter(|query| is_place(query)).ok_or(Problem::NoPlace)
}

/// Returns whether a query can be sent as it is, and says where a page starts.
pub(crate) fn is_place(query: &str) -> bool {
    let starts = |pair: &str| ["cursor=", "page="].iter().any(|name| pair.len() > name.len() && pair.starts_with(name));
    // A whole link is not a query, also with a question mark.
    let first_name = query.split(['=', '&']).next().unwrap_or_default();
    is_sendable(query) && !first_name.contains(['/', '?', ':']) && query.split('&').any(starts)
}

/// Servers leave some characters unescaped that RFC 3986 does not allow; those that a request can carry are
/// accepted.
fn is_sendable(query: &str) -> bool {
    query.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'"' | b'<' | b'>'))
}

/// The part of a link before its query.
struct Target<'a> {
    path: &'a str,
    /// Whether the path is absolute, and not relative to that of the list.
    is_absolute: bool,
}

impl<'a> Target<'a> {
    /// Returns `None` if it is not part of a URI.
    fn read(text: &'a str) -> Option<Self> {
        let is_legal = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
        if !text.bytes().all(is_legal) {
            return None;
        }
        let scheme = text.split(['/', ':']).next().filter(|scheme| text[scheme.len()..].starts_with(':'));
        let after_scheme = match scheme {
            Some(scheme) if is_scheme(scheme) => &text[scheme.len() + 1..],
            Some(_) => return None,
            None => text,
        };
        let path = match after_scheme.strip_prefix("//") {
            Some(rest) => {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                if !is_authority(authority) {
                    return None;
                }
                path
            }
            None => after_scheme,
        };
        let is_absolute = scheme.is_some() || path.len() < text.len() || path.starts_with('/');
        let is_path = !path.contains(['[', ']']) && path.split('%').skip(1).all(|rest| escaped(rest).is_some());
        is_path.then_some(Self { path, is_absolute })
    }

    fn leads_to(&self, path: &str) -> bool {
        let list = segments(Vec::new(), path);
        let base = if self.is_absolute { Vec::new() } else { list.clone() };
        segments(base, self.path).ends_with(&list)
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn is_authority(text: &str) -> bool {
    let host = text.rsplit_once('@').map_or(text, |(_, host)| host);
    let port = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            // An address, which may have a zone or belong to a later version of IP.
            Some((_, port)) if !port.contains(['[', ']']) => port,
            _ => return false,
        },
        None if host.contains(['[', ']']) => return false,
        None => &host[host.find(':').unwrap_or(host.len())..],
    };
    port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Follows `path` from `base`, by its decoded segments. Empty ones are skipped.
fn segments<'a>(base: Vec<Cow<'a, [u8]>>, path: &'a str) -> Vec<Cow<'a, [u8]>> {
    path.split('/').map(decode).fold(base, |mut segments, segment| {
        match &*segment {
            b"" | b"." => {}
            b".." => drop(segments.pop()),
            _ => segments.push(segment),
        }
        segments
    })
}

fn decode(segment: &str) -> Cow<'_, [u8]> {
    if !segment.contains('%') {
        return Cow::Borrowed(segment.as_bytes());
    }
    let mut pieces = segment.split('%');
    let mut decoded = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        match escaped(piece) {
            Some(byte) => {
                decoded.push(byte);
                decoded.extend_from_slice(&piece.as_bytes()[2..]);
            }
            None => {
                decoded.push(b'%');
                decoded.extend_from_slice(piece.as_bytes());
            }
        }
    }
    Cow::Owned(decoded)
}

/// Returns the byte of the two digits after a percent sign.
fn escaped(rest: &str) -> Option<u8> {
    let digit = |index: usize| char::from(*rest.as_bytes().get(index)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_may_be_secrets_are_not_shown() {
        for (link, shown) in [
            ("https://ada:hunter2@x:1/tasks/?cursor=a&token=hunter2#hunter2", "https://…@x:1/tasks/?cursor=a&token=…"),
            ("cursor=a&limit=5&q=hunter2&x&y=", "cursor=a&limit=5&q=…&x&y="),
            ("?page=2", "?page=2"),
            ("/tasks/@me/", "/tasks/@me/"),
            ("no link", "no link"),
        ] {
            assert_eq!(without_values(link), shown);
        }
        let error = LinkError::new("//hunter2@x/datasets/?sig=hunter2", Problem::OtherPath);
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }

    fn at(link: &str, path: &str) -> Result<String, Problem> {
        query(link, Some(path)).map(str::to_owned)
    }

    #[test]
    fn only_the_query_of_a_link_is_used() {
        for link in [
            "https://api.avala.ai/api/v1/tasks/?cursor=b",
            "http://10.0.0.7:8000/api/v1/tasks/?cursor=b",
            "HTTP+unix://user@[::1]:80/gateway/avala/tasks?cursor=b#top",
            "//other/tasks/?cursor=b",
            "http://[fe80::1%25eth0]:8000/tasks/?cursor=b",
            "http://[v1.a:b]/tasks/?cursor=b",
            "http+unix://%2Frun%2Favala.sock/tasks/?cursor=b",
            "/api/v1/tasks/?cursor=b",
            "/tasks/?cursor=b",
            "/api/v1/%74asks/?cursor=b",
            "/a/../tasks/./?cursor=b",
            "?cursor=b",
            "./?cursor=b",
            "../tasks/?cursor=b",
            "../../v2/tasks?cursor=b",
        ] {
            assert_eq!(at(link, "/tasks/").as_deref(), Ok("cursor=b"), "{link}");
        }
    }

    #[test]
    fn a_link_to_another_path_is_told_apart() {
        for link in [
            "https://api.avala.ai/api/v1/datasets/?cursor=b",
            "https://api.avala.ai/?cursor=b",
            "https://api.avala.ai?cursor=b",
            "/tasks/t1/?cursor=b",
            "/tasks/..?cursor=b",
            "/tasks/%2e%2e/?cursor=b",
            "/api%2Ftasks/?cursor=b",
            "/Tasks/?cursor=b",
            "/mytasks/?cursor=b",
            "../?cursor=b",
            "t1/?cursor=b",
            "mailto:x?cursor=b",
            "nonsense",
        ] {
            assert_eq!(at(link, "/tasks/"), Err(Problem::OtherPath), "{link}");
        }
        assert_eq!(at("/x/datasets/a%2fb/items/?page=2", "/datasets/a%2Fb/items/").as_deref(), Ok("page=2"));
        assert_eq!(at("/datasets/a/b/items/?page=2", "/datasets/a%2Fb/items/"), Err(Problem::OtherPath));
        assert_eq!(at("/items/?page=2", "/datasets/d1/items/"), Err(Problem::OtherPath));
    }

    #[test]
    fn what_is_no_uri_is_told_apart() {
        for link in [
            "<string>",
            "no link",
            "https://x/tasks/?cursor=a b",
            "https://x/tasks/?cursor=a\u{e9}",
            "https://ho st/tasks/?cursor=b",
            "https://[::1/tasks/?cursor=b",
            "https://x]/tasks/?cursor=b",
            "https://x:port/tasks/?cursor=b",
            "/tasks/%zz/?cursor=b",
            "/tasks%/?cursor=b",
            "1:x?cursor=b",
            "://x/tasks/?cursor=b",
            "\u{0}",
        ] {
            assert_eq!(at(link, "/tasks/"), Err(Problem::NotUri), "{link}");
        }
        for link in ["/tasks/", "/tasks/?limit=5", "/tasks/?cursor=", "?", "#?cursor=b", "/tasks/?xcursor=b"] {
            assert_eq!(at(link, "/tasks/"), Err(Problem::NoPlace), "{link}");
        }
    }
}
