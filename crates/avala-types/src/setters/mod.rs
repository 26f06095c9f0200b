//! Setters of models: `with_name` sets the field `name`, in an expression.
//!
//! Lists, because macros cannot join two names. A unit test compares them with the models.

mod accounts;
#[cfg(test)]
mod assignments;
mod datasets;
mod fleet;
mod public_datasets;
mod quality;
mod services;
mod uploads;

/// Declares the setters of models: `with_name name "wire name": type`.
macro_rules! setters {
    ($( $model:ident { $( $setter:ident $field:ident $(as $wire:literal)? : $ty:ty, )* } )*) => {
    $(
        impl $model {
            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](Self::", stringify!($field), ").")]
                ///
                /// A value of an unexpected form that `extra` kept for the field is dropped.
                #[must_use]
                pub fn $setter<Kind>(mut self, value: impl $crate::setter::SetterArgument<$ty, Kind>) -> Self {
                    self.$field = value.into_field();
                    self.extra.remove(crate::model::wire!($field $($wire)?));
                    self
                }
            )*

            /// Sets a field that this version does not know.
            #[must_use]
            pub fn with_extra(mut self, name: impl Into<String>, value: impl Into<crate::json::Json>) -> Self {
                self.extra.insert(name, value);
                self
            }
        }

        #[cfg(test)]
        impl super::assignments::Assignable for $model {
            const FIELDS: &[super::assignments::Assignment<Self>] = &[$(
                super::assignments::Assignment {
                    wire: crate::model::wire!($field $($wire)?),
                    assign: |model, other| model.$field.clone_from(&other.$field),
                    set: |model, other| model.$setter(other.$field.clone()),
                },
            )*];
        }
    )*
        /// Checks the fields of all models of this file.
        #[cfg(test)]
        pub(super) fn check_assignments(check: &mut super::assignments::Check) {
            $( check.model::<$model>(stringify!($model)); )*
        }
    };
}
use setters;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    /// Collects the lines of all files below a folder that declare fields, such as `Model { field: Type`.
    fn fields_of_models(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                fields_of_models(&path, found);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let blocks = text.split("\nmodel! {\n").skip(1).filter_map(|block| block.split("\n}\n").next());
            for block in blocks {
                let (_, body) = block.split_once("pub struct ").unwrap();
                let (name, body) = body.split_once(" {").unwrap();
                let lines = body.lines().map(str::trim).filter(|line| !line.starts_with("//") && line.contains(": "));
                found.extend(lines.map(|line| format!("{name} {line}")));
            }
        }
    }

    #[test]
    fn every_field_of_a_model_has_a_setter() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let (mut expected, mut listed, mut model) = (Vec::new(), Vec::new(), "");
        fields_of_models(&sources, &mut expected);
        for list in [
            include_str!("accounts.rs"),
            include_str!("datasets.rs"),
            include_str!("fleet.rs"),
            include_str!("public_datasets.rs"),
            include_str!("quality.rs"),
            include_str!("services.rs"),
            include_str!("uploads.rs"),
        ] {
            let list = list.split("\nsetters! {\n").nth(1).unwrap().split("\n}\n").next().unwrap();
            for line in list.lines().map(str::trim) {
                if let Some(name) = line.strip_suffix(" {") {
                    model = name;
                } else if let Some((setter, field)) = line.split_once(' ') {
                    assert_eq!(setter.strip_prefix("with_"), field.split([' ', ':']).next(), "{model} {line}");
                    listed.push(format!("{model} {field}"));
                }
            }
        }
        expected.sort();
        listed.sort();
        assert!(expected.len() > 500);
        let missing: Vec<_> = expected.iter().filter(|field| !listed.contains(field)).collect();
        let stale: Vec<_> = listed.iter().filter(|field| !expected.contains(field)).collect();
        assert!(missing.is_empty() && stale.is_empty(), "missing: {missing:#?}, stale: {stale:#?}");
    }
}
