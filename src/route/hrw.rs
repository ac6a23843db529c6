//! `hrw-sip13`: weighted rendezvous over SipHash-1-3, in integers only.
//!
//! Every member draws a 32-bit number `x` from the hashes of key and member; its cost is
//! `-log2(x / 2^32)` in 24-bit fixed point; the least cost per load factor wins. Shares are exact and
//! a change of members or load factors moves nothing needlessly. A browser computes the same bit for
//! bit, because there is no floating point in the decision.

use pat::HashSeed;
use siphasher::sip::SipHasher13;

/// SipHash-1-3 of bytes, under the table's seed.
pub(super) fn sip13(seed: HashSeed, bytes: &[u8]) -> u64 {
    SipHasher13::new_with_key(&seed.0).hash(bytes)
}

/// One member that is on, as the score sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// SipHash of the lower-cased name.
    pub(super) hash: u64,
    pub(super) load: u32,
}

/// What a candidate's turn costs: the least `cost / load` wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    /// 1 to 32 * 2^24.
    pub(super) cost: u32,
    pub(super) load: u32,
}

impl Cost {
    pub(super) fn of(candidate: Candidate, key: u64) -> Self {
        Self { cost: cost(mix(key, candidate.hash)), load: candidate.load }
    }

    /// Compares `cost / load` by cross-multiplication, exact below 2^53.
    pub(super) fn compare(self, other: Self) -> std::cmp::Ordering {
        (u64::from(self.cost) * u64::from(other.load))
            .cmp(&(u64::from(other.cost) * u64::from(self.load)))
    }

    /// The same with the best member highest: load over cost, as people like to read a score.
    pub(super) fn as_score(self) -> f64 {
        f64::from(self.load) * 16_777_216.0 / f64::from(self.cost)
    }
}

/// The candidates of a table, ready to be scored.
#[derive(Debug, Clone, Default)]
pub(super) struct Candidates {
    exact: Vec<Candidate>,
    blocks: Vec<Block>,
}

impl Candidates {
    pub(super) fn new(exact: Vec<Candidate>) -> Self {
        let even = exact
            .iter()
            .all(|candidate| Some(candidate.load) == exact.first().map(|first| first.load));
        let blocks = exact.chunks(LANES).map(|candidates| Block::of(candidates, even)).collect();
        Self { exact, blocks }
    }

    /// The candidates in the order that breaks ties.
    pub(super) fn iter(&self) -> std::slice::Iter<'_, Candidate> {
        self.exact.iter()
    }

    /// Position of the best; the earlier of two that cost the same.
    ///
    /// The logarithm is most of the work, and few members need it exactly: first every member gets
    /// bounds of its cost by load, which compile to vector instructions; only when they leave more than
    /// one that could be the best are these compared exactly.
    pub(super) fn owner(&self, key: u64) -> Option<usize> {
        let cost = |at: usize| self.exact.get(at).map(|candidate| Cost::of(*candidate, key));
        let mut best = None;
        // No member whose lower bound is above this can be the best.
        let mut limit = f32::INFINITY;
        for (block, start) in self.blocks.iter().zip((0..).step_by(LANES)) {
            let lower = block.lower_bounds(key);
            limit = least(limit, block.least_upper_bound(&lower));
            let possible = lower.iter().zip(start..).filter(|(lower, _)| **lower <= limit);
            for (_, at) in possible {
                let better = |best: usize| Some(cost(at)?.compare(cost(best)?).is_lt());
                if best.is_none_or(|best| better(best).unwrap_or(false)) {
                    best = Some(at);
                }
            }
        }
        best
    }
}

/// Members that are scored side by side.
const LANES: usize = 16;

/// At most so far is a bound's middle from the true cost, in units of log2; 0.00753 and rounding.
const ERROR: f32 = 0.0078;

/// Draws that are farther apart never cost the same: a step of the cost is at most 2^32 * ln 2 / 2^24
/// draws wide, and two are rounded to 2^8.
const TIE: f32 = 1024.0;

/// `log2(1 + m)` is about `m + MIDDLE + BEND * m * (1 - m)`, by the least greatest error.
const BEND: f32 = 0.333_3;
const MIDDLE: f32 = 0.002_189;

/// Sixteen candidates, field by field.
#[derive(Debug, Clone)]
struct Block {
    low: [u32; LANES],
    high: [u32; LANES],
    inverse_load: [f32; LANES],
    /// From the lower bound to the upper one.
    width: [f32; LANES],
    /// Whether the loads of the whole table are equal: then the greatest draw costs the least, and the
    /// distance from the greatest possible one does as a bound.
    even: bool,
}

impl Block {
    fn of(candidates: &[Candidate], even: bool) -> Self {
        // An empty lane costs more than anybody.
        let mut block = Self {
            low: [0; LANES],
            high: [0; LANES],
            inverse_load: [1e30; LANES],
            width: [1e30; LANES],
            even,
        };
        let halves = block.low.iter_mut().zip(&mut block.high);
        let lanes = halves.zip(block.inverse_load.iter_mut().zip(&mut block.width));
        for (((low_half, high_half), (inverse, width)), candidate) in lanes.zip(candidates) {
            *low_half = low(candidate.hash);
            *high_half = low(candidate.hash >> 32);
            *inverse = if even { 1.0 } else { 1.0 / to_float(candidate.load) };
            *width = if even { TIE } else { 2.0 * ERROR * *inverse };
        }
        block
    }

    /// Of each lane a lower bound of its cost by load; the upper bound is 2 [`ERROR`] by load above.
    fn lower_bounds(&self, key: u64) -> [f32; LANES] {
        let (key_low, key_high) = (low(key), low(key >> 32));
        let mut draws = [0; LANES];
        for (x, (low_half, high_half)) in draws.iter_mut().zip(self.low.iter().zip(&self.high)) {
            *x = mix_halves(key_low ^ low_half, key_high ^ high_half);
        }
        let mut bounds = [0.0; LANES];
        if self.even {
            for (bound, (x, inverse)) in bounds.iter_mut().zip(draws.iter().zip(&self.inverse_load))
            {
                *bound = to_float(!x) * inverse;
            }
        } else {
            for (bound, (x, inverse)) in bounds.iter_mut().zip(draws.iter().zip(&self.inverse_load))
            {
                *bound = greatest(about_cost(*x) - ERROR, LEAST_COST) * inverse;
            }
        }
        bounds
    }

    /// The least of the upper bounds that belong to these lower bounds.
    fn least_upper_bound(&self, lower: &[f32; LANES]) -> f32 {
        let mut upper = *lower;
        for (bound, width) in upper.iter_mut().zip(&self.width) {
            *bound += width;
        }
        // Halves are folded onto each other, again as vectors.
        let mut width = LANES / 2;
        while width > 0 {
            let (near, far) = upper.split_at_mut(width);
            for (a, b) in near.iter_mut().zip(far) {
                *a = least(*a, *b);
            }
            width /= 2;
        }
        let [first, ..] = upper;
        first
    }
}

/// One instruction, where `f32::min` has to mind what is not a number.
fn least(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// As [`least`].
fn greatest(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// No cost is lower: 1 in the 24-bit fixed point.
const LEAST_COST: f32 = 1.0 / 16_777_216.0;

/// The cost of `x` in units of log2, but for [`ERROR`]: a float's exponent and mantissa are a logarithm
/// made of straight lines, and a parabola takes most of what is left.
fn about_cost(x: u32) -> f32 {
    let bits = to_float(x | 1).to_bits();
    let line = signed_to_float(bits.cast_signed()) * (1.0 / 8_388_608.0) - 127.0;
    let mantissa = f32::from_bits((bits & 0x007f_ffff) | 0x3f80_0000) - 1.0;
    32.0 - (line + MIDDLE + BEND * mantissa * (1.0 - mantissa))
}

/// As a float, in operations that every x86-64 has for vectors: it converts signed numbers only. The
/// halves are exact, and their sum is rounded once.
fn to_float(n: u32) -> f32 {
    signed_to_float((n >> 16).cast_signed()) * 65_536.0
        + signed_to_float((n & 0xffff).cast_signed())
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "24 bits are enough for a bound"
)]
fn signed_to_float(n: i32) -> f32 {
    n as f32
}

/// 32 bits out of the hashes of a key and a member.
fn mix(key: u64, member: u64) -> u32 {
    let both = key ^ member;
    mix_halves(low(both), low(both >> 32))
}

fn mix_halves(low: u32, high: u32) -> u32 {
    fmix32(high.wrapping_add(fmix32(low)))
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "the low half is what is asked for"
)]
fn low(bits: u64) -> u32 {
    bits as u32
}

/// `MurmurHash3`'s 32-bit finaliser.
fn fmix32(mut h: u32) -> u32 {
    h ^= h >> 16;
    h = h.wrapping_mul(0x85eb_ca6b);
    h ^= h >> 13;
    h = h.wrapping_mul(0xc2b2_ae35);
    h ^ (h >> 16)
}

/// `-log2((x|1) / 2^32)` in 24-bit fixed point, by a table of 256 steps and lines between them.
fn cost(x: u32) -> u32 {
    let y = x | 1;
    let shift = y.leading_zeros();
    let mantissa = y << shift;
    let [step, ..] = (mantissa << 1).to_be_bytes();
    let (from, to) = table_step(step);
    let frac = u64::from(mantissa & 0x007f_ffff);
    let line = low((u64::from(to - from) * frac) >> 23);
    ((shift + 1) << 24) - (from + line)
}

fn table_step(step: u8) -> (u32, u32) {
    let at = usize::from(step);
    match LOG2.get(at..at + 2) {
        Some([from, to]) => (*from, *to),
        _ => (0, 0),
    }
}

/// `round(log2(1 + i/256) * 2^24)`; printed and not computed, so that no host's `log2` matters.
#[rustfmt::skip]
static LOG2: [u32; 257] = [
    0, 94_364, 188_362, 281_996, 375_270, 468_185, 560_745, 652_952,
    744_810, 836_320, 927_485, 1_018_309, 1_108_793, 1_198_939, 1_288_752, 1_378_232,
    1_467_383, 1_556_207, 1_644_705, 1_732_882, 1_820_738, 1_908_277, 1_995_500, 2_082_410,
    2_169_009, 2_255_299, 2_341_283, 2_426_963, 2_512_340, 2_597_417, 2_682_196, 2_766_679,
    2_850_868, 2_934_766, 3_018_374, 3_101_694, 3_184_728, 3_267_478, 3_349_946, 3_432_134,
    3_514_044, 3_595_678, 3_677_038, 3_758_124, 3_838_941, 3_919_488, 3_999_768, 4_079_782,
    4_159_533, 4_239_023, 4_318_251, 4_397_222, 4_475_935, 4_554_394, 4_632_599, 4_710_552,
    4_788_255, 4_865_709, 4_942_916, 5_019_878, 5_096_595, 5_173_071, 5_249_305, 5_325_300,
    5_401_057, 5_476_578, 5_551_864, 5_626_916, 5_701_737, 5_776_327, 5_850_688, 5_924_821,
    5_998_727, 6_072_409, 6_145_867, 6_219_103, 6_292_118, 6_364_913, 6_437_490, 6_509_850,
    6_581_994, 6_653_924, 6_725_641, 6_797_146, 6_868_440, 6_939_525, 7_010_402, 7_081_072,
    7_151_536, 7_221_795, 7_291_852, 7_361_706, 7_431_359, 7_500_812, 7_570_066, 7_639_123,
    7_707_984, 7_776_649, 7_845_119, 7_913_397, 7_981_483, 8_049_377, 8_117_082, 8_184_598,
    8_251_926, 8_319_067, 8_386_022, 8_452_793, 8_519_380, 8_585_785, 8_652_008, 8_718_050,
    8_783_912, 8_849_596, 8_915_102, 8_980_431, 9_045_584, 9_110_562, 9_175_366, 9_239_998,
    9_304_457, 9_368_745, 9_432_863, 9_496_811, 9_560_591, 9_624_203, 9_687_648, 9_750_928,
    9_814_042, 9_876_993, 9_939_780, 10_002_404, 10_064_867, 10_127_170, 10_189_312, 10_251_295,
    10_313_120, 10_374_787, 10_436_298, 10_497_652, 10_558_852, 10_619_897, 10_680_789, 10_741_528,
    10_802_114, 10_862_550, 10_922_835, 10_982_970, 11_042_956, 11_102_794, 11_162_484, 11_222_028,
    11_281_425, 11_340_677, 11_399_784, 11_458_748, 11_517_568, 11_576_245, 11_634_780, 11_693_175,
    11_751_428, 11_809_542, 11_867_517, 11_925_353, 11_983_051, 12_040_612, 12_098_037, 12_155_325,
    12_212_479, 12_269_497, 12_326_382, 12_383_133, 12_439_752, 12_496_238, 12_552_593, 12_608_817,
    12_664_911, 12_720_875, 12_776_710, 12_832_416, 12_887_994, 12_943_445, 12_998_770, 13_053_968,
    13_109_041, 13_163_988, 13_218_811, 13_273_511, 13_328_087, 13_382_540, 13_436_871, 13_491_080,
    13_545_168, 13_599_135, 13_652_983, 13_706_711, 13_760_320, 13_813_810, 13_867_183, 13_920_438,
    13_973_576, 14_026_597, 14_079_503, 14_132_294, 14_184_969, 14_237_530, 14_289_978, 14_342_312,
    14_394_532, 14_446_641, 14_498_638, 14_550_523, 14_602_297, 14_653_961, 14_705_514, 14_756_958,
    14_808_293, 14_859_519, 14_910_637, 14_961_648, 15_012_551, 15_063_347, 15_114_037, 15_164_621,
    15_215_099, 15_265_473, 15_315_742, 15_365_906, 15_415_967, 15_465_925, 15_515_779, 15_565_531,
    15_615_181, 15_664_730, 15_714_177, 15_763_523, 15_812_769, 15_861_915, 15_910_962, 15_959_909,
    16_008_758, 16_057_508, 16_106_160, 16_154_714, 16_203_172, 16_251_532, 16_299_796, 16_347_964,
    16_396_036, 16_444_013, 16_491_896, 16_539_683, 16_587_377, 16_634_976, 16_682_482, 16_729_896,
    16_777_216,
];

#[cfg(test)]
pub(super) use test_access::*;

#[cfg(test)]
mod test_access {
    pub(crate) fn table() -> &'static [u32] {
        &super::LOG2
    }

    pub(crate) fn mix_of(key: u64, member: u64) -> u32 {
        super::mix(key, member)
    }

    pub(crate) fn cost_of(x: u32) -> u32 {
        super::cost(x)
    }

    /// How far the bound's middle is from the true cost, as a part of what is allowed.
    pub(crate) fn error_of(x: u32) -> f64 {
        let true_cost = f64::from(super::cost(x)) / 16_777_216.0;
        let about = f64::from(super::about_cost(x));
        (about - true_cost).abs() / f64::from(super::ERROR)
    }
}
