//! A small mail server: the dialogue of RFC 5321 as far as a sender needs it, over TCP, with what
//! it was told kept. It offers no encryption.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A message that was taken.
#[derive(Clone, Debug, Default)]
pub struct Letter {
    pub from: String,
    pub to: Vec<String>,
    /// Head and body, with `\r\n`.
    pub text: String,
}

impl Letter {
    /// A field of the head, unfolded.
    pub fn field(&self, name: &str) -> Option<String> {
        let (head, _) = self.text.split_once("\r\n\r\n")?;
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let mut fields = unfolded.lines().filter_map(|line| line.split_once(": "));
        let (_, value) = fields.find(|(field, _)| field.eq_ignore_ascii_case(name))?;
        Some(value.trim().to_owned())
    }
}

/// The server; it ends when it is dropped.
#[derive(Debug)]
pub struct MailServer {
    address: SocketAddr,
    letters: Arc<Mutex<Vec<Letter>>>,
    /// Every line that a client sent.
    lines: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl MailServer {
    /// `auth`: what it wants to hear after `AUTH PLAIN`; `None`: it asks for nothing.
    pub async fn start(auth: Option<&str>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (letters, lines) = (Arc::<Mutex<Vec<Letter>>>::default(), Arc::default());
        let (auth, kept, heard) = (auth.map(str::to_owned), letters.clone(), Arc::clone(&lines));
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (auth, kept, heard) = (auth.clone(), kept.clone(), Arc::clone(&heard));
                tokio::spawn(async move { talk(stream, auth, kept, heard).await });
            }
        });
        Self { address, letters, lines, serving }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    pub fn letters(&self) -> Vec<Letter> {
        self.letters.lock().unwrap().clone()
    }

    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

async fn talk(
    stream: TcpStream,
    auth: Option<String>,
    letters: Arc<Mutex<Vec<Letter>>>,
    heard: Arc<Mutex<Vec<String>>>,
) -> Option<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let (mut letter, mut known) = (Letter::default(), auth.is_none());
    write.write_all(b"220 test ESMTP\r\n").await.ok()?;
    loop {
        let mut line = String::new();
        if read.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_owned();
        heard.lock().unwrap().push(line.clone());
        let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let answer = match verb.to_ascii_uppercase().as_str() {
            "EHLO" => "250-test\r\n250-8BITMIME\r\n250 AUTH PLAIN".to_owned(),
            "AUTH" => {
                known = auth.as_deref() == rest.strip_prefix("PLAIN ");
                if known { "235 welcome".to_owned() } else { "535 unknown".to_owned() }
            }
            "MAIL" | "RCPT" if !known => "530 sign in first".to_owned(),
            "MAIL" => {
                letter = Letter { from: mailbox(rest), ..Letter::default() };
                "250 ok".to_owned()
            }
            "RCPT" => {
                letter.to.push(mailbox(rest));
                "250 ok".to_owned()
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await.ok()?;
                loop {
                    let mut line = String::new();
                    read.read_line(&mut line).await.ok()?;
                    if line == ".\r\n" {
                        break;
                    }
                    letter.text.push_str(line.strip_prefix('.').unwrap_or(&line));
                }
                letters.lock().unwrap().push(std::mem::take(&mut letter));
                "250 taken".to_owned()
            }
            "QUIT" => "221 bye".to_owned(),
            _ => "502 unknown".to_owned(),
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
}

/// `FROM:<a@b> BODY=8BITMIME`: the mailbox.
fn mailbox(text: &str) -> String {
    let inner = text.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map(|(mailbox, _)| mailbox.to_owned()).unwrap_or_default()
}
