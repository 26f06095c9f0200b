//! Faults as text, for command lines and settings.

use std::str::FromStr;
use std::time::Duration;

use super::{Fault, FaultError};

/// Reads `METHOD PATH EFFECT [xTIMES] [1/N]`.
///
/// An effect is a status, `html`, `drop`, `drop-response`, `cut:BYTES`, `delay:MILLISECONDS`, `stall:BYTES`,
/// `corrupt:OFFSET`, `resize:BYTES`, `set-header:NAME=VALUE`, `remove-header:NAME`, `ignore-header:NAME`,
/// `cut-request:BYTES`, `stall-request:BYTES`, `change-object`, `slow-down` or `expired-url`. A path that starts with
/// `storage:` is one of the storage host. `xTIMES` may be `x*`, for all requests, and with `1/N` the fault applies to
/// about one of N requests.
///
/// ```
/// let fault: avala_sandbox::Fault = "GET /exports/* 503 x2".parse()?;
/// let fault: avala_sandbox::Fault = "PUT storage:/* slow-down x* 1/10".parse()?;
/// # Ok::<(), avala_sandbox::FaultError>(())
/// ```
impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let unreadable = || FaultError::text(text);
        let mut words = text.split_whitespace();
        let (Some(method), Some(path), Some(effect)) = (words.next(), words.next(), words.next()) else {
            return Err(unreadable());
        };
        let fault = read_effect(effect).ok_or_else(unreadable)?;
        let mut fault = match path.strip_prefix("storage:") {
            Some(path) => fault.on_storage(method, path),
            None => fault.on(method, path),
        };
        let mut rest: Vec<&str> = words.collect();
        if let Some(count) = rest.last().and_then(|word| word.strip_prefix("1/")) {
            fault = fault.one_in(count.parse().map_err(|_| unreadable())?);
            rest.pop();
        }
        match rest[..] {
            [] => {}
            ["x*"] => fault = fault.times(usize::MAX),
            [times] => {
                let times = times.strip_prefix('x').and_then(|times| times.parse().ok());
                fault = fault.times(times.ok_or_else(unreadable)?);
            }
            _ => return Err(unreadable()),
        }
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
        Some(("stall", bytes)) => Fault::stall_body(bytes.parse().ok()?),
        Some(("corrupt", offset)) => Fault::corrupt_body(offset.parse().ok()?),
        Some(("resize", bytes)) => Fault::resize_body(bytes.parse().ok()?),
        Some(("cut-request", bytes)) => Fault::cut_request(bytes.parse().ok()?),
        Some(("stall-request", bytes)) => Fault::stall_request(bytes.parse().ok()?),
        Some(("set-header", header)) => {
            let (name, value) = header.split_once('=')?;
            Fault::set_header(name, value)
        }
        Some(("remove-header", name)) => Fault::remove_header(name),
        Some(("ignore-header", name)) => Fault::ignore_header(name),
        Some(_) => return None,
        None => match text {
            "html" => Fault::html(),
            "drop" => Fault::drop_connection(),
            "drop-response" => Fault::drop_response(),
            "change-object" => Fault::change_object(),
            "slow-down" => Fault::slow_down(),
            "expired-url" => Fault::expired_url(),
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
            ("GET /a/ stall:30", "StallBody(30)"),
            ("GET /a/ corrupt:3", "CorruptBody(3)"),
            ("GET /a/ resize:-3", "ResizeBody(-3)"),
            ("PUT storage:/* cut-request:9", "CutRequest(9)"),
            ("PUT storage:/* stall-request:9 x*", "StallRequest(9)"),
            ("GET storage:/* change-object", "is_storage: true"),
            ("PUT storage:/* slow-down x3 1/10", "one_in: 10"),
            ("PUT storage:/* expired-url 1/2", "status: 403"),
            ("GET storage:/* set-header:etag=W/\"1\"", "SetHeader(\"etag\""),
            ("GET storage:/* remove-header:Date", "SetHeader(\"date\", None)"),
            ("GET storage:/* ignore-header:range x*", "IgnoreHeader(\"range\")"),
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
            "GET /a/ 503 1/x",
            "GET /a/ 503 1/2 x2",
            "GET storage:a 503",
            "GET /a/ set-header:etag",
            "GET /a/ remove-header:a=b",
        ] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }
}
