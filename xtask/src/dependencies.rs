//! The rules on which crate may depend on what: the layers of ARCHITECTURE.md, kept by a check.

use std::collections::BTreeSet;

use crate::Outcome;
use crate::process::{cargo_output, say};

struct Rule {
    package: &'static str,
    /// How cargo is asked for the features that the rule is about.
    features: &'static [&'static str],
    /// The most crates that its tree may have, itself included.
    most: usize,
    /// What it must not depend on, directly or through others.
    without: &'static [&'static str],
}

const RULES: &[Rule] = &[
    // Who wants payloads gets neither a runtime nor an HTTP library.
    Rule {
        package: "avala-types",
        features: &["--all-features"],
        most: 17,
        without: &["tokio", "hyper", "http", "tower", "avala-transport", "avala-client"],
    },
    // The transport knows HTTP and no resource.
    Rule {
        package: "avala-transport",
        features: &["--all-features"],
        most: 80,
        without: &["avala-types", "avala-client", "serde_json", "openssl-sys", "native-tls", "aws-lc-sys"],
    },
    // The client knows resources and no socket: without features, it runs on somebody else's HTTP.
    Rule {
        package: "avala-client",
        features: &["--no-default-features"],
        most: 50,
        without: &["hyper", "hyper-util", "rustls", "ring", "h2"],
    },
    Rule { package: "avala-client", features: &[], most: 75, without: &["openssl-sys", "native-tls", "aws-lc-sys"] },
    // The sandbox is a witness: it must not share the client's mistakes.
    Rule {
        package: "avala-sandbox",
        features: &["--all-features"],
        most: 70,
        without: &["avala-transport", "avala-client"],
    },
];

pub(crate) fn check() -> Outcome {
    let mut broken = Vec::new();
    for rule in RULES {
        let crates = tree(rule)?;
        let package = rule.package;
        let features = rule.features.join(" ");
        if crates.len() > rule.most {
            broken.push(format!("{package} {features}: {} crates, {} are allowed", crates.len(), rule.most));
        }
        for forbidden in rule.without.iter().filter(|forbidden| crates.contains(**forbidden)) {
            broken.push(format!("{package} {features}: depends on {forbidden}, which it must not"));
        }
        say(&format!("{package} {features}: {} crates", crates.len()));
    }
    if broken.is_empty() { Ok(()) } else { Err(broken.join("\n")) }
}

/// The names of the crates that a package needs to run, itself included.
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
