//! The texts of the page, in each of its languages: Fluent files, parsed here and put together in the page.
//!
//! What goes to the page is the pattern of each message as JSON: text, and objects for what stands between braces.

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement, Variant, VariantKey};
use fluent_syntax::parser;
use serde_json::{Map, Value, json};

/// A language of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Language {
    /// Its code (BCP 47).
    pub code: &'static str,
    /// What it calls itself.
    pub name: &'static str,
    /// `ltr`, or `rtl` where it is written from right to left.
    pub direction: &'static str,
    source: &'static str,
}

/// The languages there are. The first is the one of what another one lacks.
pub const LANGUAGES: &[Language] = &[
    Language { code: "en", name: "English", direction: "ltr", source: include_str!("../files/text/en.ftl") },
    Language { code: "de", name: "Deutsch", direction: "ltr", source: include_str!("../files/text/de.ftl") },
];

/// The language that settings and desktop ask for: the setting where it names one that there is, else the desktop's own.
pub fn language(setting: &str) -> Language {
    let named = |tag: &str| LANGUAGES.iter().find(|language| primary(tag) == language.code);
    let found = named(setting)
        .or_else(|| sys_locale::get_locales().find_map(|locale| named(&locale)))
        .or(LANGUAGES.first());
    found.copied().unwrap_or(Language { code: "en", name: "English", direction: "ltr", source: "" })
}

/// The language in a locale's name: `de` of `de_AT.UTF-8` and of `de-CH`.
fn primary(tag: &str) -> &str {
    tag.split(['-', '_', '.', '@']).next().unwrap_or_default()
}

/// The messages of a language, by their ids; what it lacks is in the first one.
pub fn messages(language: Language) -> Map<String, Value> {
    let mut messages = LANGUAGES.first().map(|first| own(*first)).unwrap_or_default();
    messages.extend(own(language));
    messages
}

/// The messages that are in a language's own file.
fn own(language: Language) -> Map<String, Value> {
    // What is wrong in a file is found by the tests below; what can be read of it is used.
    let resource = match parser::parse(language.source) {
        Ok(resource) | Err((resource, _)) => resource,
    };
    let mut messages = Map::new();
    for entry in resource.body {
        if let Entry::Message(message) = entry
            && let Some(value) = message.value
        {
            messages.insert(message.id.name.to_owned(), pattern(&value));
        }
    }
    messages
}

/// A message without numbers, put together here: for what the host itself asks a person.
pub fn text(language: Language, id: &str, values: &[(&str, &str)]) -> String {
    let messages = messages(language);
    let Some(Value::Array(parts)) = messages.get(id) else { return id.to_owned() };
    let part = |part: &Value| match part {
        Value::String(text) => text.clone(),
        part => {
            let name = part.get("var").and_then(Value::as_str).unwrap_or_default();
            values
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
                .unwrap_or_default()
        }
    };
    parts.iter().map(part).collect()
}

fn pattern(pattern: &Pattern<&str>) -> Value {
    pattern
        .elements
        .iter()
        .map(|element| match element {
            PatternElement::TextElement { value } => json!(value),
            PatternElement::Placeable { expression } => placeable(expression),
        })
        .collect()
}

fn placeable(expression: &Expression<&str>) -> Value {
    match expression {
        Expression::Inline(inline) => self::inline(inline),
        Expression::Select { selector, variants } => {
            let variants: Vec<Value> = variants.iter().map(variant).collect();
            json!({ "select": inline(selector), "variants": variants })
        }
    }
}

fn variant(variant: &Variant<&str>) -> Value {
    let key = match &variant.key {
        VariantKey::Identifier { name } => json!(name),
        VariantKey::NumberLiteral { value } => number(value),
    };
    json!({ "key": key, "default": variant.default, "value": pattern(&variant.value) })
}

fn inline(expression: &InlineExpression<&str>) -> Value {
    match expression {
        InlineExpression::StringLiteral { value } => json!({ "string": value }),
        InlineExpression::NumberLiteral { value } => json!({ "number": number(value) }),
        InlineExpression::VariableReference { id } => json!({ "var": id.name }),
        InlineExpression::MessageReference { id, .. } => json!({ "message": id.name }),
        InlineExpression::Placeable { expression } => placeable(expression),
        // The page knows neither; a test makes sure that no message has any.
        InlineExpression::FunctionReference { .. } | InlineExpression::TermReference { .. } => {
            json!({ "string": "" })
        }
    }
}

fn number(text: &str) -> Value {
    text.parse::<i64>().map_or_else(|_| json!(text.parse::<f64>().unwrap_or_default()), |whole| json!(whole))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// The variables of a message.
    fn variables(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Array(parts) => parts.iter().for_each(|part| variables(part, found)),
            Value::Object(part) => {
                if let Some(Value::String(name)) = part.get("var") {
                    found.insert(name.clone());
                }
                for inner in part.values() {
                    variables(inner, found);
                }
            }
            _ => {}
        }
    }

    fn all(language: Language) -> BTreeMap<String, BTreeSet<String>> {
        let with_variables = |(id, value): (String, Value)| {
            let mut found = BTreeSet::new();
            variables(&value, &mut found);
            (id, found)
        };
        own(language).into_iter().map(with_variables).collect()
    }

    #[test]
    fn every_language_says_the_same() {
        let first = all(LANGUAGES[0]);
        assert!(first.len() > 100);
        for language in LANGUAGES {
            let errors = parser::parse(language.source).err().map(|(_, errors)| errors);
            assert_eq!(errors, None, "{}", language.code);
            assert_eq!(all(*language), first, "{}", language.code);
            let silent = own(*language).into_iter().find(|(_, value)| *value == json!([]));
            assert_eq!(silent, None, "{}", language.code);
        }
    }

    /// What in an expression the page cannot put together.
    fn strange<'s>(expression: &Expression<&'s str>, known: &Map<String, Value>, found: &mut Vec<&'s str>) {
        let inline = match expression {
            Expression::Inline(inline) => inline,
            Expression::Select { selector, variants } => {
                for variant in variants {
                    strange_in(&variant.value, known, found);
                }
                selector
            }
        };
        match inline {
            InlineExpression::FunctionReference { id, .. } | InlineExpression::TermReference { id, .. } => {
                found.push(id.name);
            }
            InlineExpression::MessageReference { id, attribute } => {
                if attribute.is_some() || !known.contains_key(id.name) {
                    found.push(id.name);
                }
            }
            InlineExpression::Placeable { expression } => strange(expression, known, found),
            InlineExpression::StringLiteral { .. }
            | InlineExpression::NumberLiteral { .. }
            | InlineExpression::VariableReference { .. } => {}
        }
    }

    fn strange_in<'s>(pattern: &Pattern<&'s str>, known: &Map<String, Value>, found: &mut Vec<&'s str>) {
        for element in &pattern.elements {
            if let PatternElement::Placeable { expression } = element {
                strange(expression, known, found);
            }
        }
    }

    /// What a file says that the page would not: terms, attributes, functions, and messages that are not there.
    fn unknown(source: &str) -> Vec<&str> {
        let resource = parser::parse(source).unwrap_or_else(|(_, errors)| panic!("{errors:?}"));
        let known = own(LANGUAGES[0]);
        let mut found = Vec::new();
        for entry in &resource.body {
            match entry {
                Entry::Message(message) => {
                    found.extend(message.attributes.iter().map(|attribute| attribute.id.name));
                    match &message.value {
                        Some(value) => strange_in(value, &known, &mut found),
                        None => found.push(message.id.name),
                    }
                }
                Entry::Term(term) => found.push(term.id.name),
                Entry::Comment(_)
                | Entry::GroupComment(_)
                | Entry::ResourceComment(_)
                | Entry::Junk { .. } => {}
            }
        }
        found
    }

    #[test]
    fn no_language_says_what_the_page_does_not_know() {
        for language in LANGUAGES {
            assert_eq!(unknown(language.source), [""; 0], "{}", language.code);
        }
        for (source, name) in [
            ("-brand = Kortti\n", "brand"),
            ("a = { -brand }\n", "brand"),
            ("a = {-brand}\n", "brand"),
            ("a = A\n    .title = B\n", "title"),
            ("a =\n    .title = B\n", "title"),
            ("a = { DATETIME($day) }\n", "DATETIME"),
            ("a = { NUMBER($n) ->\n   *[other] A\n }\n", "NUMBER"),
            ("a = { $n ->\n   *[other] A { { WHAT() } }\n }\n", "WHAT"),
            ("a = { nowhere }\n", "nowhere"),
            ("a = { write.title }\n", "write"),
        ] {
            assert_eq!(unknown(source).first(), Some(&name), "{source}");
        }
    }

    #[test]
    fn what_a_language_lacks_is_said_in_the_first() {
        let young = Language { source: "write = Kirjoita kortille\n", ..LANGUAGES[1] };
        assert_eq!(messages(young)["write"], json!(["Kirjoita kortille"]));
        assert_eq!(messages(young)["csn-long"], messages(LANGUAGES[0])["csn-long"]);
    }

    /// Every id that stands in the page's scripts as a whole is one of a message.
    #[test]
    fn what_the_page_says_is_there() {
        let known = messages(LANGUAGES[0]);
        let mut seen = 0;
        for file in crate::files::ALL.iter().filter(|file| file.path.ends_with(".js")) {
            let text = String::from_utf8_lossy(file.content);
            for before in [
                "t(\"",
                "text: \"",
                "label: \"",
                "say(\"",
                "warn(\"",
                "fault(\"",
                "button(\"",
                "heading: \"",
                "confirm: \"",
                "secretField(\"",
            ] {
                for (at, _) in text.match_indices(before) {
                    let boundary =
                        text[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '_');
                    let id: String = text[at + before.len()..].chars().take_while(|c| *c != '"').collect();
                    if boundary && !id.contains(['$', ' ', '/']) {
                        assert!(known.contains_key(&id), "{}: {id}", file.path);
                        seen += 1;
                    }
                }
            }
        }
        assert!(seen > 150, "{seen}");
    }

    #[test]
    fn a_pattern_as_the_page_gets_it() {
        let known = messages(LANGUAGES[0]);
        assert_eq!(known["write"], json!(["Write to card"]));
        assert_eq!(known["csn-long"], json!(["Card serial number"]));
        let select = &known["tries-left"][0];
        assert_eq!(select["select"], json!({ "var": "tries" }));
        assert_eq!(select["variants"][0], json!({ "key": 0, "default": false, "value": ["No try left"] }));
        assert_eq!(known["error-wrong_pin"][0]["variants"][0]["key"], json!(-1));
    }

    #[test]
    fn languages_are_found_by_any_name() {
        for (tag, code) in [("de", "de"), ("de_AT.UTF-8", "de"), ("de-CH", "de"), ("en_GB", "en")] {
            assert_eq!(language(tag).code, code);
        }
        assert!(["en", "de"].contains(&language("").code));
        assert_eq!(text(LANGUAGES[1], "saved-at", &[("path", "/tmp/x")]), "Geschrieben: /tmp/x");
    }
}
