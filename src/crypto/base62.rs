//! Random and derived text of letters and digits.

use rand::TryRng;
use rand::rngs::SysRng;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The number that `bytes` is, big-endian, printed in base 62 and cut or filled to its last `length` digits.
/// With 32 random bytes and at most 40 digits the digits are uniform to within 2⁻¹⁷.
///
/// # Panics
/// Never: remainders of 62 are digits.
#[must_use]
pub fn encode(bytes: &[u8; 32], length: usize) -> String {
    let mut limbs: [u32; 8] = std::array::from_fn(|i| {
        u32::from_be_bytes([bytes[4 * i], bytes[4 * i + 1], bytes[4 * i + 2], bytes[4 * i + 3]])
    });
    let mut digits: Vec<u8> = (0..length).map(|_| ALPHABET[divide_by_62(&mut limbs)]).collect();
    digits.reverse();
    String::from_utf8(digits).expect("the alphabet is ASCII")
}

/// Divides the number in place and returns the remainder.
fn divide_by_62(limbs: &mut [u32; 8]) -> usize {
    let mut rest: u64 = 0;
    for limb in limbs {
        let value = (rest << 32) | u64::from(*limb);
        *limb = u32::try_from(value / 62).expect("the remainder above is less than 62");
        rest = value % 62;
    }
    usize::try_from(rest).expect("less than 62")
}

/// 32 bytes from the operating system's generator.
///
/// # Panics
/// If the operating system has no randomness to give: nothing secret can be made then.
#[must_use]
pub fn random_bytes() -> [u8; 32] {
    let mut bytes = [0; 32];
    SysRng.try_fill_bytes(&mut bytes).expect("the operating system's random generator works");
    bytes
}

/// `length` random letters and digits; 22 hold 131 bits.
#[must_use]
pub fn random(length: usize) -> String {
    encode(&random_bytes(), length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_in_base_62() {
        let mut bytes = [0; 32];
        bytes[31] = 61;
        assert_eq!(encode(&bytes, 3), "00z");
        bytes[31] = 62;
        assert_eq!(encode(&bytes, 3), "010");
        bytes[30] = 1;
        assert_eq!(encode(&bytes, 3), "058");
    }

    #[test]
    fn two_random_texts_differ() {
        assert_ne!(random(22), random(22));
        assert_eq!(random(40).len(), 40);
    }
}
