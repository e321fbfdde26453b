use proptest::prelude::*;

use super::*;

const OWNER: BlindIndex = BlindIndex([7; 16]);

fn vault() -> Vault {
    Vault::new(&MasterKey::from_bytes([1; 32]))
}

proptest! {
    #[test]
    fn a_sealed_value_opens_again(value: String) {
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
fn equal_values_look_different_in_the_database() {
    let vault = vault();
    let seal = || vault.seal(Column::BindingAddress, &OWNER, "alice@example.com");
    assert_ne!(seal(), seal());
    let index = |purpose| vault.index(purpose, &[b"@alice:example.com"]);
    assert_ne!(index(Purpose::Account), index(Purpose::BindingUser));
    assert_eq!(index(Purpose::Account), index(Purpose::Account));
}

#[test]
fn parts_of_an_index_are_kept_apart() {
    let index = |parts: &[&[u8]]| vault().index(Purpose::Session, parts);
    assert_ne!(index(&[b"ab", b"c"]), index(&[b"a", b"bc"]));
    assert_ne!(index(&[b"ab"]), index(&[b"ab", b""]));
}

#[test]
fn a_code_has_six_digits_and_depends_on_session_and_time() {
    let code = |sid: &str, since| vault().validation_code(sid, since);
    let codes: Vec<String> = (0..1_000).map(|since| code("sid", since)).collect();
    assert!(codes.iter().all(|code| code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit())));
    // All first digits are equally likely, including zero.
    for digit in '0'..='9' {
        let begin = codes.iter().filter(|code| code.starts_with(digit)).count();
        assert!((50..=150).contains(&begin), "{digit}: {begin}");
    }
    assert_eq!(code("sid", 7), codes[7]);
    assert_ne!(code("sid", 7), code("other", 7));
    assert_ne!(Vault::new(&MasterKey::from_bytes([2; 32])).validation_code("sid", 7), codes[7]);
}

#[test]
fn columns_and_purposes_have_their_own_index_and_label() {
    for (index, (column, name)) in Column::ALL.into_iter().enumerate() {
        assert_eq!((column as usize, column.name()), (index, name));
    }
    for (index, (purpose, label)) in Purpose::ALL.into_iter().enumerate() {
        assert_eq!(purpose as usize, index);
        assert_eq!(Purpose::ALL.iter().filter(|(_, other)| *other == label).count(), 1);
    }
}
