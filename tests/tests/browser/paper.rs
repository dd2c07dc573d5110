//! Pages on paper: no navigation, and a head that says what it is, from where and when.

use mainstay_tests::{Look, Medium};

use super::{ask, signed_in, world};

#[tokio::test]
async fn printed_pages_say_where_and_when_they_are_from() {
    let browser = signed_in(world().await, "auditor", Look::default()).await;
    browser.show_as(Medium::Print).await.unwrap();
    for path in ["/topology", "/topology?view=list", "/audit", "/audit/0", "/audit/verify"] {
        browser.open(path).await.unwrap();
        let shown = "const shown = s => Array.from(document.querySelectorAll(s))\
                     .filter(e => e.checkVisibility()).length;\
                     return ['.top', '.nav', '.bottomnav', 'button', '.filter'].filter(shown)";
        assert_eq!(ask(&browser, shown).await, serde_json::json!([]), "{path}");
        let head = browser.text(".print-head").await.unwrap();
        let year = &ask(&browser, "return String(new Date().getUTCFullYear())").await;
        let time = format!(" {} ", year.as_str().unwrap());
        let printed = head.lines().nth(1).unwrap_or_default();
        assert!(head.starts_with(&format!("Mainstay · {path}")), "{head}");
        assert!(
            printed.starts_with("Printed by auditor at ") && printed.ends_with(" UTC"),
            "{head}"
        );
        assert!(printed.contains(&time), "{head}");
        // White paper, whatever the theme.
        let paper = "return getComputedStyle(document.body).backgroundColor";
        assert_eq!(ask(&browser, paper).await, "rgb(255, 255, 255)", "{path}");
        let over =
            "const root = document.documentElement; return root.scrollWidth - root.clientWidth";
        assert_eq!(ask(&browser, over).await, 0, "{path}");
    }
}
