//! Transfers in a real terminal: the bar, its width, and Ctrl-C.

use crate::pty::Session;
use crate::support::World;

const LINE: [&str; 8] = ["upload", "drive", "--name", "Drive", "--slug", "drive", "--data-type", "image"];

/// So slow that the transfer cannot end before the test ends it.
const SLOW: [&str; 4] = ["--bwlimit", "2k", "--workers", "1"];

fn world() -> World {
    let world = World::new();
    for number in 0..10_u8 {
        world.home.write(&format!("drive/{number}.jpg"), vec![number; 64 << 10]);
    }
    world
}

fn slow(world: &World, columns: u16) -> Session {
    let mut session = Session::sized(&world.home, &[&LINE[..], &SLOW].concat(), columns);
    session.expect_that("the bar", |shown| !frames(shown).is_empty());
    session
}

/// Returns what the bar showed, frame by frame, without codes. The last one may be incomplete and is left out.
fn frames(shown: &str) -> Vec<String> {
    let mut frames: Vec<String> = shown.split(['\r', '\n']).map(without_codes).collect();
    frames.pop();
    frames.retain(|frame| ["iB", " B/", "% "].iter().any(|part| frame.contains(part)));
    frames
}

fn without_codes(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.split_once(|character: char| character.is_ascii_alphabetic()).map_or("", |(_, rest)| rest);
    }
    plain + rest
}

#[test]
fn bar_fits_the_terminal_also_after_it_was_resized() {
    let world = world();
    for columns in [30, 60, 120] {
        let session = slow(&world, columns);
        for frame in frames(&session.shown) {
            assert!(frame.chars().count() <= usize::from(columns), "{columns}: {frame:?}");
        }
        end(session);
    }
    let mut session = slow(&world, 120);
    session.resize(40);
    // Frames that were drawn before the program saw the new size may be wider.
    session.expect_that("a narrow bar", |shown| frames(shown).last().is_some_and(|frame| frame.contains("% ")));
    end(session);
}

/// Interrupts a transfer, and returns what was shown.
fn end(mut session: Session) -> String {
    let before = session.before.clone();
    session.send("\u{3}");
    assert_eq!(session.end(), 130, "{}", session.shown);
    assert_eq!(session.modes(), before);
    // A cursor that was hidden is shown again.
    let (hidden, shown) = (session.shown.rfind("\u{1b}[?25l"), session.shown.rfind("\u{1b}[?25h"));
    assert!(hidden <= shown, "{:?}", session.shown);
    session.lines()
}

#[test]
fn ctrl_c_prints_how_to_go_on_and_going_on_works() {
    let world = world();
    let shown = end(slow(&world, 200));
    let command = shown.split("continue with: avala ").nth(1).and_then(|rest| rest.lines().next()).expect(&shown);
    assert!(command.starts_with("upload drive --name Drive"), "{shown}");
    // The printed words, as a shell reads them, without the limit.
    let words = shlex::split(command).unwrap();
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| !SLOW.contains(word)).collect();
    world.home.args(words).ok();
    let batches = world.requests().iter().filter(|request| *request == "POST /datasets/manual-upload/").count();
    assert_eq!(batches, 1);
}

#[test]
fn second_ctrl_c_ends_at_once_and_the_state_is_kept() {
    let world = world();
    let mut session = slow(&world, 120);
    session.send("\u{3}\u{3}");
    assert_eq!(session.end(), 130, "{}", session.shown);
    assert_eq!(session.modes(), session.before);
    world.home.args(LINE).ok();
}

#[test]
fn finished_bar_leaves_only_the_result() {
    let world = world();
    let mut session = Session::sized(&world.home, &LINE, 120);
    assert_eq!(session.end(), 0, "{}", session.shown);
    let lines = session.lines();
    let last = without_codes(lines.rsplit('\r').next().unwrap_or_default());
    assert!(last.contains("was_created_before") && frames(&last).is_empty(), "{:?}", session.shown);
}
