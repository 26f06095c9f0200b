//! Help, and the completion script of a shell that is not tested itself. What commands print is in `every_command`.

use crate::support::World;

#[test]
fn help_of_the_program() {
    let world = World::empty();
    let mut text = String::new();
    for line in ["--help", "help fleet alerts", "exports create --help", "help exit-codes", "help formatting"] {
        text.push_str(&format!("$ avala {line}\n{}\n", world.run(line).ok().stdout));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn powershell_script_has_every_command() {
    let world = World::empty();
    let script = world.run("shell-completion powershell").ok().stdout;
    let start: Vec<&str> = script.lines().take(60).collect();
    insta::assert_snapshot!(start.join("\n"));
}
