//! Scaffolds a call of the API in every file that needs a line for it: contract, model, fixtures, client with an
//! example, contract suite, sandbox.

pub(crate) mod check;
mod client;
mod contract;
mod edit;
mod model;
mod sandbox;
mod spec;

use std::path::Path;

use crate::outcome::Outcome;
use crate::process::{cargo, log, root};

use self::edit::Edits;
use self::spec::Spec;

const USAGE: &str = "\
cargo xtask new-call <resource>.<call> <METHOD> <path> <returns> [field:type ...]

  path      with placeholders; one whose type has another name: `{uid:IssueUid}`
  returns   a model, `page<Model>`, or `nothing`
  field     for a new model, besides `uid`: a name and string, boolean, integer, number or datetime

  cargo xtask new-call widgets.list GET /widgets/ 'page<Widget>' name:string is_active:boolean
  cargo xtask new-call widgets.get GET '/widgets/{uid}/' Widget

Payloads, query parameters besides those of pages, and the command of the CLI are written by hand.";

/// Adds a call, and its resource and model if they are new.
pub(crate) fn run(arguments: &[&str]) -> Outcome {
    let spec = Spec::parse(arguments).map_err(|problem| format!("{problem}\n\n{USAGE}"))?;
    let changed = scaffold(&root(), &spec)?;
    for path in &changed {
        log(&format!("changed: {path}"));
    }
    cargo(&["fmt", "--all"])?;
    crate::coverage::write_quietly()?;
    log("\nNext: describe the call, the model and its fields in the lines marked `TODO`; then");
    log("  cargo xtask snapshots, and with --accept if they are right");
    log("  cargo xtask test");
    Ok(())
}

/// Makes all edits below a root, or none if an edit is not possible. Returns the names of the files.
fn scaffold(root: &Path, spec: &Spec) -> Result<Vec<String>, String> {
    let mut edits = Edits::new(root);
    contract::row(&mut edits, spec)?;
    if let Some(model) = &spec.model
        && !edits.read("tests/contract/types.json")?.contains(&format!("\"{model}\": {{"))
    {
        contract::model(&mut edits, spec, model)?;
        model::add(&mut edits, spec, model)?;
        model::fixtures(&mut edits, spec, model)?;
        sandbox::record(&mut edits, spec, model)?;
    }
    check_identifiers(&edits, spec)?;
    client::add(&mut edits, spec)?;
    contract::case(&mut edits, spec)?;
    sandbox::handler(&mut edits, spec)?;
    edits.write()
}

/// Checks that the types of placeholders are in `avala-types`.
fn check_identifiers(edits: &Edits, spec: &Spec) -> Outcome {
    let file = "crates/avala-types/src/id.rs";
    let known = edits.read(file)?;
    for placeholder in spec.placeholders() {
        let name = spec.placeholder_type(placeholder);
        if !known.contains(&format!("pub struct {name};")) {
            return Err(format!(
                "{file} has no `{name}` for the placeholder `{{{placeholder}}}`; name its type, as in `{{{placeholder}:TaskUid}}`"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edits_of(arguments: &[&str]) -> Edits {
        // The edits are compared in memory, and nothing is written.
        let spec = Spec::parse(arguments).unwrap();
        let mut edits = Edits::new(&root());
        contract::row(&mut edits, &spec).unwrap();
        let model = spec.model.clone().unwrap();
        contract::model(&mut edits, &spec, &model).unwrap();
        model::add(&mut edits, &spec, &model).unwrap();
        model::fixtures(&mut edits, &spec, &model).unwrap();
        sandbox::record(&mut edits, &spec, &model).unwrap();
        check_identifiers(&edits, &spec).unwrap();
        client::add(&mut edits, &spec).unwrap();
        contract::case(&mut edits, &spec).unwrap();
        sandbox::handler(&mut edits, &spec).unwrap();
        edits
    }

    #[test]
    fn new_resource_has_a_line_in_every_place() {
        let list = ["gadgets.list", "GET", "/gadgets/", "page<Gadget>", "name:string", "made_at:datetime"];
        let edits = edits_of(&list);
        for (file, line) in [
            ("tests/contract/endpoints.json", r#""call": "gadgets.list""#),
            ("tests/contract/types.json", r#""Gadget": {"module": "gadget""#),
            ("crates/avala-types/src/id.rs", "pub struct GadgetUid;"),
            ("crates/avala-types/src/gadget.rs", "made_at: Option<Timestamp>,"),
            ("crates/avala-types/src/lib.rs", "pub use gadget::Gadget;"),
            ("crates/avala-types/src/setters/services.rs", "with_made_at made_at: Option<Timestamp>,"),
            ("tests/models.rs", "        Gadget,"),
            ("tests/fixtures/gadget/minimal.json", "uid"),
            ("crates/avala-client/src/resources/gadgets.rs", "avala.gadgets().list().items();"),
            ("crates/avala-client/src/resources/gadgets.rs", "use crate::list::List;"),
            ("crates/avala-client/src/resources/gadgets.rs", "use avala_types::Gadget;"),
            (
                "crates/avala-sandbox/src/schema/wire.rs",
                "    FinalizationUid,\n    FleetEventType,\n    FleetSeverity,\n    GadgetUid,",
            ),
            ("crates/avala-client/src/resources/mod.rs", "pub fn gadgets(&self) -> Gadgets {"),
            ("crates/avala-client/src/decode/models.rs", "    Gadget,"),
            ("tests/suite/contract/calls/work.rs", r#"Case::new("gadgets.list""#),
            ("crates/avala-sandbox/src/schema/gadget.rs", "made_at: Option<Timestamp>,"),
            ("crates/avala-sandbox/src/state/tables.rs", "gadgets: Table<Gadget>,"),
            ("crates/avala-sandbox/src/handlers/gadgets.rs", r#".get("/gadgets/", list)"#),
            ("crates/avala-sandbox/src/router.rs", ".merge(gadgets::routes())"),
        ] {
            assert!(edits.read(file).unwrap().contains(line), "{file} has no {line}:\n{}", edits.read(file).unwrap());
        }
    }

    #[test]
    fn unknown_identifier_is_refused() {
        let issue = ["annotation_issues.log", "GET", "/annotation-issues/{uid}/log/", "AnnotationIssue"];
        let problem = scaffold(&root(), &Spec::parse(&issue).unwrap()).unwrap_err();
        assert!(problem.contains("no `AnnotationIssueUid` for the placeholder `{uid}`"), "{problem}");
    }

    #[test]
    fn call_that_exists_is_refused() {
        let spec = Spec::parse(&["tasks.get", "GET", "/tasks/{uid}/", "Task"]).unwrap();
        let problem = scaffold(&root(), &spec).unwrap_err();
        assert!(problem.contains("tasks.get"), "{problem}");
    }
}
