//! Uploads over simulated links, compared with the best fixed number of connections.
//!
//! Connections share the bandwidth of a link equally, each up to a cap of its own: with loss, what one TCP connection
//! reaches. A part begins and ends with a round trip. Hosts refuse connections above their capacity.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use tokio::sync::Semaphore;

use super::*;

const MAX: usize = 10;
const MSS: f64 = 1_460.0;
/// Size of a part, in bytes.
const PART: f64 = 5_242_880.0;

struct Link {
    bytes_per_second: f64,
    round_trip: Duration,
    /// Maximum rate of one connection, in bytes per second.
    cap: f64,
    /// Capacity of the host, in connections.
    capacity: AtomicUsize,
    /// Connections that are transferring.
    active: AtomicUsize,
    /// Open connections, now and at their maximum.
    open: AtomicUsize,
    most_open: AtomicUsize,
}

impl Link {
    fn new(megabits: f64, round_trip: Duration, loss: f64) -> Arc<Self> {
        let cap = if loss > 0.0 { 1.2 * MSS / (round_trip.as_secs_f64() * loss.sqrt()) } else { f64::MAX };
        Arc::new(Self {
            bytes_per_second: megabits * 125_000.0,
            round_trip,
            cap,
            capacity: AtomicUsize::new(MAX),
            active: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            most_open: AtomicUsize::new(0),
        })
    }

    /// Returns whether the host accepted the part.
    async fn transfer(&self) -> bool {
        let open = self.open.fetch_add(1, SeqCst) + 1;
        self.most_open.fetch_max(open, SeqCst);
        tokio::time::sleep(self.round_trip).await;
        let is_taken = open <= self.capacity.load(SeqCst);
        if is_taken {
            self.active.fetch_add(1, SeqCst);
            // Long enough for few steps, short enough to follow the start and end of other parts.
            let tick = Duration::from_secs_f64((PART / self.bytes_per_second.min(self.cap) / 5.0).max(0.005));
            let mut left = PART;
            while left > 0.0 {
                let share = (self.bytes_per_second / self.active.load(SeqCst) as f64).min(self.cap);
                let time = tick.min(Duration::from_secs_f64(left / share));
                tokio::time::sleep(time).await;
                left -= (share * time.as_secs_f64()).max(1.0);
            }
            self.active.fetch_sub(1, SeqCst);
            tokio::time::sleep(self.round_trip).await;
        }
        self.open.fetch_sub(1, SeqCst);
        is_taken
    }
}

/// Controller of the number of connections.
#[derive(Clone)]
enum Number {
    Fixed(Arc<Semaphore>),
    Adaptive(Concurrency),
}

impl Number {
    fn fixed(count: usize) -> Self {
        Self::Fixed(Arc::new(Semaphore::new(count)))
    }

    /// Transfers one part, repeated until the host accepts it.
    async fn send(&self, link: &Link) {
        loop {
            match self {
                Self::Fixed(slots) => {
                    let slot = slots.acquire().await;
                    if link.transfer().await {
                        return;
                    }
                    // For as long as the controller pauses the host.
                    tokio::time::sleep(COOLDOWN).await;
                    drop(slot);
                }
                Self::Adaptive(host) => {
                    let slot = host.slot().await;
                    if link.transfer().await {
                        return slot.succeeded();
                    }
                    slot.slow_down(None);
                }
            }
        }
    }

    /// Returns the duration of the transfer of `parts` parts, in seconds.
    async fn seconds(&self, link: &Arc<Link>, parts: usize) -> f64 {
        let start = Instant::now();
        let tasks: Vec<_> = (0..parts)
            .map(|_| {
                let (number, link) = (self.clone(), Arc::clone(link));
                tokio::spawn(async move { number.send(&link).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        start.elapsed().as_secs_f64()
    }
}

/// Compares the controller with every fixed number of connections; returns its share of the best rate.
async fn share_of_best(link: impl Fn() -> Arc<Link>, parts: usize) -> f64 {
    let mut best = f64::MAX;
    for fixed in 1..=link().capacity.load(SeqCst) {
        best = best.min(Number::fixed(fixed).seconds(&link(), parts).await);
    }
    best / Number::Adaptive(Concurrency::new(MAX)).seconds(&link(), parts).await
}

fn links() -> impl Iterator<Item = (f64, Duration, f64)> {
    [1.0, 10.0, 100.0, 1_000.0].into_iter().flat_map(|megabits| {
        [20, 200].into_iter().flat_map(move |round_trip| {
            [0.0, 0.000_1, 0.001, 0.01].map(|loss| (megabits, Duration::from_millis(round_trip), loss))
        })
    })
}

#[tokio::test(start_paused = true)]
async fn rate_on_any_link_is_close_to_the_best() {
    for (megabits, round_trip, loss) in links() {
        let share = share_of_best(|| Link::new(megabits, round_trip, loss), 60).await;
        assert!(share >= 0.9, "{megabits} Mbit/s, {round_trip:?}, loss {loss}: {share:.2} of the best");
    }
}

#[tokio::test(start_paused = true)]
async fn rate_of_a_host_that_takes_few_is_close_to_the_best() {
    // Only the extremes, because each link is simulated many times.
    let extremes =
        links().filter(|(megabits, _, loss)| [1.0, 1_000.0].contains(megabits) && [0.0, 0.001].contains(loss));
    for (megabits, round_trip, loss) in extremes {
        for capacity in [1, 3, 6] {
            let link = || {
                let link = Link::new(megabits, round_trip, loss);
                link.capacity.store(capacity, SeqCst);
                link
            };
            let share = share_of_best(link, 300).await;
            let what = format!("{megabits} Mbit/s, {round_trip:?}, loss {loss}, {capacity} connections");
            assert!(share >= 0.9, "{what}: {share:.2} of the best");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn number_follows_a_host_that_changes_during_a_run() {
    // Loss makes one connection slow, so that only many connections fill the link.
    let link = Link::new(1_000.0, Duration::from_millis(20), 0.000_1);
    let number = Number::Adaptive(Concurrency::new(MAX));
    number.seconds(&link, 200).await;
    assert_eq!(link.most_open.load(SeqCst), MAX);

    link.capacity.store(3, SeqCst);
    number.seconds(&link, 40).await;
    link.most_open.store(0, SeqCst);
    let few = number.seconds(&link, 80).await;
    assert!(link.most_open.load(SeqCst) <= 4, "{:?}", link.most_open);
    let best = Number::fixed(3).seconds(&link, 80).await;
    assert!(few * 0.9 <= best, "{few} s, best {best} s");

    link.capacity.store(MAX, SeqCst);
    let start = Instant::now();
    link.most_open.store(0, SeqCst);
    while link.most_open.load(SeqCst) < MAX {
        number.seconds(&link, 100).await;
        assert!(start.elapsed() < PROBE * 6, "{:?}", start.elapsed());
    }
    let many = number.seconds(&link, 200).await;
    let best = Number::fixed(MAX).seconds(&link, 200).await;
    assert!(many * 0.9 <= best, "{many} s, best {best} s");
}

#[tokio::test(start_paused = true)]
async fn next_part_after_503_finds_half_the_number() {
    let host = Concurrency::new(MAX);
    let mut slots = Vec::new();
    for _ in 0..MAX {
        slots.push(host.slot().await);
    }
    slots.pop().unwrap().slow_down(None);
    // The others are still in flight and succeed; no part begins before fewer than half are.
    let next = tokio::spawn({
        let host = host.clone();
        async move { drop(host.slot().await) }
    });
    for _ in 0..5 {
        assert!(!next.is_finished(), "five are allowed, and {} are in flight", slots.len());
        slots.pop().unwrap().succeeded();
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    assert!(next.is_finished());
    assert_eq!(host.window().limit, MAX / 2);
    // Only a part that began afterwards says that the host takes more.
    host.slot().await.succeeded();
    slots.into_iter().for_each(Slot::succeeded);
    assert_eq!(host.window().limit, MAX / 2 + 1);
}
