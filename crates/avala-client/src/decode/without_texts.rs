//! Messages of decoders without texts of the response.

use std::fmt::{self, Write};

use avala_transport::redact;

/// Maximum length of a decoder's reason in a message, in bytes.
const MAX_REASON: usize = 512;

/// Message of a decoder without the texts of the response in it, which may be secrets and of any length.
#[derive(Default)]
pub(super) struct WithoutTexts {
    kept: String,
    in_text: bool,
    escaped: bool,
}

impl WithoutTexts {
    pub(super) fn of(error: impl fmt::Display) -> String {
        let mut this = Self::default();
        // It fails when the maximum is reached.
        let _ = write!(this, "{error}");
        redact::shorten(&this.kept, MAX_REASON)
    }
}

impl Write for WithoutTexts {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character {
                _ if self.escaped => self.escaped = false,
                '\\' if self.in_text => self.escaped = true,
                '"' => {
                    self.kept.push_str(if self.in_text { "…\"" } else { "\"" });
                    self.in_text = !self.in_text;
                }
                _ if self.in_text => {}
                _ => self.kept.push(character),
            }
            if self.kept.len() > 2 * MAX_REASON {
                return Err(fmt::Error);
            }
        }
        Ok(())
    }
}
