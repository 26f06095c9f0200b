//! The method of the client, with an example; the resource if it is new.

use super::edit::Edits;
use super::spec::Spec;

const FOLDER: &str = "crates/avala-client/src/resources";

pub(super) fn add(edits: &mut Edits, spec: &Spec) -> Result<(), String> {
    let file = format!("{FOLDER}/{}.rs", spec.resource);
    if !edits.exists(&file) {
        new_resource(edits, spec, &file)?;
    }
    let resource = spec.resource_type();
    edits.insert_before(&file, &format!("impl {resource} {{\n"), "\n}\n", &format!("\n\n{}", method(spec)))?;
    import(edits, spec, &file)?;
    decoder(edits, spec)
}

/// Returns the method with its documentation, without the last line break.
fn method(spec: &Spec) -> String {
    let Spec { resource, call, method, path, .. } = spec;
    let (mut parameters, mut segments, mut arguments) = (String::new(), Vec::new(), Vec::new());
    for placeholder in spec.placeholders() {
        parameters += &format!(", {placeholder}: impl Into<{}>", spec.placeholder_type(placeholder));
        segments.push(format!("{placeholder}.into().as_str()"));
        arguments.push("\"w1\"".to_owned());
    }
    let (returns, constructor) = match &spec.model {
        Some(model) if spec.is_page => (format!("List<{model}>"), "list"),
        Some(model) => (format!("Call<{model}>"), "call"),
        None => ("Call<()>".to_owned(), "command"),
    };
    let used = format!("avala.{resource}().{call}({})", arguments.join(", "));
    let example = if spec.is_page {
        format!(
            "let mut records = {used}.items();\nwhile let Some(record) = records.next().await {{\n    println!(\"{{}}\", record?.uid);\n}}"
        )
    } else if spec.model.is_some() {
        format!("println!(\"{{}}\", {used}.await?.uid);")
    } else {
        format!("{used}.await?;")
    };
    let docs = format!(
        "TODO: describe the call (`{method} {path}`).\n\n```\n# async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {{\n{example}\n# Ok(())\n# }}\n```"
    );
    let docs: Vec<String> = docs.lines().map(|line| format!("    /// {line}").trim_end().to_owned()).collect();
    let endpoint = format!("Endpoint::{}(\"{}\", \"{path}\")", method.to_lowercase(), spec.name());
    let body = format!("        self.avala.{constructor}({endpoint}, &[{}])", segments.join(", "));
    format!("{}\n    pub fn {call}(&self{parameters}) -> {returns} {{\n{body}\n    }}", docs.join("\n"))
}

fn new_resource(edits: &mut Edits, spec: &Spec, file: &str) -> Result<(), String> {
    let (resource, accessor) = (spec.resource_type(), &spec.resource);
    let text = format!(
        "//! TODO: describe {accessor}.\n\nuse crate::avala::Avala;\nuse crate::endpoint::Endpoint;\n\n/// Calls for {accessor}. Returned by \
         [`Avala::{accessor}`].\n#[derive(Clone, Debug)]\npub struct {resource} {{\n    avala: Avala,\n}}\n\nimpl {resource} {{\n    \
         pub(crate) fn new(avala: &Avala) -> Self {{\n        Self {{ avala: avala.clone() }}\n    }}\n}}\n"
    );
    edits.set(file, text);
    let module = &format!("{FOLDER}/mod.rs");
    edits.insert_sorted(module, "mod ", &format!("mod {accessor};"))?;
    edits.insert_sorted(module, "pub use ", &format!("pub use {accessor}::{resource};"))?;
    let arguments: Vec<&str> = spec.placeholders().iter().map(|_| "\"w1\"").collect();
    let used = format!("avala.{accessor}().{}({})", spec.call, arguments.join(", "));
    let method = format!(
        "    /// Returns the calls for {accessor}.\n    ///\n    /// ```\n    /// # async fn example(avala: avala_client::Avala) -> Result<(), \
         avala_client::Error> {{\n    /// {used}.await?;\n    /// # Ok(())\n    /// # }}\n    /// ```\n    #[must_use]\n    pub fn \
         {accessor}(&self) -> {resource} {{\n        {resource}::new(self)\n    }}\n\n"
    );
    edits.insert_before(module, "\nimpl Avala {\n", "", &method)
}

/// Imports types of the method that the file does not import.
fn import(edits: &mut Edits, spec: &Spec, file: &str) -> Result<(), String> {
    let mut types: Vec<String> = spec.placeholders().iter().map(|name| spec.placeholder_type(name)).collect();
    types.extend(spec.model.clone());
    for name in &types {
        edits.import(file, "avala_types", name)?;
    }
    let (module, name) = if spec.is_page { ("crate::list", "List") } else { ("crate::call", "Call") };
    edits.import(file, module, name)
}

/// Lists a model that no call returned before. If the path has the UID of the model, the response is checked against
/// it.
fn decoder(edits: &mut Edits, spec: &Spec) -> Result<(), String> {
    let file = "crates/avala-client/src/decode/models.rs";
    let Some(model) = &spec.model else { return Ok(()) };
    if edits.read(file)?.contains(&format!("\n    {model},\n")) {
        return Ok(());
    }
    edits.insert_into_list(file, "by_uid [\n", &format!("    {model},"))?;
    edits.import(file, "avala_types", model)
}
