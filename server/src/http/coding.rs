//! Brotli streams made of pieces that were compressed apart.
//!
//! A page that many share is compressed once; the shell before and after it for each request. Each
//! piece ends on a byte and refers to nothing before it, so the stream is their concatenation:
//! the first piece has the stream's header, one byte ends it (RFC 7932, section 9.2: an empty last
//! meta-block). All pieces have the same window.

use std::io::Write as _;

use axum::body::Bytes;
use brotli::CompressorWriter;
use brotli::enc::BrotliEncoderParams;
use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

/// 256 KiB: what a matrix of 2,000 instances fills; a larger window costs more to set up.
const WINDOW_BITS: i32 = 18;
/// For what is made for one request.
const QUICK: i32 = 3;
/// For what is made for many.
const SMALL: i32 = 5;
/// The last meta-block, empty, on a byte of its own.
const END: u8 = 0b11;
/// Output is collected in steps of so many bytes.
const BUFFER_BYTES: usize = 16 * 1024;

/// Whether the answer may be Brotli.
pub fn takes_brotli(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("br"));
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
        named && weight.is_none_or(|weight| weight > 0.0)
    })
}

/// The middle of a stream, to be kept.
pub fn shared_piece(text: &str) -> Vec<u8> {
    piece(text, SMALL, false)
}

/// A whole stream around a kept piece.
pub fn around(before: &str, shared: &Bytes, after: &str) -> Vec<u8> {
    let mut stream = piece(before, QUICK, true);
    stream.extend_from_slice(shared);
    stream.extend_from_slice(&piece(after, QUICK, false));
    stream.push(END);
    stream
}

fn piece(text: &str, quality: i32, first: bool) -> Vec<u8> {
    let params = BrotliEncoderParams {
        quality,
        lgwin: WINDOW_BITS,
        bare_stream: true,
        byte_align: true,
        appendable: true,
        // Without these a piece would refer to the dictionary by its distance from the beginning
        // of the stream, and to the distances used last.
        catable: !first,
        use_dictionary: first,
        ..BrotliEncoderParams::default()
    };
    let mut writer = CompressorWriter::with_params(Vec::new(), BUFFER_BYTES, &params);
    writer.write_all(text.as_bytes()).expect("memory takes what is written");
    writer.into_inner()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use http::HeaderValue;

    use super::*;

    fn read(stream: &[u8]) -> String {
        let mut text = String::new();
        brotli::Decompressor::new(stream, BUFFER_BYTES).read_to_string(&mut text).expect("Brotli");
        text
    }

    #[test]
    fn pieces_make_one_stream() {
        let row = |n: usize| format!("<tr><td>service-{n} in fra{}</td></tr>", n % 7);
        let rows = |n: usize| (0..n).map(row).collect::<String>();
        // The dictionary's own words tempt most to refer to it.
        let words = "the information of this department was first published in the year ";
        let texts =
            [String::new(), "a".into(), "ab".into(), words.repeat(3), rows(40), rows(12_000)];
        for before in &texts {
            for middle in &texts {
                let kept = Bytes::from(shared_piece(middle));
                for after in &texts {
                    let stream = around(before, &kept, after);
                    let whole = [before.as_str(), middle, after].concat();
                    assert!(
                        read(&stream) == whole,
                        "{} {} {}",
                        before.len(),
                        middle.len(),
                        after.len()
                    );
                }
            }
        }
    }

    #[test]
    fn brotli_is_for_those_who_take_it() {
        for (accept, expected) in [
            ("gzip, deflate, br, zstd", true),
            ("BR;q=0.5", true),
            ("br;q=0", false),
            ("gzip", false),
            ("*", false),
            ("brotli", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accept));
            assert_eq!(takes_brotli(&headers), expected, "{accept}");
        }
        assert!(!takes_brotli(&HeaderMap::new()));
    }
}
