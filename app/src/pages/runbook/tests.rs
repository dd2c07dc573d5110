//! What is drawn of runbooks: hostile texts stay texts, links lead where the reader may go.

use std::collections::BTreeMap;
use std::sync::Arc;

use mainstay_core::access::{Grant, Role, Scope};
use mainstay_core::estate::Estate;
use mainstay_core::fleet::read as fleet_file;
use mainstay_core::problem::{Problem, Record};
use mainstay_core::runbook::resolve::{Facts, Subject};
use mainstay_core::runbook::{Origin, read};

use super::page::{Input, build, view};
use crate::pages::Reader;
use crate::render::fragment;

const FLEET: &str = "name = \"test\"\n[[region]]\nid = \"north\"\ntime_zone = \"Europe/Oslo\"\n\
    [[datacenter]]\nid = \"fra1\"\nregion = \"north\"\nvendor = \"on-premises\"\n\
    [[datacenter]]\nid = \"osl1\"\nregion = \"north\"\nvendor = \"on-premises\"\n\
    [[group]]\nid = \"store\"\npriority = 1\n\
    [[service]]\nid = \"shop\"\ngroup = \"store\"\nplacement = \"distributed\"\nnodes = 2\n\
    version = \"1\"\n";

fn reader(role: Role) -> Reader {
    let grants = vec![Grant { role, scope: Scope::default() }];
    Reader { name: "ann".into(), grants, csrf: "t".into(), ..Reader::default() }
}

/// The page of a text; `None`: it is refused before it could be drawn.
fn page(body: &str, role: Role, problem: Option<&Record>) -> Option<String> {
    let source = format!("+++\ntitle = \"<T>\"\nowner = \"O\"\nreviewed = 2026-11-20\n+++\n{body}");
    let book = read("test", &source, Origin::Fleet, None).ok()?;
    let estate = Estate {
        fleet: Arc::new(fleet_file::read(FLEET).expect("a good fleet")),
        fleet_revision: 1,
        at: "2026-11-30T12:00:00Z".parse().expect("a time"),
        ..Estate::default()
    };
    let subject = problem.map(|record| Subject::of(&record.problem));
    let readiness = BTreeMap::new();
    let facts = Facts {
        estate: &estate,
        policy: &estate,
        problems: &[],
        readiness: &readiness,
        subject: subject.as_ref(),
    };
    let reader = reader(role);
    let input = Input { book: &book, facts: &facts, reader: &reader, problem, runs: &[] };
    let data = build(input, "key".into());
    Some(fragment(|| view(&data, &reader)))
}

fn down() -> Record {
    let problem = Problem::ServiceDown { service: "shop".parse().expect("an id") };
    Record::new(7, problem, "2026-11-30T11:00:00Z".parse().expect("a time"))
}

#[test]
fn hostile_texts_stay_texts() {
    let pieces = [
        "`<script>alert(1)</script>`",
        "\\<script>alert(1)\\</script>",
        "[a\"onclick=x](https://a/?<)",
        "[`<img src=x>`](https://example.org/a?b=\"c)",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "```\n</code></pre><script>x</script>\n```",
        "{{healthy shop}}",
        "*<b>*",
        "\"'><svg/onload=1>",
        "[x](/services/shop?a=\"><script>)",
        "[y](https://example.org/'onmouseover='x)",
    ];
    let mut drawn = 0;
    for first in pieces {
        for second in pieces {
            let body = format!("1. {first}\n\n{second}\n");
            let Some(html) = page(&body, Role::Operator, None) else { continue };
            drawn += 1;
            let article = html.split_once("<article").expect("the text").1;
            let article = article.split_once("</article>").expect("its end").0;
            for wrong in ["<script", "<img", "<svg/", "javascript:", " onclick=x", " onload", "{{"]
            {
                assert!(!article.contains(wrong), "{body}\n{article}");
            }
            for link in article.split("href=\"").skip(1) {
                let href = link.split('"').next().expect("its end");
                let good = ["/", "#", "https://", "http://"].iter().any(|it| href.starts_with(it));
                assert!(good && !href.starts_with("//"), "{href}");
            }
        }
    }
    assert!(drawn > 20, "{drawn}");
}

#[test]
fn an_action_is_a_link_for_those_who_may_and_words_for_others() {
    let body = "1. [Roll back shop](action:rollback shop) [it](action:roll-back subject)\n\
                2. [page](page:subject) is {{subject}}: {{healthy subject}}\n";
    let record = down();
    let operator = page(body, Role::Operator, Some(&record)).expect("drawn");
    assert_eq!(operator.matches("href=\"/services/shop/do/roll-back\"").count(), 2, "{operator}");
    assert!(operator.contains("<a href=\"/services/shop\">page</a> is <b>shop</b>"), "{operator}");
    assert!(operator.contains("no instance runs"), "{operator}");
    assert!(operator.contains("value=\"at-7\""), "{operator}");
    let viewer = page(body, Role::Viewer, Some(&record)).expect("drawn");
    assert!(!viewer.contains("/do/roll-back"), "{viewer}");
    assert!(viewer.contains("Roll back shop <small>(operator or admin may do it)"), "{viewer}");
    let alone = page(body, Role::Operator, None).expect("drawn");
    assert_eq!(alone.matches("/services/shop/do/roll-back").count(), 1, "{alone}");
    assert!(alone.contains("it <small>(opens from a problem)"), "{alone}");
    assert!(alone.contains("not known: open this page from a problem"), "{alone}");
}

#[test]
fn steps_have_anchors_and_a_text_between_them_stays_between() {
    let html = page("1. one\n2. two\n\nbetween\n\n1. three\n", Role::Viewer, None).expect("drawn");
    let at = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text}: {html}"));
    assert!(at("id=\"step-2\"") < at("between") && at("between") < at("id=\"step-3\""));
    assert!(html.contains("&lt;T&gt;") && !html.contains("<T>"));
}
