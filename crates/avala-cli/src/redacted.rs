//! Redacts requests for output.

use avala_client::transport::redact;
use bytes::Bytes;

use crate::data::Data;

/// Maximum nesting that is shown. Deeper values are redacted.
const MAX_DEPTH: usize = 64;

/// Returns a path and query without the values of parameters that are named like secrets.
pub(crate) fn target(uri: &http::Uri) -> String {
    let text = uri.to_string();
    let Some((path, query)) = text.split_once('?') else { return text };
    let pair = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if redact::is_secret_name(name) => format!("{name}={}", redact::REDACTED),
        _ => pair.to_owned(),
    };
    format!("{path}?{}", query.split('&').map(pair).collect::<Vec<_>>().join("&"))
}

/// Returns a JSON body without the values of members that are named like secrets; `None` if there is no body.
pub(crate) fn body(bytes: &Bytes) -> Option<Data> {
    if bytes.is_empty() {
        return None;
    }
    let text = String::from_utf8_lossy(bytes);
    Some(
        Data::parse(&text)
            .map_or_else(|_| Data::from(redact::text(&text).into_owned()), |data| data_of(data, MAX_DEPTH)),
    )
}

fn data_of(data: Data, depth: usize) -> Data {
    match data {
        Data::Map(_) | Data::List(_) if depth == 0 => Data::from(redact::REDACTED),
        Data::Map(members) => Data::Map(
            members
                .into_iter()
                .map(|(name, value)| {
                    let value = match value {
                        Data::Null => Data::Null,
                        _ if redact::is_secret_name(&name) => Data::from(redact::REDACTED),
                        value => data_of(value, depth - 1),
                    };
                    (name, value)
                })
                .collect(),
        ),
        Data::List(elements) => Data::List(elements.into_iter().map(|element| data_of(element, depth - 1)).collect()),
        Data::Text(text) => Data::from(redact::text(&text).into_owned()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::json;

    #[test]
    fn secrets_are_not_shown() {
        let shown = body(&Bytes::from_static(br#"{"name":"x","secret":"whsec_1","config":{"api_key":"k"},"n":[1]}"#));
        assert_eq!(json::compact(&shown.unwrap()), r#"{"name":"x","secret":"***","config":{"api_key":"***"},"n":[1]}"#);
        assert_eq!(target(&"/a/?limit=1&token=abc".parse().unwrap()), "/a/?limit=1&token=***");
    }
}
