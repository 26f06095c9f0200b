//! A new model of `avala-types`, and its fixtures.

use super::edit::Edits;
use super::spec::{FieldType, Spec};

/// Adds the model, its identifier and its setters.
pub(super) fn add(edits: &mut Edits, spec: &Spec, model: &str) -> Result<(), String> {
    let module = Spec::model_module(model);
    let uses = if has_time(spec) { format!("{{{model}Uid, Timestamp}}") } else { format!("{model}Uid") };
    let (mut fields, mut setters) = (String::new(), format!("        with_uid uid: {model}Uid,\n"));
    for (name, field_type) in &spec.fields {
        let rust = field_type.names().1;
        fields += &format!("            /// TODO: describe `{name}`.\n            {name}: Option<{rust}>,\n");
        setters += &format!("        with_{name} {name}: Option<{rust}>,\n");
    }
    let text = format!(
        "//! TODO: describe {module}.\n\nuse crate::model::model;\nuse crate::{uses};\n\nmodel! {{\n    /// TODO: describe the model.\n    \
         pub struct {model} {{\n        required {{\n            /// Unique identifier (UID).\n            uid: {model}Uid,\n        }}\n        \
         optional {{\n{fields}        }}\n    }}\n}}\n"
    );
    edits.set(&format!("crates/avala-types/src/{module}.rs"), text);

    let lib = "crates/avala-types/src/lib.rs";
    edits.insert_sorted(lib, "mod ", &format!("mod {module};"))?;
    edits.insert_sorted(lib, "pub use ", &format!("pub use {module}::{model};"))?;
    edits.insert_before(lib, "pub use id::{", "\n", &format!("\n    {model}Uid,"))?;
    let id = format!("    /// Identifies a [`{model}`](crate::{model}).\n    pub struct {model}Uid;\n");
    edits.insert_before("crates/avala-types/src/id.rs", "\nopaque_id! {", "}\n", &id)?;

    let services = "crates/avala-types/src/setters/services.rs";
    edits.import(services, "crate::id", &format!("{model}Uid"))?;
    edits.import(services, &format!("crate::{module}"), model)?;
    edits.insert_before(services, "\nsetters! {\n", "", &format!("    {model} {{\n{setters}    }}\n\n"))?;
    edits.insert_into_list(
        "tests/models.rs",
        "MODELS: &[Readable] = readables! {\n    open {\n",
        &format!("        {model},"),
    )
}

fn has_time(spec: &Spec) -> bool {
    spec.fields.iter().any(|(_, field_type)| *field_type == FieldType::Datetime)
}

/// Writes four fixtures: complete, only what is required, from an older server, and from a newer one.
pub(super) fn fixtures(edits: &mut Edits, spec: &Spec, model: &str) -> Result<(), String> {
    let module = Spec::model_module(model);
    let example = |(name, field_type): &(String, FieldType)| format!(",\n  \"{name}\": {}", field_type.names().2);
    let all: String = spec.fields.iter().map(example).collect();
    let null: String = spec.fields.iter().take(1).map(|(name, _)| format!(",\n  \"{name}\": null")).collect();
    for (kind, fields) in [
        ("full", all.clone()),
        ("minimal", String::new()),
        ("older", null),
        (
            "newer",
            format!("{all},\n  \"added_later\": {{ \"parts\": 18446744073709551660 }},\n  \"also_later\": \"text\""),
        ),
    ] {
        let text = format!("{{\n  \"uid\": \"{module}-{kind}-1\"{fields}\n}}\n");
        edits.set(&format!("tests/fixtures/{module}/{kind}.json"), text);
    }
    Ok(())
}
