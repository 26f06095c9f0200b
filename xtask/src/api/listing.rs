//! The public items of a crate, one per line, from its rustdoc JSON.

use std::collections::BTreeSet;

use serde_json::Value;

use super::types::{bounds, generics, items, path, signature, text, ty};

/// Lists the public items of a crate: modules, types with their fields, variants, methods and traits, and functions.
pub(super) fn list(json: &Value) -> BTreeSet<String> {
    let mut listing = Listing { index: &json["index"], lines: BTreeSet::new(), open: Vec::new() };
    if let Some(root) = listing.item(&json["root"]) {
        listing.module(root, &text(&root["name"]));
    }
    listing.lines
}

struct Listing<'a> {
    index: &'a Value,
    lines: BTreeSet<String>,
    /// The modules that are being listed, because a glob may name one of them.
    open: Vec<&'a Value>,
}

impl<'a> Listing<'a> {
    fn item(&self, id: &Value) -> Option<&'a Value> {
        self.index.get(id.to_string())
    }

    fn line(&mut self, line: String) {
        self.lines.insert(line);
    }

    fn module(&mut self, module: &'a Value, at: &str) {
        if self.open.contains(&&module["id"]) {
            return;
        }
        self.open.push(&module["id"]);
        for id in items(&module["inner"]["module"]["items"]) {
            if let Some(item) = self.item(id) {
                self.member(item, at);
            }
        }
        self.open.pop();
    }

    /// Lists an item of a module.
    fn member(&mut self, item: &'a Value, module: &str) {
        if let Some(import) = item["inner"].get("use") {
            return self.import(import, module);
        }
        self.named(item, &format!("{module}::{}", text(&item["name"])));
    }

    /// Lists a re-export: the item itself at its new path, or a line for an item of another crate.
    fn import(&mut self, import: &'a Value, module: &str) {
        let name = text(&import["name"]);
        match self.item(&import["id"]) {
            Some(target) if import["is_glob"] == true => self.module(target, module),
            Some(target) => self.named(target, &format!("{module}::{name}")),
            None if import["is_glob"] == true => self.line(format!("pub use {module}::*: {}", text(&import["source"]))),
            None => self.line(format!("pub use {module}::{name}: {}", text(&import["source"]))),
        }
    }

    fn named(&mut self, item: &'a Value, at: &str) {
        let Some((kind, inner)) = item["inner"].as_object().and_then(|inner| inner.iter().next()) else {
            return;
        };
        let (parameters, predicates) = generics(&inner["generics"]);
        match kind.as_str() {
            "module" => {
                self.line(format!("pub mod {at}"));
                self.module(item, at);
            }
            "struct" => {
                self.line(format!("pub struct {at}{parameters}{predicates}{}", non_exhaustive(item)));
                self.fields(&inner["kind"], at);
                self.impls(&inner["impls"], at);
            }
            "union" => self.line(format!("pub union {at}{parameters}{predicates}")),
            "enum" => {
                self.line(format!("pub enum {at}{parameters}{predicates}{}", non_exhaustive(item)));
                for variant in items(&inner["variants"]).filter_map(|id| self.item(id)).collect::<Vec<_>>() {
                    self.variant(variant, at);
                }
                self.impls(&inner["impls"], at);
            }
            "trait" => {
                let parents = bounds(&inner["bounds"]);
                let parents = if parents.is_empty() { parents } else { format!(": {parents}") };
                self.line(format!("pub trait {at}{parameters}{parents}{predicates}"));
                for member in items(&inner["items"]).filter_map(|id| self.item(id)).collect::<Vec<_>>() {
                    self.associated(member, at, "");
                }
            }
            "function" => self.function(item, at),
            "type_alias" => self.line(format!("pub type {at}{parameters} = {}", ty(&inner["type"]))),
            "constant" => self.line(format!("pub const {at}: {}", ty(&inner["type"]))),
            "static" => self.line(format!("pub static {at}: {}", ty(&inner["type"]))),
            "macro" | "proc_macro" => self.line(format!("pub macro {at}!")),
            other => self.line(format!("pub {other} {at}")),
        }
    }

    fn fields(&mut self, kind: &'a Value, at: &str) {
        let fields = kind.get("plain").or_else(|| kind.get("struct")).map_or(&kind["tuple"], |plain| &plain["fields"]);
        for field in items(fields).filter_map(|id| self.item(id)).collect::<Vec<_>>() {
            let line = format!("pub {at}::{}: {}", text(&field["name"]), ty(&field["inner"]["struct_field"]));
            self.line(line);
        }
    }

    fn variant(&mut self, variant: &'a Value, at: &str) {
        let at = format!("{at}::{}", text(&variant["name"]));
        self.line(format!("pub {at}"));
        self.fields(&variant["inner"]["variant"]["kind"], &at);
    }

    fn function(&mut self, item: &'a Value, at: &str) {
        let function = &item["inner"]["function"];
        let (parameters, predicates) = generics(&function["generics"]);
        let mut words = String::from("pub ");
        for (word, flag) in [("const ", "is_const"), ("async ", "is_async"), ("unsafe ", "is_unsafe")] {
            if function["header"][flag] == true {
                words.push_str(word);
            }
        }
        self.line(format!("{words}fn {at}{parameters}{}{predicates}", signature(&function["sig"])));
    }

    /// Lists a method, type or constant of a trait or of an impl. `of` names the type for which the impl is, if it has
    /// arguments.
    fn associated(&mut self, item: &'a Value, at: &str, of: &str) {
        let at = format!("{at}{of}::{}", text(&item["name"]));
        if item["inner"].get("function").is_some() {
            self.function(item, &at);
        } else if let Some(assoc) = item["inner"].get("assoc_type") {
            let parents = bounds(&assoc["bounds"]);
            let parents = if parents.is_empty() { parents } else { format!(": {parents}") };
            self.line(format!("pub type {at}{parents}"));
        } else if let Some(assoc) = item["inner"].get("assoc_const") {
            self.line(format!("pub const {at}: {}", ty(&assoc["type"])));
        }
    }

    /// Methods of a type, and its traits: those without parameters in one line, because most types have a dozen.
    fn impls(&mut self, ids: &'a Value, at: &str) {
        let mut plain = BTreeSet::new();
        for found in items(ids).filter_map(|id| self.item(id)).collect::<Vec<_>>() {
            let found = &found["inner"]["impl"];
            if !found["blanket_impl"].is_null() {
                continue;
            }
            let (name, of) = (path(&found["trait"]), ty(&found["for"]));
            if found["is_synthetic"] == true {
                // Only missing traits, because nearly every type has all of them.
                if ["Send", "Sync", "Unpin"].contains(&name.as_str()) && found["is_negative"] == true {
                    self.line(format!("impl !{name} for {at}"));
                }
            } else if found["trait"].is_null() {
                // Two impls of one generic type differ by its arguments.
                let of = of.split_once('<').map(|(_, rest)| format!("<{rest}")).unwrap_or_default();
                for member in items(&found["items"]).filter_map(|id| self.item(id)).collect::<Vec<_>>() {
                    if member["visibility"] == "public" {
                        self.associated(member, at, &of);
                    }
                }
            } else if name != "StructuralPartialEq" {
                let (parameters, predicates) = generics(&found["generics"]);
                let is_plain = ["", "<'de>"].contains(&parameters.as_str()) && predicates.is_empty();
                if is_plain && at.ends_with(&format!("::{of}")) {
                    plain.insert(name);
                } else {
                    self.line(format!("impl{parameters} {name} for {at} ({of}){predicates}"));
                }
            }
        }
        if !plain.is_empty() {
            let traits: Vec<String> = plain.into_iter().collect();
            self.line(format!("impl {} for {at}", traits.join(" + ")));
        }
    }
}

fn non_exhaustive(item: &Value) -> &'static str {
    let marked = items(&item["attrs"]).any(|attribute| attribute.to_string().contains("non_exhaustive"));
    if marked { " #[non_exhaustive]" } else { "" }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::list;

    #[test]
    fn public_items_are_listed_at_their_public_paths() {
        let function = json!({
            "generics": { "params": [], "where_predicates": [] },
            "header": { "is_const": false, "is_async": true, "is_unsafe": false },
            "sig": { "inputs": [["self", { "borrowed_ref": { "is_mutable": false, "lifetime": null, "type": { "generic": "Self" } } }]],
                     "output": { "primitive": "u8" } },
        });
        let none = json!({ "params": [], "where_predicates": [] });
        let json = json!({ "root": 0, "index": {
            "0": { "id": 0, "name": "krate", "inner": { "module": { "items": [1] } } },
            "1": { "id": 1, "name": null, "inner": { "use": { "id": 2, "name": "Shown", "is_glob": false, "source": "a::B" } } },
            "2": { "id": 2, "name": "B", "attrs": ["non_exhaustive"],
                   "inner": { "struct": { "generics": none, "kind": { "plain": { "fields": [3] } }, "impls": [4] } } },
            "3": { "id": 3, "name": "held", "inner": { "struct_field": { "slice": { "primitive": "u8" } } } },
            "4": { "id": 4, "inner": { "impl": { "trait": null, "blanket_impl": null, "is_synthetic": false,
                   "for": { "resolved_path": { "path": "B", "args": null } }, "items": [5] } } },
            "5": { "id": 5, "name": "run", "visibility": "public", "inner": { "function": function } },
        }});
        let expected = [
            "pub async fn krate::Shown::run(&self) -> u8",
            "pub krate::Shown::held: [u8]",
            "pub struct krate::Shown #[non_exhaustive]",
        ];
        assert_eq!(list(&json).into_iter().collect::<Vec<_>>(), expected);
    }
}
