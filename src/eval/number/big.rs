//! Binary floating point with 512 bits, rounded to nearest even: what Terraform (Go's `big.Float`) computes with.

use std::cmp::Ordering;

use num_bigint::{BigInt, BigUint, Sign};

/// Bits of the mantissa.
const PRECISION: u64 = 512;

/// The largest magnitude of the binary exponent. Go goes further, but a number of 20,000 digits in a configuration is
/// an accident, and every output writes all digits.
const MAX_EXPONENT: i64 = 1 << 16;

/// `mantissa × 2^exponent`; the mantissa is odd or zero, so equal numbers have equal parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Big {
    mantissa: BigInt,
    exponent: i64,
}

impl Big {
    pub(super) fn from_i64(int: i64) -> Self {
        Self::normal(BigInt::from(int), 0).unwrap_or(Self { mantissa: BigInt::ZERO, exponent: 0 })
    }

    /// Rounds to 512 bits and makes the mantissa odd. `None` when out of range.
    fn normal(mantissa: BigInt, exponent: i64) -> Option<Self> {
        let (mut mantissa, mut exponent) = (mantissa, exponent);
        let bits = mantissa.bits();
        if bits > PRECISION {
            let shift = bits - PRECISION;
            let (sign, mut size) = mantissa.into_parts();
            let half = size.bit(shift - 1);
            let below = size.trailing_zeros().is_some_and(|zeros| zeros < shift - 1);
            size >>= shift;
            if half && (below || size.bit(0)) {
                size += 1u32;
            }
            mantissa = BigInt::from_biguint(sign, size);
            exponent += i64::try_from(shift).ok()?;
        }
        match mantissa.trailing_zeros() {
            None => return Some(Self { mantissa: BigInt::ZERO, exponent: 0 }),
            Some(zeros) => {
                mantissa >>= zeros;
                exponent += i64::try_from(zeros).ok()?;
            }
        }
        (exponent.abs() <= MAX_EXPONENT).then_some(Self { mantissa, exponent })
    }

    /// `[-]digits[.digits][e[±]digits]`
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (digits, exponent) = match text.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, exponent.parse::<i64>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.len() + fraction.len() == 0
            || whole.len() + fraction.len() > 10_000
            || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit())
        {
            return None;
        }
        let mantissa: BigInt = format!("{whole}{fraction}").parse().ok()?;
        let mantissa = if negative { -mantissa } else { mantissa };
        let scale = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        if scale.abs() > MAX_EXPONENT / 3 {
            return if mantissa.sign() == Sign::NoSign { Some(Self::from_i64(0)) } else { None };
        }
        let power = BigInt::from(10u32).pow(u32::try_from(scale.unsigned_abs()).ok()?);
        if scale >= 0 { Self::normal(mantissa * power, 0) } else { Self::quotient(&mantissa, &power, 0) }
    }

    pub(super) fn parse_radix(text: &str, radix: u32) -> Option<Self> {
        if text.len() > 10_000 || text.starts_with('_') || text.contains('_') {
            return None;
        }
        Self::normal(BigInt::parse_bytes(text.as_bytes(), radix)?, 0)
    }

    /// `a / b × 2^exponent`, rounded once.
    fn quotient(a: &BigInt, b: &BigInt, exponent: i64) -> Option<Self> {
        if b.sign() == Sign::NoSign {
            return None;
        }
        let shift = (PRECISION + 2 + b.bits()).saturating_sub(a.bits());
        let shifted = a.magnitude() << shift;
        let mut size = &shifted / b.magnitude();
        let exact = &size * b.magnitude() == shifted;
        // A last bit that is set when something was cut off keeps rounding to nearest right.
        size = (size << 1u32) + BigUint::from(u32::from(!exact));
        let sign = if a.sign() == b.sign() { Sign::Plus } else { Sign::Minus };
        let sign = if size == BigUint::ZERO { Sign::NoSign } else { sign };
        Self::normal(BigInt::from_biguint(sign, size), exponent - i64::try_from(shift).ok()? - 1)
    }

    pub(super) fn is_integer(&self) -> bool {
        self.exponent >= 0
    }

    pub(super) fn is_negative(&self) -> bool {
        self.mantissa.sign() == Sign::Minus
    }

    pub(super) fn to_i64(&self) -> Option<i64> {
        if (0..64).contains(&self.exponent) { i64::try_from(&self.mantissa << self.exponent).ok() } else { None }
    }

    /// Both mantissas at the smaller exponent.
    fn aligned(&self, other: &Self) -> (BigInt, BigInt, i64) {
        let exponent = self.exponent.min(other.exponent);
        let at = |one: &Self| &one.mantissa << (one.exponent - exponent).unsigned_abs();
        (at(self), at(other), exponent)
    }

    pub(super) fn add(&self, other: &Self) -> Option<Self> {
        let (a, b, exponent) = self.aligned(other);
        Self::normal(a + b, exponent)
    }

    pub(super) fn mul(&self, other: &Self) -> Option<Self> {
        Self::normal(&self.mantissa * &other.mantissa, self.exponent + other.exponent)
    }

    pub(super) fn div(&self, other: &Self) -> Option<Self> {
        Self::quotient(&self.mantissa, &other.mantissa, self.exponent - other.exponent)
    }

    pub(super) fn neg(&self) -> Self {
        Self { mantissa: -&self.mantissa, exponent: self.exponent }
    }

    pub(super) fn trunc(&self) -> Self {
        if self.is_integer() {
            return self.clone();
        }
        let (sign, size) = self.mantissa.clone().into_parts();
        let size = size >> self.exponent.unsigned_abs();
        let sign = if size == BigUint::ZERO { Sign::NoSign } else { sign };
        Self::normal(BigInt::from_biguint(sign, size), 0).unwrap_or_else(|| Self::from_i64(0))
    }

    pub(super) fn to_radix(&self, radix: u32) -> String {
        let whole = self.trunc();
        (&whole.mantissa << whole.exponent.unsigned_abs()).to_str_radix(radix)
    }

    /// Exactly `places` decimal places.
    pub(super) fn to_fixed(&self, places: usize) -> String {
        let places = places.min(1000);
        let scaled = self.mantissa.magnitude() * BigUint::from(10u32).pow(places as u32);
        let size = if self.exponent >= 0 {
            scaled << self.exponent.unsigned_abs()
        } else {
            let shift = self.exponent.unsigned_abs();
            let half = scaled.bit(shift - 1);
            let below = scaled.trailing_zeros().is_some_and(|zeros| zeros < shift - 1);
            let mut size = scaled >> shift;
            if half && (below || size.bit(0)) {
                size += 1u32;
            }
            size
        };
        let digits = format!("{size:0>width$}", size = size.to_string(), width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        let sign = if self.is_negative() { "-" } else { "" };
        if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }

    /// The shortest decimal digits that read back as this number.
    pub(super) fn to_shortest(&self) -> String {
        let bits = self.mantissa.bits();
        let total = i64::try_from(bits).unwrap_or(i64::MAX).saturating_add(self.exponent);
        if self.exponent >= 0 && total <= PRECISION as i64 {
            return (&self.mantissa << self.exponent.unsigned_abs()).to_string();
        }
        // The mantissa with all its 512 bits and one more, so that half a unit in the last place is an integer.
        let pad = PRECISION - bits.min(PRECISION) + 1;
        let middle = self.mantissa.magnitude() << pad;
        let exponent = self.exponent - pad as i64;
        let one = BigUint::from(1u32);
        let inclusive = !(&middle >> 1u32).bit(0);
        let scale = |size: BigUint| -> BigUint {
            if exponent >= 0 {
                size << exponent.unsigned_abs()
            } else {
                size * BigUint::from(5u32).pow(u32::try_from(exponent.unsigned_abs()).unwrap_or(u32::MAX))
            }
        };
        let upper = scale(&middle + &one).to_string();
        let width = upper.len();
        let padded = |size: BigUint| format!("{:0>width$}", scale(size).to_string());
        let (lower, middle) = (padded(&middle - &one), padded(middle));
        let digits = shortest_between(lower.as_bytes(), middle.as_bytes(), upper.as_bytes(), inclusive);
        let places = if exponent >= 0 { 0 } else { usize::try_from(exponent.unsigned_abs()).unwrap_or(0) };
        plain(&digits, width, places, self.is_negative())
    }
}

/// The shortest prefix of `middle`, rounded, that lies between `lower` and `upper`; padded with zeros to their width.
fn shortest_between(lower: &[u8], middle: &[u8], upper: &[u8], inclusive: bool) -> Vec<u8> {
    let rest_is_zero = |digits: &[u8], from: usize| digits.iter().skip(from).all(|digit| *digit == b'0');
    for (at, &digit) in middle.iter().enumerate() {
        let (low, high) = (lower.get(at).copied().unwrap_or(b'0'), upper.get(at).copied().unwrap_or(b'0'));
        let down = low != digit || (inclusive && rest_is_zero(lower, at + 1));
        let up = digit != high && (inclusive || digit + 1 < high || !rest_is_zero(upper, at + 1));
        if !down && !up {
            continue;
        }
        let mut digits = middle.get(..=at).unwrap_or_default().to_vec();
        let rest = middle.get(at + 1..).unwrap_or_default();
        let nearest_is_up = match rest.first() {
            Some(next) if *next == b'5' && rest_is_zero(rest, 1) => digit % 2 == 1,
            Some(next) => *next >= b'5',
            None => false,
        };
        if up && (!down || nearest_is_up) {
            for place in digits.iter_mut().rev() {
                if *place == b'9' {
                    *place = b'0';
                } else {
                    *place += 1;
                    break;
                }
            }
        }
        digits.resize(middle.len(), b'0');
        return digits;
    }
    middle.to_vec()
}

/// Digits with a point before the last `places`, without needless zeros.
fn plain(digits: &[u8], width: usize, places: usize, negative: bool) -> String {
    let digits = String::from_utf8_lossy(digits);
    let digits = format!("{digits:0>width$}", width = width.max(places + 1));
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    let mut text = String::from(if negative { "-" } else { "" });
    text.push_str(if whole.is_empty() { "0" } else { whole });
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

impl PartialOrd for Big {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Big {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b, _) = self.aligned(other);
        a.cmp(&b)
    }
}
