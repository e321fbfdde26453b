use proptest::prelude::*;

use super::*;

const OWNER: BlindIndex = BlindIndex([7; 16]);

fn vault() -> Vault {
    Vault::new(&MasterKey::from_bytes([1; 32]))
}

proptest! {
    #[test]
    fn what_is_sealed_opens_again(value: String) {
        let vault = vault();
        let sealed = vault.seal(Column::BindingAddress, &OWNER, &value);
        prop_assert_eq!((sealed.len() - 1 - NONCE_BYTES - 16) % BLOCK, 0);
        prop_assert_eq!(vault.open(Column::BindingAddress, &OWNER.0, &sealed), Ok(value));
    }

    #[test]
    fn nothing_else_opens(sealed: Vec<u8>) {
        prop_assert_eq!(vault().open(Column::BindingAddress, &OWNER.0, &sealed), Err(Unsealable));
    }

    #[test]
    fn an_altered_value_does_not_open(value: String, at: prop::sample::Index, flip in 1_u8..) {
        let vault = vault();
        let mut sealed = vault.seal(Column::BindingAddress, &OWNER, &value);
        let at = at.index(sealed.len());
        sealed[at] ^= flip;
        prop_assert_eq!(vault.open(Column::BindingAddress, &OWNER.0, &sealed), Err(Unsealable));
    }
}

#[test]
fn a_value_moved_to_another_row_column_or_server_does_not_open() {
    let sealed = vault().seal(Column::BindingAddress, &OWNER, "alice@example.com");
    assert_eq!(vault().open(Column::BindingMxid, &OWNER.0, &sealed), Err(Unsealable));
    assert_eq!(vault().open(Column::BindingAddress, &[8; 16], &sealed), Err(Unsealable));
    let other = Vault::new(&MasterKey::from_bytes([2; 32]));
    assert_eq!(other.open(Column::BindingAddress, &OWNER.0, &sealed), Err(Unsealable));
    assert_ne!(other.check_value(), vault().check_value());
}

#[test]
fn equal_values_look_different_on_the_disk() {
    let vault = vault();
    let seal = || vault.seal(Column::BindingAddress, &OWNER, "alice@example.com");
    assert_ne!(seal(), seal());
    let index = |purpose| vault.index(purpose, &[b"@alice:example.com"]);
    assert_ne!(index(Purpose::Account), index(Purpose::BindingUser));
    assert_eq!(index(Purpose::Account), index(Purpose::Account));
}

#[test]
fn parts_of_an_index_do_not_run_into_each_other() {
    let index = |parts: &[&[u8]]| vault().index(Purpose::Session, parts);
    assert_ne!(index(&[b"ab", b"c"]), index(&[b"a", b"bc"]));
    assert_ne!(index(&[b"ab"]), index(&[b"ab", b""]));
}

#[test]
fn a_code_has_six_digits_and_is_of_one_session_and_time() {
    let code = |sid: &str, since| vault().validation_code(sid, since);
    let codes: Vec<String> = (0..1_000).map(|since| code("sid", since)).collect();
    assert!(codes.iter().all(|code| code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit())));
    // Each first digit comes as often as any other, zero too.
    for digit in '0'..='9' {
        let begin = codes.iter().filter(|code| code.starts_with(digit)).count();
        assert!((50..=150).contains(&begin), "{digit} begins {begin}");
    }
    assert_eq!(code("sid", 7), codes[7]);
    assert_ne!(code("sid", 7), code("other", 7));
    assert_ne!(Vault::new(&MasterKey::from_bytes([2; 32])).validation_code("sid", 7), codes[7]);
}

#[test]
fn purposes_have_their_own_place_and_label() {
    for (place, column) in Column::ALL.into_iter().enumerate() {
        assert_eq!(column as usize, place);
    }
    for (place, purpose) in Purpose::ALL.into_iter().enumerate() {
        assert_eq!(purpose as usize, place);
        assert!(Purpose::ALL.iter().filter(|other| other.label() == purpose.label()).count() == 1);
    }
}
