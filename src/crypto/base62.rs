//! Random and derived strings of letters and digits.

use rand::TryRng;
use rand::rngs::SysRng;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Returns the last `length` base-62 digits of `bytes` as a big-endian number, padded with zeros.
/// With 32 random bytes, up to 40 digits are uniform to within 2⁻¹⁷.
pub fn encode(bytes: &[u8; 32], length: usize) -> String {
    let mut number = *bytes;
    let mut digits: Vec<char> = (0..length).map(|_| ALPHABET[divide_by_62(&mut number)].into()).collect();
    digits.reverse();
    digits.into_iter().collect()
}

/// Divides the number in place and returns the remainder.
fn divide_by_62(number: &mut [u8; 32]) -> usize {
    let mut rest = 0;
    for byte in number {
        let value = (rest << 8) | u16::from(*byte);
        *byte = u8::try_from(value / 62).expect("the remainder is less than 62");
        rest = value % 62;
    }
    rest.into()
}

/// Returns random bytes from the operating system.
///
/// # Panics
/// If the operating system cannot supply any, since nothing secret can be created then.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).expect("the operating system's random generator works");
    bytes
}

/// Returns `length` random letters and digits. 22 of them have 131 bits of entropy.
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
    fn random_strings_differ() {
        assert_ne!(random(22), random(22));
        assert_eq!(random(40).len(), 40);
    }
}
