//! E-mail over SMTP: encrypted unless its network is allowed, plain text with the same as HTML, one
//! thread for each problem.

use std::time::SystemTime;

use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message as Letter, Tokio1Executor};
use mainstay_control::notify::Order;
use mainstay_core::notify::address::Network;
use mainstay_core::notify::answer::{Answer, Trouble, short};
use mainstay_core::notify::{Content, Mail, Security};

use super::Links;
use super::connect::{ANSWER_TIMEOUT, none, resolve};
use super::message::{Message, Told};

/// Addresses of a mail server that are tried, one after the other.
const ADDRESSES_TRIED: usize = 2;

type Transport = AsyncSmtpTransport<Tokio1Executor>;

pub(super) async fn send(
    order: &Order,
    mail: &Mail,
    links: &Links,
    allowed: &[Network],
) -> Result<Answer, Answer> {
    let letter = letter(order, mail, links)?;
    let encrypted = mail.security != Security::None;
    let addresses = resolve(&mail.host, mail.port, encrypted, allowed).await?;
    let mut last = Answer::none(Trouble::Connection, "");
    for address in addresses.iter().take(ADDRESSES_TRIED) {
        let tls = match mail.security {
            Security::None => Tls::None,
            Security::StartTls => Tls::Required(parameters(mail)?),
            Security::Tls => Tls::Wrapper(parameters(mail)?),
        };
        // To the address that was checked; its certificate has to be the host's.
        let mut transport = Transport::builder_dangerous(address.ip().to_string())
            .port(mail.port)
            .tls(tls)
            .timeout(Some(ANSWER_TIMEOUT))
            .hello_name(ClientId::Domain(links.host()));
        if let (Some(user), Some(password)) = (&mail.user, &order.secrets.now) {
            transport = transport.credentials(Credentials::new(user.clone(), password.clone()));
        }
        match transport.build().send(letter.clone()).await {
            Ok(response) => {
                let lines = response.message().collect::<Vec<_>>().join(" ");
                return Ok(Answer::smtp(code(&response.code()), &lines));
            }
            Err(error) => {
                last = told(&error);
                if !matches!(&last, Answer::None { trouble: Trouble::Connection, .. }) {
                    break;
                }
            }
        }
    }
    Ok(last)
}

fn parameters(mail: &Mail) -> Result<TlsParameters, Answer> {
    TlsParameters::new(mail.host.clone()).map_err(|error| none(Trouble::Encryption, &error))
}

fn told(error: &smtp::Error) -> Answer {
    if let Some(status) = error.status() {
        return Answer::smtp(code(&status), &chain(error));
    }
    let trouble = if error.is_timeout() {
        Trouble::Timeout
    } else if error.is_tls() {
        Trouble::Encryption
    } else {
        Trouble::Connection
    };
    none(trouble, error)
}

fn chain(error: &smtp::Error) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string);
    source.unwrap_or_else(|| error.to_string())
}

/// The three digits.
fn code(code: &smtp::response::Code) -> u16 {
    code.to_string().parse().unwrap_or(599)
}

/// The letter of a delivery. Nothing that is in it can end a line of its head: addresses were read,
/// and the subject is one line of printable characters, which the library encodes.
fn letter(order: &Order, mail: &Mail, links: &Links) -> Result<Letter, Answer> {
    let message = Message::of(&order.channel, &order.delivery, links);
    let host = links.host();
    let wrong = |what: &str| Answer::none(Trouble::Message, what);
    let mailbox = |text: &str| text.parse::<Address>().map_err(|_| wrong("an address is none"));
    let from = Mailbox::new(Some("Mainstay".to_owned()), mailbox(&mail.from)?);
    let planned = SystemTime::from(order.delivery.planned_at);
    let mut builder = Letter::builder()
        .from(from)
        .subject(short(&message.data.text))
        .date(planned)
        .message_id(Some(format!("<{}@{host}>", order.delivery.id)))
        .header(AutoSubmitted);
    for to in &mail.to {
        builder = builder.to(Mailbox::new(None, mailbox(to)?));
    }
    if let Content::Problems { items, .. } = &order.delivery.content
        && let [item] = items.as_slice()
    {
        // What happens to a problem is one conversation, whichever message was the first.
        let thread = format!("<at-{}.{}@{host}>", item.id, order.channel.id);
        builder = builder.in_reply_to(thread.clone()).references(thread);
    }
    let body = MultiPart::alternative_plain_html(plain(&message, links), html(&message, links));
    builder.multipart(body).map_err(|error| none(Trouble::Message, &error))
}

/// No person wrote it, and no machine should answer (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

fn time(at: chrono::DateTime<chrono::Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Names and values, in the order in which they are written.
type Facts = Vec<(&'static str, String)>;

/// The lines about a problem: names and values, then links.
fn facts(told: &Told) -> (Facts, Facts) {
    let mut facts = vec![("Since", time(told.since))];
    facts.extend(told.ended.map(|at| ("Ended", time(at))));
    let owner = told.owner.clone().unwrap_or_else(|| "nobody".to_owned());
    facts.push(("Owner", owner));
    let mut links = Vec::new();
    links.extend(told.url.clone().map(|url| ("Problem", url)));
    links.extend(told.runbook_url.clone().map(|url| ("Runbook", url)));
    (facts, links)
}

fn plain(message: &Message, links: &Links) -> String {
    let mut lines = vec![message.data.text.clone(), String::new()];
    let several = message.data.problems.len() > 1;
    for told in &message.data.problems {
        if several {
            lines.push(told.line());
        }
        lines.push(told.detail.clone());
        let (facts, links) = facts(told);
        lines.extend(facts.iter().chain(&links).map(|(name, value)| format!("{name}: {value}")));
        lines.push(String::new());
    }
    lines.push("-- ".to_owned());
    lines.push(footer(message, links));
    lines.join("\r\n")
}

fn footer(message: &Message, links: &Links) -> String {
    let ChannelText { name, path } = ChannelText::of(message);
    let page = links.to(&path).unwrap_or(path);
    format!("Sent by Mainstay over the channel {name}: {page}")
}

struct ChannelText {
    name: String,
    path: String,
}

impl ChannelText {
    fn of(message: &Message) -> Self {
        let channel = &message.data.channel;
        let path = format!("/settings/notifications/{}", channel.id);
        Self { name: channel.name.clone(), path }
    }
}

fn html(message: &Message, links: &Links) -> String {
    let mut body = format!("<h1>{}</h1>", escaped(&message.data.text));
    let several = message.data.problems.len() > 1;
    for told in &message.data.problems {
        if several {
            body.push_str(&format!("<h2>{}</h2>", escaped(&told.line())));
        }
        body.push_str(&format!("<p>{}</p><ul>", escaped(&told.detail)));
        let (facts, links) = facts(told);
        for (name, value) in facts {
            body.push_str(&format!("<li>{name}: {}</li>", escaped(&value)));
        }
        for (name, url) in links {
            body.push_str(&format!("<li><a href=\"{}\">{name}</a></li>", escaped(&url)));
        }
        body.push_str("</ul>");
    }
    let footer = escaped(&footer(message, links));
    format!("<!doctype html><html lang=\"en\"><body>{body}<p>{footer}</p></body></html>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
