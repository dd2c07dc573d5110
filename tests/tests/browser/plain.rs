//! Without scripts: every page reads, every form works.

use mainstay_tests::{Browser, World, owed};

use super::{access, arrives, pages, plain, signed_in, world};

async fn text(browser: &Browser, selector: &str) -> String {
    browser.text(selector).await.unwrap()
}

async fn click(browser: &Browser, selector: &str) {
    browser.click(selector).await.unwrap();
}

async fn follow(browser: &Browser, selector: &str) {
    browser.follow(selector).await.unwrap();
}

async fn write(browser: &Browser, selector: &str, words: &str) {
    let field = browser.find(selector).await.unwrap();
    field.clear().await.unwrap();
    field.send_keys(words).await.unwrap();
}

#[tokio::test]
async fn every_page_reads() {
    let world = world().await;
    let browser = signed_in(world, "admin", plain()).await;
    for page in pages::all(world).await {
        browser.open(&page.path).await.unwrap();
        let faults = owed::unread(&browser, &page.path).await.unwrap();
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

#[tokio::test]
async fn finding_filtering_and_sorting_work() {
    let world = world().await;
    let browser = signed_in(world, "viewer", plain()).await;
    write(&browser, "#find input", "fe").await;
    browser.find("#find input").await.unwrap().send_keys("\u{e007}").await.unwrap();
    arrives(&browser, "/find?q=fe").await;
    assert!(text(&browser, "main").await.contains("feed-fra1-1"));
    write(&browser, "main form[role=search] input", "ingest").await;
    follow(&browser, "main form[role=search] button").await;
    arrives(&browser, "/services/ingest").await;

    browser.open("/topology?view=list").await.unwrap();
    write(&browser, "#filter input[name=q]", "ingest").await;
    follow(&browser, "#filter button").await;
    arrives(&browser, "/topology?view=list&q=ingest&region=").await;
    let names = async |browser: &Browser| {
        let rows = browser.client().find_all(fantoccini::Locator::Css("main tbody tr")).await;
        let mut names = Vec::new();
        for row in rows.unwrap() {
            names.push(row.text().await.unwrap());
        }
        names
    };
    let rows = names(&browser).await;
    assert!(rows.len() == 2 && rows.iter().all(|row| row.starts_with("ingest")), "{rows:?}");

    browser.open("/topology?view=list").await.unwrap();
    let link = browser.by_role("link", "Service").await.unwrap();
    browser.follow_element(link).await.unwrap();
    arrives(&browser, "/topology?view=list&sort=service").await;
    let up = names(&browser).await;
    follow(&browser, "th[aria-sort=ascending] a").await;
    arrives(&browser, "/topology?view=list&sort=service&dir=desc").await;
    let down = names(&browser).await;
    assert!(up[0].starts_with("feed") && down[0].starts_with("stock"), "{up:?}, {down:?}");
    follow(&browser, ".chips a[href*='status=failing']").await;
    arrives(&browser, "/topology?view=list&sort=service&dir=desc&status=failing").await;
}

#[tokio::test]
async fn a_profile_is_kept_and_its_theme_is_served() {
    let browser = signed_in(world().await, "auditor", plain()).await;
    let light = paper(&browser).await;
    browser.open("/settings/profile").await.unwrap();
    click(&browser, "#theme option[value=dark]").await;
    follow(&browser, "main form[action='/settings/profile'] button").await;
    assert_eq!(text(&browser, "#slot .callout b").await, "Profile saved.");
    browser.open("/").await.unwrap();
    browser.find("html[data-theme=dark]").await.unwrap();
    assert_ne!(paper(&browser).await, light);
    browser.open("/settings/profile").await.unwrap();
    click(&browser, "#theme option[value=auto]").await;
    follow(&browser, "main form[action='/settings/profile'] button").await;
    browser.find("html:not([data-theme])").await.unwrap();
}

/// The colour of the page.
async fn paper(browser: &Browser) -> String {
    browser.find("body").await.unwrap().css_value("background-color").await.unwrap()
}

#[tokio::test]
async fn an_instance_is_replaced_and_a_problem_taken() {
    let world = world().await;
    let browser = signed_in(world, "operator", plain()).await;
    access::replace(&browser, "ingest-fra1-1", false).await;
    browser.open("/attention").await.unwrap();
    follow(&browser, "form[action$='/do/take'] button").await;
    browser.find("form[action$='/do/release'] button").await.unwrap();
    assert!(browser.path().await.unwrap().starts_with("/attention/at-"));
    assert!(text(&browser, "main .kv").await.contains("operator"));
    follow(&browser, "form[action$='/do/release'] button").await;
    browser.find("form[action$='/do/take'] button").await.unwrap();
}

#[tokio::test]
async fn the_log_is_paged_and_filtered() {
    let world = world().await;
    let browser = signed_in(world, "auditor", plain()).await;
    write_entries(world).await;
    browser.open("/audit").await.unwrap();
    let newest = text(&browser, "main tbody tr td.num").await;
    follow(&browser, ".pager a").await;
    browser.find(".pager a[href='/audit']").await.unwrap();
    let older = text(&browser, "main tbody tr td.num").await;
    assert_ne!(newest, older);
    let link = browser.by_role("link", "First page").await.unwrap();
    browser.follow_element(link).await.unwrap();
    arrives(&browser, "/audit").await;

    click(&browser, "select[name=action] option[value='fleet-apply']").await;
    follow(&browser, "main form.filter button").await;
    browser.find("select[name=action] option[value='fleet-apply'][selected]").await.unwrap();
    let rows = browser.client().find_all(fantoccini::Locator::Css("main tbody tr")).await.unwrap();
    assert_eq!(rows.len(), 1, "the world's fleet was applied once");
}

/// More entries than one page of the log has.
async fn write_entries(world: &World) {
    let visitor = world.sign_in("admin").await.unwrap();
    let profile = "/settings/profile";
    for n in 0..51 {
        let name = format!("Admin {n}");
        let fields = [
            ("display_name", &*name),
            ("theme", "auto"),
            ("density", "compact"),
            ("language", "auto"),
            ("time_zone", "UTC"),
            ("keys", "yes"),
        ];
        let answer = visitor.submit(profile, profile, &fields).await.unwrap();
        assert!(answer.status().is_redirection(), "{}", answer.status());
    }
}

#[tokio::test]
async fn a_fleet_file_is_checked_and_the_difference_shown() {
    let browser = signed_in(world().await, "admin", plain()).await;
    browser.open("/settings/fleet").await.unwrap();
    let source = browser.find("#source").await.unwrap();
    let in_force = source.prop("value").await.unwrap().unwrap_or_default();
    assert!(in_force.contains("Warehouse and logistics"), "{in_force}");
    source
        .send_keys("\n[[group]]\nid = \"store\"\nname = \"Store\"\npriority = 3\n")
        .await
        .unwrap();
    follow(&browser, "button[name=step][value=check]").await;
    let main = text(&browser, "main").await;
    assert!(main.contains("store"), "{main}");
    browser.find("button[name=step][value=apply]").await.unwrap();
    write(&browser, "#source", "name = 3").await;
    follow(&browser, "button[name=step][value=check]").await;
    let mistakes = text(&browser, "#mistakes").await;
    assert!(!mistakes.is_empty());
}
