//! Checks every optional field of every model: an unexpected form is written back until the field is set.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::decode::{Decode, from_json, from_json_strict, unexpected_fields};
use crate::json::Json;

/// Forms that a field may have by mistake. None is the default of a plain field.
const FORMS: [&str; 8] = ["\"\"", "\"odd\"", "7", "1.50", "[null]", "{\"a\": []}", "true", "1e999"];

/// Sets one field of a model to that of another model.
pub(super) struct Assignment<M> {
    pub(super) wire: &'static str,
    /// With an assignment.
    pub(super) assign: fn(&mut M, &M),
    /// With the setter.
    pub(super) set: fn(M, &M) -> M,
}

/// A model whose fields can be set one by one.
pub(super) trait Assignable: Sized + 'static {
    const FIELDS: &[Assignment<Self>];
}

type Object = BTreeMap<String, Json>;

/// The checked cases.
#[derive(Default)]
pub(super) struct Check {
    models: usize,
    fields: usize,
    forms: usize,
}

impl Check {
    pub(super) fn model<M: Assignable + Decode + serde::Serialize + Clone>(&mut self, name: &str) {
        // A model that is sent as well has no fixture.
        let Ok(text) = fs::read_to_string(fixtures().join(snake_case(name)).join("full.json")) else { return };
        let full: M = from_json_strict(&text).unwrap();
        let object: Object = serde_json::from_str(&text).unwrap();
        self.models += 1;
        for field in M::FIELDS {
            let mut without = object.clone();
            without.remove(field.wire);
            let without = serde_json::to_string(&without).unwrap();
            // A required field has no unexpected form.
            let Ok(unset) = from_json_strict::<M>(&without) else { continue };
            self.fields += 1;
            for form in FORMS {
                let mut odd = object.clone();
                odd.insert(field.wire.to_owned(), form.parse().unwrap());
                let odd = serde_json::to_string(&odd).unwrap();
                let model: M = from_json(&odd).unwrap();
                if from_json_strict::<M>(&odd).is_ok() || model_extra(&model, field.wire).is_none() {
                    continue;
                }
                self.forms += 1;
                let case = format!("{name}.{} after {form}", field.wire);
                one_form(&case, field, form, &model, &full, &unset);
            }
        }
    }
}

fn one_form<M: Decode + serde::Serialize + Clone>(
    case: &str,
    field: &Assignment<M>,
    form: &str,
    odd: &M,
    full: &M,
    unset: &M,
) {
    assert_eq!(written(odd, field.wire).as_deref(), Some(form), "{case}");
    assert!(unexpected_fields(odd).contains(&field.wire.to_owned()), "{case}");

    // An assigned default looks the same as one that was left by decoding.
    let mut same = odd.clone();
    (field.assign)(&mut same, unset);
    assert_eq!(written(&same, field.wire).as_deref(), Some(form), "{case}");

    // The fixture may have the default: then only the setter counts.
    if written(full, field.wire) != written(unset, field.wire) {
        let mut assigned = odd.clone();
        (field.assign)(&mut assigned, full);
        assert_eq!(written(&assigned, field.wire), written(full, field.wire), "{case}, assigned");
        assert!(!unexpected_fields(&assigned).contains(&field.wire.to_owned()), "{case}, assigned");
    }
    for other in [full, unset] {
        let set = (field.set)(odd.clone(), other);
        assert_eq!(written(&set, field.wire), written(other, field.wire), "{case}, set");
        assert!(model_extra(&set, field.wire).is_none(), "{case}, set");
    }
}

/// Returns the text of a field as it is written, and checks that it occurs once.
fn written(model: &impl serde::Serialize, wire: &str) -> Option<String> {
    let text = serde_json::to_string(model).unwrap();
    let mut object: Object = serde_json::from_str(&text).unwrap();
    object.remove(wire).map(|value| value.get().to_owned())
}

/// Returns the name of a field if `extra` has an unexpected form of it.
fn model_extra<M: Decode>(model: &M, wire: &str) -> Option<String> {
    unexpected_fields(model).into_iter().find(|path| path == wire)
}

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures")
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[test]
fn unexpected_form_is_written_until_its_field_is_set() {
    if !fixtures().is_dir() {
        // A published crate has no fixtures.
        eprintln!("skipped: there is no {}", fixtures().display());
        return;
    }
    let mut check = Check::default();
    for file in [
        super::accounts::check_assignments,
        super::datasets::check_assignments,
        super::fleet::check_assignments,
        super::public_datasets::check_assignments,
        super::quality::check_assignments,
        super::services::check_assignments,
        super::uploads::check_assignments,
    ] {
        file(&mut check);
    }
    assert!(
        check.models > 60 && check.fields > 400 && check.forms > 2000,
        "{} {} {}",
        check.models,
        check.fields,
        check.forms
    );
}
