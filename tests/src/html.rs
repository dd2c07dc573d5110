//! Reading what a test needs from a page: the fields of its forms. No parser of HTML: the pages are
//! our own, and the browser tests look at them properly.

/// An `<input>` or `<button>` of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    /// `text` when the page does not say.
    pub kind: String,
    pub value: String,
}

/// The inputs of the first form that leads to `action`; none when there is no such form. A form
/// without an action leads to the page's own address, `own`.
#[must_use]
pub fn form_fields(page: &str, own: &str, action: &str) -> Option<Vec<Field>> {
    let form = page.split("<form").skip(1).find(|form| {
        let tag = form.split('>').next().unwrap_or_default();
        attribute(tag, "action").as_deref().unwrap_or(own).starts_with(action)
    })?;
    let form = form.split("</form").next()?;
    let fields = form.split("<input").skip(1).filter_map(|input| {
        let tag = input.split('>').next()?;
        Some(Field {
            name: attribute(tag, "name")?,
            kind: attribute(tag, "type").unwrap_or_else(|| "text".to_owned()),
            value: attribute(tag, "value").unwrap_or_default(),
        })
    });
    Some(fields.collect())
}

/// The value of an attribute of a tag, with the entities of HTML resolved.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = format!(" {name}=");
    let rest = &tag[tag.find(&start)? + start.len()..];
    let value = match rest.chars().next()? {
        quote @ ('"' | '\'') => rest[1..].split(quote).next()?,
        _ => rest.split([' ', '/', '>']).next()?,
    };
    let value = value.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">");
    Some(value.replace("&#x27;", "'").replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_those_of_the_form_asked_for() {
        let page = r#"<form action="/other"><input name="no"></form>
            <form method="post" action="/sign-in?next=%2F"><input type="hidden" name=csrf
            value="a&amp;b"/><input name="name"/></form><input name="after">"#;
        let page = page.replace('\n', " ");
        let fields = form_fields(&page, "/", "/sign-in").unwrap();
        let seen: Vec<_> =
            fields.iter().map(|field| (&*field.name, &*field.kind, &*field.value)).collect();
        assert_eq!(seen, [("csrf", "hidden", "a&b"), ("name", "text", "")]);
        assert_eq!(form_fields(&page, "/", "/nowhere"), None);
        let fields = form_fields("<form ><input name=a></form>", "/here?x", "/here").unwrap();
        assert_eq!(fields[0].name, "a");
    }
}
