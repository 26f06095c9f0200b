//! Options that every kind of call has: headers, extensions, attempts and timeouts.

/// Implements the options of one attempt and of the request for a type that has `request_mut`.
macro_rules! call_options {
    ($type:ident $(<$($parameter:ident),*>)?) => {
        /// Options of the request and its attempts.
        impl$(<$($parameter),*>)? $type$(<$($parameter),*>)? {
            /// Sets a header of the request, such as `traceparent` or `x-request-id`. The last value of a name is sent.
            ///
            /// Awaiting fails with [`ErrorKind::Request`](crate::ErrorKind::Request) if the name or the value is
            /// invalid, or if the header is one that the client must set itself: the API key, `authorization`, `host`,
            /// `content-length`, `transfer-encoding`, `connection` and the other hop-by-hop headers. `Debug` output
            /// does not contain the value.
            ///
            /// ```
            /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
            /// let trace_parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
            /// let call = avala.datasets().get("d1").header("traceparent", trace_parent);
            /// let dataset = call.header("x-request-id", "import-17").await?;
            /// # Ok(())
            /// # }
            /// ```
            pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
                self.request_mut().set_header(name.as_ref(), value.as_ref());
                self
            }

            /// Adds a value that your own layers read from `request.extensions()`. One value of each type is kept.
            ///
            /// It is not sent. Every attempt has a clone of it.
            ///
            /// ```
            /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
            /// /// Read by a metrics layer: `request.extensions().get::<TenantId>()`.
            /// #[derive(Clone)]
            /// struct TenantId(u64);
            ///
            /// let dataset = avala.datasets().get("d1").extension(TenantId(7)).await?;
            /// # Ok(())
            /// # }
            /// ```
            pub fn extension<V: Clone + Send + Sync + 'static>(mut self, value: V) -> Self {
                self.request_mut().set_extension(value);
                self
            }

            /// Sets whether the request can safely be executed twice. By default the method decides: `POST` and `PATCH`
            /// are not repeatable.
            ///
            /// A repeatable request is retried even if the server may have executed it.
            ///
            /// ```
            /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
            /// use avala_client::types::UpdateFleetDevice;
            ///
            /// let rename = UpdateFleetDevice::default().name("front camera"); // twice is the same as once
            /// avala.fleet().devices().update("d1", &rename).repeatable(true).await?;
            /// # Ok(())
            /// # }
            /// ```
            pub fn repeatable(mut self, repeatable: bool) -> Self {
                self.request_mut().options.repeatable = Some(repeatable);
                self
            }

            /// Sets the timeout of each attempt, including the body. The default is the client's, 30 seconds.
            ///
            /// ```
            /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
            /// use std::time::Duration;
            ///
            /// let sequences = avala.datasets().list_sequences("acme", "drives").attempt_timeout(Duration::from_secs(10));
            /// let page = sequences.timeout(Duration::from_secs(40)).await?;
            /// # Ok(())
            /// # }
            /// ```
            pub fn attempt_timeout(mut self, time: std::time::Duration) -> Self {
                self.request_mut().options.attempt_timeout = Some(time);
                self
            }

            /// Sets the timeout of connecting, including TLS. The shorter one of this and the client's applies.
            ///
            /// A call that times out this way was not sent, so that it is retried with any method. It has no
            /// effect with your own service instead of the HTTP client.
            pub fn connect_timeout(mut self, time: std::time::Duration) -> Self {
                self.request_mut().options.connect_timeout = Some(time);
                self
            }

            /// Sets whether the request is sent before others that wait in this client for its rate limit or for a
            /// permit.
            ///
            /// The limits still apply: it takes a token and a permit like every request. For few and small calls, such
            /// as health checks, because as long as such calls wait, no others are sent.
            ///
            /// ```
            /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
            /// use std::time::Duration;
            /// use avala_client::transport::Priority;
            ///
            /// let check = avala.projects().list().limit(1).priority(Priority::High).max_attempts(1);
            /// let is_healthy = check.timeout(Duration::from_secs(5)).await.is_ok();
            /// # Ok(())
            /// # }
            /// ```
            pub fn priority(mut self, priority: avala_transport::Priority) -> Self {
                self.request_mut().options.priority = priority;
                self
            }

            /// Counts the request in a concurrency group instead of its own: a limit on how many requests of that
            /// name are in flight at once.
            ///
            /// [`AvalaBuilder::concurrency_limit`](crate::AvalaBuilder::concurrency_limit) sets the limit. Without it,
            /// a group of the API has the [documented limit](crate::concurrency_groups), and any other group counts as
            /// ordinary requests.
            ///
            /// ```
            /// # async fn example() -> Result<(), avala_client::Error> {
            /// use avala_client::Avala;
            ///
            /// let avala = Avala::builder().api_key("avk_1f9a").concurrency_limit("reports", 2).build()?;
            /// let health = avala.dataset("acme", "drives").health().concurrency_group("reports").await?;
            /// # Ok(())
            /// # }
            /// ```
            pub fn concurrency_group(mut self, group: impl Into<avala_transport::ConcurrencyGroup>) -> Self {
                let options = &mut self.request_mut().options;
                options.concurrency_group = group.into();
                options.concurrency_limit = crate::concurrency_groups::documented_limit(options.concurrency_group);
                self
            }

            /// Sets the maximum number of attempts; 1 disables retries. The default is that of the client's retry
            /// policy.
            ///
            /// ```
            /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
            /// let tasks = avala.tasks().list().project("p1").max_attempts(5).await?;
            /// # Ok(())
            /// # }
            /// ```
            pub fn max_attempts(mut self, attempts: u32) -> Self {
                self.request_mut().options.max_attempts = Some(attempts);
                self
            }
        }
    };
}

/// Implements the timeout of a whole call for a type that has `request_mut`.
macro_rules! call_timeout {
    ($type:ident $(<$($parameter:ident),*>)?, $subject:literal) => {
        impl$(<$($parameter),*>)? $type$(<$($parameter),*>)? {
            #[doc = concat!("Sets the timeout of ", $subject, ": queueing, all attempts, backoff and the body.")]
            ///
            /// The default is the client's, 60 seconds.
            pub fn timeout(mut self, time: std::time::Duration) -> Self {
                self.request_mut().options.timeout = Some(time);
                self
            }
        }
    };
}

pub(crate) use {call_options, call_timeout};
