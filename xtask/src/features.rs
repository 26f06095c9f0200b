//! Builds each feature alone, and all of them together.

use crate::Outcome;
use crate::process::cargo;

const FEATURES: &[(&str, &[&str])] = &[
    ("avala-types", &["chrono", "jiff", "schemars", "uuid"]),
    (
        "avala-transport",
        &[
            "gzip",
            "hyper",
            "http2",
            "proxy",
            "reqwest",
            "tls",
            "tls-webpki-roots",
            "tls-native-roots",
            "tracing",
            "testing",
        ],
    ),
    (
        "avala-client",
        &[
            "blocking",
            "gzip",
            "hyper",
            "http2",
            "proxy",
            "reqwest",
            "tls",
            "tls-webpki-roots",
            "tls-native-roots",
            "tracing",
        ],
    ),
    ("avala-transfer", &["object-store", "proxy", "tls-native-roots", "tls-webpki-roots", "tracing"]),
    ("avala-webhook", &["axum", "tower"]),
    ("avala-agents", &["axum", "journal-redb", "push", "signal", "testing"]),
    ("avala-sandbox", &["tls"]),
];

pub(crate) fn check() -> Outcome {
    for (package, features) in FEATURES {
        let check = ["check", "--quiet", "-p", package, "--no-default-features"];
        cargo(&check)?;
        for feature in *features {
            cargo(&[&check[..], &["--features", feature]].concat())?;
        }
        cargo(&["check", "--quiet", "-p", package, "--all-features"])?;
    }
    Ok(())
}
