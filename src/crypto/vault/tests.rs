use proptest::prelude::*;

use super::*;

const OWNER: BlindIndex = BlindIndex::new([7; 16]);

fn vault() -> Vault {
    Vault::new(&MasterKey::from_bytes([1; 32]))
}

proptest! {
    #[test]
    fn a_sealed_value_opens_again(value: String) {
        let vault = vault();
        let sealed = vault.seal(Column::BindingAddress, &OWNER, &value);
        prop_assert_eq!((sealed.len() - 1 - NONCE_BYTES - 16) % BLOCK, 0);
        prop_assert_eq!(vault.open(Column::BindingAddress, OWNER.as_ref(), &sealed), Ok(value));
    }

    #[test]
    fn nothing_else_opens(sealed: Vec<u8>) {
        prop_assert_eq!(vault().open(Column::BindingAddress, OWNER.as_ref(), &sealed), Err(Unsealable));
    }

    #[test]
    fn an_altered_value_does_not_open(value: String, at: prop::sample::Index, flip in 1_u8..) {
        let vault = vault();
        let mut sealed = vault.seal(Column::BindingAddress, &OWNER, &value);
        let at = at.index(sealed.len());
        sealed[at] ^= flip;
        prop_assert_eq!(vault.open(Column::BindingAddress, OWNER.as_ref(), &sealed), Err(Unsealable));
    }
}

#[test]
fn a_value_moved_to_another_row_column_or_server_does_not_open() {
    let sealed = vault().seal(Column::BindingAddress, &OWNER, "alice@example.com");
    assert_eq!(vault().open(Column::BindingMxid, OWNER.as_ref(), &sealed), Err(Unsealable));
    assert_eq!(vault().open(Column::BindingAddress, &[8; 16], &sealed), Err(Unsealable));
    let other = Vault::new(&MasterKey::from_bytes([2; 32]));
    assert_eq!(other.open(Column::BindingAddress, OWNER.as_ref(), &sealed), Err(Unsealable));
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

/// A vault whose master key was exchanged this often, and all former ones.
fn exchanged(times: u8) -> Vec<Vault> {
    let mut vaults = vec![vault()];
    for number in 2..=times + 1 {
        let (next, former) = vaults
            .last()
            .unwrap()
            .succeeded_by(&MasterKey::from_bytes([number; 32]), 1_000 * Millis::from(number))
            .unwrap();
        let read = Vault::with_former(&MasterKey::from_bytes([number; 32]), &former, true).unwrap();
        assert_eq!(read.check_value(), next.check_value());
        vaults.push(read);
    }
    vaults
}

proptest! {
    #[test]
    fn what_is_stored_is_renewed_through_any_number_of_master_keys(value: String, times in 1_u8..5) {
        let vaults = exchanged(times);
        let index = |vault: &Vault| vault.index(Purpose::Account, &[value.as_bytes()]);
        let first = index(&vaults[0]);
        prop_assert_eq!(first.as_ref(), first.lasting());
        let (mut stored, mut sealed) = (first.as_ref().to_vec(), vaults[0].seal(Column::AccountMxid, &first, &value));
        for pair in vaults.windows(2) {
            let (old, new) = (&pair[0], &pair[1]);
            let renewed = new.renewed(Purpose::Account, &stored);
            let index = index(new);
            prop_assert_eq!(index.as_ref(), &renewed[..]);
            prop_assert_eq!(index.lasting(), first.lasting());
            prop_assert_eq!(&renewed[..1], [new.generation()]);
            prop_assert_eq!(new.open(Column::AccountMxid, &stored, &sealed), Ok(value.clone()));
            let resealed = new.resealed(Column::AccountMxid, &stored, &sealed, &renewed).unwrap();
            prop_assert_eq!(resealed[0], new.generation());
            prop_assert_eq!(old.open(Column::AccountMxid, &renewed, &resealed), Err(Unsealable));
            prop_assert_eq!(new.open(Column::AccountMxid, &stored, &resealed), Err(Unsealable), "of another row");
            new.end_move();
            prop_assert_eq!(new.open(Column::AccountMxid, &stored, &sealed), Err(Unsealable));
            prop_assert_eq!(new.open(Column::AccountMxid, &renewed, &resealed), Ok(value.clone()));
            (stored, sealed) = (renewed, resealed);
        }
    }
}

#[test]
fn a_former_key_alone_makes_no_index_and_opens_nothing() {
    let vaults = exchanged(1);
    let (old, new) = (&vaults[0], &vaults[1]);
    for (purpose, _) in Purpose::ALL {
        let [old, new] = [old, new].map(|vault| vault.index(purpose, &[b"alice@example.com"]).as_ref().to_vec());
        assert!(new.len() == 17 && new[1..] != old[..]);
    }
    let (_, former) = old.succeeded_by(&MasterKey::from_bytes([2; 32]), 0).unwrap();
    for master in [1, 3] {
        assert!(Vault::with_former(&MasterKey::from_bytes([master; 32]), &former, false).is_err());
    }
}

#[test]
fn links_tokens_and_codes_of_the_former_key_are_accepted_for_as_long_as_that_is_set() {
    let vaults = exchanged(2);
    let [older, old, new] = &vaults[..] else { panic!("three") };
    let accepted = |vault: &Vault| {
        let token = new.is_validation_token("sid", &vault.validation_token("sid"));
        let code = new.is_validation_code("sid", 7, &vault.validation_code("sid", 7));
        assert_eq!(token, code);
        (new.open_link(&vault.seal_link(b"link")).is_ok(), token)
    };
    assert_eq!([older, old, new].map(accepted), [(false, false), (true, true), (true, true)]);
    new.accept_former(true, false);
    assert_eq!([older, old, new].map(accepted), [(false, false), (true, false), (true, true)]);
    new.accept_former(false, false);
    assert_eq!([older, old, new].map(accepted), [(false, false), (false, false), (true, true)]);
}

#[test]
fn what_is_sought_is_noted_until_it_is_renewed() {
    let vaults = exchanged(1);
    let (old, new) = (&vaults[0], &vaults[1]);
    let seek = |vault: &Vault| vault.index(Purpose::Account, &[b"@alice:example.com"]);
    seek(old);
    assert!(old.touches().is_empty(), "nothing is being exchanged");
    let index = seek(new);
    let _ = new.index(Purpose::ConfirmedBy, &[b"is only compared"]);
    let touches = new.touches();
    let touch = Touch { purpose: Purpose::Account, former: seek(old).as_ref().to_vec() };
    assert_eq!(touches.iter().collect::<Vec<_>>(), [(&index.as_ref().to_vec(), &touch)]);
    new.note_renewed(touches);
    seek(new);
    assert!(new.touches().is_empty());
}

#[test]
fn tokens_keep_their_keys() {
    let vaults = exchanged(1);
    let sealed = vaults[0].token_keys("token").seal(b"row", b"value");
    assert_eq!(vaults[1].token_keys("token").open(b"row", &sealed), Ok(b"value".to_vec()));
}

#[test]
fn no_pepper_changes_that_is_known_or_being_prepared_when_the_key_is_exchanged() {
    // Exchanged at 2,000 and 3,000, while peppers change every 400.
    let vaults = exchanged(2);
    let [first, second, third] = &vaults[..] else { panic!("three") };
    let key = |vault: &Vault, begins| vault.pepper_key(begins, 400);
    for begins in (0..=6_000).step_by(400) {
        let expected = match begins {
            ..=2_400 => first,
            2_401..=3_400 => second,
            _ => third,
        };
        assert_eq!(*key(third, begins), *key(expected, begins), "{begins}");
    }
    assert_ne!(*key(third, 2_800), *key(first, 2_800));
    assert_ne!(*key(third, 3_600), *key(second, 3_600));
}
