//! From Markdown (CommonMark) to the tree of a runbook. What the tree has no place for is a
//! finding, so nothing of a text is left out in silence.

use pulldown_cmark::{
    CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd, TextMergeWithOffset,
};

use super::STEPS_MAX;
use super::action;
use super::block::{Block, Inline, Target};
use super::finding::{Findings, Kind, quote};
use super::value::{self, Query};
use crate::address;
use crate::fleet::Fleet;

/// How deep lists and quotes may stand in each other.
const DEPTH_MAX: usize = 8;
/// The link to the page of what the problem is about.
const SUBJECT_PAGE: &str = "page:subject";
/// Longest address of a link, in bytes.
const TARGET_MAX_BYTES: usize = 2_048;

/// A text that was read; whole only if nothing was found.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub blocks: Vec<Block>,
    pub steps: u32,
}

/// Reads a text that begins in `first_line` of its file.
pub(super) fn read(
    text: &str,
    first_line: u32,
    fleet: Option<&Fleet>,
    findings: &mut Findings,
) -> Parsed {
    let text = actions_in_brackets(text);
    let after_newlines = text.match_indices('\n').map(|(at, _)| at + 1);
    let mut builder = Builder {
        findings,
        fleet,
        line_starts: std::iter::once(0).chain(after_newlines).collect(),
        first_line,
        line: first_line,
        containers: vec![Vec::new()],
        lists: Vec::new(),
        words: Vec::new(),
        implied: false,
        targets: Vec::new(),
        code: None,
        skipped: 0,
        html_line: 0,
        steps: 0,
    };
    let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES;
    let events = Parser::new_ext(&text, options).into_offset_iter();
    for (event, span) in TextMergeWithOffset::new(events) {
        builder.line = builder.line_of(span.start);
        if !builder.event(event) {
            return Parsed::default();
        }
    }
    let (steps, blocks) = (builder.steps, builder.containers.swap_remove(0));
    if steps == 0 {
        findings.push(first_line, Kind::NoSteps);
    }
    Parsed { blocks, steps }
}

/// Markdown ends an address at a space; a link to an action is written with one.
fn actions_in_brackets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("](action:") {
        let (before, after) = rest.split_at(at + 2);
        out.push_str(before);
        let line = after.split('\n').next().unwrap_or_default();
        match line.split_once(')') {
            Some((action, _)) if action.contains(' ') && !action.contains(['<', '>']) => {
                out.push('<');
                out.push_str(action);
                out.push('>');
                rest = &after[action.len()..];
            }
            Some(_) | None => rest = after,
        }
    }
    out.push_str(rest);
    out
}

struct List {
    numbered: bool,
    /// Its items are steps.
    steps: bool,
    items: Vec<Vec<Block>>,
}

struct Builder<'a> {
    findings: &'a mut Findings,
    fleet: Option<&'a Fleet>,
    line_starts: Vec<usize>,
    first_line: u32,
    /// Where the event at hand stands, in the file.
    line: u32,
    /// What is open and takes blocks: the text itself, then quotes and items of lists.
    containers: Vec<Vec<Block>>,
    lists: Vec<List>,
    /// What is open and takes words: a line, then what stands inside it.
    words: Vec<Vec<Inline>>,
    /// The line began without a mark of its own, as in an item of a tight list.
    implied: bool,
    /// Of the links that are open; `None`: it leads nowhere good.
    targets: Vec<Option<Target>>,
    code: Option<String>,
    /// How deep we are in what is not shown.
    skipped: usize,
    /// The last line with HTML.
    html_line: u32,
    steps: u32,
}

impl Builder<'_> {
    fn line_of(&self, at: usize) -> u32 {
        let lines = self.line_starts.partition_point(|start| *start <= at).saturating_sub(1);
        self.first_line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX))
    }

    /// Takes in an event; false: no use in reading on.
    fn event(&mut self, event: Event<'_>) -> bool {
        if self.skipped > 0 {
            match event {
                Event::Start(_) => self.skipped += 1,
                Event::End(_) => self.skipped -= 1,
                Event::Text(_)
                | Event::Code(_)
                | Event::InlineMath(_)
                | Event::DisplayMath(_)
                | Event::Html(_)
                | Event::InlineHtml(_)
                | Event::FootnoteReference(_)
                | Event::SoftBreak
                | Event::HardBreak
                | Event::Rule
                | Event::TaskListMarker(_) => {}
            }
            return true;
        }
        match event {
            Event::Start(tag) => return self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some(code) => code.push_str(&text),
                None => self.text(&text),
            },
            Event::Code(text) => self.word(Inline::Code(text.into_string())),
            Event::SoftBreak => self.word(Inline::Text(" ".to_owned())),
            Event::HardBreak => self.word(Inline::Break),
            Event::Rule => self.block(Block::Rule),
            Event::Html(html) | Event::InlineHtml(html) => self.html(&html),
            Event::FootnoteReference(_) => self.not_shown("footnotes", "write it where it belongs"),
            Event::TaskListMarker(_) | Event::InlineMath(_) | Event::DisplayMath(_) => {
                self.not_shown("boxes and formulas", "write words");
            }
        }
        true
    }

    fn start(&mut self, tag: Tag<'_>) -> bool {
        match tag {
            Tag::Paragraph | Tag::Heading { .. } => {
                self.close_implied();
                self.words.push(Vec::new());
            }
            Tag::BlockQuote(_) => {
                self.close_implied();
                self.containers.push(Vec::new());
            }
            Tag::CodeBlock(CodeBlockKind::Indented | CodeBlockKind::Fenced(_)) => {
                self.close_implied();
                self.code = Some(String::new());
            }
            Tag::List(first) => {
                self.close_implied();
                let steps = first.is_some() && self.containers.len() == 1;
                self.lists.push(List { numbered: first.is_some(), steps, items: Vec::new() });
            }
            Tag::Item => self.containers.push(Vec::new()),
            Tag::Emphasis | Tag::Strong | Tag::Strikethrough => self.open_words(),
            Tag::Link { dest_url, .. } => {
                let target = self.target(&dest_url);
                self.targets.push(target);
                self.open_words();
            }
            Tag::Image { .. } => self.skip("images", "link to it"),
            Tag::Table(_) | Tag::TableHead | Tag::TableRow | Tag::TableCell => {
                self.skip("tables", "write a list");
            }
            // Its events of HTML are findings.
            Tag::HtmlBlock => {}
            Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::MetadataBlock(_)
            | Tag::Superscript
            | Tag::Subscript => self.skip("footnotes", "write it where it belongs"),
        }
        let deep = self.containers.len().max(self.words.len()) > DEPTH_MAX + 1;
        if deep {
            self.findings.push(self.line, Kind::TooDeep { most: DEPTH_MAX });
        }
        !deep
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => {
                let line = self.words.pop().unwrap_or_default();
                self.block(Block::Paragraph(line));
            }
            TagEnd::Heading(level) => {
                let level = match level {
                    HeadingLevel::H1 | HeadingLevel::H2 => 2,
                    HeadingLevel::H3 => 3,
                    HeadingLevel::H4 | HeadingLevel::H5 | HeadingLevel::H6 => 4,
                };
                let text = self.words.pop().unwrap_or_default();
                self.block(Block::Heading { level, text });
            }
            TagEnd::BlockQuote(_) => {
                let blocks = self.close_container();
                self.block(Block::Quote(blocks));
            }
            TagEnd::CodeBlock => {
                let code = self.code.take().unwrap_or_default();
                self.block(Block::Code(code));
            }
            TagEnd::Item => {
                let blocks = self.close_container();
                if let Some(list) = self.lists.last_mut() {
                    list.items.push(blocks);
                }
            }
            TagEnd::List(_) => self.end_list(),
            TagEnd::Emphasis => self.close_words(Inline::Emphasis),
            TagEnd::Strong | TagEnd::Strikethrough => self.close_words(Inline::Strong),
            TagEnd::Link => {
                let target = self.targets.pop().flatten();
                self.close_words(|text| match target {
                    Some(target) => Inline::Link { target, text },
                    None => Inline::Emphasis(text),
                });
            }
            TagEnd::HtmlBlock
            | TagEnd::FootnoteDefinition
            | TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition
            | TagEnd::Table
            | TagEnd::TableHead
            | TagEnd::TableRow
            | TagEnd::TableCell
            | TagEnd::Image
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::MetadataBlock(_) => {}
        }
    }

    fn end_list(&mut self) {
        let Some(list) = self.lists.pop() else { return };
        if !list.steps {
            self.block(Block::List { numbered: list.numbered, items: list.items });
            return;
        }
        for blocks in list.items {
            self.steps += 1;
            if self.steps == STEPS_MAX + 1 {
                self.findings.push(self.line, Kind::TooManySteps);
            }
            let number = self.steps;
            self.block(Block::Step { number, blocks });
        }
    }

    fn block(&mut self, block: Block) {
        self.close_implied();
        if let Some(container) = self.containers.last_mut() {
            container.push(block);
        }
    }

    fn close_container(&mut self) -> Vec<Block> {
        self.close_implied();
        // The text itself stays open to the end.
        if self.containers.len() > 1 {
            self.containers.pop().unwrap_or_default()
        } else {
            Vec::new()
        }
    }

    fn close_implied(&mut self) {
        if std::mem::take(&mut self.implied)
            && let (Some(line), Some(container)) = (self.words.pop(), self.containers.last_mut())
        {
            container.push(Block::Paragraph(line));
        }
    }

    fn word(&mut self, word: Inline) {
        if self.words.is_empty() {
            self.words.push(Vec::new());
            self.implied = true;
        }
        if let Some(line) = self.words.last_mut() {
            line.push(word);
        }
    }

    fn open_words(&mut self) {
        if self.words.is_empty() {
            self.words.push(Vec::new());
            self.implied = true;
        }
        self.words.push(Vec::new());
    }

    fn close_words(&mut self, make: impl FnOnce(Vec<Inline>) -> Inline) {
        let inner = self.words.pop().unwrap_or_default();
        self.word(make(inner));
    }

    /// Text with its live values.
    fn text(&mut self, text: &str) {
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            if !before.is_empty() {
                self.word(Inline::Text(before.to_owned()));
            }
            let Some((inner, behind)) = after.split_once("}}") else {
                self.findings.push(self.line, Kind::ValueOpen { text: quote(after) });
                return;
            };
            self.value(inner);
            rest = behind;
        }
        if !rest.is_empty() {
            self.word(Inline::Text(rest.to_owned()));
        }
    }

    fn value(&mut self, text: &str) {
        match value::parse(text) {
            Ok(query) => {
                self.objects(&query);
                self.word(Inline::Value(query));
            }
            Err(value::Mistake { reason, instead }) => {
                let text = quote(text.trim());
                self.findings.push(self.line, Kind::BadValue { text, reason, instead });
            }
        }
    }

    fn objects(&mut self, query: &Query) {
        let Some(fleet) = self.fleet else { return };
        for (what, id, nearest) in query.unknown(fleet) {
            let what = what.to_owned();
            self.findings.push(self.line, Kind::UnknownObject { what, id, nearest });
        }
    }

    fn target(&mut self, address: &str) -> Option<Target> {
        match target(address) {
            Ok(target) => Some(target),
            Err(kind) => {
                self.findings.push(self.line, kind);
                None
            }
        }
    }

    /// Once for each line: a tag and its end are one mistake.
    fn html(&mut self, html: &str) {
        if self.html_line != self.line {
            self.html_line = self.line;
            let html = quote(html.trim());
            self.findings.push(self.line, Kind::Html { html });
        }
    }

    fn not_shown(&mut self, what: &str, instead: &str) {
        let (what, instead) = (what.to_owned(), instead.to_owned());
        self.findings.push(self.line, Kind::NotShown { what, instead });
    }

    fn skip(&mut self, what: &str, instead: &str) {
        self.not_shown(what, instead);
        self.skipped = 1;
    }
}

/// Where an address leads, if it is a good one.
fn target(address: &str) -> Result<Target, Kind> {
    let bad = |reason: &str, instead: &str| Kind::BadLink {
        target: quote(address),
        reason: reason.to_owned(),
        instead: instead.to_owned(),
    };
    if let Some(text) = address.strip_prefix(action::SCHEME) {
        return match action::parse(text) {
            Ok(action) => Ok(Target::Action(action)),
            Err(value::Mistake { reason, instead }) => {
                Err(Kind::BadAction { text: quote(text), reason, instead })
            }
        };
    }
    if address == SUBJECT_PAGE {
        return Ok(Target::Subject);
    }
    if address.len() > TARGET_MAX_BYTES {
        return Err(bad("it is too long", "link to something shorter"));
    }
    if let Some(anchor) = address.strip_prefix('#') {
        let plain = !anchor.is_empty()
            && anchor.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        return if plain {
            Ok(Target::Anchor(anchor.to_owned()))
        } else {
            Err(bad("this is no place on the page", "write for example `#step-3`"))
        };
    }
    if address.starts_with('/') {
        return match address::parse(address) {
            Some(_) => Ok(Target::Page(address.to_owned())),
            None => Err(Kind::UnknownAddress { target: quote(address) }),
        };
    }
    let lower = address.to_ascii_lowercase();
    let web = ["https://", "http://"].iter().find_map(|scheme| lower.strip_prefix(scheme));
    match web {
        Some(rest) if is_web(rest) => Ok(Target::Web(address.to_owned())),
        Some(_) => Err(bad("it is no address", "write it whole, without spaces")),
        None => Err(bad(
            "only http, https and pages of the console are linked",
            &format!("write `https://...`, `/services/...`, `{SUBJECT_PAGE}` or `action:...`"),
        )),
    }
}

/// What follows the scheme of an address: a host, and nothing that could end an attribute.
fn is_web(rest: &str) -> bool {
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'<' | b'>');
    let host_good = host.bytes().any(|byte| byte.is_ascii_alphanumeric())
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte));
    host_good && rest.bytes().all(|byte| plain(byte) && byte != b'\\')
}
