//! From the tree of a runbook to HTML. Everything that came from a file is escaped here; the tree
//! has no HTML of its own and no address but good ones.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use mainstay_core::access::{Permission, Target as Scope};
use mainstay_core::fleet::Fleet;
use mainstay_core::runbook::action::Action;
use mainstay_core::runbook::block::{Block, Inline, Target, queries};
use mainstay_core::runbook::resolve::{Answer, Facts, Subject, resolve};
use mainstay_core::runbook::value::Query;
use serde::Serialize;
use utoipa::ToSchema;

use crate::pages::Reader;
use crate::t;
use crate::text;
use crate::ui::escape;

/// A live value, answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RunbookValue)]
pub struct Value {
    /// As it is written between the braces.
    pub query: String,
    /// The answer in words; what is not known says why.
    pub words: String,
    pub known: bool,
    /// When what it rests on was seen.
    pub at: DateTime<Utc>,
}

/// A piece of a page: HTML, or a numbered step with its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Html(String),
    Step { number: u32, html: String },
}

/// What texts are drawn with.
#[derive(Clone, Copy, Debug)]
pub struct Ink<'a> {
    pub fleet: &'a Fleet,
    pub reader: &'a Reader,
    pub subject: Option<&'a Subject>,
    /// Page of what the problem is about.
    pub subject_page: Option<&'a str>,
    pub now: DateTime<Utc>,
}

/// Answers every live value of a text, in order.
pub fn values(blocks: &[Block], facts: &Facts<'_>) -> Vec<Value> {
    let found = queries(blocks).into_iter().map(|query| {
        let reading = resolve(query, facts);
        Value {
            query: query.to_string(),
            words: text::runbook::answer(&reading.answer, facts.estate.at),
            known: !matches!(reading.answer, Answer::Unknown(_)),
            at: reading.at,
        }
    });
    found.collect()
}

/// Draws a text, step by step.
pub fn pieces(blocks: &[Block], values: &[Value], ink: &Ink<'_>) -> Vec<Piece> {
    let values = values.iter().map(|value| (value.query.as_str(), value)).collect();
    let mut pen = Pen { ink, values, html: String::new() };
    let mut pieces = Vec::new();
    for block in blocks {
        match block {
            Block::Step { number, blocks } => {
                pen.close(&mut pieces);
                pen.blocks(blocks);
                let html = std::mem::take(&mut pen.html);
                pieces.push(Piece::Step { number: *number, html });
            }
            Block::Heading { .. }
            | Block::Paragraph(_)
            | Block::List { .. }
            | Block::Quote(_)
            | Block::Code(_)
            | Block::Rule => pen.block(block),
        }
    }
    pen.close(&mut pieces);
    pieces
}

struct Pen<'a> {
    ink: &'a Ink<'a>,
    values: BTreeMap<&'a str, &'a Value>,
    html: String,
}

impl Pen<'_> {
    fn close(&mut self, pieces: &mut Vec<Piece>) {
        if !self.html.is_empty() {
            pieces.push(Piece::Html(std::mem::take(&mut self.html)));
        }
    }

    fn put(&mut self, html: &str) {
        self.html.push_str(html);
    }

    fn say(&mut self, text: &str) {
        self.html.push_str(&escape(text));
    }

    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            self.block(block);
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading { level, text } => {
                // Writing to a string cannot fail.
                let _ = write!(self.html, "<h{level}>");
                self.line(text);
                let _ = write!(self.html, "</h{level}>");
            }
            Block::Paragraph(line) => {
                self.put("<p>");
                self.line(line);
                self.put("</p>");
            }
            // Steps stand at the top of a text only.
            Block::Step { blocks, .. } => self.blocks(blocks),
            Block::List { numbered, items } => {
                let tag = if *numbered { "ol" } else { "ul" };
                let _ = write!(self.html, "<{tag}>");
                for item in items {
                    self.put("<li>");
                    self.blocks(item);
                    self.put("</li>");
                }
                let _ = write!(self.html, "</{tag}>");
            }
            Block::Quote(blocks) => {
                self.put("<blockquote>");
                self.blocks(blocks);
                self.put("</blockquote>");
            }
            Block::Code(text) => {
                self.put(r#"<pre tabindex="0"><code>"#);
                self.say(text);
                self.put("</code></pre>");
            }
            Block::Rule => self.put("<hr>"),
        }
    }

    fn line(&mut self, line: &[Inline]) {
        for part in line {
            self.inline(part);
        }
    }

    fn inline(&mut self, part: &Inline) {
        match part {
            Inline::Text(text) => self.say(text),
            Inline::Code(text) => self.around("code", |pen| pen.say(text)),
            Inline::Emphasis(inner) => self.around("em", |pen| pen.line(inner)),
            Inline::Strong(inner) => self.around("strong", |pen| pen.line(inner)),
            Inline::Link { target, text } => self.link(target, text),
            Inline::Value(query) => self.value(query),
            Inline::Break => self.put("<br>"),
        }
    }

    fn around(&mut self, tag: &str, inner: impl FnOnce(&mut Self)) {
        let _ = write!(self.html, "<{tag}>");
        inner(self);
        let _ = write!(self.html, "</{tag}>");
    }

    fn value(&mut self, query: &Query) {
        let written = query.to_string();
        let Some(value) = self.values.get(written.as_str()).copied() else { return };
        if matches!(query, Query::Subject) && value.known {
            return self.around("b", |pen| pen.say(&value.words));
        }
        let class = if value.known { "lv" } else { "lv unk" };
        let read = text::clock_seconds(value.at, self.ink.now);
        let title = t!("rb-read", query = written, at = read.as_str());
        let _ = write!(
            self.html,
            r#"<span class="{class}" title="{}"><b>{}</b> <time datetime="{}">{}</time></span>"#,
            escape(&title),
            escape(&value.words),
            text::iso(value.at),
            escape(&read)
        );
    }

    fn link(&mut self, target: &Target, text: &[Inline]) {
        match target {
            Target::Web(address) => {
                let _ = write!(
                    self.html,
                    r#"<a class="web" rel="noreferrer noopener" href="{}">"#,
                    escape(address)
                );
                self.line(text);
                self.put("</a>");
            }
            Target::Page(address) => self.anchor("", address, text),
            Target::Anchor(place) => self.anchor("", &format!("#{place}"), text),
            Target::Subject => match self.ink.subject_page {
                Some(page) => self.anchor("", page, text),
                None => self.instead(text, &t!("rb-link-subject")),
            },
            Target::Action(action) => self.action(action, text),
        }
    }

    fn anchor(&mut self, class: &str, href: &str, text: &[Inline]) {
        self.put("<a");
        if !class.is_empty() {
            let _ = write!(self.html, r#" class="{class}""#);
        }
        let _ = write!(self.html, r#" href="{}">"#, escape(href));
        self.line(text);
        self.put("</a>");
    }

    /// Words where a link would lead nowhere, with why.
    fn instead(&mut self, text: &[Inline], why: &str) {
        self.put(r#"<span class="nolink">"#);
        self.line(text);
        self.put(" <small>(");
        self.say(why);
        self.put(")</small></span>");
    }

    fn action(&mut self, action: &Action, text: &[Inline]) {
        let Some(page) = action.page(self.ink.subject) else {
            return self.instead(text, &t!("rb-link-subject"));
        };
        let group = action.group(self.ink.fleet, self.ink.subject);
        let scope = Scope { group, datacenter: None };
        match self.ink.reader.may(action.permission(), scope) {
            Ok(()) => self.anchor("act", &page, text),
            Err(_) => self.instead(text, &who_may(action.permission())),
        }
    }
}

/// `operator or admin may do it`.
fn who_may(permission: Permission) -> String {
    t!("rb-link-roles", roles = text::roles(permission.roles()))
}
