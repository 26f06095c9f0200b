//! `--template`: Jinja templates, rendered once per record.

use minijinja::{Environment, Value};

use crate::data::Data;
use crate::failure::{Failure, Outcome};
use crate::output::escape;

const NAME: &str = "template";

/// A parsed template.
pub(crate) struct Template(Environment<'static>);

impl Template {
    /// Parses a template, before the first request.
    pub(crate) fn new(source: &str) -> Outcome<Self> {
        let mut environment = Environment::new();
        environment
            .add_template_owned(NAME, source.to_owned())
            .map_err(|error| Failure::usage(format!("invalid --template {source:?}: {error}")))?;
        Ok(Self(environment))
    }

    /// Renders a record. Its members are the variables; a record that is not an object is `value`.
    pub(crate) fn render(&self, record: &Data) -> Outcome<String> {
        let failed = |error: minijinja::Error| Failure::other(format!("the --template failed: {error}"));
        let template = self.0.get_template(NAME).map_err(failed)?;
        let text = match record {
            Data::Map(_) => template.render(value(record)),
            other => template.render(Value::from_pairs([("value", value(other))])),
        };
        Ok(escape::block(&text.map_err(failed)?).into_owned() + "\n")
    }
}

/// Converts a value for templates, and keeps numbers as numbers.
fn value(data: &Data) -> Value {
    match data {
        Data::Null => Value::from(()),
        Data::Bool(value) => Value::from(*value),
        Data::Number(text) => match (text.parse::<i64>(), text.parse::<u64>(), text.parse::<f64>()) {
            (Ok(number), ..) => Value::from(number),
            (_, Ok(number), _) => Value::from(number),
            (.., Ok(number)) if number.is_finite() => Value::from(number),
            _ => Value::from(text.as_str()),
        },
        Data::Text(text) => Value::from(text.as_str()),
        Data::List(elements) => Value::from(elements.iter().map(value).collect::<Vec<_>>()),
        Data::Map(members) => Value::from_pairs(members.iter().map(|(name, member)| (name.as_str(), value(member)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_variables() {
        let data = Data::parse(r#"{"uid":"a","n":2,"list":["x","y"],"bad":"\u001b[1m"}"#).unwrap();
        let render = |source| Template::new(source).unwrap().render(&data).unwrap();
        assert_eq!(render("{{ uid }}: {{ n + 1 }} {{ list|join('/') }}{{ none_such }}"), "a: 3 x/y\n");
        assert_eq!(render("{{ bad }}"), "\\u{1b}[1m\n");
        assert!(Template::new("{{ uid").is_err_and(|failure| failure.code.number() == 2));
    }
}
