//! The short way of a call alone: the user's limit, and nothing to report.

use std::sync::Arc;
use std::time::Duration;

use redis::Value;
use tokio::time::Instant;

use crate::error::LimitsError;
use crate::limits::Inner;
use crate::protocol::{Verdict, micros, verdict};
use crate::queue::Outcome;
use crate::token::Token;
use crate::view::Expected;

impl Inner {
    /// Reserves a token with the short script, which is half as expensive; `None` if the whole one has to decide.
    pub(crate) async fn reserve_alone(
        self: &Arc<Self>,
        expected: &Expected,
        max_wait: Duration,
    ) -> Result<Option<Outcome>, LimitsError> {
        let fill = |command: &mut redis::Cmd| {
            command.arg(2).arg(&self.keys.generation).arg(&self.keys.user);
            command.arg(&expected.generation).arg(expected.time).arg(expected.rate).arg(expected.burst);
            command.arg(expected.closings).arg(micros(max_wait));
        };
        let value = self.link.run(&self.short_script, fill).await?;
        let received = Instant::now();
        let verdict = match &value {
            Value::BulkString(text) => std::str::from_utf8(text).ok().and_then(verdict),
            _ => None,
        };
        let mut view = self.view();
        if verdict.is_none() {
            view.block_short_way(received);
            return Ok(None);
        }
        view.saw_user(received);
        let marks = view.marks(None);
        Ok(match verdict {
            Some(Verdict::Reserved(wait)) => {
                Some(Outcome::Reserved(Token::new(Arc::clone(&self.view), received + wait, marks, None)))
            }
            Some(Verdict::Refused(wait)) => Some(Outcome::Refused(wait)),
            _ => None,
        })
    }
}
