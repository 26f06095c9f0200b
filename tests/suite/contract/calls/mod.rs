//! The case of each row, in a file per group of resources.

mod accounts;
mod automation;
mod datasets;
mod fleet;
mod organizations;
mod public_datasets;
mod quality;
mod work;

use avala_client::Avala;

use super::case::Case;

pub(super) fn all(avala: &Avala) -> impl Iterator<Item = Case> {
    [
        accounts::cases(avala),
        automation::cases(avala),
        datasets::cases(avala),
        fleet::cases(avala),
        organizations::cases(avala),
        public_datasets::cases(avala),
        quality::cases(avala),
        work::cases(avala),
    ]
    .into_iter()
    .flatten()
}
