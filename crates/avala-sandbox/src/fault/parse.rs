//! Faults as text, for command lines and settings.

use std::str::FromStr;
use std::time::Duration;

use super::{Fault, FaultError};

/// Reads `METHOD PATH EFFECT [xTIMES]`.
///
/// An effect is a status, `html`, `drop`, `drop-response`, `cut:BYTES` or `delay:MILLISECONDS`.
///
/// ```
/// let fault: avala_sandbox::Fault = "GET /exports/* 503 x2".parse()?;
/// # Ok::<(), avala_sandbox::FaultError>(())
/// ```
impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let unreadable = || FaultError::text(text);
        let words: Vec<&str> = text.split_whitespace().collect();
        let (method, path, effect, times) = match words[..] {
            [method, path, effect] => (method, path, effect, 1),
            [method, path, effect, times] => {
                let times = times.strip_prefix('x').and_then(|times| times.parse().ok());
                (method, path, effect, times.ok_or_else(unreadable)?)
            }
            _ => return Err(unreadable()),
        };
        let mut fault = read_effect(effect).ok_or_else(unreadable)?.on(method, path).times(times);
        match fault.error.take() {
            Some(error) => Err(error),
            None => Ok(fault),
        }
    }
}

fn read_effect(text: &str) -> Option<Fault> {
    Some(match text.split_once(':') {
        Some(("cut", bytes)) => Fault::cut_body(bytes.parse().ok()?),
        Some(("delay", milliseconds)) => Fault::delay(Duration::from_millis(milliseconds.parse().ok()?)),
        Some(_) => return None,
        None => match text {
            "html" => Fault::html(),
            "drop" => Fault::drop_connection(),
            "drop-response" => Fault::drop_response(),
            status => Fault::status(status.parse::<u16>().ok()?),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_effect_is_read() {
        for (text, part) in [
            ("GET /exports/ 503 x2", "times: 2"),
            ("GET /exports/ 503", "status: 503"),
            ("PUT /a/* html", "text/html"),
            ("POST /a/ drop", "DropConnection"),
            ("POST  /a/  drop-response ", "DropResponse"),
            ("GET /a/ cut:10", "CutBody(10)"),
            ("GET /a/ delay:30", "Delay(30ms)"),
        ] {
            let fault: Fault = text.parse().unwrap();
            assert!(format!("{fault:?}").contains(part), "{text}: {fault:?}");
        }
    }

    #[test]
    fn what_is_no_fault_is_an_error() {
        for text in [
            "",
            "503",
            "GET /a/",
            "GET /a/ slow",
            "GET /a/ 99",
            "GET /a/ 70000",
            "GET a 503",
            "G T /a/ 503",
            "GET /a/ 503 2",
            "GET /a/ 503 x",
            "GET /a/ cut:x",
            "GET /a/ 503 x2 y",
        ] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }
}
