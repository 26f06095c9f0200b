//! Types, bounds and generics of rustdoc JSON as Rust text. Names are without their paths, so that moves stay quiet.

use serde_json::Value;

/// Formats a type.
pub(super) fn ty(value: &Value) -> String {
    if let Some(text) = value.as_str() {
        return if text == "infer" { "_".to_owned() } else { text.to_owned() };
    }
    let Some((kind, inner)) = value.as_object().and_then(|object| object.iter().next()) else {
        return "?".to_owned();
    };
    match kind.as_str() {
        "resolved_path" => path(inner),
        "generic" | "primitive" => text(inner),
        "tuple" => format!("({})", list(inner, ty)),
        "slice" => format!("[{}]", ty(inner)),
        "array" => format!("[{}; {}]", ty(&inner["type"]), text(&inner["len"])),
        "borrowed_ref" => {
            let lifetime = inner["lifetime"].as_str().map(|name| format!("{name} ")).unwrap_or_default();
            let mutable = if inner["is_mutable"] == true { "mut " } else { "" };
            format!("&{lifetime}{mutable}{}", ty(&inner["type"]))
        }
        "raw_pointer" => {
            format!("*{} {}", if inner["is_mutable"] == true { "mut" } else { "const" }, ty(&inner["type"]))
        }
        "impl_trait" => format!("impl {}", bounds(inner)),
        "dyn_trait" => {
            let mut traits = vec![joined(&inner["traits"], " + ", |bound| path(&bound["trait"]))];
            traits.extend(inner["lifetime"].as_str().map(str::to_owned));
            format!("dyn {}", traits.join(" + "))
        }
        "qualified_path" => {
            let name = format!("{}{}", text(&inner["name"]), arguments(&inner["args"]));
            match inner["trait"]["path"].as_str() {
                Some("") | None => format!("{}::{name}", ty(&inner["self_type"])),
                Some(_) => format!("<{} as {}>::{name}", ty(&inner["self_type"]), path(&inner["trait"])),
            }
        }
        "function_pointer" => format!("fn{}", signature(&inner["sig"])),
        other => format!("?{other}"),
    }
}

/// Returns the last name of a path, with its arguments.
pub(super) fn path(value: &Value) -> String {
    let name = value["path"].as_str().unwrap_or("?");
    format!("{}{}", name.rsplit("::").next().unwrap_or(name), arguments(&value["args"]))
}

fn arguments(value: &Value) -> String {
    if let Some(angle) = value.get("angle_bracketed") {
        let mut all: Vec<String> = items(&angle["args"]).map(argument).collect();
        all.extend(items(&angle["constraints"]).map(constraint));
        return if all.is_empty() { String::new() } else { format!("<{}>", all.join(", ")) };
    }
    match value.get("parenthesized") {
        Some(call) => format!("({}){}", list(&call["inputs"], ty), output(&call["output"])),
        None => String::new(),
    }
}

fn argument(value: &Value) -> String {
    if let Some(held) = value.get("type") {
        ty(held)
    } else if let Some(constant) = value.get("const") {
        text(&constant["expr"])
    } else {
        value["lifetime"].as_str().unwrap_or("_").to_owned()
    }
}

fn constraint(value: &Value) -> String {
    let name = format!("{}{}", text(&value["name"]), arguments(&value["args"]));
    match value["binding"].get("equality") {
        Some(equal) => {
            format!("{name} = {}", argument(&serde_json::json!({ "type": equal.get("type").unwrap_or(equal) })))
        }
        None => format!("{name}: {}", bounds(&value["binding"]["constraint"])),
    }
}

/// Bounds of a type, joined by `+`.
pub(super) fn bounds(value: &Value) -> String {
    joined(value, " + ", |bound| {
        if let Some(bound) = bound.get("trait_bound") {
            let modifier = if bound["modifier"] == "maybe" { "?" } else { "" };
            format!("{modifier}{}", path(&bound["trait"]))
        } else if let Some(captured) = bound.get("use") {
            format!(
                "use<{}>",
                joined(captured, ", ", |name| name
                    .get("lifetime")
                    .or(name.get("param"))
                    .map_or_else(|| text(name), text))
            )
        } else {
            text(&bound["outlives"])
        }
    })
}

/// Returns the parameters `<...>` and the `where` clause of an item.
pub(super) fn generics(value: &Value) -> (String, String) {
    let mut parameters = Vec::new();
    for parameter in items(&value["params"]) {
        let (name, kind) = (text(&parameter["name"]), &parameter["kind"]);
        if let Some(of_type) = kind.get("type") {
            if of_type["is_synthetic"] == true {
                continue;
            }
            let bounds = bounds(&of_type["bounds"]);
            let bounds = if bounds.is_empty() { bounds } else { format!(": {bounds}") };
            let default =
                if of_type["default"].is_null() { String::new() } else { format!(" = {}", ty(&of_type["default"])) };
            parameters.push(format!("{name}{bounds}{default}"));
        } else if let Some(constant) = kind.get("const") {
            parameters.push(format!("const {name}: {}", ty(&constant["type"])));
        } else {
            parameters.push(name);
        }
    }
    let predicates: Vec<String> = items(&value["where_predicates"])
        .filter_map(|predicate| {
            let bound = predicate.get("bound_predicate")?;
            Some(format!("{}: {}", ty(&bound["type"]), bounds(&bound["bounds"])))
        })
        .collect();
    let parameters = if parameters.is_empty() { String::new() } else { format!("<{}>", parameters.join(", ")) };
    let predicates = if predicates.is_empty() { String::new() } else { format!(" where {}", predicates.join(", ")) };
    (parameters, predicates)
}

/// Returns the arguments and the result of a function. Arguments have their types only, because a new name breaks no
/// program.
pub(super) fn signature(value: &Value) -> String {
    let inputs = joined(&value["inputs"], ", ", |input| {
        let (name, ty) = (&input[0], ty(&input[1]));
        match (name.as_str(), ty.as_str()) {
            (Some("self"), "Self") => "self".to_owned(),
            (Some("self"), "&Self") => "&self".to_owned(),
            (Some("self"), "&mut Self") => "&mut self".to_owned(),
            (Some("self"), _) => format!("self: {ty}"),
            _ => ty,
        }
    });
    format!("({inputs}){}", output(&value["output"]))
}

fn output(value: &Value) -> String {
    if value.is_null() { String::new() } else { format!(" -> {}", ty(value)) }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or("?").to_owned()
}

pub(super) fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn list(value: &Value, render: impl Fn(&Value) -> String) -> String {
    joined(value, ", ", render)
}

fn joined(value: &Value, separator: &str, render: impl Fn(&Value) -> String) -> String {
    items(value).map(render).collect::<Vec<_>>().join(separator)
}
