//! Makes reservations with the short script, for calls with nothing to report.

use std::sync::Arc;
use std::time::Duration;

use redis::Value;
use tokio::time::Instant;

use crate::error::LimitsError;
use crate::keys::{USER, scope_field};
use crate::limits::Inner;
use crate::permits::LEARNING;
use crate::protocol::{Verdict, WirePermit, micros, verdict};
use crate::queue::Outcome;
use crate::token::Token;
use crate::view::Expected;

impl Inner {
    /// Reserves tokens and a permit with the short script; `None` if the full script has to decide.
    ///
    /// The short script costs half as much, and also releases the permits of earlier calls, so that a permit needs no
    /// separate round trip.
    pub(crate) async fn reserve_shortly(
        self: &Arc<Self>,
        expected: &Expected,
        scope: Option<&'static str>,
        permit: Option<&WirePermit>,
        max_wait: Duration,
    ) -> Result<Option<Outcome>, LimitsError> {
        let scope_field = scope.map(scope_field).unwrap_or_default();
        let released = permit.map(|permit| self.permits.take_released(permit.group));
        let fill = |command: &mut redis::Cmd| {
            command.arg(1 + usize::from(permit.is_some())).arg(&self.keys.limits);
            if let Some(permit) = permit {
                command.arg(&permit.key);
            }
            command.arg(&expected.generation).arg(expected.time).arg(micros(max_wait));
            command.arg(USER).arg(&expected.user);
            if scope.is_some() || permit.is_some() {
                command.arg(&scope_field).arg(&expected.scope);
            }
            if let Some(permit) = permit {
                command.arg(permit.permits).arg(&permit.id).arg(micros(permit.lease)).arg(micros(LEARNING));
                command.arg(released.as_ref().map_or(&[][..], |released| released.ids()));
            }
        };
        let value = self.link.run(&self.short_script, fill).await?;
        let received = Instant::now();
        let text = match &value {
            Value::BulkString(text) => std::str::from_utf8(text).unwrap_or_default(),
            _ => "",
        };
        let has_permit = permit.is_some() && text == "y0";
        if let Some(released) = released
            && (has_permit || text == "f")
        {
            released.settle();
        }
        let verdict = if has_permit { Some(Verdict::Reserved(Duration::ZERO)) } else { verdict(text) };
        let mut view = self.view();
        let Some(verdict) = verdict else {
            if permit.is_none() {
                view.block_short_way(received);
            }
            return Ok(None);
        };
        view.saw(scope, received);
        let marks = view.marks(scope);
        let token = |wait, has_user| {
            let token = Token::new(Arc::clone(&self.view), received + wait, marks, scope);
            Outcome::Reserved(token.with(has_user, has_permit))
        };
        Ok(Some(match verdict {
            Verdict::Reserved(wait) => token(wait, true),
            Verdict::ReservedInScope(wait) => token(wait, false),
            Verdict::Refused(wait) => Outcome::Refused(wait),
        }))
    }
}
