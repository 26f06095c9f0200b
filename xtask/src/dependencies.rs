//! Checks which crates a package depends on, as described in ARCHITECTURE.md.

use std::collections::BTreeSet;

use crate::outcome::Outcome;
use crate::process::{cargo_output, log};

struct Rule {
    package: &'static str,
    /// Arguments that select the features of the rule.
    features: &'static [&'static str],
    /// Maximum number of crates in the dependency tree, including the package.
    max_crates: usize,
    /// Crates that must not be in the tree.
    forbidden: &'static [&'static str],
}

const RULES: &[Rule] = &[
    // Users of the models alone build neither a runtime nor an HTTP library.
    Rule {
        package: "avala-types",
        // Optional conversions are not counted: users choose them.
        features: &[],
        max_crates: 17,
        forbidden: &["tokio", "hyper", "http", "tower", "avala-transport", "avala-client"],
    },
    // The transport knows HTTP, but no resource.
    Rule {
        package: "avala-transport",
        // Without `reqwest`, whose users already depend on it.
        features: &["--features", "fs,gzip,http2,proxy,tls-webpki-roots,tls-native-roots,tracing,testing"],
        max_crates: 80,
        forbidden: &["avala-types", "avala-client", "serde_json", "openssl-sys", "native-tls", "aws-lc-sys"],
    },
    // Without features, the client runs on the user's own HTTP service and builds no network code.
    Rule {
        package: "avala-client",
        features: &["--no-default-features"],
        max_crates: 50,
        forbidden: &["hyper", "hyper-util", "rustls", "ring", "h2"],
    },
    Rule {
        package: "avala-client",
        features: &[],
        max_crates: 80,
        forbidden: &["openssl-sys", "native-tls", "aws-lc-sys"],
    },
    // The sandbox shares no code with client and transport, so that it cannot mirror their bugs.
    // Receiving webhooks needs neither the client nor, without features, an HTTP library.
    Rule {
        package: "avala-webhook",
        features: &[],
        max_crates: 30,
        forbidden: &["http", "tokio", "tower", "axum", "avala-transport", "avala-client"],
    },
    // The agent runtime is above client and webhook, and builds no transfers and no command line.
    Rule {
        package: "avala-agents",
        features: &["--all-features"],
        max_crates: 90,
        forbidden: &["avala-sandbox", "hyper-rustls", "rustls", "openssl-sys"],
    },
    // Shared limits know neither the resources nor, without a feature, the agents.
    Rule {
        package: "avala-limits-redis",
        features: &[],
        max_crates: 90,
        forbidden: &["avala-client", "avala-agents", "avala-types", "rustls", "openssl-sys", "native-tls"],
    },
    // Transfers are above the client; the sandbox is for their tests only.
    Rule {
        package: "avala-transfer",
        // Without `object-store`, whose users already depend on it.
        features: &["--features", "proxy,tls-native-roots,tracing"],
        max_crates: 115,
        forbidden: &["avala-sandbox", "avala-agents", "reqwest", "openssl-sys", "native-tls", "aws-lc-sys"],
    },
    Rule {
        package: "avala-sandbox",
        features: &["--all-features"],
        // With TLS, a test CA, hashes, streamed forms and temporary files. It is a test dependency, so its size
        // matters less.
        max_crates: 95,
        forbidden: &["avala-transport", "avala-client"],
    },
];

pub(crate) fn check() -> Outcome {
    let mut broken = Vec::new();
    for rule in RULES {
        let crates = tree(rule)?;
        let package = rule.package;
        let features = rule.features.join(" ");
        if crates.len() > rule.max_crates {
            broken.push(format!(
                "{package} {features}: {} crates, at most {} are allowed",
                crates.len(),
                rule.max_crates
            ));
        }
        for name in rule.forbidden.iter().filter(|name| crates.contains(**name)) {
            broken.push(format!("{package} {features}: must not depend on {name}"));
        }
        log(&format!("{package} {features}: {} crates", crates.len()));
    }
    if broken.is_empty() { Ok(()) } else { Err(broken.join("\n")) }
}

/// Returns the names of all crates in the dependency tree of a package, itself included.
fn tree(rule: &Rule) -> Result<BTreeSet<String>, String> {
    let mut arguments = vec!["tree", "-p", rule.package, "-e", "normal", "--prefix", "none", "--format", "{p}"];
    arguments.extend(rule.features);
    let tree = cargo_output(&arguments)?;
    Ok(tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .filter(|name| !name.is_empty())
        .collect())
}
