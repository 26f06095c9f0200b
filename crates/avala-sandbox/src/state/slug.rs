//! Slugs: names for use in URLs.

/// Returns a slug for a name, with a number at its end if the slug is in use.
pub(crate) fn free_slug(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let slug = slug(name);
    let numbered = (2..).map(|number| format!("{slug}-{number}"));
    let mut slugs = std::iter::once(slug.clone()).chain(numbered);
    slugs.find(|slug| !is_taken(slug)).unwrap_or_default()
}

/// Returns the letters and digits of a name, with hyphens between the words.
fn slug(name: &str) -> String {
    let words = name.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("-").to_lowercase();
    if slug.is_empty() { "unnamed".to_owned() } else { slug }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_made_of_words_and_is_free() {
        assert_eq!(free_slug("  Night  drives (2025) ", |_| false), "night-drives-2025");
        assert_eq!(free_slug("Night", |slug| ["night", "night-2"].contains(&slug)), "night-3");
        assert_eq!(free_slug("夜", |_| false), "unnamed");
    }
}
