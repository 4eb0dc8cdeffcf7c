//! Numbers of the language: Terraform's, bit for bit.
//!
//! Terraform computes with binary floating point of 512 bits. Nearly every number of a configuration is a small
//! integer, so those are an `i64` and everything else falls back to [`big::Big`].

mod big;

use std::{cmp::Ordering, fmt, sync::Arc};

use big::Big;

/// A number. Integers are exact; fractions have 512 bits (about 154 decimal digits), as in Terraform.
#[derive(Clone, Debug)]
pub enum Number {
    /// An integer that fits.
    Int(i64),
    /// Any other number.
    Big(Arc<BigNumber>),
}

/// A number that is not a small integer. Opaque: see [`Number`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BigNumber(Big);

impl Number {
    /// Zero.
    pub const ZERO: Self = Self::Int(0);
    /// One.
    pub const ONE: Self = Self::Int(1);

    fn big(&self) -> Big {
        match self {
            Self::Int(int) => Big::from_i64(*int),
            Self::Big(big) => big.0.clone(),
        }
    }

    fn from_big(big: Option<Big>) -> Option<Self> {
        let big = big?;
        Some(match big.to_i64() {
            Some(int) => Self::Int(int),
            None => Self::Big(Arc::new(BigNumber(big))),
        })
    }

    /// Reads a decimal number: digits, a fraction, an exponent. `None` if it is not one, or out of range.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(int) = text.parse::<i64>()
            && !text.starts_with('+')
        {
            return Some(Self::Int(int));
        }
        Self::from_big(Big::parse(text))
    }

    /// Reads an integer in a base from 2 to 36.
    #[must_use]
    pub fn parse_radix(text: &str, radix: u32) -> Option<Self> {
        Self::from_big(Big::parse_radix(text, radix))
    }

    /// The number nearest to a float, by its shortest decimal form: `0.1`, not `0.1000000000000000055…`.
    /// `None` for infinities and NaN.
    #[must_use]
    pub fn from_f64(float: f64) -> Option<Self> {
        if float.is_finite() { Self::parse(&format!("{float:e}")) } else { None }
    }

    /// The nearest float.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        match self {
            Self::Int(int) => *int as f64,
            Self::Big(_) => self.to_string().parse().unwrap_or(f64::NAN),
        }
    }

    /// As an integer, if it is one and fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(int) => Some(*int),
            Self::Big(_) => None,
        }
    }

    /// As an index or a length.
    #[must_use]
    pub fn as_usize(&self) -> Option<usize> {
        self.as_i64().and_then(|int| usize::try_from(int).ok())
    }

    /// Has it no fraction?
    #[must_use]
    pub fn is_integer(&self) -> bool {
        match self {
            Self::Int(_) => true,
            Self::Big(big) => big.0.is_integer(),
        }
    }

    /// Is it below zero?
    #[must_use]
    pub fn is_negative(&self) -> bool {
        match self {
            Self::Int(int) => *int < 0,
            Self::Big(big) => big.0.is_negative(),
        }
    }

    /// Is it zero?
    #[must_use]
    pub fn is_zero(&self) -> bool {
        matches!(self, Self::Int(0))
    }

    /// The sum; `None` when out of range (beyond about 10^19000).
    #[must_use]
    pub fn add(&self, other: &Self) -> Option<Self> {
        if let (Self::Int(a), Self::Int(b)) = (self, other)
            && let Some(sum) = a.checked_add(*b)
        {
            return Some(Self::Int(sum));
        }
        Self::from_big(self.big().add(&other.big()))
    }

    /// The difference.
    #[must_use]
    pub fn sub(&self, other: &Self) -> Option<Self> {
        if let (Self::Int(a), Self::Int(b)) = (self, other)
            && let Some(difference) = a.checked_sub(*b)
        {
            return Some(Self::Int(difference));
        }
        Self::from_big(self.big().add(&other.big().neg()))
    }

    /// The product.
    #[must_use]
    pub fn mul(&self, other: &Self) -> Option<Self> {
        if let (Self::Int(a), Self::Int(b)) = (self, other)
            && let Some(product) = a.checked_mul(*b)
        {
            return Some(Self::Int(product));
        }
        Self::from_big(self.big().mul(&other.big()))
    }

    /// The quotient; `None` for a division by zero or a result out of range.
    #[must_use]
    pub fn div(&self, other: &Self) -> Option<Self> {
        if let (Self::Int(a), Self::Int(b)) = (self, other)
            && *b != 0
            && a.checked_rem(*b) == Some(0)
        {
            return a.checked_div(*b).map(Self::Int);
        }
        Self::from_big(self.big().div(&other.big()))
    }

    /// The remainder of the division that cuts toward zero; `None` for a division by zero.
    #[must_use]
    pub fn rem(&self, other: &Self) -> Option<Self> {
        if let (Self::Int(a), Self::Int(b)) = (self, other)
            && let Some(rest) = a.checked_rem(*b)
        {
            return Some(Self::Int(rest));
        }
        let quotient = self.div(other)?.trunc();
        self.sub(&quotient.mul(other)?)
    }

    /// With the other sign.
    #[must_use]
    pub fn neg(&self) -> Self {
        match self {
            Self::Int(int) if *int != i64::MIN => Self::Int(-int),
            _ => Self::from_big(Some(self.big().neg())).unwrap_or(Self::ZERO),
        }
    }

    /// Without its fraction.
    #[must_use]
    pub fn trunc(&self) -> Self {
        match self {
            Self::Int(int) => Self::Int(*int),
            Self::Big(big) => Self::from_big(Some(big.0.trunc())).unwrap_or(Self::ZERO),
        }
    }

    /// The largest integer that is not larger.
    #[must_use]
    pub fn floor(&self) -> Self {
        let cut = self.trunc();
        if self.is_negative() && cut != *self { cut.sub(&Self::ONE).unwrap_or(cut) } else { cut }
    }

    /// The smallest integer that is not smaller.
    #[must_use]
    pub fn ceil(&self) -> Self {
        self.neg().floor().neg()
    }

    /// Decimal digits with exactly `places` after the point, rounded half to even.
    #[must_use]
    pub fn to_fixed(&self, places: usize) -> String {
        self.big().to_fixed(places)
    }

    /// An integer's digits in a base from 2 to 36; the fraction is cut.
    #[must_use]
    pub fn to_radix(&self, radix: u32) -> String {
        self.big().to_radix(radix)
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Big(a), Self::Big(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            _ => self.big().cmp(&other.big()),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(int) => int.fmt(f),
            Self::Big(big) => f.write_str(&big.0.to_shortest()),
        }
    }
}

impl From<i64> for Number {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

impl From<u64> for Number {
    fn from(int: u64) -> Self {
        i64::try_from(int).map_or_else(|_| Self::parse(&int.to_string()).unwrap_or(Self::ZERO), Self::Int)
    }
}

impl From<usize> for Number {
    fn from(int: usize) -> Self {
        Self::from(int as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn fractions_print_as_terraform_prints_them() {
        assert_eq!(n("0.1").add(&n("0.2")).unwrap().to_string(), "0.3");
        assert_eq!(n("1e30").to_string(), "1000000000000000000000000000000");
        assert_eq!(n("1").div(&n("4")).unwrap().to_string(), "0.25");
        let third = n("1").div(&n("3")).unwrap().to_string();
        assert!(third.starts_with("0.333333") && third.ends_with("3335") && third.len() == 157, "{third}");
    }

    #[test]
    fn integers_never_wrap() {
        let max = n("9223372036854775807");
        assert_eq!(max.add(&Number::ONE).unwrap().to_string(), "9223372036854775808");
        assert_eq!(max.mul(&max).unwrap().to_string(), "85070591730234615847396907784232501249");
        assert_eq!(Number::Int(i64::MIN).neg().to_string(), "9223372036854775808");
        assert_eq!(Number::Int(i64::MIN).div(&Number::Int(-1)).unwrap().to_string(), "9223372036854775808");
    }

    #[test]
    fn floors_and_remainders_keep_the_sign_rules() {
        assert_eq!(n("-1.5").floor(), n("-2"));
        assert_eq!(n("-1.5").ceil(), n("-1"));
        assert_eq!(n("-5").rem(&n("3")).unwrap(), n("-2"));
        assert_eq!(n("5.5").rem(&n("2")).unwrap(), n("1.5"));
        assert!(n("1").div(&Number::ZERO).is_none() && n("1").rem(&Number::ZERO).is_none());
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        let mut number = n("1e300");
        let mut squares = 0;
        while let Some(next) = number.mul(&number) {
            number = next;
            squares += 1;
            assert!(squares < 20);
        }
        assert!(Number::parse("1e999999999").is_none() && Number::parse("nan").is_none());
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
        #[test]
        fn text_and_number_are_inverse(float in proptest::num::f64::NORMAL) {
            if let Some(number) = Number::from_f64(float) {
                let text = number.to_string();
                proptest::prop_assert_eq!(&Number::parse(&text).unwrap(), &number);
                proptest::prop_assert_eq!(number.to_f64(), float);
            }
        }
    }
}
