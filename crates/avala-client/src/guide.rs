// The pages are compiled and run by the tests of the workspace, which have all crates that they use.
#![doc = include_str!("guide_links.md")]
#![doc = ""]
#![doc = include_str!("../guide/index.md")]

pub mod getting_started {
    #![doc = include_str!("guide_links.md")]
    #![doc = ""]
    #![doc = include_str!("../guide/getting-started.md")]
}

pub mod users {
    #![doc = include_str!("guide_links.md")]
    #![doc = ""]
    #![doc = include_str!("../guide/users.md")]
}

pub mod examples {
    #![doc = include_str!("guide_links.md")]
    #![doc = ""]
    #![doc = include_str!("../guide/examples.md")]
}

pub mod pagination {
    #![doc = include_str!("guide_links.md")]
    #![doc = ""]
    #![doc = include_str!("../guide/pagination.md")]
}

pub mod errors {
    #![doc = include_str!("guide_links.md")]
    #![doc = ""]
    #![doc = include_str!("../guide/errors.md")]
}

pub mod error_kinds {
    #![doc = include_str!("guide_links.md")]
    #![doc = ""]
    #![doc = include_str!("../guide/error-kinds.md")]
}

pub mod rate_limits {
    #![doc = include_str!("guide_links.md")]
    #![doc = ""]
    #![doc = include_str!("../guide/rate-limits.md")]
}

pub mod layers {
    #![doc = include_str!("guide_links.md")]
    #![doc = ""]
    #![doc = include_str!("../guide/layers.md")]
}

pub mod testing {
    #![doc = include_str!("guide_links.md")]
    #![doc = ""]
    #![doc = include_str!("../guide/testing.md")]
}

pub mod transfers {
    #![doc = include_str!("guide_links.md")]
    #![doc = ""]
    #![doc = include_str!("../guide/transfers.md")]
}

pub mod agents {
    #![doc = include_str!("guide_links.md")]
    #![doc = ""]
    #![doc = include_str!("../guide/agents.md")]
}

pub mod webhooks {
    #![doc = include_str!("guide_links.md")]
    #![doc = ""]
    #![doc = include_str!("../guide/webhooks.md")]
}

pub mod cli {
    #![doc = include_str!("guide_links.md")]
    #![doc = ""]
    #![doc = include_str!("../guide/cli.md")]
}

pub mod production {
    #![doc = include_str!("guide_links.md")]
    #![doc = ""]
    #![doc = include_str!("../guide/production.md")]
}

pub mod migrating_from_python {
    #![doc = include_str!("guide_links.md")]
    #![doc = ""]
    #![doc = include_str!("../guide/migrating-from-python.md")]
}

pub mod comparison {
    #![doc = include_str!("guide_links.md")]
    #![doc = ""]
    #![doc = include_str!("../guide/comparison.md")]
}

pub mod design {
    #![doc = include_str!("guide_links.md")]
    #![doc = ""]
    #![doc = include_str!("../guide/design.md")]
}

pub mod faq {
    #![doc = include_str!("guide_links.md")]
    #![doc = ""]
    #![doc = include_str!("../guide/faq.md")]
}

pub mod glossary {
    #![doc = include_str!("guide_links.md")]
    #![doc = ""]
    #![doc = include_str!("../guide/glossary.md")]
}
