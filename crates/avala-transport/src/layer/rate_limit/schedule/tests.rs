use super::*;
use crate::layer::rate_limit::RateLimit;

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A schedule without tokens, and the clock.
struct Clock {
    schedule: Schedule,
    start: Instant,
}

impl Clock {
    fn new(per_minute: u32, burst: u32) -> Self {
        let (mut schedule, start) =
            (Schedule::new(Bucket::new(RateLimit::per_minute(per_minute).burst(burst))), Instant::now());
        (0..burst).for_each(|_| assert!(schedule.try_take(start, 0, Priority::Normal)));
        assert!(!schedule.try_take(start, 0, Priority::Normal));
        Self { schedule, start }
    }

    fn at(&self, at: u64) -> Instant {
        self.start + millis(at)
    }

    /// Claims a token for a call, after so many milliseconds.
    fn claim(&mut self, at: u64, ticket: &mut Ticket) -> Claim {
        let now = self.at(at);
        self.schedule.claim(now, ticket, Waker::noop())
    }

    fn claims<const N: usize>(&mut self, at: u64, tickets: &mut [Ticket; N]) -> [Claim; N] {
        std::array::from_fn(|index| self.claim(at, &mut tickets[index]))
    }

    fn leave(&mut self, at: u64, ticket: &mut Ticket) {
        let now = self.at(at);
        self.schedule.leave(now, ticket);
    }

    /// Returns how many calls were woken since the last time.
    fn woken(&mut self) -> usize {
        std::mem::take(&mut self.schedule.wake).len()
    }
}

fn tickets<const N: usize>() -> [Ticket; N] {
    std::array::from_fn(|_| Ticket::new(Priority::Normal))
}

fn wait(start: u64, ask: u64) -> Claim {
    Claim::Wait { start: millis(start), ask: millis(ask) }
}

#[test]
fn queued_call_asks_again_after_the_grace_of_those_ahead() {
    let mut clock = Clock::new(60, 3);
    let mut calls = tickets::<3>();
    assert!(!calls[0].is_queued());
    assert_eq!(clock.claims(0, &mut calls), [wait(1_000, 1_000), wait(2_000, 1_020), wait(3_000, 1_040)]);
    assert!(calls[0].is_queued());
    let [first, second, third] = &mut calls;
    assert_eq!(clock.claim(1_000, second), wait(1_000, 20));
    assert_eq!(clock.claim(1_019, second), wait(981, 1), "the first call still has its grace");
    assert_eq!(clock.claim(1_020, second), Claim::Taken);
    assert!(!second.is_queued());
    assert_eq!(clock.claim(1_020, third), wait(980, 980));
    assert_eq!(clock.claim(1_999, first), wait(1, 1), "it has its position again");
    assert_eq!(clock.claim(1_999, third), wait(1_001, 21));
    assert_eq!(clock.claim(2_000, first), Claim::Taken);
    assert_eq!(clock.claim(2_500, third), wait(500, 500));
    assert_eq!(clock.claim(3_000, third), Claim::Taken);
}

#[test]
fn skipped_call_keeps_its_position_for_one_interval() {
    for (at, is_ahead) in [(1_999, true), (2_000, false), (9_000, false)] {
        let mut clock = Clock::new(60, 1);
        let mut calls = tickets::<3>();
        clock.claims(0, &mut calls);
        let [first, second, third] = &mut calls;
        assert_eq!(clock.claim(1_020, second), Claim::Taken);
        clock.schedule.bucket.set_remaining(clock.at(at), 0);
        let Claim::Wait { start, .. } = clock.claim(at, first) else { panic!("there is no token") };
        assert_eq!(start > millis(1_000), !is_ahead, "{at}: {start:?}");
        let Claim::Wait { start, .. } = clock.claim(at, third) else { panic!("there is no token") };
        assert_eq!(start > millis(1_000), is_ahead, "{at}: {start:?}");
    }
}

#[test]
fn several_idle_calls_are_skipped_one_grace_after_another() {
    let mut clock = Clock::new(60, 4);
    let mut calls = tickets::<4>();
    clock.claims(0, &mut calls);
    assert_eq!(
        clock.claim(1_059, &mut calls[3]),
        wait(941, 1),
        "two were skipped, and the third one has a moment left"
    );
    assert_eq!(clock.claim(1_060, &mut calls[3]), Claim::Taken);
    // All have their positions back, in their order.
    for (index, start) in [(2, 940), (0, 940), (1, 1_940), (2, 2_940)] {
        let Claim::Wait { start: found, .. } = clock.claim(1_060, &mut calls[index]) else { panic!("no token") };
        assert_eq!(found, millis(start), "{index}");
    }
}

#[test]
fn grace_is_the_interval_of_a_fast_limit_but_at_least_5_ms() {
    for (per_minute, interval, grace) in [(6_000, 10, 10), (60_000, 1, 5), (2_400, 25, 20)] {
        let mut clock = Clock::new(per_minute, 1);
        let mut calls = tickets::<2>();
        clock.claims(0, &mut calls);
        // The token comes back, and the first call is idle. A full bucket of one has no token for both.
        let now = interval;
        let second = &mut calls[1];
        assert_eq!(clock.claim(now, second), wait(interval, interval.min(grace)), "{per_minute}");
        let is_first = matches!(clock.claim(now + grace, second), Claim::Taken);
        assert!(is_first, "{per_minute}");
    }
}

#[test]
fn next_call_has_a_grace_of_its_own() {
    // Two tokens are there, and one call after the other comes for them.
    let mut clock = Clock::new(60, 3);
    let mut calls = tickets::<3>();
    clock.claims(0, &mut calls);
    let [first, second, third] = &mut calls;
    assert_eq!(clock.claim(2_000, first), Claim::Taken);
    assert_eq!(clock.claim(2_000, third), wait(1_000, 20));
    assert_eq!(clock.claim(2_020, third), Claim::Taken);
    assert_eq!(clock.claim(2_020, second), wait(980, 980));

    // A call behind takes its own token; the grace of the first one has passed.
    let mut clock = Clock::new(60, 3);
    let mut calls = tickets::<3>();
    clock.claims(0, &mut calls);
    assert_eq!(clock.claim(2_000, &mut calls[1]), Claim::Taken);
    assert_eq!(clock.claim(2_000, &mut calls[2]), Claim::Taken);
}

#[test]
fn call_that_queues_later_does_not_renew_the_grace() {
    let mut clock = Clock::new(60, 3);
    let mut calls = tickets::<2>();
    assert_eq!(clock.claim(0, &mut calls[0]), wait(1_000, 1_000));
    assert_eq!(clock.claim(1_010, &mut calls[1]), wait(990, 10));
}

#[test]
fn first_call_that_leaves_passes_on_a_whole_grace() {
    let mut clock = Clock::new(60, 3);
    let mut calls = tickets::<3>();
    clock.claims(0, &mut calls);
    let [first, second, third] = &mut calls;
    clock.leave(1_015, first);
    assert_eq!(clock.claim(1_030, third), wait(970, 5));
    assert_eq!(clock.claim(1_035, third), Claim::Taken);
    assert!(matches!(clock.claim(1_035, second), Claim::Wait { .. }));

    let mut clock = Clock::new(60, 1);
    let mut calls = tickets::<3>();
    clock.claims(0, &mut calls);
    clock.leave(1_010, &mut calls[1]);
    assert_eq!(clock.claim(1_020, &mut calls[2]), Claim::Taken, "the grace of the first call went on");
}

#[test]
fn calls_are_woken_once_when_they_move_up() {
    let mut clock = Clock::new(60, 3);
    let mut calls = tickets::<4>();
    clock.claims(0, &mut calls);
    assert_eq!(clock.woken(), 0);
    clock.leave(0, &mut calls[1]);
    assert_eq!(clock.woken(), 2, "those behind it");
    clock.leave(0, &mut calls[1]);
    clock.leave(0, &mut calls[2]);
    assert_eq!(clock.woken(), 0, "they were woken already");
    clock.leave(0, &mut calls[0]);
    assert_eq!(clock.woken(), 0);
    assert!(matches!(clock.claim(0, &mut calls[3]), Claim::Wait { .. }));
    let now = clock.at(0);
    clock.schedule.reschedule(now, false);
    assert_eq!(clock.woken(), 0, "only the number of tokens fell");
    clock.schedule.reschedule(now, true);
    assert_eq!(clock.woken(), 1, "its waker was stored again");
    clock.leave(0, &mut calls[3]);

    // A token that is left, or comes back, is for the next call.
    let mut calls = tickets::<3>();
    clock.claims(0, &mut calls);
    let now = clock.at(3_000);
    assert_eq!(clock.claim(3_000, &mut calls[0]), Claim::Taken);
    assert_eq!(clock.woken(), 1);
    clock.schedule.bucket.set_remaining(now, 0);
    clock.schedule.put_back(now);
    assert_eq!(clock.woken(), 1);
    assert!(clock.schedule.try_take(now, 0, Priority::High), "the token is there");
}

#[test]
fn new_call_takes_no_token_of_queued_ones() {
    let mut clock = Clock::new(60, 5);
    let [mut first, mut second] = tickets();
    assert_eq!(clock.claim(0, &mut first), wait(1_000, 1_000));
    let mut high = Ticket::new(Priority::High);
    assert_eq!(clock.claim(0, &mut high), wait(1_000, 1_000));
    assert_eq!(clock.claim(0, &mut second), wait(3_000, 1_040));
    for (at, spare, priority, is_taken) in [
        (2_999, 0, Priority::Normal, false),
        (3_000, 0, Priority::Normal, false),
        (1_000, 0, Priority::High, false),
        (1_999, 0, Priority::High, false),
        (2_000, 0, Priority::High, true),
        (2_999, 1, Priority::High, false),
        (4_000, 1, Priority::Normal, false),
        (4_000, 0, Priority::Normal, true),
        (4_000, 1, Priority::High, true),
    ] {
        let mut clock = Clock::new(60, 5);
        clock.claims(0, &mut tickets::<2>());
        let mut high = Ticket::new(Priority::High);
        clock.claim(0, &mut high);
        let now = clock.at(at);
        assert_eq!(clock.schedule.try_take(now, spare, priority), is_taken, "{at} {spare} {priority:?}");
    }
}

#[test]
fn token_of_a_high_priority_call_makes_no_other_call_spin() {
    let mut clock = Clock::new(60, 1);
    let mut calls = tickets::<2>();
    clock.claims(0, &mut calls);
    let now = clock.at(1_005);
    assert!(clock.schedule.try_take(now, 0, Priority::High));
    let [first, second] = &mut calls;
    assert_eq!(clock.claim(1_025, second), wait(1_980, 1_000));
    assert_eq!(clock.claim(1_025, first), wait(980, 980));
    assert_eq!(clock.claim(2_005, first), Claim::Taken);
}

#[test]
fn positions_equal_those_of_a_plain_list() {
    for seed in 0..20 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut clock = Clock::new(60, 1);
        // The queue, high priority first, and how many of it are of high priority.
        let (mut queue, mut high) = (Vec::<Ticket>::new(), 0);
        for _ in 0..600 {
            match random.u8(0..5) {
                0 if !queue.is_empty() => {
                    let index = random.usize(..queue.len());
                    clock.leave(0, &mut queue[index]);
                    queue.remove(index);
                    high -= usize::from(index < high);
                }
                1 => {
                    let mut ticket = Ticket::new(Priority::High);
                    clock.claim(0, &mut ticket);
                    queue.insert(high, ticket);
                    high += 1;
                }
                _ => {
                    let mut ticket = Ticket::new(Priority::Normal);
                    clock.claim(0, &mut ticket);
                    queue.push(ticket);
                }
            }
            let Some(index) = (!queue.is_empty()).then(|| random.usize(..queue.len())) else { continue };
            let Claim::Wait { start, .. } = clock.claim(0, &mut queue[index]) else { panic!("there is no token") };
            assert_eq!(start.as_secs(), index as u64 + 1, "seed {seed}");
        }
        queue.iter_mut().for_each(|ticket| clock.leave(0, ticket));
        assert!(clock.schedule.waiting.is_empty() && clock.schedule.blocks.is_empty() && clock.schedule.due.is_none());
    }
}

#[test]
fn call_that_leaves_after_it_was_skipped_is_forgotten() {
    let mut clock = Clock::new(60, 1);
    let mut calls = tickets::<2>();
    clock.claims(0, &mut calls);
    assert_eq!(clock.claim(1_020, &mut calls[1]), Claim::Taken);
    assert_eq!((clock.schedule.skipped.len(), clock.schedule.waiting.len()), (1, 0));
    clock.leave(1_020, &mut calls[0]);
    assert!(clock.schedule.skipped.is_empty());
}

#[test]
fn gate_opens_early_only_out_of_its_spread() {
    let mut clock = Clock::new(60, 1);
    let now = clock.at(0);
    let schedule = &mut clock.schedule;
    assert!(schedule.close_for(now, millis(1), None));
    schedule.spread = Spread::default();
    schedule.spread.draw(0.5);
    assert!(schedule.close_for(now, millis(30_000), None));
    assert!(!schedule.close_for(now, millis(5_000), None), "it opens later anyway");
    let open = |schedule: &mut Schedule| (schedule.closed_for(now), schedule.spread_left(now));
    assert_eq!(open(schedule), (millis(30_000), millis(15_000)));
    assert!(!schedule.hurry(now, Duration::ZERO) && !schedule.hurry(now, millis(15_001)));
    assert_eq!(open(schedule), (millis(30_000), millis(15_000)));
    assert!(schedule.hurry(now, millis(5_000)));
    assert_eq!(open(schedule), (millis(30_000), millis(5_000)));
    schedule.pacer = Some(Pacer::new(None));
    assert_eq!(schedule.spread_left(now), Duration::ZERO);
    assert!(!schedule.hurry(now, millis(1)));
    schedule.close_in_fleet(now, millis(40_000), millis(7_000));
    assert_eq!((schedule.closed_for(now), schedule.bucket.closed_for(now)), (millis(40_000), millis(47_000)));
}
