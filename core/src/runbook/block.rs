//! The tree that pages are drawn from: what a runbook may consist of, and nothing else.

use super::action::Action;
use super::value::Query;

/// A part of a text that stands by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// From 2, under the title.
    Heading {
        level: u8,
        text: Vec<Inline>,
    },
    Paragraph(Vec<Inline>),
    /// Something to do. Numbered through the whole runbook, from 1: `#step-3`.
    Step {
        number: u32,
        blocks: Vec<Block>,
    },
    /// Items; with numbers of its own only inside a step.
    List {
        numbered: bool,
        items: Vec<Vec<Block>>,
    },
    Quote(Vec<Block>),
    /// Commands, or what a program says; shown as it is.
    Code(String),
    Rule,
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inline {
    Text(String),
    Code(String),
    Emphasis(Vec<Inline>),
    Strong(Vec<Inline>),
    Link {
        target: Target,
        text: Vec<Inline>,
    },
    /// A live value.
    Value(Query),
    Break,
}

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `http` or `https`, whole.
    Web(String),
    /// A page of the console: path, query, fragment.
    Page(String),
    /// A place on the same page.
    Anchor(String),
    /// The page of what the problem is about.
    Subject,
    /// The review page of an action.
    Action(Action),
}

/// Calls `visit` with every part of lines, in order.
pub fn visit<'b>(blocks: &'b [Block], visit_inline: &mut impl FnMut(&'b Inline)) {
    for block in blocks {
        match block {
            Block::Heading { text, .. } | Block::Paragraph(text) => lines(text, visit_inline),
            Block::Step { blocks, .. } | Block::Quote(blocks) => visit(blocks, visit_inline),
            Block::List { items, .. } => {
                for item in items {
                    visit(item, visit_inline);
                }
            }
            Block::Code(_) | Block::Rule => {}
        }
    }
}

fn lines<'b>(line: &'b [Inline], visit_inline: &mut impl FnMut(&'b Inline)) {
    for part in line {
        visit_inline(part);
        match part {
            Inline::Emphasis(inner) | Inline::Strong(inner) | Inline::Link { text: inner, .. } => {
                lines(inner, visit_inline);
            }
            Inline::Text(_) | Inline::Code(_) | Inline::Value(_) | Inline::Break => {}
        }
    }
}

/// Every live value of a text, each once, in order.
pub fn queries(blocks: &[Block]) -> Vec<&Query> {
    let mut found: Vec<&Query> = Vec::new();
    visit(blocks, &mut |part| {
        if let Inline::Value(query) = part
            && !found.contains(&query)
        {
            found.push(query);
        }
    });
    found
}

/// The words of a line without their looks; live values as they are written.
pub fn plain(line: &[Inline]) -> String {
    let mut text = String::new();
    for part in line {
        match part {
            Inline::Text(words) | Inline::Code(words) => text.push_str(words),
            Inline::Emphasis(inner) | Inline::Strong(inner) | Inline::Link { text: inner, .. } => {
                text.push_str(&plain(inner));
            }
            Inline::Value(query) => text.push_str(&format!("{{{{{query}}}}}")),
            Inline::Break => text.push(' '),
        }
    }
    text
}

/// The first line of each step, as plain words.
pub fn steps(blocks: &[Block]) -> Vec<(u32, String)> {
    let mut found = Vec::new();
    for block in blocks {
        if let Block::Step { number, blocks } = block {
            let first = blocks.iter().find_map(|block| match block {
                Block::Paragraph(line) => Some(plain(line)),
                Block::Heading { text, .. } => Some(plain(text)),
                Block::Step { .. }
                | Block::List { .. }
                | Block::Quote(_)
                | Block::Code(_)
                | Block::Rule => None,
            });
            found.push((*number, first.unwrap_or_default()));
        }
    }
    found
}
