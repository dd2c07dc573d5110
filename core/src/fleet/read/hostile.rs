//! Fleet files that were never meant to be any: reading must neither panic, nor take long, nor
//! say something that is not in the file.

use super::tests::{BASE, ENTERPRISE};
use super::*;
use crate::fleet::finding::FindingKind;

/// A generator good enough to vary bytes: Knuth's MMIX constants.
struct Lcg(u64);

impl Lcg {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// Whatever was read, its findings lie in the text, in order, and are bounded.
#[track_caller]
fn survives(text: &str, what: &str) {
    let Err(findings) = read(text) else { return };
    assert!(!findings.is_empty() && findings.len() <= FINDINGS_MAX + 1, "{what}");
    let lines: Vec<_> = text.trim_start_matches('\u{feff}').split('\n').collect();
    let mut last = (0, 0);
    for finding in &findings {
        let at = (finding.line, finding.column);
        let line = lines.get(finding.line as usize - 1).expect(what);
        assert!(at >= last, "{what}: {finding}");
        assert!(finding.column as usize <= line.chars().count() + 1, "{what}: {finding}");
        assert!(finding.to_string().len() < 4_096, "{what}");
        assert!(!finding.to_string().contains(char::is_control), "{what}");
        last = at;
    }
}

#[test]
fn survives_every_truncation() {
    for (at, _) in ENTERPRISE.char_indices().step_by(17) {
        survives(&ENTERPRISE[..at], &format!("cut at {at}"));
        if at < 2_000 {
            survives(&ENTERPRISE[at..], &format!("begun at {at}"));
        }
    }
}

#[test]
fn survives_flipped_bytes() {
    for seed in 0..300 {
        let mut random = Lcg(seed);
        let mut bytes = BASE.as_bytes().to_vec();
        for _ in 0..=random.below(12) {
            let at = random.below(bytes.len());
            match random.below(3) {
                0 => bytes[at] = b"[]{}\"'=.,#\n\\\0 1a-"[random.below(17)],
                1 => bytes[at] ^= 1 << random.below(8),
                _ => drop(bytes.remove(at)),
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        survives(&text, &format!("seed {seed}"));
    }
}

#[test]
fn hostile_files_cost_time_in_proportion() {
    // Linear work takes seconds here even unoptimised; quadratic work would take hours.
    const SIZE: usize = FILE_MAX_BYTES / 4;
    let fill = |piece: &str| piece.repeat(SIZE / piece.len());
    let numbered = |piece: &str| {
        let mut text = String::from("name = \"x\"\n");
        for n in 0.. {
            let next = piece.replace('N', &n.to_string());
            if text.len() + next.len() > SIZE {
                return text;
            }
            text += &next;
        }
        text
    };
    let texts = [
        fill("["),
        fill("[["),
        fill("\""),
        fill("a."),
        fill("="),
        fill("\0"),
        fill("x y\n"),
        fill("x = !\n"),
        fill("x = 1\n"),
        fill("[[region]]\n"),
        fill("{"),
        fill("\"\"\"\n"),
        fill("x=[\n"),
        fill("[[r]\n"),
        fill("\u{1F600}"),
        fill("\n"),
        numbered("[[region]]\nid = \"N\"\n"),
        numbered("[[service]]\nid = \"sN\"\ngroup = \"gN\"\n"),
        numbered("[[datacenter]]\nid = \"dN\"\nregion = \"rN\"\n"),
        numbered("kN = 1\n"),
        format!("[[region]]\n{}", numbered("kN = 1\n")),
        format!("[[region]]\nid = \"a\nx = [\n{}", numbered("kN = 1\n")),
        format!("[[service]]\ndatacenters = [{}]", numbered("\"aN\",")),
    ];
    for text in texts {
        survives(&text, text.get(..30).unwrap_or("?"));
    }
    let large = "#".repeat(FILE_MAX_BYTES + 1);
    let found = read(&large).expect_err("it is too large");
    assert!(matches!(
        found.as_slice(),
        [Finding { kind: FindingKind::Form(Form::FileTooLarge { bytes: 1_048_577 }), .. }]
    ));
}
