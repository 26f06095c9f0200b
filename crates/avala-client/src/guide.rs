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

    pub mod configuration {
        #![doc = include_str!("guide_links.md")]
        #![doc = ""]
        #![doc = include_str!("../guide/error-kinds/configuration.md")]
    }

    pub mod request {
        #![doc = include_str!("guide_links.md")]
        #![doc = ""]
        #![doc = include_str!("../guide/error-kinds/request.md")]
    }

    pub mod authentication {
        #![doc = include_str!("guide_links.md")]
        #![doc = ""]
        #![doc = include_str!("../guide/error-kinds/authentication.md")]
    }

    pub mod forbidden {
        #![doc = include_str!("guide_links.md")]
        #![doc = ""]
        #![doc = include_str!("../guide/error-kinds/forbidden.md")]
    }

    pub mod not_found {
        #![doc = include_str!("guide_links.md")]
        #![doc = ""]
        #![doc = include_str!("../guide/error-kinds/not-found.md")]
    }

    pub mod conflict {
        #![doc = include_str!("guide_links.md")]
        #![doc = ""]
        #![doc = include_str!("../guide/error-kinds/conflict.md")]
    }

    pub mod validation {
        #![doc = include_str!("guide_links.md")]
        #![doc = ""]
        #![doc = include_str!("../guide/error-kinds/validation.md")]
    }

    pub mod quota_exceeded {
        #![doc = include_str!("guide_links.md")]
        #![doc = ""]
        #![doc = include_str!("../guide/error-kinds/quota-exceeded.md")]
    }

    pub mod rate_limited {
        #![doc = include_str!("guide_links.md")]
        #![doc = ""]
        #![doc = include_str!("../guide/error-kinds/rate-limited.md")]
    }

    pub mod server {
        #![doc = include_str!("guide_links.md")]
        #![doc = ""]
        #![doc = include_str!("../guide/error-kinds/server.md")]
    }

    pub mod unexpected_status {
        #![doc = include_str!("guide_links.md")]
        #![doc = ""]
        #![doc = include_str!("../guide/error-kinds/unexpected-status.md")]
    }

    pub mod redirect {
        #![doc = include_str!("guide_links.md")]
        #![doc = ""]
        #![doc = include_str!("../guide/error-kinds/redirect.md")]
    }

    pub mod connect {
        #![doc = include_str!("guide_links.md")]
        #![doc = ""]
        #![doc = include_str!("../guide/error-kinds/connect.md")]
    }

    pub mod tls {
        #![doc = include_str!("guide_links.md")]
        #![doc = ""]
        #![doc = include_str!("../guide/error-kinds/tls.md")]
    }

    pub mod connection_lost {
        #![doc = include_str!("guide_links.md")]
        #![doc = ""]
        #![doc = include_str!("../guide/error-kinds/connection-lost.md")]
    }

    pub mod timeout {
        #![doc = include_str!("guide_links.md")]
        #![doc = ""]
        #![doc = include_str!("../guide/error-kinds/timeout.md")]
    }

    pub mod body_too_large {
        #![doc = include_str!("guide_links.md")]
        #![doc = ""]
        #![doc = include_str!("../guide/error-kinds/body-too-large.md")]
    }

    pub mod memory_budget {
        #![doc = include_str!("guide_links.md")]
        #![doc = ""]
        #![doc = include_str!("../guide/error-kinds/memory-budget.md")]
    }

    pub mod decode {
        #![doc = include_str!("guide_links.md")]
        #![doc = ""]
        #![doc = include_str!("../guide/error-kinds/decode.md")]
    }

    pub mod pagination {
        #![doc = include_str!("guide_links.md")]
        #![doc = ""]
        #![doc = include_str!("../guide/error-kinds/pagination.md")]
    }

    pub mod job_failed {
        #![doc = include_str!("guide_links.md")]
        #![doc = ""]
        #![doc = include_str!("../guide/error-kinds/job-failed.md")]
    }

    pub mod layer {
        #![doc = include_str!("guide_links.md")]
        #![doc = ""]
        #![doc = include_str!("../guide/error-kinds/layer.md")]
    }
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
