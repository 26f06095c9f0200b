//! `avala sandbox` in a program that was built without the feature `sandbox`.

use clap::Command;

use crate::commands::special::Special;
use crate::failure::Failure;

pub(super) const COMMANDS: &[Special] = &[Special {
    path: &["sandbox"],
    about: "Not in this program, which was built without the feature `sandbox`",
    build: |command: Command| command,
    run: |_, _| {
        Box::pin(async {
            Err(Failure::usage("this program was built without a sandbox; build it with the feature `sandbox`"))
        })
    },
}];
