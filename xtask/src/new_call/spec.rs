//! The call that is added, from the arguments.

/// A call, and the fields of its model if that is new.
#[derive(Debug)]
pub(super) struct Spec {
    /// As `widgets`.
    pub(super) resource: String,
    /// As `list`.
    pub(super) call: String,
    pub(super) method: String,
    /// As `/widgets/{uid}/`.
    pub(super) path: String,
    /// Placeholders whose type the path names, such as `{uid:IssueUid}`.
    named_types: Vec<(String, String)>,
    /// As `Widget`; `None` if the response has no value.
    pub(super) model: Option<String>,
    pub(super) is_page: bool,
    pub(super) fields: Vec<(String, FieldType)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldType {
    String,
    Boolean,
    Integer,
    Number,
    Datetime,
}

impl FieldType {
    /// Returns the name in the contract, the type in Rust, and an example in JSON.
    pub(super) fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::String => ("string", "String", "\"Straße 7\""),
            Self::Boolean => ("boolean", "bool", "true"),
            Self::Integer => ("integer", "u64", "42"),
            Self::Number => ("number", "f64", "0.25"),
            Self::Datetime => ("datetime", "Timestamp", "\"2025-03-20T12:00:00-07:00\""),
        }
    }
}

impl Spec {
    pub(super) fn parse(arguments: &[&str]) -> Result<Self, String> {
        let [name, method, path, returns, fields @ ..] = arguments else {
            return Err("a call needs a name, a method, a path and what it returns".to_owned());
        };
        let (resource, call) = name.split_once('.').ok_or_else(|| format!("`{name}` is no <resource>.<call>"))?;
        let is_name = |text: &str| {
            text.starts_with(|first: char| first.is_ascii_lowercase())
                && text.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
        };
        if !is_name(resource) || !is_name(call) {
            return Err(format!("`{name}` is no <resource>.<call> in lower case"));
        }
        if !matches!(*method, "GET" | "POST" | "DELETE") {
            return Err(format!("`{method}` is not GET, POST or DELETE"));
        }
        if !path.starts_with('/') || !path.ends_with('/') {
            return Err(format!("the path `{path}` has to begin and end with a slash"));
        }
        let (is_page, model) = match returns.strip_prefix("page<").and_then(|rest| rest.strip_suffix('>')) {
            Some(model) => (true, Some(model.to_owned())),
            None if *returns == "nothing" => (false, None),
            None => (false, Some((*returns).to_owned())),
        };
        if model.as_ref().is_some_and(|model| !model.starts_with(|first: char| first.is_ascii_uppercase())) {
            return Err(format!("`{returns}` is not a model"));
        }
        let (path, named_types) = without_types(path);
        let fields = fields.iter().map(|field| parse_field(field)).collect::<Result<_, _>>()?;
        Ok(Self {
            resource: resource.to_owned(),
            call: call.to_owned(),
            method: (*method).to_owned(),
            path,
            named_types,
            model,
            is_page,
            fields,
        })
    }

    /// Returns the name of the call, such as `widgets.list`.
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.resource, self.call)
    }

    /// Returns the type of the resource, such as `QualityTargets` of `quality_targets`.
    pub(super) fn resource_type(&self) -> String {
        let words = self.resource.split('_');
        words
            .map(|word| {
                word.chars()
                    .take(1)
                    .map(|first| first.to_ascii_uppercase())
                    .chain(word.chars().skip(1))
                    .collect::<String>()
            })
            .collect()
    }

    /// Returns the name of the model in singular and snake case, such as `quality_target`.
    pub(super) fn model_module(model: &str) -> String {
        let mut name = String::new();
        for (index, letter) in model.chars().enumerate() {
            if letter.is_ascii_uppercase() && index > 0 {
                name.push('_');
            }
            name.push(letter.to_ascii_lowercase());
        }
        name
    }

    /// Returns the placeholders of the path, such as `uid`.
    pub(super) fn placeholders(&self) -> Vec<&str> {
        self.path.split('{').skip(1).filter_map(|part| Some(part.split_once('}')?.0)).collect()
    }

    /// Returns the type of a placeholder: the one that the path names, the UID of the model or of the resource for
    /// `uid`, and that of its name for others.
    pub(super) fn placeholder_type(&self, placeholder: &str) -> String {
        if let Some((_, named)) = self.named_types.iter().find(|(name, _)| name == placeholder) {
            return named.clone();
        }
        match (placeholder, &self.model) {
            ("uid", Some(model)) => format!("{model}Uid"),
            ("uid", None) => format!("{}Uid", singular(&self.resource_type())),
            ("owner", _) => "OwnerName".to_owned(),
            _ => {
                let words = placeholder.split('_');
                words.map(|word| word[..1].to_uppercase() + &word[1..]).collect()
            }
        }
    }
}

/// Returns `Widget` of `Widgets`, `WebhookDelivery` of `WebhookDeliveries`.
fn singular(plural: &str) -> String {
    match plural.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => plural.strip_suffix('s').unwrap_or(plural).to_owned(),
    }
}

/// Splits the types of placeholders from a path: `/issues/{uid:IssueUid}/`.
fn without_types(path: &str) -> (String, Vec<(String, String)>) {
    let (mut plain, mut types) = (String::new(), Vec::new());
    for (index, part) in path.split('{').enumerate() {
        let brace = if index == 0 { "" } else { "{" };
        match part.split_once('}').and_then(|(name, rest)| Some((name.split_once(':')?, rest))) {
            Some(((name, type_name), rest)) => {
                plain += &format!("{{{name}}}{rest}");
                types.push((name.to_owned(), type_name.to_owned()));
            }
            None => plain += &format!("{brace}{part}"),
        }
    }
    (plain, types)
}

fn parse_field(field: &str) -> Result<(String, FieldType), String> {
    let types = [FieldType::String, FieldType::Boolean, FieldType::Integer, FieldType::Number, FieldType::Datetime];
    let (name, type_name) = field.split_once(':').ok_or_else(|| format!("`{field}` is not name:type"))?;
    let found = types.into_iter().find(|candidate| candidate.names().0 == type_name);
    Ok((
        name.to_owned(),
        found.ok_or_else(|| format!("`{type_name}` is not string, boolean, integer, number or datetime"))?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_derived_from_the_call() {
        let spec = Spec::parse(&["quality_gates.get", "GET", "/gates/{uid}/", "QualityGate"]).unwrap();
        assert_eq!(spec.resource_type(), "QualityGates");
        assert_eq!(Spec::model_module("QualityGate"), "quality_gate");
        assert_eq!(spec.placeholder_type("uid"), "QualityGateUid");
        assert_eq!(spec.placeholder_type("project_uid"), "ProjectUid");
        let spec = Spec::parse(&["webhook_deliveries.delete", "DELETE", "/d/{owner}/{uid}/", "nothing"]).unwrap();
        assert_eq!(spec.placeholder_type("uid"), "WebhookDeliveryUid");
        let spec =
            Spec::parse(&["issues.get", "GET", "/i/{project_uid}/{uid:IssueUid}/log/", "AnnotationIssue"]).unwrap();
        assert_eq!(spec.path, "/i/{project_uid}/{uid}/log/");
        assert_eq!(spec.placeholder_type("uid"), "IssueUid");
    }

    #[test]
    fn wrong_arguments_are_named() {
        for arguments in [
            &["widgets", "GET", "/w/", "Widget"][..],
            &["widgets.list", "FETCH", "/w/", "Widget"],
            &["widgets.list", "GET", "/w", "Widget"],
            &["widgets.list", "GET", "/w/", "widget"],
            &["widgets.list", "GET", "/w/", "Widget", "name:text"],
            &["widgets.list", "GET"],
        ] {
            assert!(Spec::parse(arguments).is_err(), "{arguments:?}");
        }
    }
}
