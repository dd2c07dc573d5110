//! The language files as data: messages, their arguments, what they choose by, their plain text.

#![allow(dead_code, reason = "each test uses its part")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use fluent_syntax::ast::{
    Entry, Expression, InlineExpression, Pattern, PatternElement, VariantKey,
};
use fluent_syntax::parser;
use mainstay_core::access::Language;

/// A piece of text without arguments is looked for in pages from this length on.
const PIECE_MIN: usize = 12;

/// The folder of the files, seen from any crate's.
const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../app/i18n");

/// What one message says and takes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Message {
    pub arguments: BTreeSet<String>,
    /// By argument: the keys of its choices.
    pub choices: BTreeMap<String, BTreeSet<String>>,
    /// Text between arguments, of all choices.
    pub pieces: Vec<String>,
    /// Whether it is one piece of text and nothing else.
    pub plain: bool,
}

pub type File = BTreeMap<String, Message>;

static READ: LazyLock<BTreeMap<Language, File>> = LazyLock::new(|| {
    let read = |language: Language| {
        let path = format!("{FILES}/{}/mainstay-app.ftl", language.tag());
        let text = std::fs::read_to_string(&path).expect("the file of each language is there");
        (language, read(&text))
    };
    Language::ALL.map(read).into()
});

/// The file of a language; panics at what is no message or stands there twice.
pub fn file(language: Language) -> &'static File {
    &READ[&language]
}

pub fn read(text: &str) -> File {
    let resource = parser::parse(text).unwrap_or_else(|(_, errors)| panic!("{errors:?}"));
    let mut messages = File::new();
    for entry in resource.body {
        match entry {
            Entry::Message(message) => {
                let mut read = Message::default();
                let value = message.value.as_ref().expect("a message has a text");
                read.pattern(value);
                read.plain = read.arguments.is_empty() && read.pieces.len() == 1;
                let twice = messages.insert(message.id.name.to_owned(), read);
                assert!(twice.is_none(), "{} stands there twice", message.id.name);
            }
            Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => {}
            Entry::Term(_) => panic!("terms are not used"),
            Entry::Junk { content } => panic!("{content}"),
        }
    }
    messages
}

impl Message {
    fn pattern(&mut self, pattern: &Pattern<&str>) {
        for element in &pattern.elements {
            match element {
                PatternElement::TextElement { value } => {
                    let piece = value.trim();
                    if !piece.is_empty() {
                        self.pieces.push(piece.to_owned());
                    }
                }
                PatternElement::Placeable { expression } => self.expression(expression),
            }
        }
    }

    fn expression(&mut self, expression: &Expression<&str>) {
        match expression {
            Expression::Inline(inline) => {
                self.inline(inline);
            }
            Expression::Select { selector, variants } => {
                let by = self.inline(selector).expect("choices are made by an argument");
                let keys = variants.iter().map(|variant| match variant.key {
                    VariantKey::Identifier { name } => name.to_owned(),
                    VariantKey::NumberLiteral { value } => value.to_owned(),
                });
                self.choices.entry(by).or_default().extend(keys);
                for variant in variants {
                    self.pattern(&variant.value);
                }
            }
        }
    }

    /// The argument, if it is one.
    fn inline(&mut self, inline: &InlineExpression<&str>) -> Option<String> {
        match inline {
            InlineExpression::VariableReference { id } => {
                self.arguments.insert(id.name.to_owned());
                Some(id.name.to_owned())
            }
            InlineExpression::Placeable { expression } => {
                self.expression(expression);
                None
            }
            InlineExpression::StringLiteral { .. } | InlineExpression::NumberLiteral { .. } => None,
            InlineExpression::FunctionReference { .. }
            | InlineExpression::MessageReference { .. }
            | InlineExpression::TermReference { .. } => {
                panic!("functions and references are not used: {inline:?}")
            }
        }
    }

    /// Whether the argument chooses by the plural of a number.
    pub fn counts(&self, argument: &str) -> bool {
        self.choices.get(argument).is_some_and(|keys| keys.contains("one"))
    }
}

/// What of the English file is left in a page of another language.
pub fn english_left(html: &str, language: Language) -> Vec<String> {
    let (english, other) = (file(Language::English), file(language));
    let other_words = |piece: &str| {
        other.values().flat_map(|message| &message.pieces).any(|said| said.contains(piece))
    };
    let whole: BTreeSet<String> = html
        .split('<')
        .filter_map(|part| part.split_once('>'))
        .map(|(_, text)| plain(text.trim()))
        .collect();
    let mut left = Vec::new();
    for (id, message) in english {
        for piece in &message.pieces {
            let sentence = piece.len() >= PIECE_MIN && piece.contains(' ');
            let found = sentence && html.contains(&escaped(piece))
                || message.plain && whole.contains(piece.as_str());
            if found && !other_words(piece) {
                left.push(format!("{id}: {piece}"));
            }
        }
    }
    left
}

fn plain(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
