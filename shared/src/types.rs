//! The types of the wire as TypeScript has them, for the scripts of the page: `types.d.ts` beside this folder. A test fails where
//! that file says something else than the types here, and writes it when KORTTI_WRITE_TYPES is set.

use std::collections::BTreeMap;
use std::path::Path;

use ts_rs::{Config, TS, TypeVisitor};

use crate::Error;
use crate::doctor::Check;
use crate::information::Information;
use crate::rpc::Method;
use crate::rpc::events::Event;
use crate::rpc::methods::{self, Viewer};

/// The declarations of types by their names, and the rows of the table of methods.
struct Book {
    config: Config,
    declared: BTreeMap<String, String>,
    methods: String,
}

impl TypeVisitor for Book {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // What has no place to be exported to is a part of the language.
        if T::output_path().is_none() {
            return;
        }
        let declaration = format!("{}export {}\n", T::docs().unwrap_or_default(), T::decl(&self.config));
        let name = T::ident(&self.config);
        match self.declared.get(&name) {
            None => {
                self.declared.insert(name, declaration);
                T::visit_dependencies(self);
            }
            Some(other) => assert_eq!(*other, declaration, "two types of this name"),
        }
    }
}

impl Book {
    fn take<T: TS + 'static>(&mut self) {
        self.visit::<T>();
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

impl Viewer for Book {
    fn method<M: Method>(&mut self, docs: &str)
    where
        M::Params: TS + 'static,
        M::Reply: TS + 'static,
    {
        self.take::<M::Params>();
        self.take::<M::Reply>();
        let docs: String = docs.lines().map(|line| format!(" *{line}\n")).collect();
        let (params, reply) = (M::Params::name(&self.config), M::Reply::name(&self.config));
        self.methods +=
            &format!("/**\n{docs} */\n\"{}\": {{ params: {params}, reply: {reply} }},\n", M::NAME);
    }
}

fn rendered() -> String {
    let config = Config::new().with_large_int("number");
    let mut book = Book { config, declared: BTreeMap::new(), methods: String::new() };
    methods::show(&mut book);
    book.take::<Event>();
    book.take::<Error>();
    book.take::<Check>();
    book.take::<Information>();
    let table = format!(
        "/** The agent's methods by their names. */\nexport interface Methods {{\n{}}}\n",
        book.methods
    );
    let all: Vec<String> = book.declared.into_values().chain([table]).map(|text| tidied(&text)).collect();
    format!(
        "// The types of Kortti's wire. Made from the types of the crate shared by its test `the_file_says_what_the_types_say`,\n\
         // which writes this file anew with KORTTI_WRITE_TYPES=1: not to be edited.\n\n{}",
        all.join("\n")
    )
}

/// One field to a line, indented, its comment in one line where it is one.
fn tidied(declaration: &str) -> String {
    let mut text = String::new();
    let mut depth = 0_usize;
    let mut comment: Option<Vec<String>> = None;
    for line in declaration.replace(", }", ",\n}").lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut lines = vec![line.to_owned()];
        match &mut comment {
            _ if line == "/**" => {
                comment = Some(Vec::new());
                continue;
            }
            Some(said) if line == "*/" => {
                lines = match &said[..] {
                    [one] => vec![format!("/** {one} */")],
                    several => {
                        let several = several.iter().map(|line| format!(" * {line}"));
                        ["/**".to_owned()].into_iter().chain(several).chain([" */".to_owned()]).collect()
                    }
                };
                comment = None;
            }
            Some(said) => {
                // Names in brackets lead to other parts of the documentation in Rust only.
                let line = line.trim_start_matches('*').trim_start();
                said.push(line.replace("[`super::", "`").replace("[`", "`").replace("`]", "`"));
                continue;
            }
            None => {}
        }
        for line in lines {
            let is_comment = line.starts_with("/*") || line.starts_with(" *");
            let closes_first = line.chars().take_while(|c| *c == '}').count();
            text += &"  ".repeat(depth - closes_first.min(depth));
            text += &line;
            text.push('\n');
            if !is_comment {
                depth += line.matches('{').count();
                depth -= line.matches('}').count();
            }
        }
    }
    text
}

#[test]
fn the_file_says_what_the_types_say() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("types.d.ts");
    let rendered = rendered();
    if std::env::var_os("KORTTI_WRITE_TYPES").is_some() {
        std::fs::write(&file, &rendered).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == rendered,
        "types.d.ts is not what the types are now; write it anew: KORTTI_WRITE_TYPES=1 cargo test -p shared --lib types"
    );
}
