//! The Merkle tree over the audit log: RFC 6962 section 2, verification as in RFC 9162 section 2.1.
//!
//! Owns hashing of leaves and nodes, growing a tree by its right edge ([`Frontier`]), and proofs
//! of inclusion and consistency with their verification. A proof is first planned as the nodes it
//! needs ([`Node`]), so that a store fetches only those: `O(log n)` of them.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A SHA-256 value; hexadecimal in JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// From raw bytes; `None` unless there are 32.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// From 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

impl TryFrom<String> for Hash {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::from_hex(&text).ok_or_else(|| format!("{text:?} is not 64 hexadecimal digits"))
    }
}

/// The hash of a leaf's bytes.
pub fn leaf_hash(data: &[u8]) -> Hash {
    digest(&[&[0], data])
}

/// The hash of a node over its two children.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    digest(&[&[1], &left.0, &right.0])
}

/// The root of the tree without leaves.
pub fn empty_root() -> Hash {
    digest(&[])
}

fn digest(parts: &[&[u8]]) -> Hash {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    Hash(hash.finalize().into())
}

/// A perfect subtree: it covers the leaves `index << level .. (index + 1) << level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    pub level: u32,
    pub index: u64,
}

/// The right edge of a tree: what is needed to grow it and to know its root. Its hashes are the
/// perfect subtrees that make up the tree, largest first, one for each bit of its size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    hashes: Vec<Hash>,
}

impl Frontier {
    /// From what was kept of an earlier one; `None` if the number of hashes does not fit `size`.
    pub fn from_parts(size: u64, hashes: Vec<Hash>) -> Option<Self> {
        (hashes.len() == size.count_ones() as usize).then_some(Self { size, hashes })
    }

    pub const fn size(&self) -> u64 {
        self.size
    }

    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// Appends a leaf, by its hash, and calls `completed` with each perfect subtree that it
    /// completes: the leaf itself first, then its ancestors.
    pub fn push(&mut self, leaf: Hash, mut completed: impl FnMut(Node, Hash)) {
        let mut node = Node { level: 0, index: self.size };
        let mut hash = leaf;
        completed(node, hash);
        while node.index % 2 == 1 {
            let left = self.hashes.pop().expect("an odd index has its left sibling on the edge");
            hash = node_hash(&left, &hash);
            node = Node { level: node.level + 1, index: node.index / 2 };
            completed(node, hash);
        }
        self.hashes.push(hash);
        self.size += 1;
    }

    pub fn root(&self) -> Hash {
        fold(&self.hashes).unwrap_or_else(empty_root)
    }
}

/// The hash over perfect subtrees, largest first; `None` when there is none.
fn fold(hashes: &[Hash]) -> Option<Hash> {
    hashes.iter().copied().rev().reduce(|right, left| node_hash(&left, &right))
}

/// The nodes of a proof, for each of its hashes the perfect subtrees to fold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan(Vec<Vec<Node>>);

impl Plan {
    /// Plans the proof that leaf `index` is in the tree of `size` leaves; `None` if it is not.
    pub fn inclusion(index: u64, size: u64) -> Option<Self> {
        if index >= size {
            return None;
        }
        let mut ranges = Vec::new();
        let (mut from, mut to) = (0, size);
        while to - from > 1 {
            let middle = from + split(to - from);
            if index < middle {
                ranges.push(middle..to);
                to = middle;
            } else {
                ranges.push(from..middle);
                from = middle;
            }
        }
        ranges.reverse();
        Some(Self(ranges.into_iter().map(subtrees).collect()))
    }

    /// Plans the proof that the tree of `old` leaves is the beginning of the tree of `new`
    /// leaves; `None` if it is larger. It is empty when one of them says nothing (`old` is 0 or
    /// equal to `new`).
    pub fn consistency(old: u64, new: u64) -> Option<Self> {
        if old > new {
            return None;
        }
        let mut ranges = Vec::new();
        let (mut from, mut to) = (0, new);
        while old > from && old < to {
            let middle = from + split(to - from);
            if old <= middle {
                ranges.push(middle..to);
                to = middle;
            } else {
                ranges.push(from..middle);
                from = middle;
            }
        }
        // The verifier knows the old root, so it is sent only where it is not a whole subtree.
        if old > 0 && from > 0 {
            ranges.push(from..to);
        }
        ranges.reverse();
        Some(Self(ranges.into_iter().map(subtrees).collect()))
    }

    /// Plans the right edge of the tree of `size` leaves: what [`Frontier::from_parts`] takes.
    pub fn edge(size: u64) -> Self {
        Self(subtrees(0..size).into_iter().map(|node| vec![node]).collect())
    }

    /// Every node that the proof needs.
    pub fn nodes(&self) -> impl Iterator<Item = Node> {
        self.0.iter().flatten().copied()
    }

    /// The proof, given the hashes of its nodes; `None` if one is missing.
    pub fn prove(&self, hashes: &BTreeMap<Node, Hash>) -> Option<Vec<Hash>> {
        let part = |nodes: &Vec<Node>| {
            let hashes: Option<Vec<_>> = nodes.iter().map(|n| hashes.get(n).copied()).collect();
            fold(&hashes?)
        };
        self.0.iter().map(part).collect()
    }
}

/// The largest power of two below `size`, which is at least 2.
const fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The perfect subtrees that make up a range, largest first; its start is a multiple of a power
/// of two that is not below its length, as all ranges of the RFC are.
fn subtrees(range: Range<u64>) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut from = range.start;
    while from < range.end {
        let level = (range.end - from).ilog2();
        nodes.push(Node { level, index: from >> level });
        from += 1 << level;
    }
    nodes
}

/// Why a proof does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    #[error("the proof has the wrong number of hashes")]
    Length,
    #[error("the proof does not lead to the root")]
    Root,
    #[error("the position is outside the tree")]
    Outside,
}

/// Checks that `leaf` stands at `index` of the tree with `size` leaves and this `root` (RFC 9162,
/// 2.1.3.2).
pub fn verify_inclusion(
    leaf: Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Outside);
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at % 2 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            while at.is_multiple_of(2) && at != 0 {
                at /= 2;
                last /= 2;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        at /= 2;
        last /= 2;
    }
    match (last, hash == root) {
        (0, true) => Ok(()),
        (0, false) => Err(ProofError::Root),
        (1.., _) => Err(ProofError::Length),
    }
}

/// Checks that the tree with `old` leaves is the beginning of the tree with `new` leaves (RFC
/// 9162, 2.1.4.2).
pub fn verify_consistency(
    (old, old_root): (u64, Hash),
    (new, new_root): (u64, Hash),
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Outside);
    }
    if old == 0 || old == new {
        let expected = if old == 0 { empty_root() } else { new_root };
        return match (proof.is_empty(), old_root == expected) {
            (true, true) => Ok(()),
            (true, false) => Err(ProofError::Root),
            (false, _) => Err(ProofError::Length),
        };
    }
    let whole = old.is_power_of_two().then_some(old_root);
    let mut path = whole.iter().chain(proof);
    let first = *path.next().ok_or(ProofError::Length)?;
    let shift = (old - 1).trailing_ones();
    let (mut at, mut last) = ((old - 1) >> shift, (new - 1) >> shift);
    let (mut old_hash, mut new_hash) = (first, first);
    for sibling in path {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at % 2 == 1 || at == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while at.is_multiple_of(2) && at != 0 {
                at /= 2;
                last /= 2;
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        at /= 2;
        last /= 2;
    }
    match (last, old_hash == old_root && new_hash == new_root) {
        (0, true) => Ok(()),
        (0, false) => Err(ProofError::Root),
        (1.., _) => Err(ProofError::Length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition of RFC 6962, 2.1, word for word: what the fast code is compared with.
    fn reference_root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_root(),
            [leaf] => *leaf,
            more => {
                let (left, right) = more.split_at(split(more.len() as u64) as usize);
                node_hash(&reference_root(left), &reference_root(right))
            }
        }
    }

    struct Tree {
        frontier: Frontier,
        leaves: Vec<Hash>,
        nodes: BTreeMap<Node, Hash>,
    }

    fn tree(size: u64) -> Tree {
        let leaves: Vec<_> = (0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        let (mut frontier, mut nodes) = (Frontier::default(), BTreeMap::new());
        for leaf in &leaves {
            frontier.push(*leaf, |node, hash| assert_eq!(nodes.insert(node, hash), None));
        }
        Tree { frontier, leaves, nodes }
    }

    const SIZES: u64 = 70;

    #[test]
    fn roots_match_the_published_vectors() {
        // The test vectors of the Certificate Transparency reference implementation.
        let vectors = [
            ("", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
            ("00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
            ("10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
            ("2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
            ("3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
            ("40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
            (
                "5051525354555657",
                "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            ),
            (
                "606162636465666768696a6b6c6d6e6f",
                "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
            ),
        ];
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let mut frontier = Frontier::default();
        assert_eq!(frontier.root().to_string(), empty);
        for (leaf, root) in vectors {
            let digits = |at| u8::from_str_radix(&leaf[at..at + 2], 16).expect("hexadecimal");
            let data: Vec<u8> = (0..leaf.len()).step_by(2).map(digits).collect();
            frontier.push(leaf_hash(&data), |_, _| {});
            assert_eq!(frontier.root().to_string(), root, "after {leaf:?}");
        }
    }

    #[test]
    fn roots_match_the_definition_at_every_size() {
        for size in 0..SIZES {
            let tree = tree(size);
            assert_eq!(tree.frontier.root(), reference_root(&tree.leaves), "size {size}");
            let hashes = tree.frontier.hashes().to_vec();
            assert_eq!(Frontier::from_parts(size, hashes), Some(tree.frontier));
        }
        assert_eq!(Frontier::from_parts(3, vec![empty_root()]), None);
    }

    #[test]
    fn every_leaf_is_proved_included_and_nothing_else_is() {
        for size in 1..SIZES {
            let Tree { frontier, leaves, nodes } = tree(size);
            let root = frontier.root();
            for index in 0..size {
                let plan = Plan::inclusion(index, size).expect("inside");
                let proof = plan.prove(&nodes).expect("all nodes are there");
                let leaf = leaves[index as usize];
                let verify =
                    |leaf, index, proof: &[Hash]| verify_inclusion(leaf, index, size, proof, root);
                assert_eq!(verify(leaf, index, &proof), Ok(()), "{index} of {size}");
                assert!(verify(empty_root(), index, &proof).is_err());
                assert!(verify(leaf, (index + 1) % size, &proof).is_err() || size == 1);
                assert!(verify(leaf, index, &[&proof[..], &[leaf]].concat()).is_err());
                for at in 0..proof.len() {
                    let mut wrong = proof.clone();
                    wrong[at].0[31] ^= 1;
                    assert_eq!(verify(leaf, index, &wrong), Err(ProofError::Root));
                    assert!(verify(leaf, index, &proof[..at]).is_err());
                }
            }
            assert_eq!(Plan::inclusion(size, size), None);
            assert_eq!(verify_inclusion(root, size, size, &[], root), Err(ProofError::Outside));
        }
    }

    #[test]
    fn every_beginning_is_proved_consistent_and_nothing_else_is() {
        for new in 0..SIZES {
            let full = tree(new);
            let new_root = full.frontier.root();
            for old in 0..=new {
                let old_root = tree(old).frontier.root();
                let plan = Plan::consistency(old, new).expect("not larger");
                let proof = plan.prove(&full.nodes).expect("all nodes are there");
                let verify = |old_root, proof: &[Hash]| {
                    verify_consistency((old, old_root), (new, new_root), proof)
                };
                assert_eq!(verify(old_root, &proof), Ok(()), "{old} in {new}");
                assert!(verify(leaf_hash(b"other"), &proof).is_err(), "{old} in {new}");
                assert!(verify(old_root, &[&proof[..], &[new_root]].concat()).is_err());
                for at in 0..proof.len() {
                    let mut wrong = proof.clone();
                    wrong[at].0[0] ^= 1;
                    assert!(verify(old_root, &wrong).is_err(), "{old} in {new}, hash {at}");
                    assert!(verify(old_root, &proof[..at]).is_err(), "{old} in {new}, cut {at}");
                }
            }
            assert_eq!(Plan::consistency(new + 1, new), None);
        }
    }

    #[test]
    fn hashes_read_back_from_hexadecimal() {
        let hash = leaf_hash(b"x");
        assert_eq!(Hash::from_hex(&hash.to_string()), Some(hash));
        assert_eq!(Hash::from_slice(&hash.0), Some(hash));
        for bad in ["", "zz", &"é".repeat(32), &"g".repeat(64)] {
            assert_eq!(Hash::from_hex(bad), None, "{bad}");
        }
    }
}
