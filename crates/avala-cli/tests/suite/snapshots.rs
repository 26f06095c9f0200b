//! What commands print, as a table and as JSON.

use crate::support::World;

/// Replaces what differs from run to run: ports, times, and identifiers of new records.
fn stable(text: &str, world: &World) -> String {
    let port = world.sandbox.url().rsplit(':').next().unwrap().to_owned();
    let mut text = text.replace(&format!("127.0.0.1:{port}"), "127.0.0.1:PORT");
    for (start, end) in [
        (" in ", " s"),
        ("X-Amz-Date=", "&"),
        ("cursor=", "&limit"),
        ("X-Amz-Signature=", "\""),
        ("AKIASANDBOX%2F", "%2F"),
    ] {
        let mut done = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once(start) {
            done.push_str(before);
            done.push_str(start);
            let value = after.split(end).next().unwrap_or_default();
            let is_value =
                value.len() < 80 && !value.contains('\n') && value.starts_with(|first: char| first.is_ascii_hexdigit());
            rest = if is_value {
                done.push('_');
                &after[value.len()..]
            } else {
                after
            };
        }
        done.push_str(rest);
        text = done;
    }
    text
}

/// Runs lines as a table and as JSON.
fn transcript(world: &World, lines: &[&str]) -> String {
    let mut text = String::new();
    for line in lines {
        for format in ["table", "json"] {
            let ran = world.run(&format!("{line} -o {format}"));
            text.push_str(&format!(
                "$ avala {line} -o {format}\n{}{}[exit code {}]\n\n",
                ran.stdout, ran.stderr, ran.code
            ));
        }
    }
    stable(&text, world)
}

#[test]
fn lists_and_details() {
    let world = World::new();
    let project = world.uid("projects");
    let owner = "acme-robotics";
    let lines: Vec<String> = vec![
        "organizations list --limit 1".into(),
        "datasets list --limit 1".into(),
        format!("datasets list-by-owner {owner} --limit 1"),
        format!("datasets get-by-slug {owner} warehouse-lidar"),
        format!("datasets list-items {owner} forklift-images --limit 1 --fields uid,key"),
        format!("datasets list-sequences {owner} warehouse-lidar --limit 1"),
        format!("datasets health {owner} warehouse-lidar"),
        "projects list --limit 1".into(),
        format!("tasks list --project {project} --limit 1"),
        "fleet devices list --limit 1".into(),
        "fleet recordings list --limit 1".into(),
        "fleet events list --limit 1".into(),
        "fleet rules list --limit 1".into(),
        "fleet alerts list --limit 1".into(),
        "fleet alert-channels list --limit 1".into(),
        "agents list --limit 1".into(),
        "webhooks list --limit 1".into(),
        "storage-configs list --limit 1".into(),
        "inference-providers list --limit 1".into(),
        format!("slices list {owner} --limit 1"),
        "models list --limit 1".into(),
        format!("quality-targets list --project {project} --limit 1"),
        format!("consensus summary --project {project}"),
        format!("consensus scores --project {project} --limit 1"),
        format!("consensus config --project {project}"),
        "users permissions".into(),
        "datasets upload-quota".into(),
        "status".into(),
        "datasets get nope".into(),
        "datasets create --name x --slug forklift-images --data-type image --visibility private --organization-uid nope".into(),
        "fleet devices delete nope --yes".into(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    insta::assert_snapshot!(transcript(&world, &lines));
}

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
