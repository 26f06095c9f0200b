//! Adds the row of the contract, and the case of the contract suite.

use super::edit::Edits;
use super::spec::Spec;

const ENDPOINTS: &str = "tests/contract/endpoints.json";
const TYPES: &str = "tests/contract/types.json";
const CASES: &str = "tests/suite/contract/calls/work.rs";

/// Adds the row of the call.
pub(super) fn row(edits: &mut Edits, spec: &Spec) -> Result<(), String> {
    let name = spec.name();
    if edits.read(ENDPOINTS)?.contains(&format!("\"call\": \"{name}\"")) {
        return Err(format!("{ENDPOINTS} has a row for {name} already"));
    }
    let query = if spec.is_page { r#"["cursor", "limit"]"# } else { "[]" };
    let returns = match &spec.model {
        Some(model) if spec.is_page => format!("page<{model}>"),
        Some(model) => model.clone(),
        None => "nothing".to_owned(),
    };
    let row = format!(
        r#"{{"call": "{name}", "method": "{}", "path": "{}", "query": {query}, "body": null, "returns": "{returns}", "seen_in": ["reference"]}},"#,
        spec.method, spec.path
    );
    edits.insert_into_list(ENDPOINTS, "[\n", &row)
}

/// Adds the fields of a new model.
pub(super) fn model(edits: &mut Edits, spec: &Spec, model: &str) -> Result<(), String> {
    let mut fields = String::from(r#""uid": {"type": "string", "required": true, "nullable": false}"#);
    for (name, field_type) in &spec.fields {
        let type_name = field_type.names().0;
        fields += &format!(r#", "{name}": {{"type": "{type_name}", "required": false, "nullable": true}}"#);
    }
    let module = Spec::model_module(model);
    let line = format!("\"{model}\": {{\"module\": \"{module}\", \"fields\": {{{fields}}}}},");
    edits.insert_into_list(TYPES, "{\n", &line)
}

/// Adds the case of the call, with its required and with all arguments.
pub(super) fn case(edits: &mut Edits, spec: &Spec) -> Result<(), String> {
    let arguments: Vec<String> = spec.placeholders().iter().map(|name| format!("id(\"{name}\")")).collect();
    let call = format!("avala.{}().{}({})", spec.resource, spec.call, arguments.join(", "));
    let complete = if spec.is_page { format!(".complete(paged({call}))") } else { String::new() };
    let case = format!("        Case::new(\"{}\", {call}){complete},\n", spec.name());
    edits.insert_before(CASES, "vec![\n", "    ]\n", &case)
}
